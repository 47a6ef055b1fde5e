#pragma once

#include <optional>
#include <string_view>

namespace vscale {

/// What a text says of a number. `none`: it is one of the words for "there is no number": NaN, Inf, +Inf, -Inf, in
/// either case.
struct NumberText {
  enum class Kind { number, none, other } kind = Kind::other;
  double value = 0;  ///< number: finite.

  bool operator==(const NumberText&) const = default;
};

/// Decimal, with or without a fraction and an exponent, whatever the locale: 42, -0.5, +1e3. Nothing may stand around
/// it, and what no double can hold is none.
NumberText read_number_text(std::string_view text);

/// Without white space at either end.
std::string_view without_white_space(std::string_view text);

}  // namespace vscale
