#include "engine/watch/roster.h"

namespace vscale {

Roster::Roster(const Config& config, const RecordedState& recorded, const Live& live)
    : index_(live), last_seen_up_(recorded, index_) {
  for (const auto& [address, instance] : recorded.instances) {
    by_group_[group_address(address)].push_back(
        {&instance, locate(instance, recorded.lineage, config, index_, last_seen_up_)});
  }
}

const std::vector<Member>& Roster::of(const std::string& group) const {
  static const std::vector<Member> kNone;
  const auto found = by_group_.find(group);
  return found == by_group_.end() ? kNone : found->second;
}

}  // namespace vscale
