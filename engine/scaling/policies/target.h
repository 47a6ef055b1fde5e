#pragma once

#include <optional>
#include <string>

#include "engine/desired/scaling.h"
#include "engine/scaling/policies/member_loads.h"
#include "engine/scaling/scaling_decision.h"

/// Policies of kind target: as many instances as bring a number to its target. As Kubernetes' horizontal pod autoscaler
/// counts, but in doubles.

namespace vscale {

/// How much `current` instances have to do, for the layer that looks ahead.
struct GroupLoad {
  std::string policy;
  double ratio = 0;  ///< Of what they are to have at most: 1 is at the target.
  double tolerance = 0;

  bool operator==(const GroupLoad&) const = default;
};

struct TargetOpinion {
  Recommendation recommendation;
  std::optional<GroupLoad> load;  ///< Nothing where it cannot be told.

  bool operator==(const TargetOpinion&) const = default;
};

/// By what the members use (`metric:`). With q the average over the target:
///  - Nobody measured is an error. Without any instance there is nothing to measure: none.
///  - q > 1: members that are coming, those without samples, and those that are unknown, count 0: they may take their
///    share.
///    q < 1: those without samples, and those that are unknown, count as fully loaded: 100 %, or the target if that is
///    more, or if there is no 100 %.
///  - Where that turns the direction round, or q is within the tolerance of 1: the present size.
///  - Otherwise q times those that were counted, rounded up, and never against the direction of q.
///  - The last instance stays: without one there would be nothing to measure, and no way back.
/// A target of 0 counts as 1: as with a queue to be drained, nothing may be left over.
TargetOpinion target_by_members(const ScalingPolicy& policy, const MemberLoads& loads, int current);

/// By what a source answers (`prometheus:`, `influxdb:`, `http:`, `command:`), where `ready` instances share the work.
///  - per: instance (default): a total; total / target instances, rounded up.
///  - per: group: a ratio; q times the ready ones, rounded up. Smaller only while one is ready.
///  - Within the tolerance the present size, but not at 0, which has none: any load lifts it.
///  - A target of 0 drains a queue: q is the number itself, and `per` has no meaning: doubled at 2, halved at 0.5,
///    none at 0.
/// No number, or a negative one, is an error.
TargetOpinion target_by_answer(const ScalingPolicy& policy, const Result<std::optional<double>>& answer, int current,
                               int ready);

}  // namespace vscale
