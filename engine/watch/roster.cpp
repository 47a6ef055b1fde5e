#include "engine/watch/roster.h"

namespace vscale {

Roster::Roster(const Config& config, const RecordedState& recorded, const Live& live)
    : index_(live), last_seen_up_(recorded, index_) {
  const InstanceAddress* last = nullptr;
  std::vector<Member>* members = nullptr;  // of its group, all of which come one behind the other
  for (const auto& [address, instance] : recorded.instances) {
    const bool is_same_group = last != nullptr && last->kind == address.kind && last->group == address.group;
    if (!is_same_group) members = &by_group_[group_address(address)];
    members->push_back({&instance, locate(instance, recorded.lineage, config, index_, last_seen_up_)});
    last = &address;
  }
}

const std::vector<Member>& Roster::of(const std::string& group) const {
  static const std::vector<Member> kNone;
  const auto found = by_group_.find(group);
  return found == by_group_.end() ? kNone : found->second;
}

}  // namespace vscale
