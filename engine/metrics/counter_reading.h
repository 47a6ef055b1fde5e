#pragma once

#include <map>
#include <string>

#include "engine/live/domain_counters.h"
#include "engine/values/units.h"

namespace vscale {

/// What a host counted of one domain, and when it was asked, by the two clocks of whoever asked.
struct CounterReading {
  Instant at{};       ///< Clock::now()
  Duration uptime{};  ///< Clock::uptime()
  DomainCounters counters{};

  bool operator==(const CounterReading&) const = default;
};

/// The last one of each domain, by its uuid.
using CounterReadings = std::map<std::string, CounterReading>;

}  // namespace vscale
