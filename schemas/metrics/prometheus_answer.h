#pragma once

#include <optional>
#include <string>

#include "engine/ports/metrics/number_sources.h"
#include "engine/values/result.h"

namespace vscale {

/// The number in what Prometheus (or who speaks as it does) answers to /api/v1/query: a scalar, or a vector of exactly
/// one series. Absent for an empty vector, NaN and ±Inf: there is nothing to decide by. An error for several series,
/// since which of them is meant is not ours to guess, for a matrix or a text, and where Prometheus tells of one, with
/// its words. `subject`: who has answered, as messages begin.
Result<std::optional<double>> prometheus_number(const HttpAnswer& answer, const std::string& subject);

}  // namespace vscale
