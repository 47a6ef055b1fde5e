#pragma once

#include <string>

#include "engine/desired/group.h"
#include "engine/recorded/recorded_state.h"

namespace vscale {

/// How many instances the group should have: its size; for a scaled group what policies or an operator have said, or
/// else what it has, without those that stand beside others for a while, brought in between min and max: what lies
/// between them is not the file's to say. It begins with its size. `recorded_as`: the address by which the record knows
/// it.
int wanted_size(const Group& group, const RecordedState& recorded, const std::string& recorded_as);

/// Who says so; nullptr: the file. Points into `recorded`.
const WantedSize* size_owner(const Group& group, const RecordedState& recorded, const std::string& recorded_as);
/// "policy cpu", "anna@ctl1".
std::string show_owner(const WantedSize& size);

}  // namespace vscale
