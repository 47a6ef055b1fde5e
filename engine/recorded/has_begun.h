#pragma once

#include "engine/recorded/recorded_state.h"

namespace vscale {

/// Was it ever defined, or does it follow one that was? A group of which this is true of none was cut off while it was
/// made for the first time: how many it has says nothing of how many it is to have.
bool has_begun(const InstanceRecord& instance);

}  // namespace vscale
