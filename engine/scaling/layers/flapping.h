#pragma once

#include <optional>
#include <vector>

#include "engine/recorded/scaling_memory.h"

/// A guard against groups that grow and shrink in turns: their in-window is doubled for a while.

namespace vscale {

/// So many reversals within so long make a group flap.
constexpr int kFlappingReversals = 3;
constexpr Duration kFlappingPeriod = std::chrono::minutes{30};
/// It is calm again when there was no reversal for so long.
constexpr Duration kFlappingCalm = std::chrono::hours{1};
/// Doubling goes no further than this. A window that is longer by the file stays as it is.
constexpr Duration kLongestDoubledWindow = std::chrono::hours{1};

/// How often the direction changed from one change to the next, after `since`.
int reversals_after(const std::vector<SizeChange>& changes, Instant since);

/// ScalingMemory::flapping_until from now on. Further reversals while it flaps put off the end.
std::optional<Instant> flapping_until(const std::optional<Instant>& before, const std::vector<SizeChange>& changes,
                                      Instant now);

/// stabilization.in of a group that flaps.
Duration doubled_window(Duration window);

}  // namespace vscale
