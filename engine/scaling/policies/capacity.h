#pragma once

#include <map>
#include <vector>

#include "engine/desired/scaling.h"
#include "engine/scaling/decide_size.h"
#include "engine/scaling/scaling_decision.h"

/// Policies of kind capacity: so many of what the instances serve (seats, licences, sessions) are to be free. Each
/// instance says itself how many it has, and whether it wants to end.

namespace vscale {

/// So many evaluations in a row a member that does not answer counts as what it said last; one that has never answered,
/// as all of `perInstance`. After that it counts as nothing.
constexpr int kSilentEvaluations = 3;
/// More silent ones than both: it is the network or the service that is ill, not the members, and nothing can be told.
constexpr int kMostSilentPercent = 45;
constexpr int kMostSilent = 3;

using CapacityAnswers = std::map<InstanceAddress, Result<CapacityAnswer>>;

struct CapacityOpinion {
  Recommendation recommendation;
  std::vector<CapacityMemory> memory;        ///< PolicyMemory::capacity afterwards: of members that are there.
  std::vector<InstanceAddress> terminating;  ///< They want to end, and may. In order of addresses.

  bool operator==(const CapacityOpinion&) const = default;
};

/// The present size without those that want to end, and as many more as it takes to have minAvailable free:
///  - A ready member counts as it answers; no answer, or one that is no amount, is silence.
///  - One that is starting, or wanted and not begun, counts as perInstance: it is on its way.
///  - One that wants to end, is unready or off counts as nothing. It wants to end until it answers that it does not.
/// Nobody else goes for this policy: what an instance serves is not moved to another one. So its size keeps other
/// policies, too, from removing any.
/// More silent ones than the bounds above, or all of them for longer than kSilentEvaluations, is an error.
CapacityOpinion capacity_opinion(const ScalingPolicy& policy, const std::vector<ScalingMember>& members,
                                 const CapacityAnswers& answers, const std::vector<CapacityMemory>& before, int current,
                                 Instant now);

}  // namespace vscale
