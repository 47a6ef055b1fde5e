#include "schemas/json/plan_json.h"

#include <fmt/format.h>

#include <algorithm>

#include "schemas/diagnostics/diagnostic_json.h"
#include "schemas/json/parts/json_values.h"
#include "schemas/json/parts/rollout_outline_json.h"
#include "schemas/json/plan_detail_json.h"

namespace vscale {

using Json = nlohmann::ordered_json;

namespace {

constexpr const char* kFormatMajor = "1.";

// ---- Drift, reasons, changes, unknown -------------------------------------------------------------------------------

Json drift_json(const Drift& drift) {
  return {{"address", drift.address},   {"host", drift.host}, {"what", drift.what},
          {"recorded", drift.recorded}, {"live", drift.live}, {"remedy", drift.remedy}};
}

Drift drift_from(const JsonCursor& json) {
  return {.address = json["address"].text(),
          .host = json["host"].text(),
          .what = json["what"].text(),
          .recorded = json["recorded"].text(),
          .live = json["live"].text(),
          .remedy = json["remedy"].text()};
}

Json reason_json(const Reason& reason) {
  Json values = Json::object();
  for (const auto& [name, value] : reason.values) {
    std::visit([&values, &key = name](const auto& held) { values[key] = held; }, value);
  }
  return {{"code", to_string(reason.rule)}, {"text", reason.text}, {"values", std::move(values)}};
}

Reason reason_from(const JsonCursor& json) {
  Reason reason{.rule = json["code"].word(rule_from), .text = json["text"].text(), .values = {}};
  for (const auto& [name, value] : json["values"].members()) {
    reason.values.emplace_back(name, value.is_text() ? ReasonValue{value.text()} : ReasonValue{value.integer()});
  }
  return reason;
}

Json change_json(const Change& change) {
  Json before = Json::object();
  Json after = Json::object();
  for (const auto& field : change.fields) {
    before[field.field] = field.before;
    after[field.field] = field.after;
  }
  return {{"address", change.address},
          {"action", to_string(change.action)},
          {"class", to_string(change.disruption)},
          {"reasons", list_json(change.reasons, reason_json)},
          {"before", std::move(before)},
          {"after", std::move(after)},
          {"successor", change.successor.empty() ? Json(nullptr) : Json(change.successor)},
          {"from_host", change.from_host},
          {"host", change.host},
          {"addresses", change.addresses}};
}

Change change_from(const JsonCursor& json) {
  Change change;
  change.address = json["address"].text();
  change.action = json["action"].word(change_action_from);
  change.disruption = json["class"].word(disruption_from);
  change.reasons = list_from<Reason>(json["reasons"], reason_from);
  if (change.reasons.empty()) json["reasons"].wrong("empty: every change has a reason");
  for (const auto& [name, before] : json["before"].members()) {
    change.fields.push_back({.field = name, .before = before.text(), .after = json["after"][name.c_str()].text()});
  }
  change.successor = text_if_any(json, "successor");
  change.from_host = json["from_host"].text();
  change.host = json["host"].text();
  change.addresses = json["addresses"].texts();
  return change;
}

Json unknown_json(const Unknown& unknown) {
  return {
      {"address", unknown.address}, {"host", unknown.host}, {"why", unknown.why}, {"since", or_null(unknown.since)}};
}

Unknown unknown_from(const JsonCursor& json) {
  return {.address = json["address"].text(),
          .host = json["host"].text(),
          .why = json["why"].text(),
          .since = optional_instant_from(json, "since")};
}

// ---- Diagnostics ----------------------------------------------------------------------------------------------------

SourceSpan span_from(const JsonCursor& json) {
  return {.file = json["file"].text(),
          .line = json["line"].small(),
          .column = json["column"].small(),
          .length = json["length"].small()};
}

Diagnostic diagnostic_from(const JsonCursor& json) {
  Diagnostic diagnostic;
  diagnostic.severity = json["severity"].text() == "warning" ? Severity::warning : Severity::error;
  diagnostic.code = json["code"].text();
  diagnostic.summary = json["summary"].text();
  diagnostic.label = json["label"].text();
  diagnostic.hint = json["hint"].text();
  diagnostic.where = span_from(json);
  diagnostic.snippet = json["snippet"].text();
  diagnostic.also = list_from<SourceSpan>(json["also"], span_from);
  return diagnostic;
}

// ---- Actions and the summary ----------------------------------------------------------------------------------------

Json action_json(const Action& action) {
  return {{"id", action.id},     {"kind", kind_of(action.detail)}, {"address", action.address},
          {"host", action.host}, {"needs", action.needs},          {"detail", action_detail_json(action.detail)}};
}

Action action_from(const JsonCursor& json) {
  Action action;
  action.id = json["id"].small();
  action.address = json["address"].text();
  action.host = json["host"].text();
  for (const auto& need : json["needs"].items()) action.needs.push_back(need.small());
  action.detail = action_detail_from(json["kind"], json["detail"]);
  return action;
}

Summary summary_from(const JsonCursor& json) {
  return {.create = json["create"].small(),
          .update = json["update"].small(),
          .replace = json["replace"].small(),
          .destroy = json["destroy"].small(),
          .start = json["start"].small(),
          .stop = json["stop"].small(),
          .migrate = json["migrate"].small(),
          .forget = json.has("forget") ? json["forget"].small() : 0,  // not yet in the first plans of this version
          .unknown = json["unknown"].small()};
}

/// What the executor relies on, said as a mistake: a file may have been edited, which is not our bug.
void check_order(const Plan& plan, const JsonCursor& json) {
  for (std::size_t i = 0; i < plan.actions.size(); ++i) {
    const Action& action = plan.actions[i];
    const bool numbered = action.id == static_cast<int>(i) + 1;
    const bool earlier =
        std::all_of(action.needs.begin(), action.needs.end(), [&](int need) { return need >= 1 && need < action.id; });
    const bool ascending = std::adjacent_find(action.needs.begin(), action.needs.end(),
                                              [](int left, int right) { return left >= right; }) == action.needs.end();
    if (!numbered || !earlier || !ascending) json.wrong(fmt::format("action {} is out of order", i + 1));
  }
}

Plan read_plan(const JsonCursor& json) {
  Plan plan;
  plan.name = json["name"].text();
  plan.created_at = json["timestamp"].instant();
  plan.lineage = json["lineage"].text();
  plan.serial = json["serial"].integer();
  plan.complete = json["complete"].truth();
  plan.errored = json["errored"].truth();
  plan.drift = list_from<Drift>(json["drift"], drift_from);
  plan.changes = list_from<Change>(json["changes"], change_from);
  plan.rollouts = list_if_any<RolloutOutline>(json, "rollouts", rollout_outline_from);
  plan.actions = list_from<Action>(json["actions"], action_from);
  plan.unknown = list_from<Unknown>(json["unknown"], unknown_from);
  plan.diagnostics = list_from<Diagnostic>(json["diagnostics"], diagnostic_from);
  plan.summary = summary_from(json["summary"]);
  check_order(plan, json["actions"]);
  return plan;
}

Error not_a_plan(const std::string& mistake) {
  return {.kind = ErrorKind::invalid,
          .message = "this is not a whole plan: " + mistake,
          .detail = {},
          .hint = "make it anew with vscale plan --out FILE"};
}

/// Nothing, or why a document of this version is not read.
std::optional<Error> refuse_version(const std::string& version) {
  if (version.starts_with(kFormatMajor)) return std::nullopt;
  return Error{
      .kind = ErrorKind::unsupported,
      .message = fmt::format("the plan has format version \"{}\"; this vscale reads {}x", version, kFormatMajor),
      .detail = {},
      .hint = "make it anew with this vscale: vscale plan --out FILE"};
}

}  // namespace

Json summary_json(const Summary& summary) {
  return {{"create", summary.create},   {"update", summary.update}, {"replace", summary.replace},
          {"destroy", summary.destroy}, {"start", summary.start},   {"stop", summary.stop},
          {"migrate", summary.migrate}, {"forget", summary.forget}, {"unknown", summary.unknown}};
}

Json plan_json(const Plan& plan) {
  return {
      {"format_version", kPlanFormatVersion},
      {"timestamp", rfc3339(plan.created_at)},
      {"name", plan.name},
      {"serial", plan.serial},
      {"lineage", plan.lineage},
      {"complete", plan.complete},
      {"applyable", applyable(plan)},
      {"errored", plan.errored},
      {"drift", list_json(plan.drift, drift_json)},
      {"changes", list_json(plan.changes, change_json)},
      {"rollouts", list_json(plan.rollouts, rollout_outline_json)},
      {"actions", list_json(plan.actions, action_json)},
      {"unknown", list_json(plan.unknown, unknown_json)},
      {"diagnostics", list_json(plan.diagnostics, [](const Diagnostic& item) { return Json(diagnostic_json(item)); })},
      {"summary", summary_json(plan.summary)}};
}

Result<Plan> plan_from_json(const Json& document) {
  std::string mistake;
  const JsonCursor json(document, mistake);
  const std::string version = json["format_version"].text();
  if (!mistake.empty()) return not_a_plan(mistake);
  if (auto refused = refuse_version(version)) return *refused;
  Plan plan = read_plan(json);
  if (!mistake.empty()) return not_a_plan(mistake);
  return plan;
}

namespace {

Json options_json(const PlanOptions& options) {
  return {{"destroy", options.destroy},
          {"targets", options.targets},
          {"excludes", options.excludes},
          {"replaces", options.replaces},
          {"max_destroy", or_null(options.max_destroy)},
          {"allow", options.allow ? Json(to_string(*options.allow)) : Json()},
          {"allow_data_loss", options.allow_data_loss},
          {"force", options.force}};
}

PlanOptions options_from(const JsonCursor& json) {
  PlanOptions options;
  options.destroy = json["destroy"].truth();
  options.targets = json["targets"].texts();
  options.excludes = json["excludes"].texts();
  options.replaces = json["replaces"].texts();
  options.max_destroy = optional_int_from(json, "max_destroy");
  if (json.has("allow")) options.allow = json["allow"].word(disruption_from);
  options.allow_data_loss = json["allow_data_loss"].truth();
  options.force = truth_if_any(json, "force");
  return options;
}

}  // namespace

std::string saved_plan_text(const SavedPlan& saved) {
  Json document = plan_json(saved.plan);
  document["vscale"] = saved.version;
  document["made_from"] = list_json(saved.made_from, [](const MadeFrom& from) {
    return Json{{"name", from.name}, {"digest", from.digest}};
  });
  document["options"] = options_json(saved.options);
  return document.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<SavedPlan> saved_plan_from_text(const std::string& text) {
  const Json document = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (document.is_discarded()) return not_a_plan("it is not JSON, or was cut off");
  auto plan = plan_from_json(document);
  if (!plan) return plan.error();
  std::string mistake;
  const JsonCursor json(document, mistake);
  SavedPlan saved{.plan = std::move(*plan), .version = json["vscale"].text(), .made_from = {}, .options = {}};
  saved.made_from = list_from<MadeFrom>(json["made_from"], [](const JsonCursor& from) {
    return MadeFrom{.name = from["name"].text(), .digest = from["digest"].text()};
  });
  saved.options = options_from(json["options"]);
  if (!mistake.empty()) return not_a_plan(mistake);
  return saved;
}

}  // namespace vscale
