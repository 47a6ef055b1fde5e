#include "cmd/views/watch/watch_view.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cmd/invocation/version.h"
#include "cmd/views/run/run_json.h"
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
  return hanging(time + " " + pad_right(printable(subject), kNameWidth) + " ", printable(text), "", 0);
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

}  // namespace

void WatchView::begin() {
  if (invocation_.global.json) invocation_.streams.out << line_of(version_event_json(kVersion));
}

void WatchView::event(const EventRecord& event) {
  std::ostream& out = invocation_.streams.out;
  if (invocation_.global.json) {
    Json object{{"type", "event"}};
    object.update(event_json(event));
    out << line_of(object);
  } else {
    const std::string text = event.kind.empty() ? event.text : fmt::format("{}: {}", event.kind, event.text);
    out << line(invocation_.outside.time_of_day(event.at), subject_of(event), text);
  }
  out.flush();
}

void WatchView::decision(const ScalingDecision& decision) {
  std::ostream& out = invocation_.streams.out;
  if (invocation_.global.json) {
    out << line_of(Json{{"type", "decision"}, {"at", rfc3339(decision.at)}, {"decision", decision_json(decision)}});
  } else {
    out << line(invocation_.outside.time_of_day(decision.at), shown_group(decision.group), decision.text);
  }
  out.flush();
}

void WatchView::diagnostic(const Diagnostic& diagnostic) {
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
