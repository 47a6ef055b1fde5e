#pragma once

#include <string>

#include "cmd/rollouts/rollout_status.h"
#include "engine/recorded/recorded_state.h"
#include "engine/values/result.h"

/// What an operator says of a rolling update: `vscale rollout pause|resume|promote|abort|undo`. Pure.

namespace vscale {

struct SaidBy {
  std::string user;  ///< user@machine
  std::string reason;
  Instant at{};
};

/// What is recorded of it. `invalid` where it means nothing as things stand: the message says how they stand, the hint
/// what may be said instead, completed by `command`.
Result<RolloutIntent> rollout_intent_of(RolloutIntent::Kind kind, const RolloutStatus& status, const SaidBy& said,
                                        const WholeCommand& command);

}  // namespace vscale
