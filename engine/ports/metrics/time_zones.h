#pragma once

#include <string>

#include "engine/scaling/zone_rules.h"
#include "engine/values/result.h"
#include "engine/values/units.h"

namespace vscale {

/// A port: what clocks show in a time zone, by its IANA name. Safe from several threads at once.
class TimeZones {
 public:
  virtual ~TimeZones() = default;
  /// What holds from `from` to `to`: the first offset holds at `from` and before, two neighbours are never equal, and
  /// nothing changes that is after `to`. `UTC` is always known. `not_found` with a hint for any other name that is not
  /// known; `failed` if there is no zone data at all, or it cannot be read. `from` must not be after `to`.
  virtual Result<ZoneRules> rules(const std::string& zone, Instant from, Instant to) = 0;
};

}  // namespace vscale
