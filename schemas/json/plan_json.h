#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/plan/plan.h"
#include "engine/plan/reconcile.h"
#include "engine/values/result.h"

/// A plan as a document: what `plan --json` prints and `plan --out` saves.

namespace vscale {

/// The version of the document. Unknown keys are tolerated by whoever reads it; a breaking change raises the major.
constexpr const char* kPlanFormatVersion = "1.0";

/// {format_version, timestamp, name, serial, lineage, complete, applyable, errored, drift: [{address, host, what,
/// recorded, live, remedy}], changes: [{address, action, class, reasons: [{code, text, values}], before, after,
/// successor, from_host, host, addresses}], rollouts: [...] (parts/rollout_outline_json.h), actions: [{id, kind,
/// address, host, needs, detail}], unknown: [{address, host, why, since}], diagnostics, summary}. `successor` is null
/// where nothing comes under another address. `detail` holds what the executor needs; its keys are those of the values
/// in engine/plan/plan.h. Of what a revision is made of, user-data among it, nothing stands in a plan. The same plan
/// gives the same bytes.
nlohmann::ordered_json plan_json(const Plan& plan);

/// The plan that such a document describes. `unsupported` for another major version, `invalid` with the place of the
/// first mistake for anything that is not a whole plan. plan_from_json(plan_json(p)) == p, times taken to the
/// millisecond and what is no UTF-8 in diagnostics replaced.
Result<Plan> plan_from_json(const nlohmann::ordered_json& document);

/// The digest of one thing that a saved plan was made from.
struct MadeFrom {
  std::string name;    ///< A file's path as it was given, or "variables".
  std::string digest;  ///< `hmac-sha256:HEX`: what user-data is must not be found out by trying.

  bool operator==(const MadeFrom&) const = default;
};

/// What `plan --out` writes: the plan, and what it was made from, so that it is refused once that has changed.
struct SavedPlan {
  Plan plan;
  std::string version;              ///< Of the vscale that wrote it.
  std::vector<MadeFrom> made_from;  ///< Files in the order of -f, then the files that they name, then "variables".
  PlanOptions options{};            ///< What was asked for besides the files, so that it can be planned again.

  bool operator==(const SavedPlan&) const = default;
};

/// The whole text of a plan file.
std::string saved_plan_text(const SavedPlan& saved);
/// And back. Errors as for plan_from_json, and `invalid` for text that is no JSON at all or was cut off.
Result<SavedPlan> saved_plan_from_text(const std::string& text);

/// {create, update, replace, destroy, start, stop, migrate, forget, unknown}
nlohmann::ordered_json summary_json(const Summary& summary);

}  // namespace vscale
