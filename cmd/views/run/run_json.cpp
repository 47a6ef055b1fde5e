#include "cmd/views/run/run_json.h"

#include <nlohmann/json.hpp>

#include "engine/values/variants/overloaded.h"
#include "schemas/diagnostics/diagnostic_json.h"
#include "schemas/json/plan_json.h"
#include "schemas/json/rollout_json.h"

namespace vscale {

using Json = nlohmann::ordered_json;

namespace {

double seconds(Duration duration) {
  return static_cast<double>(duration.count()) / 1000.0;
}

Json event(const char* type, Instant at) {
  return {{"type", type}, {"at", rfc3339(at)}};
}

Json action_event(const char* type, Instant at, const Plan& plan, int id) {
  VSCALE_ASSERT(id >= 1 && static_cast<std::size_t>(id) <= plan.actions.size(), "an event for an unknown action");
  const Action& action = plan.actions[static_cast<std::size_t>(id) - 1];
  Json json = event(type, at);
  json["id"] = id;
  json["kind"] = kind_of(action.detail);
  json["address"] = action.address;
  json["host"] = action.host;
  return json;
}

Json plain_error(const Error& error) {
  return {{"kind", to_string(error.kind)}, {"message", error.message}, {"detail", error.detail}, {"hint", error.hint}};
}

}  // namespace

std::string line_of(const Json& object) {
  return object.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json version_event_json(const std::string& version) {
  return {{"type", "version"}, {"vscale", version}, {"format", kPlanFormatVersion}};
}

Json plan_event_json(const Plan& plan, Instant at) {
  Json json = event("plan", at);
  json["plan"] = plan_json(plan);
  return json;
}

Json diagnostic_event_json(const Diagnostic& diagnostic, Instant at) {
  Json json = event("diagnostic", at);
  json.update(Json(diagnostic_json(diagnostic)));
  return json;
}

Json error_json(const Error& error, Instant at) {
  Json json = event("diagnostic", at);
  json["severity"] = "error";
  json["code"] = to_string(error.kind);
  json["summary"] = error.message;
  json["detail"] = error.detail;
  json["hint"] = error.hint;
  return json;
}

Json summary_event_json(const RunSummary& summary, const std::vector<WaitingRollout>& waiting, Duration took,
                        int exit_code, Instant at) {
  Json failed = Json::array();
  for (const auto& action : summary.failed) failed.push_back(action.id);
  Json json = event("summary", at);
  json["run_id"] = summary.run_id;
  json["done"] = summary.done;
  json["failed"] = std::move(failed);
  json["skipped"] = summary.skipped;
  json["left_open"] = summary.left_open;
  json["interrupted"] = summary.interrupted;
  json["held"] = Json::array();
  for (const auto& held : summary.held) json["held"].push_back(intent_json(held));
  json["waiting"] = Json::array();
  for (const auto& one : waiting) json["waiting"].push_back(Json{{"group", one.group}, {"step", one.step}});
  json["serial"] = summary.serial;
  json["elapsed_s"] = seconds(took);
  json["exit_code"] = exit_code;
  return json;
}

void RunJson::on_event(const RunEvent& run_event) {
  const Instant at = run_event.at;
  const auto about = [&](const char* type, int id) { return action_event(type, at, plan_, id); };
  const Json json = std::visit(Overloaded{[&](const RunStarted& what) {
                                            Json out = event("run_start", at);
                                            out["run_id"] = what.run_id;
                                            out["actions"] = what.actions;
                                            return out;
                                          },
                                          [&](const ActionStarted& what) { return about("action_start", what.id); },
                                          [&](const TransferProgress& what) {
                                            Json out = about("action_progress", what.id);
                                            out["done_bytes"] = what.done_bytes;
                                            out["total_bytes"] = what.total_bytes;
                                            return out;
                                          },
                                          [&](const GateProgress& what) {
                                            Json out = about("action_progress", what.id);
                                            out["gate"] = what.gate;
                                            out["found"] = what.found;
                                            out["tries"] = what.tries;
                                            out["elapsed_s"] = seconds(what.waited);
                                            out["limit_s"] = seconds(what.limit);
                                            return out;
                                          },
                                          [&](const ActionDone& what) {
                                            Json out = about("action_done", what.id);
                                            out["elapsed_s"] = seconds(what.took);
                                            out["note"] = what.note;
                                            return out;
                                          },
                                          [&](const ActionFailed& what) {
                                            Json out = about("action_failed", what.id);
                                            out["elapsed_s"] = seconds(what.took);
                                            out["error"] = plain_error(what.error);
                                            return out;
                                          },
                                          [&](const ActionSkipped& what) {
                                            Json out = about("action_skipped", what.id);
                                            out["because_of"] = what.because_of;
                                            return out;
                                          },
                                          [&](const Stopping& what) {
                                            Json out = event("stopping", at);
                                            out["running"] = what.running;
                                            return out;
                                          }},
                               run_event.what);
  out_ << line_of(json);
  out_.flush();
}

}  // namespace vscale
