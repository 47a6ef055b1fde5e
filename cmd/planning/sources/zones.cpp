#include "cmd/planning/sources/zones.h"

#include <utility>

#include "engine/scaling/schedule/occurrences.h"

namespace vscale {

std::map<std::string, ZoneRules> zones_of(const Group& group, TimeZones& time_zones, Instant at) {
  std::map<std::string, ZoneRules> zones;
  if (!group.scaling) return zones;
  for (const auto& policy : group.scaling->policies) {
    if (policy.kind != ScalingPolicy::Kind::schedule || zones.contains(policy.zone)) continue;
    auto rules = time_zones.rules(policy.zone, at - kCronReach, at + kCronReach);
    if (rules) zones.emplace(policy.zone, std::move(*rules));
  }
  return zones;
}

}  // namespace vscale
