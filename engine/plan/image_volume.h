#pragma once

#include <string>

#include "engine/recorded/recorded_state.h"

namespace vscale {

/// What a host's copy of an image is called in its pool: by digest, so that it is sent once, and by lineage, since two
/// installations on one host never share a copy: either could delete it under the other.
std::string image_volume_name(const std::string& lineage, const ImageLock& lock);

}  // namespace vscale
