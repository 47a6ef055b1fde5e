#pragma once

#include <string>

#include "engine/plan/plan.h"

/// A rolling update as it is planned, in the lines that a plan and `simulate rollout` have in common.

namespace vscale {

/// "image debian-12 9f86d081 -> 41c7a2e0", after "back to revision 8: " where it goes back.
std::string outline_headline(const RolloutOutline& outline);

/// "surge 1, unavailable 0, 1 per host; first 1, pause 5m, all, bake 10m": how many at once, and the steps.
std::string outline_budget(const RolloutOutline& outline);

enum class Room { fits, is_missing };
/// "peak of 4 VMs fits; never below 3 ready; on failure: rollback"
std::string outline_bounds(const RolloutOutline& outline, Room room);

/// Why it does not go to its end, and what shows how to go on, but where room is missing, which an error tells of;
/// empty if it does. `indent` columns in.
std::string outline_held(const RolloutOutline& outline, Room room, int indent);

/// "first 1, pause 5m"; `is_first`: of all steps.
std::string step_text(const UpdateStep& step, bool is_first);

}  // namespace vscale
