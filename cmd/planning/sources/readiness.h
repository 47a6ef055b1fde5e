#pragma once

#include <map>
#include <string>

#include "engine/desired/config.h"
#include "engine/plan/plan.h"
#include "engine/ports/clock.h"
#include "engine/ports/network_probe.h"
#include "engine/recorded/recorded_state.h"

namespace vscale {

/// A member that does not pass a gate in so many tries is not ready. One try is soon unlucky.
constexpr int kReadinessTries = 2;
/// So long one try takes at most: a member that is ready answers at once.
constexpr Duration kReadinessTryTimeout{2000};
/// All of it takes no longer, and whoever was not asked by then counts as recorded.
constexpr Duration kReadinessBudget{15'000};

/// Members of the groups that the plan rolls which are recorded as ready and do not pass their gates `tcp` and `http`
/// just now, and why: the rollout takes them first, and counts on the others. Only what can be asked from here and does
/// nothing in the guest: plan runs no commands. Where none of several passes they all count as recorded: gates that
/// were changed along with the template say nothing of those that were made before.
std::map<InstanceAddress, std::string> unready_members(const Config& config, const RecordedState& recorded,
                                                       const Plan& plan, NetworkProbe& probe, Clock& clock);

}  // namespace vscale
