#include "engine/plan/images/image_volume.h"

#include "engine/values/digest.h"

namespace vscale {
namespace {

constexpr std::size_t kDigestDigits = 16;
constexpr std::size_t kLineageDigits = 8;

std::string lineage_part(const std::string& lineage) {
  return "-" + sha256_hex(lineage).substr(0, kLineageDigits) + ".";
}

}  // namespace

std::string image_volume_name(const std::string& lineage, const ImageLock& lock) {
  const std::string digits = lock.digest.substr(lock.digest.find(':') + 1);
  return kImageVolumePrefix + digits.substr(0, kDigestDigits) + lineage_part(lineage) + lock.format;
}

bool is_our_image_volume(const std::string& lineage, const std::string& volume) {
  return volume.starts_with(kImageVolumePrefix) && volume.find(lineage_part(lineage)) != std::string::npos;
}

}  // namespace vscale
