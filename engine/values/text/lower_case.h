#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace vscale {

/// For words that count in either case: digests, schemes, UUIDs, units. Only A to Z are changed, whatever the locale.
inline std::string lower_case(std::string_view text) {
  std::string small(text);
  std::transform(small.begin(), small.end(), small.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return small;
}

}  // namespace vscale
