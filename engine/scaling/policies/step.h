#pragma once

#include <optional>
#include <vector>

#include "engine/desired/scaling.h"
#include "engine/scaling/policies/member_loads.h"
#include "engine/scaling/scaling_decision.h"

/// Policies of kind step: so many more or fewer by how far a number is beyond its threshold. With the bounds and the
/// rounding of AWS's step scaling.

namespace vscale {

struct StepOpinion {
  Recommendation recommendation;
  std::vector<bool> beyond;  ///< PolicyMemory::beyond afterwards.

  bool operator==(const StepOpinion&) const = default;
};

/// The step that a number lies in, by its distance from the threshold; nullptr if there is none. At and above the
/// threshold a step has its lower bound in it and not its upper one; below (`to: 0` or less) the other way round. Right
/// at the threshold, the step above comes first.
const ScalingStep* step_for(const ScalingPolicy& policy, double value);

/// How many instances a step is of `current` ones. A percentage is rounded towards zero, but what is less than one
/// instance is one.
int instances_of(const ScalingStep& step, int current);

/// `for: n/m`: of the last m values, one for each evaluation, n must lie on the side of the threshold on which the
/// newest does; with fewer than m of them there is no decision. `beyond` tells of those before, oldest first.
/// By what the members use (`metric:`): nobody measured is an error; nothing is removed while the load of some is not
/// known; and the last instance stays. Without any instance there is nothing to measure: none.
StepOpinion step_by_members(const ScalingPolicy& policy, const MemberLoads& loads, int current,
                            std::vector<bool> beyond);

/// By what a source answers. No number is an error, and no value of the series.
StepOpinion step_by_answer(const ScalingPolicy& policy, const Result<std::optional<double>>& answer, int current,
                           std::vector<bool> beyond);

}  // namespace vscale
