#include "engine/values/uri.h"

#include <charconv>

namespace vscale {

std::string without_password(const std::string& uri) {
  const std::size_t scheme_end = uri.find("://");
  if (scheme_end == std::string::npos) return uri;
  const std::size_t begin = scheme_end + 3;
  const std::size_t colon = uri.find_first_of(":/?#", begin);
  if (colon == std::string::npos || uri[colon] != ':') return uri;
  // A password that was not encoded may hold each of the characters that would end it.
  const std::size_t at = uri.rfind('@');
  return at != std::string::npos && at > colon ? uri.substr(0, colon + 1) + "***" + uri.substr(at) : uri;
}

std::string percent_decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    const char* digits = text.data() + i + 1;
    if (text[i] == '%' && i + 2 < text.size() && std::from_chars(digits, digits + 2, value, 16).ptr == digits + 2) {
      result += static_cast<char>(value);
      i += 2;
    } else {
      result += text[i];
    }
  }
  return result;
}

}  // namespace vscale
