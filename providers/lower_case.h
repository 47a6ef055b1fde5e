#pragma once

#include <algorithm>
#include <string>

namespace vscale {

/// Digests, schemes, UUIDs and MACs as they are compared: some write them in capitals. Only A to Z are changed,
/// whatever the locale.
inline std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

}  // namespace vscale
