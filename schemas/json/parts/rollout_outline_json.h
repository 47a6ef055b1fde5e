#pragma once

#include <nlohmann/json_fwd.hpp>

#include "engine/plan/plan.h"
#include "schemas/json/json_cursor.h"

/// A rolling update as it is planned: `rollouts` of the plan's document.

namespace vscale {

/// {group, from, to, back, what, size, surge, unavailable, per_host, in_place, in_place_why, min_ready_ms,
/// steps: [{to: {count|percent: N}, pause: "manual"|MS|null, bake_ms}], on_failure: pause|rollback|continue, failures,
/// max_failures, peak, lowest, turns: [{number, comes: [{address, host}], goes: [...], fresh, available, total,
/// rests}], held}
nlohmann::ordered_json rollout_outline_json(const RolloutOutline& rollout);
/// And back; mistakes are noted by the cursor.
RolloutOutline rollout_outline_from(const JsonCursor& json);

}  // namespace vscale
