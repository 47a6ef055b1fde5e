#include "schemas/metrics/number_text.h"

#include <charconv>
#include <cmath>

namespace vscale {

NumberText read_number_text(std::string_view text) {
  const bool has_plus = text.starts_with('+') && !text.starts_with("+-");
  const char* begin = text.data() + (has_plus ? 1 : 0);
  const char* end = text.data() + text.size();
  double value = 0;
  const auto [rest, error] = std::from_chars(begin, end, value);
  if (error != std::errc{} || rest != end) return {NumberText::Kind::other};
  if (!std::isfinite(value)) return {NumberText::Kind::none};
  return {NumberText::Kind::number, value};
}

std::string_view without_white_space(std::string_view text) {
  constexpr std::string_view kWhite = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kWhite);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kWhite) - begin + 1);
}

}  // namespace vscale
