#pragma once

#include <functional>
#include <string>

#include "engine/values/units.h"

namespace vscale {

/// What time it is, and how it is said where the person is.
struct TimeWords {
  Instant now{};
  std::function<std::string(Instant)> time_of_day;  ///< "14:05:02"
};

/// "14:05" for what was today or will be, within twelve hours of now; else "3d 2h ago", "in 2d".
std::string moment_text(Instant at, const TimeWords& words);

/// "until 14:05" for what ends within twelve hours of now; else "for 2d 3h more".
std::string until_text(Instant end, const TimeWords& words);

}  // namespace vscale
