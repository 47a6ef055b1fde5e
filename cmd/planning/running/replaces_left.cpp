#include "cmd/planning/running/replaces_left.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace vscale {
namespace {

/// Where `moved:` leads from the address of a group; a circle, which no plan gets past, leads nowhere.
std::string moved_group(const std::map<std::string, std::string>& moves, const std::string& group) {
  std::string address = group;
  for (std::size_t hops = 0; hops <= moves.size(); ++hops) {
    const auto next = moves.find(address);
    if (next == moves.end()) return address;
    address = next->second;
  }
  return group;
}

/// The uuids of recorded instances, by the addresses that the file gives them.
std::map<InstanceAddress, std::string> machines_of(const Config& config, const RecordedState& recorded) {
  std::map<std::string, std::string> moves;
  for (const auto& moved : config.moved) moves.emplace(moved.from, moved.to);
  std::map<InstanceAddress, std::string> machines;
  for (const auto& [address, instance] : recorded.instances) {
    const std::string group = moved_group(moves, group_address(address));
    InstanceAddress by_file = address;
    by_file.group = group.substr(group.find('.') + 1);
    machines.emplace(by_file, instance.uuid);
  }
  return machines;
}

}  // namespace

PlanOptions with_replaces_left(const Config& config, PlanOptions options, const RecordedState& before,
                               const RecordedState& now) {
  const auto machines_before = machines_of(config, before);
  const auto machines_now = machines_of(config, now);
  const auto is_left = [&](const InstanceAddress& address, const std::string& uuid) {
    const auto found = machines_now.find(address);
    return found != machines_now.end() && found->second == uuid;
  };
  std::vector<std::string> left;
  for (const auto& asked : options.replaces) {
    for (const auto& [address, uuid] : machines_before) {
      const bool meant = asked == group_address(address) || asked == to_string(address);
      if (meant && is_left(address, uuid)) left.push_back(to_string(address));
    }
  }
  options.replaces = std::move(left);
  return options;
}

}  // namespace vscale
