#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/desired/config.h"
#include "engine/health/decide_health.h"
#include "engine/live/host_snapshot.h"
#include "engine/plan/plan.h"
#include "engine/recorded/recorded_state.h"
#include "engine/values/result.h"

/// The decision: from what is wanted, what is recorded and what is live, to a Plan.

namespace vscale {

/// What the command line narrows or asks for besides the file.
struct PlanOptions {
  bool destroy = false;               ///< Everything that vscale created, and nothing else.
  std::vector<std::string> targets;   ///< Only these addresses and what they depend on. Groups or instances.
  std::vector<std::string> excludes;  ///< All but these; groups, instances or `host.NAME`. Never with targets.
  std::vector<std::string> replaces;  ///< Instances to replace although nothing differs.
  std::optional<int> max_destroy;     ///< More destroyed is an error; replacements count if they lose a disk for good.
  std::optional<Disruption> allow;    ///< A change that disrupts more is held, and says so.
  bool allow_data_loss = false;       ///< Disks with keep: true may go.
  bool force = false;                 ///< A revision that was rolled back or aborted is rolled out again.
  // Of watch.
  std::optional<int> destroy_at_once{};  ///< More than these of those that are not wanted any more wait for later plans.
  bool report_drift = false;           ///< watch.drift: report. What somebody changed on a host is shown and left.

  bool operator==(const PlanOptions&) const = default;
};

/// What watch has found out about instances, beside what a look at the hosts tells.
struct Findings {
  std::map<InstanceAddress, Healing> healings;                   ///< Who is healed now.
  std::map<InstanceAddress, std::string> crash_loops;            ///< Who is not started for now, and why.
  std::map<std::string, std::vector<InstanceAddress>> go_first;  ///< By group: who goes first where it gets smaller.
  /// Who has asked to end and is replaced for that now, and what is said of it: as if --replace named it.
  std::map<InstanceAddress, std::string> asked_to_end;

  bool operator==(const Findings&) const = default;
};

struct PlanInput {
  Config config;
  RecordedState recorded;
  Live live;
  std::map<std::string, ImageLock> images;     ///< By name, for every image that a group uses and that could be read.
  std::map<std::string, Error> unread_images;  ///< Why the others could not.
  /// Instances that were asked just now and are not ready, and why: a rolling update counts them as not available.
  std::map<InstanceAddress, std::string> unready{};
  Findings findings{};
  Instant now{};
  PlanOptions options;
  std::map<std::string, SourceSpan> places;  ///< "groups.web.size" -> where it is written, for messages.
};

/// Pure: the same input gives the same plan, to the byte. Mistakes that only show against live hosts (no room, a name
/// taken by a foreign domain, a pool of the wrong kind) are diagnostics of the plan, which is then `errored`; what can
/// be planned beside them still is, so that a person sees everything at once.
Plan reconcile(const PlanInput& input);

}  // namespace vscale
