#include "engine/plan/image_volume.h"

#include <fmt/format.h>

#include "engine/values/digest.h"

namespace vscale {

std::string image_volume_name(const std::string& lineage, const ImageLock& lock) {
  constexpr std::size_t kDigestDigits = 16;
  constexpr std::size_t kLineageDigits = 8;
  const std::string digits = lock.digest.substr(lock.digest.find(':') + 1);
  return fmt::format("vscale-image-{}-{}.{}", digits.substr(0, kDigestDigits),
                     sha256_hex(lineage).substr(0, kLineageDigits), lock.format);
}

}  // namespace vscale
