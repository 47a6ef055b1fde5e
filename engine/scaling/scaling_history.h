#pragma once

#include "engine/desired/group.h"
#include "engine/recorded/scaling_memory.h"

/// How what scaling remembers of a group comes, and goes again: all of it is bounded, however long a watch runs.

namespace vscale {

/// More opinions than these are not kept apart: the oldest two become one of the larger size.
constexpr std::size_t kMostOpinions = 1000;
/// More changes than these are forgotten, the oldest first.
constexpr std::size_t kMostChanges = 1000;

/// Looks that are further apart than this say nothing of what is between them, unless `evaluate` is longer: `--once`
/// measures no further back than this to the look before it.
constexpr Duration kFurthestLooks = std::chrono::minutes{10};

/// Were the policies not asked for so long that nobody knows what was needed in between? Two evaluations make no
/// silence, so that one may be late or fail, and a watch that is killed and begins anew goes on. Nor do two minutes: a
/// minute is cron's own interval, whatever `evaluate` is. Nor does twice `before`, which is how far apart the two looks
/// before the gap were, up to kFurthestLooks: cron may run `--once` each five minutes, and then asks as often as that.
bool is_silence(Duration gap, Duration evaluate_interval, Duration before = Duration{0});

/// How far apart the last two looks up to the end of opinion `last` were, where they are not in one opinion; else 0.
Duration gap_before(const std::vector<SizeOpinion>& opinions, std::size_t last);

/// What of `memory` may still matter at `now`, and nothing that a clock which was wrong has dated after it. A series of
/// a step's values that a silence came into is forgotten.
ScalingMemory still_of_use(const ScalingMemory& memory, const Group& group, Duration evaluate_interval, Instant now);

/// What the policies together would have at `now`. It goes on with an opinion of the same size before it, unless there
/// was silence in between.
void note_opinion(ScalingMemory& memory, Duration evaluate_interval, int size, Instant now);

/// Notes when the last growth was all ready: as many are as it led to, or as are wanted by now. One that takes longer
/// than the startup timeout is taken for ready then, so that a newcomer which never gets up does not hold up others.
void note_ready(ScalingMemory& memory, const Group& group, int ready, int current, Instant now);

void note_change(ScalingMemory& memory, int from, int to, Instant now);

}  // namespace vscale
