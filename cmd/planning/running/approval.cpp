#include "cmd/planning/running/approval.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "cmd/planning/running/carry_out.h"
#include "cmd/planning/running/replaces_left.h"
#include "cmd/rollouts/rollout_status.h"
#include "cmd/views/run/again_view.h"
#include "cmd/views/run/run_json.h"
#include "cmd/views/text/command_text.h"
#include "cmd/views/text/names.h"
#include "engine/approval/envelope.h"
#include "engine/live/emulation.h"
#include "schemas/diagnostics/diagnostic_text.h"
#include "schemas/json/plan_json.h"

namespace vscale {
namespace {

bool worth_a_pause(const std::vector<FailedAction>& failed) {
  return std::any_of(failed.begin(), failed.end(),
                     [](const FailedAction& one) { return one.error.kind != ErrorKind::conflict; });
}

/// One approval on its way.
class Way {
 public:
  Way(Invocation& invocation, const ConfigurationFiles& files, const HostPorts& hosts, StateStore& store,
      Approval approval)
      : invocation_(invocation),
        files_(files),
        hosts_(hosts),
        store_(store),
        approval_(std::move(approval)),
        current_(approval_.plan) {}

  ExitCode go() {
    for (;;) {
      carry_out_current();
      const auto failed = answered_failures();
      if ((failed.empty() && !silence_is_left() && !was_turned()) || !may_plan_again()) return end();
      if (!failed.empty()) because_ = circumstances_text(current_.plan, failed);
      if (failed.empty() && was_turned()) because_ = intents_text(run_.summary.held);
      auto planned = plan_again(failed);
      if (!planned) return end_interrupted();
      if (!*planned) return end_for(planned->error());
      FreshPlan& next = **planned;
      const auto beyond = beyond_envelope(approval_.plan.plan, next.plan);
      const bool goes_on = beyond.empty() && !next.plan.errored && !next.plan.actions.empty() && !stopped();
      if (!goes_on) return end_with(next, beyond);
      say_going_on(next.plan);
      current_ = std::move(next);
    }
  }

 private:
  [[nodiscard]] bool json() const { return invocation_.global.json; }
  [[nodiscard]] Instant now() const { return invocation_.outside.clock->now(); }
  [[nodiscard]] bool stopped() const { return invocation_.outside.stop_request() != StopRequest::none; }
  [[nodiscard]] bool may_plan_again() const { return plans_ < plans_for(approval_.plan.plan) && !stopped(); }

  /// By circumstance, or in a rolling update, which has an answer of its own.
  [[nodiscard]] std::vector<FailedAction> answered_failures() const {
    auto failed = failed_by_circumstance(current_.plan, run_.summary);
    for (auto& one : failed_in_rollout(current_.plan, run_.summary)) {
      const auto is_same = [&](const FailedAction& other) { return other.id == one.id; };
      if (std::none_of(failed.begin(), failed.end(), is_same)) failed.push_back(std::move(one));
    }
    return failed;
  }

  /// An operator has said that a rollout is to go another way, or further than it would have by itself.
  [[nodiscard]] bool was_turned() const {
    const auto& held = run_.summary.held;
    return std::any_of(held.begin(), held.end(), [](const RolloutIntent& said) {
      return said.kind == RolloutIntent::Kind::undo || said.kind == RolloutIntent::Kind::promote;
    });
  }

  /// What was to be rolled out was not, however well it went back.
  [[nodiscard]] static bool went_back(const Plan& plan) { return !ways_back(plan).empty(); }

  /// A later plan went well, as far as hosts answered: what the approved one was to do on the others is still to be
  /// done.
  [[nodiscard]] bool silence_is_left() const {
    const RunSummary& summary = run_.summary;
    const bool well = summary.failed.empty() && !summary.interrupted && !summary.state_error;
    return runs_ > 1 && well && !current_.plan.complete;
  }

  void carry_out_current() {
    run_ = carry_out(invocation_, files_, current_, hosts_, store_, approval_.parallelism);
    ++runs_;
    done_ += run_.summary.done;
    took_ += run_.took;
  }

  /// Looks more than once where there is nothing left to do but on hosts that do not answer: they may be back soon.
  /// Nothing: the user asked to stop meanwhile.
  std::optional<Result<FreshPlan>> plan_again(const std::vector<FailedAction>& failed) {
    for (;;) {
      ++plans_;
      if (failed.empty() || worth_a_pause(failed)) {
        invocation_.outside.clock->sleep_until(now() + kPauseBeforePlanningAgain);
      }
      if (stopped()) return std::nullopt;
      auto next = plan_by_now();
      const bool only_silence = next && next->plan.actions.empty() && !next->plan.complete && !next->plan.errored;
      if (!only_silence || !may_plan_again()) return next;
    }
  }

  Result<FreshPlan> plan_by_now() {
    const auto options = options_by_now();
    if (!options) return options.error();
    return make_plan(invocation_, files_, store_, *hosts_.domains, {.options = *options});
  }

  Result<PlanOptions> options_by_now() {
    const auto recorded = store_.read();
    if (!recorded) return recorded.error();
    const RecordedState& before = approval_.plan.recorded;
    auto options = with_addresses(*files_.read.config, before, approval_.options);
    if (!options) return options;
    // The first plan has overruled what was said of a revision. What becomes of it from then on counts.
    options->force = false;
    return with_replaces_left(*files_.read.config, std::move(*options), before, *recorded);
  }

  void say_going_on(const Plan& plan) {
    if (json()) return show_event(plan);
    invocation_.streams.out << going_on_text(because_, approval_.plan.plan, plan);
    invocation_.streams.out.flush();
  }

  void show_event(const Plan& plan) {
    auto event = plan_event_json(plan, now());
    event["because"] = because_;
    invocation_.streams.out << line_of(event);
    invocation_.streams.out.flush();
  }

  /// The last run was the end of it.
  ExitCode end() {
    if (!run_.summary.interrupted && !run_.summary.state_error && !stopped()) look_afterwards();
    ExitCode code = code_of_run(current_.plan, run_.summary);
    if (runs_ == 1 || !went_back(current_.plan)) return tell(code);
    const bool is_back = code == ExitCode::ok && run_.summary.held.empty();
    tell(stronger(code, ExitCode::error));
    if (is_back && !json()) invocation_.streams.out << rolled_back_text(current_.plan);
    return stronger(code, ExitCode::error);
  }

  /// The user has stopped it between two plans: what failed is left undone.
  ExitCode end_interrupted() {
    run_.summary.interrupted = true;
    return tell(ExitCode::interrupted);
  }

  ExitCode end_for(const Error& error) {
    fail(invocation_, error);
    return tell(ExitCode::error);
  }

  /// It was planned again, and that plan is not carried out.
  ExitCode end_with(const FreshPlan& next, const std::vector<Beyond>& beyond) {
    const bool nothing_left = next.plan.actions.empty() && !next.plan.errored;
    const bool all_by_circumstance =
        failed_by_circumstance(current_.plan, run_.summary).size() == run_.summary.failed.size();
    if (json()) {
      show_event(next.plan);
      for (const auto& one : beyond) tell_beyond(one);
    } else {
      invocation_.streams.out << "\n";
      show_plan(invocation_, next);
      if (!beyond.empty()) invocation_.streams.out << "\n" << beyond_text(beyond, invocation_.out_paint);
    }
    ExitCode code = ExitCode::error;
    if (nothing_left && all_by_circumstance) code = next.plan.complete ? ExitCode::ok : ExitCode::partial;
    if (stopped()) code = stronger(code, ExitCode::interrupted);
    return tell(code);
  }

  void tell_beyond(const Beyond& beyond) {
    Diagnostic diagnostic;
    diagnostic.code = "beyond_approval";
    diagnostic.summary = beyond_words(beyond);
    auto event = diagnostic_event_json(diagnostic, now());
    event["address"] = beyond.address;
    event["why"] = to_string(beyond.why);
    invocation_.streams.out << line_of(event);
  }

  /// A host's KVM is tried when the first guest is made there: in this run, maybe, and no plan has spoken of it.
  void tell_failing_kvm(const Live& live) {
    const auto& before = approval_.plan.recorded.hosts;
    std::vector<std::string> failing;
    for (const auto& [host, view] : live) {
      if (!view.snapshot || !kvm_fails(*view.snapshot)) continue;
      const auto known = before.find(host);
      if (known != before.end() && known->second.observed && kvm_fails(*known->second.observed)) continue;
      failing.push_back(host);
    }
    if (failing.empty()) return;
    Diagnostic diagnostic;
    diagnostic.severity = Severity::warning;
    diagnostic.code = "kvm_fails";
    diagnostic.summary = emulation_text(failing);
    diagnostic.hint = emulation_hint();
    if (json()) invocation_.streams.out << line_of(diagnostic_event_json(diagnostic, now()));
    std::string text = render_diagnostic(diagnostic);
    text.pop_back();  // say() ends the line
    say(invocation_, text);
  }

  /// Whoever asks next finds what the run has made. A host that does not answer now is for whoever asks.
  void look_afterwards() {
    Live live = observe_hosts(*hosts_.domains, *files_.read.config, current_.recorded, now());
    tell_failing_kvm(live);
    if (const auto written = record_live(store_, *files_.read.config, live); !written) {
      say_wrapped(invocation_, "What the hosts look like now could not be recorded: " + to_string(written.error()));
    }
  }

  ExitCode tell(ExitCode code) {
    RunSummary summary = run_.summary;
    summary.done = done_;
    const bool as_approved = code == ExitCode::ok && summary.held.empty();
    return tell_ending(
        invocation_,
        {.plan = as_approved ? approval_.plan.plan : current_.plan,
         .summary = std::move(summary),
         .totals = {.took = took_, .plans = runs_},
         .code = code,
         .ways = {.again = command_to_go_on(), .of_rollouts = ways_of_rollouts(), .command = other_commands()}});
  }

  /// What may be said of rolling updates that stand in the middle; each command once.
  [[nodiscard]] std::vector<SayableCommand> ways_of_rollouts() {
    std::vector<SayableCommand> ways;
    const auto recorded = store_.read();
    if (!recorded) return ways;
    for (const auto& group : groups_that_roll(approval_.plan.plan)) {
      const RolloutStatus status = rollout_status_by_record(*files_.read.config, *recorded, group);
      for (const auto& next : next_commands(status, OtherRun::none)) {
        if (next.options.force) continue;  // Another try of what was given up is nothing to go on with.
        std::string command = next.words == "apply" ? command_to_go_on()
                                                    : command_text(next.words, invocation_.global, next.options,
                                                                   secrets_of(files_.read.variables));
        const auto is_same = [&](const SayableCommand& way) { return way.command == command; };
        if (std::none_of(ways.begin(), ways.end(), is_same)) ways.push_back({next.lead, std::move(command)});
      }
    }
    return ways;
  }

  /// Without what --replace asked for and has been done.
  std::string command_to_go_on() {
    PlanOptions options = approval_.options;
    if (options.replaces.empty()) return command_for(options);
    if (const auto by_now = options_by_now()) {
      options.replaces.clear();
      for (const auto& address : by_now->replaces) options.replaces.push_back(shown_name(address));
    }
    return command_for(options);
  }

  [[nodiscard]] std::string command_for(const PlanOptions& options) const {
    return command_text(options.destroy ? "destroy" : "apply", invocation_.global, options,
                        secrets_of(files_.read.variables));
  }

  [[nodiscard]] WordsToCommand other_commands() const {
    return [this, secrets = secrets_of(files_.read.variables)](const std::string& words) {
      return command_text(words, invocation_.global, {}, secrets);
    };
  }

  Invocation& invocation_;
  const ConfigurationFiles& files_;
  const HostPorts& hosts_;
  StateStore& store_;
  const Approval approval_;
  FreshPlan current_;    ///< That is carried out.
  Run run_;              ///< Of the current plan.
  int plans_ = 1;        ///< Made under this approval, with the approved one.
  int runs_ = 0;         ///< Carried out.
  int done_ = 0;         ///< Actions, by all of them.
  std::string because_;  ///< Why it had to be planned again.
  Duration took_{};      ///< All of them.
};

}  // namespace

ExitCode carry_out_approval(Invocation& invocation, const ConfigurationFiles& files, const HostPorts& hosts,
                            StateStore& store, Approval approval) {
  return Way(invocation, files, hosts, store, std::move(approval)).go();
}

}  // namespace vscale
