#pragma once

#include <map>
#include <string>

#include "cmd/outside.h"
#include "cmd/watching/sources/source_questions.h"
#include "engine/plan/reconcile.h"
#include "engine/watch/decide_tick.h"
#include "schemas/variables/substitution.h"

namespace vscale {

/// So long a tick waits at most for all that policies ask outside: each has its own time of that, the whole of which a
/// command may take. A member's `timeout` that is longer ends here, too. A tick that outlasts its interval is counted,
/// and those that it has missed are not made up for.
constexpr Duration kSourcesAwaited = kSourceCommandTimeout;

/// What the policies are told that are due, by group. A group that is not due, or whose policies ask nobody, may be
/// missing. `members`: made of `world`.
std::map<std::string, PolicyAnswers> policy_answers(Outside& outside, const Variables& variables,
                                                    const PlanInput& world, const Roster& members);

}  // namespace vscale
