#include "cmd/views/watch/watch_view.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cmd/invocation/version.h"
#include "cmd/views/run/run_json.h"
#include "cmd/views/run/run_steps.h"
#include "cmd/views/run/run_view.h"
#include "cmd/views/text/names.h"
#include "cmd/views/watch/events_view.h"
#include "schemas/diagnostics/diagnostic_text.h"
#include "schemas/json/scaling/decision_json.h"

namespace vscale {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kNameWidth = 10;

/// "web", "web-2", "kvm1".
std::string subject_of(const EventRecord& event) {
  if (event.address.empty()) return event.host.empty() ? "watch" : event.host;
  return parse_instance_address(event.address) ? shown_name(event.address) : shown_group(event.address);
}

std::string line(const std::string& time, const std::string& subject, const std::string& text) {
  const std::string prefix = time + " " + pad_right(printable(subject), kNameWidth) + " ";
  return hanging(prefix, printable(text), "", columns(prefix));
}

/// A run's steps, a line each. That it comes to its end early is no news here: what is left is planned anew.
class StepsInWatch final : public EventSink {
 public:
  StepsInWatch(const Plan& plan, std::ostream& out, RunViewOptions options) : view_(plan, out, std::move(options)) {}
  void on_event(const RunEvent& event) override {
    if (!std::holds_alternative<Stopping>(event.what)) view_.on_event(event);
  }

 private:
  RunView view_;
};

/// A run's steps, an entry for each action that has ended.
class StepsInLog final : public EventSink {
 public:
  StepsInLog(const Plan& plan, WatchLog& log) : plan_(plan), log_(log) {}
  void on_event(const RunEvent& event) override {
    if (const auto* started = std::get_if<RunStarted>(&event.what)) run_ = started->run_id;
    if (const auto* done = std::get_if<ActionDone>(&event.what)) {
      write(done->id, LogLevel::info, done->note, done->took);
    }
    if (const auto* failed = std::get_if<ActionFailed>(&event.what)) {
      write(failed->id, LogLevel::error, "failed: " + to_string(failed->error), failed->took);
    }
  }

 private:
  void write(int id, LogLevel level, const std::string& outcome, Duration took) {
    const Action& action = plan_.actions[static_cast<std::size_t>(id) - 1];
    LogEntry entry{.level = level, .about = shown_name(action.address), .text = action_label(action), .fields = {}};
    if (!outcome.empty()) entry.text += ": " + outcome;
    entry.fields = {{"run", run_}, {"took_ms", std::to_string(took.count())}};
    if (!action.host.empty()) entry.fields.emplace_back("host", action.host);
    log_.write(entry);
  }

  const Plan& plan_;
  WatchLog& log_;
  std::string run_;
};

}  // namespace

WatchView::WatchView(const Invocation& invocation, Tells tells) : invocation_(invocation), tells_(tells) {
  const bool is_for_journal =
      !invocation.global.json && invocation.outside.environment && invocation.outside.environment("JOURNAL_STREAM");
  if (!is_for_journal || invocation.streams.out_is_terminal) return;
  const LogLevel least = invocation.verbosity == Verbosity::quiet ? LogLevel::warn : LogLevel::info;
  log_ = std::make_unique<WatchLog>(invocation.streams.out, least);
}

void WatchView::begin() {
  if (invocation_.global.json) invocation_.streams.out << line_of(version_event_json(kVersion));
}

/// Other kinds say what is so, or what is to be: "silent", "held", "start".
std::string WatchView::words_of(const EventRecord& event) const {
  const bool would_be = tells_ == Tells::what_would_be && event.kind == "healed";
  const std::string kind = would_be ? "would heal" : event.kind;
  return kind.empty() ? event.text : fmt::format("{}: {}", kind, event.text);
}

void WatchView::event(const EventRecord& event) {
  if (log_ != nullptr) {
    const bool is_bad = event.kind == "silent" || event.kind == "cannot tell" || event.kind == "warning";
    return log_->write({.level = is_bad ? LogLevel::warn : LogLevel::info,
                        .about = subject_of(event),
                        .text = words_of(event),
                        .fields = {}});
  }
  std::ostream& out = invocation_.streams.out;
  if (invocation_.global.json) {
    Json object{{"type", "event"}};
    object.update(event_json(event));
    out << line_of(object);
  } else {
    out << line(invocation_.outside.time_of_day(event.at), subject_of(event), words_of(event));
  }
  out.flush();
}

void WatchView::decision(const ScalingDecision& decision) {
  if (log_ != nullptr) {
    return log_->write({.level = LogLevel::info,
                        .about = shown_group(decision.group),
                        .text = decision.text,
                        .fields = {{"size", std::to_string(decision.size)}, {"by", decision.winner}}});
  }
  std::ostream& out = invocation_.streams.out;
  if (invocation_.global.json) {
    out << line_of(Json{{"type", "decision"}, {"at", rfc3339(decision.at)}, {"decision", decision_json(decision)}});
  } else {
    out << line(invocation_.outside.time_of_day(decision.at), shown_group(decision.group), decision.text);
  }
  out.flush();
}

void WatchView::diagnostic(const Diagnostic& diagnostic) {
  if (log_ != nullptr) {
    const bool is_error = diagnostic.severity == Severity::error;
    const std::string hint = diagnostic.hint.empty() ? "" : "; " + diagnostic.hint;
    return log_->write({.level = is_error ? LogLevel::error : LogLevel::warn,
                        .about = {},
                        .text = diagnostic.summary + hint,
                        .fields = {{"code", diagnostic.code}}});
  }
  std::ostream& out = invocation_.streams.out;
  if (invocation_.global.json) {
    out << line_of(diagnostic_event_json(diagnostic, invocation_.outside.clock->now()));
  } else {
    out << render_diagnostic(diagnostic);
  }
  out.flush();
}

void WatchView::error(const Error& error) {
  Diagnostic diagnostic;
  diagnostic.code = to_string(error.kind);
  diagnostic.summary = error.detail.empty() ? error.message : fmt::format("{} [{}]", error.message, error.detail);
  diagnostic.hint = error.hint;
  this->diagnostic(diagnostic);
}

std::unique_ptr<EventSink> WatchView::run(const Plan& plan) {
  if (log_ != nullptr) return std::make_unique<StepsInLog>(plan, *log_);
  std::ostream& out = invocation_.streams.out;
  if (invocation_.global.json) return std::make_unique<RunJson>(plan, out);
  const bool is_verbose = invocation_.verbosity == Verbosity::verbose;
  return std::make_unique<StepsInWatch>(
      plan, out,
      RunViewOptions{.paint = invocation_.out_paint,
                     .verbosity = invocation_.verbosity,
                     .steps = is_verbose ? StepSize::single : StepSize::folded,
                     .redraw = false,
                     .width = invocation_.streams.width,
                     .height = invocation_.streams.height,
                     .time_of_day = invocation_.outside.time_of_day,
                     .uptime = [clock = invocation_.outside.clock] { return clock->uptime(); }});
}

}  // namespace vscale
