#include "engine/values/text/listed.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace vscale {

std::string listed_up_to(std::size_t most, const std::vector<std::string>& words) {
  const auto end = words.begin() + static_cast<std::ptrdiff_t>(std::min(words.size(), most));
  const std::string rest = words.size() > most ? fmt::format(" and {} more", words.size() - most) : "";
  return fmt::format("{}{}", fmt::join(words.begin(), end, ", "), rest);
}

}  // namespace vscale
