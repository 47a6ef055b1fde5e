#include "engine/scaling/victims.h"

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>

namespace vscale {
namespace {

using MembersPerHost = std::map<std::string, int>;

// The smaller, the sooner it goes. Two members never have the same.
auto rank_of(const VictimCandidate& member, const MembersPerHost& hosts) {
  const int beside = member.host.empty() ? 0 : hosts.at(member.host);
  const double busy = member.cpu_percent.value_or(std::numeric_limits<double>::infinity());
  return std::tuple(!member.leaving, !member.asked_to_end, !member.never_ready, !member.old_revision, !member.unhealthy,
                    -beside, busy, -member.address.ordinal, member.address);
}

}  // namespace

std::vector<InstanceAddress> victims(const std::vector<VictimCandidate>& members, int count) {
  MembersPerHost hosts;
  std::vector<const VictimCandidate*> left;
  for (const VictimCandidate& member : members) {
    if (!member.host.empty()) ++hosts[member.host];
    if (!member.protected_from_scale_in && !member.out_of_reach) left.push_back(&member);
  }
  std::vector<InstanceAddress> going;
  while (static_cast<int>(going.size()) < count && !left.empty()) {
    const auto next = std::ranges::min_element(left, {}, [&](const auto* member) { return rank_of(*member, hosts); });
    going.push_back((*next)->address);
    if (!(*next)->host.empty()) --hosts[(*next)->host];
    left.erase(next);
  }
  return going;
}

}  // namespace vscale
