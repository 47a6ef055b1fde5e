#pragma once

#include <map>
#include <string>

#include "cmd/outside.h"
#include "engine/plan/reconcile.h"
#include "engine/watch/decide_tick.h"
#include "schemas/variables/substitution.h"

namespace vscale {

/// So long a tick waits for all that policies ask outside.
constexpr Duration kSourcesAwaited{5'000};

/// What the policies are told that are due, by group. A group that is not due, or whose policies ask nobody, may be
/// missing.
std::map<std::string, PolicyAnswers> policy_answers(Outside& outside, const Variables& variables,
                                                    const PlanInput& world);

}  // namespace vscale
