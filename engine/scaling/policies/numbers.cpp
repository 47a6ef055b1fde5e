#include "engine/scaling/policies/numbers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace vscale {
namespace {

// More than any group may have; so many times over that sums of it do not overflow either.
constexpr double kMostInstances = 1'000'000;

}  // namespace

int instances_holding(double amount) {
  return static_cast<int>(std::clamp(std::ceil(amount - kNumberSlack), 0.0, kMostInstances));
}

bool is_within(double tolerance, double ratio) {
  return std::abs(1 - ratio) <= tolerance + kNumberSlack;
}

std::string shown_number(double number) {
  const double size = std::abs(number);
  const int decimals = size >= 10 ? 0 : size >= 1 ? 1 : 2;
  std::string text = fmt::format("{:.{}f}", number, decimals);
  if (text.find('.') == std::string::npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text == "-0" ? "0" : text;
}

Result<double> number_in(const Result<std::optional<double>>& answer) {
  if (!answer.ok()) return answer.error();
  if (!answer.value()) return Error{ErrorKind::not_found, "it has answered without a number", "", ""};
  if (!std::isfinite(*answer.value())) {
    return Error{ErrorKind::invalid, "it has answered something that is no number", "", ""};
  }
  return *answer.value();
}

}  // namespace vscale
