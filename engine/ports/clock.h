#pragma once

#include "engine/values/units.h"

namespace vscale {

/// A port: the time, and waiting. Safe from several threads at once.
class Clock {
 public:
  virtual ~Clock() = default;
  /// The wall clock's time now.
  virtual Instant now() = 0;
  /// Returns at `at`, or earlier when whoever runs the program asks it to stop: callers look again after it.
  virtual void sleep_until(Instant at) = 0;
};

}  // namespace vscale
