#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cmd/invocation/exit_code.h"
#include "cmd/invocation/invocation.h"
#include "cmd/planning/configuration_files.h"
#include "cmd/planning/fresh_plan.h"
#include "cmd/views/run/run_view.h"
#include "engine/execution/executor.h"

/// One plan, from its approval to its end. What comes after it, where it failed: cmd/planning/running/approval.h.

namespace vscale {

/// How often a lock that somebody else holds is asked for again.
constexpr Duration kLockRetryInterval{500};

/// The operation lock, waited for up to `timeout`. `conflict` names the holder.
Result<std::unique_ptr<OperationLock>> take_lock(const Invocation& invocation, StateStore& store,
                                                 const std::string& operation, Duration timeout);

/// How much may be in flight at once: the bounds of `limits`. Of four or more at once, a group leaves a quarter to the
/// others of the plan.
ExecutionLimits limits_of(const Config& config, const Plan& plan, const std::optional<int>& parallelism);

struct Run {
  RunSummary summary;
  Duration took{};
};

/// Executes the plan against the hosts and shows it while it goes on: text, or with --json a stream of objects. The
/// lock must be held. `parallelism` is --parallelism. The bounds are those of `limits`: on all actions, on a host's, on
/// uploads and on guests that boot there; of four or more at once, a group leaves a quarter to the
/// others of the plan.
Run carry_out(Invocation& invocation, const ConfigurationFiles& files, const FreshPlan& fresh, const HostPorts& hosts,
              StateStore& store, const std::optional<int>& parallelism);

/// What the run of that plan is to the program's caller.
ExitCode code_of_run(const Plan& plan, const RunSummary& summary);

/// What came of one run, or of several under one approval.
struct Ending {
  const Plan& plan;  ///< That the summary is of.
  RunSummary summary;
  RunTotals totals;
  ExitCode code = ExitCode::ok;
  WaysOn ways;
};

/// Says it: text, or with --json the last object of the stream. Where all went well, what failed on the way there has
/// been brought to its end since, by a later run or another writer: neither form tells of it. Rolling updates that
/// rest, as somebody said so or as a step wants it, are no failure. The exit code.
ExitCode tell_ending(Invocation& invocation, Ending ending);

/// The same where the plan has nothing to do, so that there was no run: with --json a summary without actions; else
/// nothing more is said.
ExitCode tell_nothing_done(Invocation& invocation, const FreshPlan& fresh);

}  // namespace vscale
