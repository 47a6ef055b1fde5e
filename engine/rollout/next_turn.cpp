#include "engine/rollout/next_turn.h"

#include <algorithm>

namespace vscale {
namespace {

/// The step's share is for the old ones to give up; one that is missing is nobody's.
int may_come(const RolloutBudget& budget, int reach, const RolloutCounts& counts) {
  const int room = budget.most() - counts.total();
  const int missing = budget.size - counts.total();
  const int by_step = reach - counts.fresh();
  const bool is_proven = counts.fresh_available > 0;
  const int wanted = std::max(by_step, is_proven ? missing : 0);
  // Never more than the group is to have: a surge is of old ones that have not gone yet.
  const int lacking = budget.size - counts.fresh() - counts.stuck;
  return std::max(0, std::min({room, wanted, lacking}));
}

/// Old ones that do not belong to the present step any more.
int surplus(const RolloutBudget& budget, int reach, const RolloutCounts& counts) {
  const int to_stay = std::max(0, budget.size - std::max(reach, counts.fresh()) - counts.stuck);
  return std::max(0, counts.old() - to_stay);
}

}  // namespace

Allowance next_turn(const RolloutBudget& budget, int reach, Succession succession, const RolloutCounts& counts) {
  Allowance allowance;
  allowance.comes = may_come(budget, reach, counts);
  if (succession == Succession::in_place) {
    // What goes comes again by itself; only what nobody stands for is made beside that.
    allowance.comes = std::min(allowance.comes, std::max(0, budget.size - counts.total()));
  }
  const int surplus_left = surplus(budget, reach, counts);
  // That a new one has not come up yet may have a reason that concerns all of them.
  const int there = counts.total() - counts.leaving;
  const int spare = there - budget.least_available() - counts.fresh_coming;
  allowance.goes_unavailable = std::clamp(spare, 0, std::min(counts.old_unavailable, surplus_left));
  const int spare_available = counts.available() - budget.least_available();
  allowance.goes_available =
      std::clamp(spare_available, 0, std::min(counts.old_available, surplus_left - allowance.goes_unavailable));
  const bool nothing_on_its_way = counts.fresh_coming == 0 && counts.leaving == 0;
  if (allowance.nothing() && nothing_on_its_way && counts.old_unavailable > 0 && surplus_left > 0) {
    // Everybody would wait for everybody. One that serves nobody can be spared.
    allowance.goes_unavailable = 1;
  }
  return allowance;
}

bool has_reached(const RolloutBudget& budget, int reach, const RolloutCounts& counts) {
  return counts.fresh_coming == 0 && counts.leaving == 0 && counts.fresh_available >= reach &&
         surplus(budget, reach, counts) == 0;
}

}  // namespace vscale
