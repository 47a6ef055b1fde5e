#pragma once

#include <map>
#include <string>

#include "engine/desired/config.h"
#include "engine/ports/metrics/time_zones.h"
#include "engine/scaling/zone_rules.h"

/// The time zones that schedules are in, by the machine's zone data.

namespace vscale {

/// Of every zone that a schedule of the group is in, around `at` as far as occurrences are looked for. One that the
/// machine does not know is left out: who reads the files has refused it.
std::map<std::string, ZoneRules> zones_of(const Group& group, TimeZones& time_zones, Instant at);

}  // namespace vscale
