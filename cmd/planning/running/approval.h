#pragma once

#include <optional>

#include "cmd/invocation/exit_code.h"
#include "cmd/invocation/invocation.h"
#include "cmd/planning/configuration_files.h"
#include "cmd/planning/fresh_plan.h"

/// From the approval of a plan to the end of what it covers.

namespace vscale {

/// Before hosts that did not answer are looked at again.
constexpr Duration kPauseBeforePlanningAgain{5'000};

/// A plan that somebody has approved of, with what it takes to carry it out, and to plan again.
struct Approval {
  FreshPlan plan;
  PlanOptions options;             ///< That it was made with.
  std::optional<int> parallelism;  ///< --parallelism
};

/// Carries the plan out. Where that failed by circumstance (engine/approval/envelope.h), looks at the hosts, plans
/// again, and goes on as long as the plan stays within the approval, for at most kPlansPerApproval plans. What is
/// beyond it is shown and not done. At the end, unless the user asked to stop, what the hosts look like is written to
/// the record, so that nobody has to look again. Says what came of it. The lock must be held.
ExitCode carry_out_approval(Invocation& invocation, const ConfigurationFiles& files, const HostPorts& hosts,
                            StateStore& store, Approval approval);

}  // namespace vscale
