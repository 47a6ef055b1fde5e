#include "cmd/views/run/run_view.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "cmd/views/plan_view.h"
#include "cmd/views/text/command_text.h"
#include "cmd/views/text/error_view.h"
#include "cmd/views/text/names.h"
#include "engine/approval/envelope.h"
#include "engine/values/text/listed.h"
#include "engine/values/variants/overloaded.h"

namespace vscale {
namespace {

constexpr int kNameColumn = 10;
constexpr int kLabelColumn = 8 + 1 + kNameColumn + 1;  // after the time of day and the name
constexpr int kBarWidth = 16;
constexpr int kTookWidth = 6;
constexpr int kOutcomeWidth = 2 + 1 + kTookWidth;  // "ok    41s"

/// "[######..........]  41%  170 MiB of 412 MiB"
std::string bar(const TransferProgress& transfer) {
  const double share = transfer.total_bytes == 0
                           ? 0.0
                           : static_cast<double>(std::min(transfer.done_bytes, transfer.total_bytes)) /
                                 static_cast<double>(transfer.total_bytes);
  const int filled = static_cast<int>(share * kBarWidth);
  return fmt::format("[{:#>{}}{:.>{}}] {:3.0f}%", "", filled, "", kBarWidth - filled, share * 100);
}

std::string gate_text(const GateProgress& gate) {
  if (gate.gate.empty()) return printable(gate.found);
  return printable(
      fmt::format("gate {}, try {}{}{}", gate.gate, gate.tries, gate.found.empty() ? "" : ": ", gate.found));
}

/// While all that is new stays ready, there is nothing to say but that it rests.
std::string rest_text(const Step& step, const GateProgress& gate) {
  if (gate.gate.empty()) return step.label;
  return printable(fmt::format("{}: {}", gate.gate, gate.found));
}

template <class Count>
std::string counted(Count actions) {
  return fmt::format("{} action{}", actions, actions == 1 ? "" : "s");
}

/// Without fractions, which only flicker.
std::string whole_seconds(Duration duration) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(std::max(duration, Duration{0}));
  return seconds.count() == 0 ? "0s" : show_duration(seconds);
}

/// "ok    41s"
std::string took_text(const std::string& outcome, Duration took) {
  return fmt::format("{} {}", outcome, pad_left(show_duration(took), kTookWidth));
}

std::string name_column(const std::string& name) {
  return pad_right(name, kNameColumn);
}

}  // namespace

RunView::RunView(const Plan& plan, std::ostream& out, RunViewOptions options)
    : plan_(plan), out_(out), options_(std::move(options)) {
  const bool folded = options_.redraw && options_.verbosity != Verbosity::verbose;
  steps_ = steps_of(plan, options_.steps.value_or(folded ? StepSize::folded : StepSize::single));
  if (options_.verbosity == Verbosity::verbose) {
    for (auto& step : steps_.steps) step.shown = true;
  }
}

std::size_t RunView::step_of(int id) const {
  VSCALE_ASSERT(id >= 1 && static_cast<std::size_t>(id) <= steps_.of_action.size(), "an event for an unknown action");
  return steps_.of_action[static_cast<std::size_t>(id) - 1];
}

RunView::Running& RunView::running_of(int id) {
  const auto running = running_.find(step_of(id));
  VSCALE_ASSERT(running != running_.end() && running->second.in_flight.contains(id), "news of an action at rest");
  return running->second;
}

void RunView::on_event(const RunEvent& event) {
  std::visit(Overloaded{[&](const RunStarted&) { run_started_ = options_.uptime(); },
                        [&](const ActionStarted& what) { started(event.at, what.id); },
                        [&](const TransferProgress& what) { running_of(what.id).transfer = what; },
                        [&](const GateProgress& what) { running_of(what.id).gate = what; },
                        [&](const ActionDone& what) { done(event.at, what.id, what.note); },
                        [&](const ActionFailed& what) { failed(event.at, what.id, what.error); },
                        [&](const ActionSkipped& what) { skipped(what.id); },
                        [&](const Stopping& what) {
                          stopping_ = true;
                          erase();
                          out_ << fmt::format(
                              "Finishing what runs ({} action{}); again to stop now. Nothing is lost.\n", what.running,
                              what.running == 1 ? "" : "s");
                        }},
             event.what);
  tick();
}

void RunView::started(Instant at, int id) {
  const auto [running, first] = running_.try_emplace(
      step_of(id),
      Running{.at = at, .since = options_.uptime(), .in_flight = {}, .transfer = {}, .gate = {}, .note = {}});
  running->second.in_flight.insert(id);
  const Step& step = steps_.steps[step_of(id)];
  if (first && !options_.redraw && step.is_long && options_.verbosity != Verbosity::quiet) {
    out_ << fmt::format("{} {} {}\n", options_.time_of_day(at), name_column(step.name),
                        cut(step.label + " ...", kTextWidth - kLabelColumn));
    out_.flush();
  }
}

void RunView::done(Instant at, int id, const std::string& note) {
  ++done_;
  const std::size_t index = step_of(id);
  Running& running = running_of(id);
  running.in_flight.erase(id);
  ++running.done;
  running.transfer.reset();
  running.gate.reset();
  if (!note.empty()) running.note = note;
  const Step& step = steps_.steps[index];
  take_note_of(plan_.actions[static_cast<std::size_t>(id) - 1]);
  if (broken_.contains(index)) return leave(index);
  if (running.done < step.actions) return;
  const bool says_more = !running.note.empty() && !step.label.starts_with(running.note);  // "shut down on kvm1"
  const std::string label = step.label + (says_more ? " (" + printable(running.note) + ")" : "");
  if (step.shown && options_.verbosity != Verbosity::quiet) {
    const Action& action = plan_.actions[static_cast<std::size_t>(id) - 1];
    if (std::holds_alternative<HoldRollout>(action.detail)) {
      line(at, step.name, label, pad_right(options_.paint.yellow("waits"), kOutcomeWidth));
    } else {
      line(at, step.name, label, took_text(options_.paint.green("ok"), options_.uptime() - running.since));
    }
  }
  running_.erase(index);
}

void RunView::failed(Instant at, int id, const Error& error) {
  ++failed_;
  const std::size_t index = step_of(id);
  const Step& step = steps_.steps[index];
  Running& running = running_of(id);
  running.in_flight.erase(id);
  std::string label = step.label;
  if (step.actions > 1) label += ": " + action_label(plan_.actions[static_cast<std::size_t>(id) - 1]);
  line(at, step.name, label, took_text(options_.paint.red("FAILED"), options_.uptime() - running.since));
  out_ << error_text(error, options_.paint, 9);
  leave(index);
}

void RunView::take_note_of(const Action& action) {
  if (const auto* turn = std::get_if<RolloutTurn>(&action.detail)) turns_[action.address] = turn->number;
  if (std::holds_alternative<EndRollout>(action.detail)) turns_.erase(action.address);
}

/// Most were never begun; a wait for gates may be cut short.
void RunView::skipped(int id) {
  ++skipped_;
  const std::size_t index = step_of(id);
  if (const auto running = running_.find(index); running != running_.end()) running->second.in_flight.erase(id);
  leave(index);
}

/// A step that can never be done stands there as long as one of its actions is in flight.
void RunView::leave(std::size_t index) {
  broken_.insert(index);
  const auto running = running_.find(index);
  if (running != running_.end() && running->second.in_flight.empty()) running_.erase(running);
}

void RunView::line(Instant at, const std::string& name, const std::string& label, const std::string& outcome) {
  erase();
  const std::string prefix = fmt::format("{} {} ", options_.time_of_day(at), name_column(name));
  out_ << hanging(prefix, label, outcome, kLabelColumn);
  out_.flush();
}

void RunView::tick() {
  if (!options_.redraw || options_.verbosity == Verbosity::quiet || !run_started_) return;
  const Duration now = options_.uptime();
  if (lines_drawn_ > 0 && drawn_at_ && now - *drawn_at_ < kRedrawInterval) return;
  erase();
  draw(now);
}

void RunView::finish() {
  erase();
  run_started_.reset();
  out_.flush();
}

void RunView::erase() {
  if (lines_drawn_ > 0) out_ << "\r\x1b[2K";  // where the terminal may have echoed ^C
  for (; lines_drawn_ > 0; --lines_drawn_) out_ << "\x1b[1A\x1b[2K";
}

void RunView::draw(Duration now) {
  std::vector<std::string> lines;
  for (const auto& [index, running] : running_) {
    const Step& step = steps_.steps[index];
    if (step.shown) lines.push_back(running_line(step, running, now));
  }
  const auto room = static_cast<std::size_t>(std::clamp(options_.height - 2, 1, kLiveLines));
  if (lines.size() > room) {
    const std::size_t left_out = lines.size() - room + 1;
    lines.resize(room - 1);
    lines.push_back(fmt::format("         and {} more", left_out));
  }
  lines.push_back(options_.paint.dim(total_line(now)));
  for (const auto& text : lines) out_ << text << "\n";
  lines_drawn_ = static_cast<int>(lines.size());
  drawn_at_ = now;
  out_.flush();
}

std::string RunView::running_line(const Step& step, const Running& running, Duration now) const {
  const int width = std::min(options_.width, kTextWidth) - 1;  // the last column may wrap on some terminals
  std::string what = step.label;
  std::string right = whole_seconds(now - running.since);
  if (running.transfer) right = bar(*running.transfer) + " " + pad_left(std::move(right), 7);
  if (running.gate) {
    what = step.is_rest ? rest_text(step, *running.gate) : gate_text(*running.gate);
    right = fmt::format("{} {}/{}", step.is_rest ? "rest" : "wait", whole_seconds(running.gate->waited),
                        whole_seconds(running.gate->limit));
  }
  const std::string left = fmt::format("{} {} {}", options_.time_of_day(running.at), name_column(step.name), what);
  const int room = width - columns(right) - 2;
  if (room < 12) return cut(left, std::max(width, 3));
  return pad_right(cut(left, room), room + 2) + right;
}

std::string RunView::total_line(Duration now) const {
  std::string text = fmt::format("-- {} of {} done", done_, counted(plan_.actions.size()));
  if (failed_ > 0) text += fmt::format(", {} failed", failed_);
  if (skipped_ > 0) text += fmt::format(", {} skipped", skipped_);
  if (run_started_) text += ", " + whole_seconds(now - *run_started_);
  if (stopping_) text += ", stopping";
  text += rollout_text();
  return cut(text, std::max(std::min(options_.width, kTextWidth) - 1, 3));
}

/// "; web: 1 of 3 new, 3 ready (min 3)": as it was when its turn began. With several, the first that is under way.
std::string RunView::rollout_text() const {
  for (const auto& rollout : plan_.rollouts) {
    const auto at = turns_.find(rollout.group);
    if (at == turns_.end()) continue;
    for (const auto& turn : rollout.turns) {
      if (turn.number != at->second) continue;
      return fmt::format("; {}: {} of {} new, {} ready (min {})", shown_group(rollout.group), turn.fresh, rollout.size,
                         turn.available, rollout.lowest);
    }
  }
  return {};
}

namespace {

/// What a rolling update does besides what happens to its instances.
bool is_of_rollout(const ActionDetail& detail) {
  return std::visit(Overloaded{[](const BeginRollout&) { return true; }, [](const RolloutTurn&) { return true; },
                               [](const WatchRollout&) { return true; }, [](const HoldRollout&) { return true; },
                               [](const EndRollout&) { return true; }, [](const auto&) { return false; }},
                    detail);
}

/// The names that something was not begun for, each once, in the plan's order.
std::vector<std::string> skipped_names(const Plan& plan, const std::vector<int>& ids) {
  std::vector<std::string> names;
  for (const int id : ids) {
    const Action& action = plan.actions[static_cast<std::size_t>(id) - 1];
    if (is_of_rollout(action.detail) || std::holds_alternative<Barrier>(action.detail)) continue;
    const std::string name = shown_name(action.address);
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names;
}

constexpr std::size_t kSkippedListed = 12;
constexpr std::size_t kFailuresListed = 12;

/// "3 create, 1 start": what the plan was for, without the noughts.
std::string done_text(const Summary& summary) {
  struct Part {
    int count;
    const char* word;
  };
  std::vector<std::string> parts;
  for (const Part part :
       {Part{summary.create, "create"}, Part{summary.update, "update"}, Part{summary.replace, "replace"},
        Part{summary.start, "start"}, Part{summary.stop, "stop"}, Part{summary.migrate, "migrate"},
        Part{summary.forget, "forget"}, Part{summary.destroy, "destroy"}}) {
    if (part.count > 0) parts.push_back(fmt::format("{} {}", part.count, part.word));
  }
  return parts.empty() ? "all of it" : fmt::format("{}", fmt::join(parts, ", "));
}

/// Each message once, with how many actions it ended: a host that goes away ends many with the same words.
std::string failures_text(const std::vector<FailedAction>& failed) {
  std::vector<std::pair<std::string, int>> messages;
  for (const auto& one : failed) {
    const auto same = [&one](const auto& entry) { return entry.first == one.error.message; };
    const auto known = std::find_if(messages.begin(), messages.end(), same);
    if (known == messages.end()) {
      messages.emplace_back(one.error.message, 1);
    } else {
      ++known->second;
    }
  }
  const std::size_t shown = std::min(messages.size(), kFailuresListed);
  std::string out;
  for (std::size_t i = 0; i < shown; ++i) {
    const auto& [message, count] = messages[i];
    const std::string times = count > 1 ? fmt::format(" ({} actions)", count) : "";
    out += left_and_right("  " + printable(message) + times, "", 2);
  }
  if (messages.size() > shown) out += fmt::format("  and {} more\n", messages.size() - shown);
  return out;
}

std::string counts_text(const Plan& plan, const RunSummary& summary, const RunTotals& totals) {
  const std::string serial = fmt::format("serial {}", summary.serial);
  const std::string took = show_duration(totals.took);
  if (totals.plans > 1)
    return fmt::format("{} by {} plans in {}, {}", counted(summary.done), totals.plans, took, serial);
  return fmt::format("{} of {} in {}, {}", summary.done, counted(plan.actions.size()), took, serial);
}

bool went_well(const RunSummary& summary) {
  const bool all_was_begun = summary.skipped.empty() || !summary.held.empty();
  return summary.failed.empty() && all_was_begun && !summary.interrupted && !summary.state_error;
}

std::string what_was_done(const Plan& plan, const RunSummary& summary) {
  if (!summary.held.empty()) return "what was begun";
  if (ways_back(plan).empty()) return done_text(plan.summary) + kept_disks_text(plan);
  return plan.complete ? "the way back" : "what could be done of the way back";
}

/// Both in the line of the lead; where they do not fit, each on lines of its own, to be copied.
std::string with_commands(const std::string& lead, const std::string& first, const std::string& second) {
  const std::string line = fmt::format("{} {}, then {}", lead, first, second);
  if (columns(line) <= kTextWidth) return line + "\n";
  return left_and_right(lead, "", 2) + command_lines(first, 2) + "\n" + command_lines(second, 2) + "\n";
}

/// "Paused: rollout of web, by anna@ctl1: wrong kernel. Go on: vscale rollout resume web"
std::string held_rollout_text(const RolloutIntent& held, const WaysOn& ways) {
  const std::string name = shown_group(held.group);
  const std::string reason = held.reason.empty() ? "" : ": " + printable(held.reason);
  const auto lead = [&](const char* what, const char* next) {
    return fmt::format("{}: rollout of {}, by {}{}. {}", what, name, printable(held.by), reason, next);
  };
  switch (held.kind) {
    case RolloutIntent::Kind::abort:
      return with_command(lead("Aborted", "How it stands:"), ways.command("rollout status " + name)) + "\n";
    case RolloutIntent::Kind::undo:
      return with_command(lead("Undone", "Go back:"), ways.again) + "\n";
    case RolloutIntent::Kind::promote:
      return with_command(lead("Promoted", "Go on:"), ways.again) + "\n";
    case RolloutIntent::Kind::pause:
    case RolloutIntent::Kind::resume:
      return with_commands(lead("Paused", "Go on:"), ways.command("rollout resume " + name), ways.again);
  }
  VSCALE_ASSERT(false, "an intent that holds nothing");
}

/// "step 1 of 3"
std::string step_of_rollout(const Plan& plan, const WaitingRollout& waiting) {
  for (const auto& rollout : plan.rollouts) {
    if (rollout.group != waiting.group || rollout.steps.empty()) continue;
    return fmt::format("step {} of {}", waiting.step + 1, rollout.steps.size());
  }
  return fmt::format("step {}", waiting.step + 1);
}

std::string resting_rollouts_text(const Plan& plan, const RunSummary& summary, const WaysOn& ways) {
  std::string out;
  for (const auto& held : summary.held) out += held_rollout_text(held, ways);
  for (const auto& waiting : waiting_rollouts(plan, summary)) {
    const std::string name = shown_group(waiting.group);
    const std::string lead = fmt::format("{} waits at {}. Go on:", name, step_of_rollout(plan, waiting));
    out += with_commands(lead, ways.command("rollout promote " + name), ways.again);
  }
  return out;
}

}  // namespace

std::vector<WaitingRollout> waiting_rollouts(const Plan& plan, const RunSummary& summary) {
  const auto is_among = [](const std::vector<int>& ids, int id) {
    return std::find(ids.begin(), ids.end(), id) != ids.end();
  };
  const auto has_failed = [&](int id) {
    return std::any_of(summary.failed.begin(), summary.failed.end(), [id](const auto& one) { return one.id == id; });
  };
  std::vector<WaitingRollout> waiting;
  for (const auto& action : plan.actions) {
    const auto* hold = std::get_if<HoldRollout>(&action.detail);
    if (hold == nullptr || is_among(summary.skipped, action.id) || is_among(summary.left_open, action.id)) continue;
    if (!has_failed(action.id)) waiting.push_back({.group = action.address, .step = hold->step});
  }
  return waiting;
}

std::string run_summary_text(const Plan& plan, const RunSummary& summary, const RunTotals& totals, const WaysOn& ways,
                             const Paint& paint) {
  const std::string counts = counts_text(plan, summary, totals);
  const std::string resting = resting_rollouts_text(plan, summary, ways);
  if (went_well(summary)) {
    const std::string what = what_was_done(plan, summary);
    return left_and_right(fmt::format("{} {} ({}).", paint.bold("Done:"), what, counts), "", 2) + resting;
  }
  std::string out;
  if (summary.state_error) {
    out += error_text(*summary.state_error, paint, 0);
    out += "The run ended at once, since nothing is done that cannot be recorded.\n";
  }
  out += paint.bold(summary.interrupted ? "Stopped: " : "Failed: ") + counts + ".\n";
  out += failures_text(summary.failed);
  if (!summary.left_open.empty()) {
    out += left_and_right(fmt::format("Left in the middle: {}; the next run looks and goes on.",
                                      fmt::join(skipped_names(plan, summary.left_open), ", ")),
                          "", 2);
  }
  if (const auto names = skipped_names(plan, summary.skipped); !names.empty()) {
    out += left_and_right("Not done: " + listed_up_to(kSkippedListed, names), "", 2);
  }
  out += resting;
  if (ways.of_rollouts.empty() || !resting.empty()) {
    return out + with_command("Go on:", ways.again, "(what is done stays done)") + "\n";
  }
  for (const auto& way : ways.of_rollouts) {
    out += with_command(way.lead, way.command, way.command == ways.again ? "(what is done stays done)" : "") + "\n";
  }
  return out;
}

}  // namespace vscale
