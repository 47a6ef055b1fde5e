#pragma once

#include <nlohmann/json_fwd.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "cmd/views/run/run_view.h"
#include "engine/execution/executor.h"
#include "engine/execution/run_event.h"
#include "engine/plan/plan.h"
#include "engine/values/diagnostic.h"
#include "engine/values/result.h"

/// A run as a program follows it: one JSON object a line. Every object has `type` and, but for the first, `at`.
///
///     {"type": "version", "vscale": "0.1.0", "format": "1.0"}
///     {"type": "plan", "at", "plan": {...}}                        as vscale plan --json prints it; planned again:
///                                                                  with "because", such as "kvm2 did not answer"
///     {"type": "run_start", "at", "run_id", "actions": 14}
///     {"type": "action_start", "at", "id", "kind", "address", "host"}
///     {"type": "action_progress", "at", "id", "kind", "address", "host", "done_bytes", "total_bytes"}
///     {"type": "action_progress", "at", "id", "kind", "address", "host", "gate", "found", "tries", "elapsed_s",
///      "limit_s"}                                              of no gate (""): all pass, for elapsed_s of limit_s
///     {"type": "action_done", "at", "id", "kind", "address", "host", "elapsed_s", "note"}
///     {"type": "action_failed", ..., "error": {"kind", "message", "detail", "hint"}}
///     {"type": "action_skipped", "at", "id", "kind", "address", "host", "because_of": 3}
///     {"type": "stopping", "at", "running": 2}
///     {"type": "diagnostic", "at", "severity", "code", "summary", ...}
///     {"type": "summary", "at", "run_id", "done", "failed": [ids], "skipped": [ids], "left_open": [ids],
///      "interrupted", "held": [intents], "waiting": [{"group", "step"}], "serial", "elapsed_s", "exit_code"}
///                                                                  held: rolling updates that rest since somebody said
///                                                                  so; waiting: those at a step for a person to pass

namespace vscale {

/// One line, valid UTF-8 whatever is in it, with its newline.
std::string line_of(const nlohmann::ordered_json& object);

nlohmann::ordered_json version_event_json(const std::string& version);
nlohmann::ordered_json plan_event_json(const Plan& plan, Instant at);
nlohmann::ordered_json diagnostic_event_json(const Diagnostic& diagnostic, Instant at);
/// As a diagnostic: {type: "diagnostic", at, severity: "error", code: KIND, summary, detail, hint}.
nlohmann::ordered_json error_json(const Error& error, Instant at);
nlohmann::ordered_json summary_event_json(const RunSummary& summary, const std::vector<WaitingRollout>& waiting,
                                          Duration took, int exit_code, Instant at);

/// Writes each event of a run as one line. Refers to the stream and the plan, which outlive it.
class RunJson final : public EventSink {
 public:
  RunJson(const Plan& plan, std::ostream& out) : plan_(plan), out_(out) {}
  void on_event(const RunEvent& event) override;

 private:
  const Plan& plan_;
  std::ostream& out_;
};

}  // namespace vscale
