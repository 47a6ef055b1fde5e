#pragma once

#include <optional>
#include <string>

#include "engine/ports/metrics/number_sources.h"
#include "engine/scaling/decide_size.h"
#include "engine/values/result.h"

/// Numbers in the JSON of applications and guests. `subject`: who has answered, as messages begin.

namespace vscale {

/// What a JSON pointer leads to ("" is the whole answer): a number, or a text that holds one. Absent for null, on the
/// way there too, and for a text that is NaN or ±Inf. That there is nothing of that name is an error: it may be a
/// mistake in the pointer.
Result<std::optional<double>> json_number(const HttpAnswer& answer, const std::string& pointer,
                                          const std::string& subject);

/// What a member of a capacity policy answers: at `available` ("" is the whole answer) a number, 0 or more; at
/// `terminate` true or false (no pointer: it is not asked for). Anything else is an error, null too: a guest that does
/// not know what it has free is as good as silent.
Result<CapacityAnswer> capacity_answer(const HttpAnswer& answer, const std::string& available,
                                       const std::string& terminate, const std::string& subject);

}  // namespace vscale
