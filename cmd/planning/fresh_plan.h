#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "cmd/invocation/invocation.h"
#include "cmd/planning/configuration_files.h"
#include "cmd/planning/sources/addresses.h"
#include "cmd/planning/sources/hosts.h"
#include "cmd/planning/sources/images.h"
#include "cmd/views/plan_view.h"
#include "engine/plan/plan.h"
#include "engine/plan/reconcile.h"

/// A plan of what stands outside: record, images, hosts (cmd/planning/sources).

namespace vscale {

/// Opens the statefile that the configuration (or --state) names.
Result<OpenedState> open_state(const Invocation& invocation, const Config& config, OpenMode mode);
std::string state_path(const Invocation& invocation, const Config& config);

struct PlanRequest {
  PlanOptions options;  ///< Addresses as the user wrote them.
  Refresh refresh = Refresh::ask_hosts;
};

struct FreshPlan {
  Plan plan;
  PlanHeading heading;
  RecordedState recorded;  ///< That the plan was made from; `open_actions` are those that it looked at: none
                           ///< if no host was asked.
};

/// What runs that died have left open in the journal, without what `plan` did not look at: what `options` leave out or
/// do not name, and what hides on a silent host. That stays open, and status goes on telling of it.
std::vector<OpenAction> open_actions_seen(const RecordedState& recorded, const Plan& plan, const PlanOptions& options);

/// A plan from what is wanted, recorded and live now. Records what was seen. An Error means that no plan could be made.
Result<FreshPlan> make_plan(const Invocation& invocation, const ConfigurationFiles& files, StateStore& store,
                            Domains& domains, const PlanRequest& request);

/// The plan, or with --json the document, on out.
void show_plan(const Invocation& invocation, const FreshPlan& fresh);

}  // namespace vscale
