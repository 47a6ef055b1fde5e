#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "engine/recorded/scaling_memory.h"
#include "engine/scaling/scaling_decision.h"
#include "engine/values/result.h"

/// Decisions about sizes and what they remember, as JSON: for `explain --json`, the API, and the statefile.

namespace vscale {

/// {group, at, current, size, ready, there, winner, text, recommendations: [{policy, kind, size?, exact?, floor?,
/// ceiling?, text, figures: {}}], terminating: [], layers: [{layer, before, after, text, figures: {}}]}
nlohmann::ordered_json decision_json(const ScalingDecision& decision);

/// The same as text, for the statefile; `invalid` for what decision_text() never gave.
std::string decision_text(const ScalingDecision& decision);
Result<ScalingDecision> decision_from_text(const std::string& text);

std::string memory_text(const ScalingMemory& memory);
Result<ScalingMemory> memory_from_text(const std::string& text);

}  // namespace vscale
