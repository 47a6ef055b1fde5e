#include "engine/values/uri.h"

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

}  // namespace vscale
