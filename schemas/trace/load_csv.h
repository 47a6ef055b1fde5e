#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/scaling/simulate_scaling.h"
#include "engine/values/result.h"

/// A load over time as a table of two columns, the way that a spreadsheet or a monitoring system writes it out:
///
///     time,load
///     0,120
///     60,180.5
///     15m,90

namespace vscale {

/// A longer file is refused.
constexpr std::size_t kMostLoadPoints = 1'000'000;

struct LoadCsv {
  std::vector<LoadPoint> points;  ///< In the order of the file, which is one of time; the first at 0.
  std::optional<Instant> begin;   ///< Of the first line, where that is a moment and not an offset.
};

/// A time is a number of seconds, or a duration such as 15m, since the begin; or, from 10^9 on (the year 2001), seconds
/// since 1970. They go up, from whatever the first one is. The first line may be a heading; empty lines, and those that
/// begin with #, are passed over; the separator is a comma or a semicolon. A load is a decimal number, not negative.
/// `invalid` names the line by `path`, and what was expected.
Result<LoadCsv> read_load_csv(std::string_view text, const std::string& path);

}  // namespace vscale
