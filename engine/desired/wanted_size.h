#pragma once

#include "engine/desired/group.h"

namespace vscale {

/// How many instances the group should have, where `existing` are recorded: its size; for a scaled group what it has,
/// brought in between min and max, since what lies between them is not the file's to say. It begins with its size:
/// `existing` is 0 until one of them has begun (has_begun()).
int wanted_size(const Group& group, int existing);

}  // namespace vscale
