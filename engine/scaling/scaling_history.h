#pragma once

#include "engine/desired/group.h"
#include "engine/recorded/scaling_memory.h"

/// How what scaling remembers of a group comes, and goes again: all of it is bounded, however long a watch runs.

namespace vscale {

/// More opinions than these are not kept apart: the oldest two become one of the larger size.
constexpr std::size_t kMostOpinions = 1000;
/// More changes than these are forgotten, the oldest first.
constexpr std::size_t kMostChanges = 1000;

/// What of `memory` may still matter at `now`, and nothing that a clock which was wrong has dated after it.
ScalingMemory still_of_use(const ScalingMemory& memory, const Group& group, Instant now);

/// What the policies together would have at `now`. Where nothing was asked for longer than a need has to last, what was
/// said before is forgotten: nobody knows what was needed in between.
void note_opinion(ScalingMemory& memory, const Scaling& scaling, int size, Instant now);

/// Notes when the last growth was all ready: as many are as it led to, or as are wanted by now. One that takes longer
/// than the startup timeout is taken for ready then, so that a newcomer which never gets up does not hold up others.
void note_ready(ScalingMemory& memory, const Group& group, int ready, int current, Instant now);

void note_change(ScalingMemory& memory, int from, int to, Instant now);

}  // namespace vscale
