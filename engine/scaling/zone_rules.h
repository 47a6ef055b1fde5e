#pragma once

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

}  // namespace vscale
