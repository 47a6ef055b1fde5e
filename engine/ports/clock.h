#pragma once

#include "engine/values/units.h"

namespace vscale {

/// A port: the time, and waiting. Safe from several threads at once.
class Clock {
 public:
  virtual ~Clock() = default;
  /// The wall clock's time now. Somebody may set it, so it is for telling and recording when something was.
  virtual Instant now() = 0;
  /// What has passed since some moment before this program began, which nobody can set: how long something takes is
  /// measured by it.
  virtual Duration uptime() = 0;
  /// Returns when as much has passed as there is from now to `at`, or earlier when whoever runs the program asks it to
  /// stop: callers look again after it. A wall clock that is set meanwhile makes it neither longer nor shorter.
  virtual void sleep_until(Instant at) = 0;
};

}  // namespace vscale
