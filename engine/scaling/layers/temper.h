#pragma once

#include <vector>

#include "engine/desired/scaling.h"
#include "engine/recorded/scaling_memory.h"
#include "engine/scaling/policies/target.h"
#include "engine/scaling/scaling_decision.h"

/// The layers that temper what load asks for: how long it must last, how fast it goes, rest, a look ahead, multiples.
/// Each is a pure function from the size `before` it to its result, and only moves it towards `base`, but for the
/// increment. `base` is the present size, without members that end by their own wish: their going is no answer to load.

namespace vscale {

/// As Kubernetes: a group grows to no more than the smallest size that was asked for within `windows.out`, and shrinks
/// to no less than the largest within `windows.in`. `opinions`: oldest first, the newest of them of `now`. A part of a
/// window of which none is known, before the first of them or in a silence between two (is_silence()), counts as
/// `base`: a need must have been seen as long as it must last.
LayerResult stabilise(int before, int base, const std::vector<SizeOpinion>& opinions, const OutIn& windows,
                      Duration evaluate_interval, Instant now);

/// As Kubernetes: what changed already within a rate's time counts; a percentage is of the size at that time's begin,
/// and rounded up, for growing and for shrinking; of several rates the one that allows most counts. Any rate allows one
/// increment in its time, or nothing would ever happen, and a group of 0 would stay there. No rates: no limit.
LayerResult limit_rate(int before, int base, const Scaling& scaling, const std::vector<SizeChange>& changes,
                       Instant now);

/// Growth rests until the last growth was all ready, and cooldown.out from then; shrinking rests for cooldown.in from
/// the last change. Neither waits where its cooldown is 0.
LayerResult rest(int before, int base, const OutIn& cooldown, const ScalingMemory& memory, Instant now);

/// Fewer go, until the load of `current` members fits on those that stay, with the tolerance to spare: otherwise they
/// would be called back at once.
LayerResult look_ahead(int before, int base, const std::vector<GroupLoad>& loads, int current);

/// Growth is rounded up to a multiple of `increment`, shrinking down to one.
LayerResult round_to_increment(int before, int base, int increment);

}  // namespace vscale
