#pragma once

#include <string>

#include "engine/recorded/recorded_state.h"

namespace vscale {

/// Every copy's name begins with it.
inline constexpr const char* kImageVolumePrefix = "vscale-image-";

/// What a host's copy of an image is called in its pool: by digest, so that it is sent once, and by lineage, since two
/// installations on one host never share a copy: either could delete it under the other.
std::string image_volume_name(const std::string& lineage, const ImageLock& lock);

/// Is this the name of a copy that this installation made, of whatever image?
bool is_our_image_volume(const std::string& lineage, const std::string& volume);

/// Is this the name of a copy of the image with this digest (`sha256:HEX`), whoever made it? False for an empty digest.
bool is_image_volume_of(const std::string& digest, const std::string& volume);

}  // namespace vscale
