#pragma once

#include "cmd/serving/watch_figures.h"
#include "engine/plan/reconcile.h"
#include "engine/watch/decide_tick.h"

namespace vscale {

/// What /metrics tells of hosts and groups after a tick: how they are in `world`, and, added to what was counted
/// before, what was decided. A group or host that the configuration has no more is no more told of.
void count_tick(const PlanInput& world, const TickDecision& decision, WatchFigures& figures);

}  // namespace vscale
