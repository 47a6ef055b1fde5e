#include "engine/values/uri.h"

#include <algorithm>

namespace vscale {

std::string without_password(const std::string& uri) {
  const std::size_t scheme_end = uri.find("://");
  if (scheme_end == std::string::npos) return uri;
  const std::size_t begin = scheme_end + 3;
  // One that was not encoded may hold what ends an authority: the last @ before the parameters counts, then.
  const std::size_t end = std::min(uri.find('?', begin), uri.size());
  const std::size_t colon = uri.find(':', begin);
  const std::size_t at = uri.rfind('@', end);
  const bool has_password = at != std::string::npos && at > begin && colon < at && uri.find('/', begin) > colon;
  return has_password ? uri.substr(0, colon + 1) + "***" + uri.substr(at) : uri;
}

}  // namespace vscale
