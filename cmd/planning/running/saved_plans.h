#pragma once

#include <optional>
#include <string>

#include "cmd/invocation/invocation.h"
#include "cmd/planning/configuration_files.h"
#include "cmd/planning/fresh_plan.h"
#include "schemas/json/plan_json.h"

/// Plans that were written to a file, to be reviewed and carried out later.

namespace vscale {

/// Where a saved plan differs from what would be done now: no more than this many addresses are named.
constexpr std::size_t kDifferencesNamed = 3;

/// Writes what `plan --out` says; only its owner may read it. The digests of what it was made from are keyed by a
/// secret that stands in a file of its own beside the statefile, PATH.key, made once; without it a saved plan is stale.
Result<void> save_plan(const Invocation& invocation, const ConfigurationFiles& files, const Plan& plan,
                       const PlanOptions& options, const std::string& path);

/// Reads it back. An error names the file.
Result<SavedPlan> load_plan(const Invocation& invocation, const std::string& path);

/// The saved plan, as it is to be carried out now. `conflict` says that it is stale: made from other files, variables
/// or another state, or, where the hosts are asked, not what would be done now, with the first addresses that differ.
Result<FreshPlan> plan_as_saved(const Invocation& invocation, const ConfigurationFiles& files, StateStore& store,
                                Domains& domains, const SavedPlan& saved, Refresh refresh);

}  // namespace vscale
