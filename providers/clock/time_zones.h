#pragma once

#include "engine/ports/metrics/time_zones.h"

namespace vscale {

/// TimeZones over the zone data of this machine (tzdata), read by date-tz once in the life of the program: a newer
/// tzdata counts from the next start on. The data tell of changes until 2037; after that clocks stay as they are.
class SystemTimeZones final : public TimeZones {
 public:
  Result<ZoneRules> rules(const std::string& zone, Instant from, Instant to) override;
};

}  // namespace vscale
