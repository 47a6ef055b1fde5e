#pragma once

#include <optional>
#include <string>

#include "engine/ports/metrics/number_sources.h"
#include "engine/values/result.h"

namespace vscale {

/// The number in what InfluxDB 1.x answers to /query: the one value of the one row of the one series, beside its time.
/// Absent where there is no series, and for null. More than one of any of these is an error that says how many: the
/// first row of several is the oldest, and which series is meant is not ours to guess. `subject`: who has answered, as
/// messages begin.
Result<std::optional<double>> influxdb_number(const HttpAnswer& answer, const std::string& subject);

}  // namespace vscale
