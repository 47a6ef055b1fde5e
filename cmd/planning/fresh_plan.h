#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "cmd/invocation/invocation.h"
#include "cmd/planning/configuration_files.h"
#include "cmd/views/plan_view.h"
#include "engine/plan/plan.h"
#include "engine/plan/reconcile.h"

/// What a plan is made of, fetched from outside: record, images, hosts.

namespace vscale {

/// Opens the statefile that the configuration (or --state) names.
Result<OpenedState> open_state(const Invocation& invocation, const Config& config, OpenMode mode);
std::string state_path(const Invocation& invocation, const Config& config);

/// The ports to the hosts of the configuration.
HostPorts reach_hosts(const Invocation& invocation, const Config& config);

/// Asks all hosts side by side. One that does not answer is a failure in the answer; since when, the record may know.
Live observe_hosts(Domains& domains, const Config& config, const RecordedState& recorded, Instant now);
/// What was last seen of every host, as the record has it.
Live recorded_live(const Config& config, const RecordedState& recorded, Instant now);
/// Writes what was seen into the record.
Result<void> record_live(StateStore& store, const Live& live);

/// The names of the images that a group uses, in file order.
std::vector<std::string> images_in_use(const Config& config);

/// How images are asked for.
enum class Newer { keep_lock, take_newer };
/// Finds out what each of `names` stands for, and stores locks that are new. Shows progress on a terminal.
Result<std::map<std::string, ImageLock>> resolve_images(const Invocation& invocation, const Config& config,
                                                        const std::vector<std::string>& names, Newer newer,
                                                        StateStore& store, const RecordedState& recorded);

struct PlanRequest {
  PlanOptions options;  ///< Addresses as the user wrote them.
  Refresh refresh = Refresh::ask_hosts;
};

struct FreshPlan {
  Plan plan;
  PlanHeading heading;
  RecordedState recorded;  ///< That the plan was made from.
};

/// A plan from what is wanted, recorded and live now. Records what was seen. An Error means that no plan could be made.
Result<FreshPlan> make_plan(const Invocation& invocation, const ConfigurationFiles& files, StateStore& store,
                            Domains& domains, const PlanRequest& request);

/// The plan, or with --json the document, on out.
void show_plan(const Invocation& invocation, const FreshPlan& fresh);

/// `group.web[2]` for what a person writes: web-2, group.web[2], prod-web-2, web, db1, host.kvm1. `not_found` lists or
/// guesses what there is.
Result<std::string> resolve_address(const Config& config, const RecordedState& recorded, const std::string& written);

}  // namespace vscale
