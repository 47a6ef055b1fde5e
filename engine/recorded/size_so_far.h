#pragma once

#include <string>

#include "engine/recorded/recorded_state.h"

namespace vscale {

/// How many a group has by the record: as many as it was to have when one of it last came or went, without those that
/// stand beside others for a while. 0 before one of it has begun.
int size_so_far(const RecordedState& recorded, const std::string& group);

}  // namespace vscale
