#pragma once

#include "engine/desired/config.h"
#include "engine/plan/reconcile.h"
#include "engine/recorded/recorded_state.h"

namespace vscale {

/// The same options for another plan under one approval: what --replace asked for is done once. A group there becomes
/// those of its instances that stood in the record when the plan was approved of (`before`) and stand there `now` as
/// the same machines; `moved:` is followed in both. `options` has addresses.
PlanOptions with_replaces_left(const Config& config, PlanOptions options, const RecordedState& before,
                               const RecordedState& now);

}  // namespace vscale
