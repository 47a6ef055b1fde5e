#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "cmd/views/plan_view.h"
#include "engine/plan/plan.h"

/// A rolling update on paper, turn by turn: `vscale simulate rollout`.

namespace vscale {

/// More moves than this of one turn are summed up.
constexpr std::size_t kListedMoves = 4;

/// The turns as a table, then its peak, its lowest, and why it ends where it ends. At most kTextWidth wide. A plan
/// that is errored has no room, as far as is known.
std::string simulation_text(const Plan& plan, const RolloutOutline& outline, Verbosity verbosity);

/// "web: nothing to roll out." `group`: `group.web`.
std::string nothing_to_simulate_text(const std::string& group);

/// {format_version, timestamp, name, serial, group, complete, errored, rollout: {...} or null, unknown, diagnostics};
/// the rollout as in the JSON of a plan.
nlohmann::ordered_json simulation_json(const Plan& plan, const std::string& group, const RolloutOutline* outline);

}  // namespace vscale
