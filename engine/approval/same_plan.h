#pragma once

#include <string>
#include <vector>

#include "engine/plan/plan.h"

namespace vscale {

/// Where two plans would do different things.
struct PlanDifference {
  enum class What {
    only_before,  ///< Something was to be done there, and is not any more.
    only_now,     ///< Nothing was to be done there, and is now.
    other_steps,  ///< Something else is to be done, or elsewhere.
    other_order,  ///< The same everywhere, but what waits for what differs. The address is empty.
  };

  std::string address;
  What what = What::other_steps;

  bool operator==(const PlanDifference&) const = default;
};

/// Compares what two plans would do, by address, in the order of `before` and then of `now`; empty: they would do the
/// same. Only actions count: not the words for them, nor when anything was found out, such as an image's digest. Pure.
std::vector<PlanDifference> plan_differences(const Plan& before, const Plan& now);

}  // namespace vscale
