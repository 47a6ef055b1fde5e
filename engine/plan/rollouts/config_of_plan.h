#pragma once

#include "engine/desired/config.h"
#include "engine/plan/plan.h"
#include "engine/recorded/recorded_state.h"

namespace vscale {

/// The configuration that a plan's instances are made of: the file's, but for groups that the plan makes of a recorded
/// revision, since they go back to it. An image that has left the file is there for as long as such a revision is of
/// it.
Config config_of_plan(Config config, const Plan& plan, const RecordedState& recorded);

/// The plan with the templates of the revisions that it records, from the configuration that it is made of: what is to
/// be carried out. Plans that are shown, stored or compared are without them.
Plan with_templates(Plan plan, const Config& config_of_plan);

}  // namespace vscale
