#pragma once

#include <cstdint>

/// Numbers that a user may write as a count or as a percentage.

namespace vscale {

/// `3` or `"50%"`. What a percentage is of, and how it is rounded, is said where it is used.
struct Amount {
  enum class Unit { count, percent };

  Unit unit = Unit::count;
  int value = 0;  ///< Not negative.

  bool operator==(const Amount&) const = default;
};

}  // namespace vscale
