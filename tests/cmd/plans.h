#pragma once

#include <cstdint>
#include <string>

#include "engine/plan/plan.h"

/// Plans for tests of what is shown and stored.

namespace vscale::test {

/// Made at 2026-05-04T14:00:00Z from serial 118 of the installation `prod`.
Plan empty_plan();
/// Three instances of `web` on two hosts, with the image sent to one of them.
Plan plan_that_creates();
/// Drift, a replacement, an update in place, something held, and a host that does not answer.
Plan plan_with_everything();
/// Fifty equal instances.
Plan plan_of_fifty();

/// `web` rolled from revision 8 to 9, with a surge of one and three steps: its changes, its outline and some of its
/// actions.
Plan plan_that_rolls();

/// Anything that is well formed: every kind of action, odd names, long texts. The same seed gives the same plan.
Plan random_plan(std::uint64_t seed);

/// Adds an action that needs the one before it, and returns it.
Action& add_action(Plan& plan, const std::string& address, const std::string& host, ActionDetail detail);

}  // namespace vscale::test
