#pragma once

#include <algorithm>

#include "engine/values/units.h"

namespace vscale {

/// So many a second, and as many at once after a second of rest. Time comes in as an argument, and never goes back.
class RequestRate {
 public:
  RequestRate(int per_second, Duration now) : per_second_(per_second), left_(per_second), at_(now) {}

  /// Takes one of what may come, if there is one.
  bool take(Duration now) {
    const double passed_s = std::chrono::duration<double>(now - at_).count();
    left_ = std::min(per_second_, left_ + passed_s * per_second_);
    at_ = now;
    if (left_ < 1) return false;
    left_ -= 1;
    return true;
  }

 private:
  double per_second_;
  double left_;
  Duration at_;
};

}  // namespace vscale
