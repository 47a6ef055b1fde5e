#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cmd/invocation/invocation.h"
#include "cmd/planning/configuration_files.h"
#include "cmd/planning/fresh_plan.h"
#include "engine/execution/executor.h"

/// One plan, from its approval to its end. What comes after it, where it failed: cmd/planning/running/approval.h.

namespace vscale {

/// How often a lock that somebody else holds is asked for again.
constexpr Duration kLockRetryInterval{500};

/// The operation lock, waited for up to `timeout`. `conflict` names the holder.
Result<std::unique_ptr<OperationLock>> take_lock(const Invocation& invocation, StateStore& store,
                                                 const std::string& operation, Duration timeout);

struct Run {
  RunSummary summary;
  Duration took{};
};

/// Executes the plan against the hosts and shows it while it goes on: text, or with --json a stream of objects. The
/// lock must be held. `parallelism` is --parallelism.
Run carry_out(Invocation& invocation, const ConfigurationFiles& files, const FreshPlan& fresh, const HostPorts& hosts,
              StateStore& store, const std::optional<int>& parallelism);

/// Says what came of it, and the exit code. `again` is the command to go on with.
ExitCode tell_run(Invocation& invocation, const FreshPlan& fresh, const Run& run, const std::string& again);

}  // namespace vscale
