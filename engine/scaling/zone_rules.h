#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/values/units.h"

namespace vscale {

/// What a time zone's clocks show, as a value: a provider reads it from the system's zone data.
struct ZoneRules {
  struct Offset {
    Instant from{};            ///< From this moment on
    std::int32_t seconds = 0;  ///< local time is so much ahead of UTC.

    bool operator==(const Offset&) const = default;
  };

  std::string zone;             ///< The IANA name: Europe/Berlin.
  std::vector<Offset> offsets;  ///< Never empty; in order of `from`, the first from before all that is asked.

  bool operator==(const ZoneRules&) const = default;
};

/// UTC, which needs no zone data.
ZoneRules utc_rules();

/// What the zone's clocks show at `at`, to the second below. What is before the first offset counts as being after it.
std::chrono::local_seconds local_time(const ZoneRules& rules, Instant at);

/// The same for a person: "Mon 2026-11-30 07:00 Europe/Berlin".
std::string show_local(const ZoneRules& rules, Instant at);

}  // namespace vscale
