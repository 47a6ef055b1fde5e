#pragma once

#include "engine/recorded/recorded_state.h"

namespace vscale {

/// Was it ever defined, or does it follow one that was? A group of which this is true of none was cut off while it was
/// made for the first time: how many it has says nothing of how many it is to have.
bool has_begun(const InstanceRecord& instance);

/// How many a group has by the record: as many as it was to have when one of it last came or went, without those that
/// stand beside others for a while. 0 before one of it has begun.
int size_so_far(const RecordedState& recorded, const std::string& group);

}  // namespace vscale
