#pragma once

#include <string>
#include <string_view>

namespace vscale {

/// The same text in small letters, of ASCII alone and whatever the locale: for words that count in either case.
inline std::string lower(std::string_view text) {
  std::string small(text);
  for (char& c : small) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return small;
}

}  // namespace vscale
