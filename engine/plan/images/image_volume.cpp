#include "engine/plan/images/image_volume.h"

#include "engine/values/digest.h"

namespace vscale {
namespace {

constexpr std::size_t kDigestDigits = 16;
constexpr std::size_t kLineageDigits = 8;

std::string lineage_part(const std::string& lineage) {
  return "-" + sha256_hex(lineage).substr(0, kLineageDigits) + ".";
}

std::string digest_part(const std::string& digest) {
  return digest.substr(digest.find(':') + 1).substr(0, kDigestDigits);
}

}  // namespace

std::string image_volume_name(const std::string& lineage, const ImageLock& lock) {
  return kImageVolumePrefix + digest_part(lock.digest) + lineage_part(lineage) + lock.format;
}

bool is_our_image_volume(const std::string& lineage, const std::string& volume) {
  return volume.starts_with(kImageVolumePrefix) && volume.find(lineage_part(lineage)) != std::string::npos;
}

bool is_image_volume_of(const std::string& digest, const std::string& volume) {
  return !digest.empty() && volume.starts_with(kImageVolumePrefix + digest_part(digest) + "-");
}

}  // namespace vscale
