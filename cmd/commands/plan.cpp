#include <fmt/format.h>

#include <algorithm>

#include "cmd/commands/commands.h"
#include "cmd/planning/fresh_plan.h"
#include "cmd/planning/running/saved_plans.h"
#include "cmd/views/text/command_text.h"
#include "schemas/json/plan_json.h"

namespace vscale {
namespace {

/// With --json also a configuration with mistakes gives the one document that was asked for.
ExitCode mistaken(Invocation& invocation, const ConfigurationFiles& files) {
  if (!invocation.global.json) return report(invocation, files.read.diagnostics, JsonOutput::document);
  FreshPlan fresh;
  fresh.plan.created_at = invocation.outside.clock->now();
  fresh.plan.complete = false;
  fresh.plan.errored = true;
  fresh.plan.diagnostics = files.read.diagnostics;
  show_plan(invocation, fresh);
  return ExitCode::error;
}

/// What is planned while somebody works on it is planned from what is half done.
Diagnostic run_in_progress(const LockHolder& running, Instant now) {
  return {
      .severity = Severity::warning,
      .code = "run_in_progress",
      .summary = fmt::format("{} by {}@{} (pid {}) has been at work for {}: this plan shows what is half done",
                             running.operation, running.user, running.host, running.pid,
                             show_duration(std::max(now - running.since, Duration{0}))),
      .label = {},
      .hint = fmt::format(
          "plan again once it has ended; if it certainly is not at work any more: vscale force-unlock {}", running.id),
      .where = {},
      .snippet = {},
      .also = {}};
}

/// Who holds the lock.
enum class Beside { nobody, run, resting_watch };

/// A watch holds the lock also while it has nothing to do: then nothing is half done.
Beside beside_of(const std::optional<LockHolder>& running, const RecordedState& recorded) {
  if (!running) return Beside::nobody;
  return running->operation == "watch" && recorded.open_actions.empty() ? Beside::resting_watch : Beside::run;
}

/// Whether what the files say was applied. What changes nothing on the hosts, as policies do, counts only then.
enum class Files { applied, differ };

/// Where the files themselves are followed nothing has to be applied; and a narrowed plan does not speak for the rest.
Files compare_with_applied(const Invocation& invocation, const ConfigurationFiles& files, const PlanOptions& options) {
  const bool is_narrowed = !options.targets.empty() || !options.excludes.empty();
  const bool counts_at_once = files.read.config->watch.follow == Watch::Follow::file;
  if (is_narrowed || options.destroy || counts_at_once) return Files::applied;
  return are_files_to_be_applied(invocation, files) ? Files::differ : Files::applied;
}

bool is_worth_applying(const Plan& plan, Files compared) {
  return has_changes(plan) || compared == Files::differ;
}

std::string apply_text(const Invocation& invocation, const ConfigurationFiles& files, const PlanArguments& arguments,
                       Beside beside) {
  std::string command = command_text(arguments.options.destroy ? "destroy" : "apply", invocation.global,
                                     arguments.options, secrets_of(files.read.variables));
  if (arguments.refresh == Refresh::as_recorded) command += " --refresh=false";
  if (beside == Beside::resting_watch) command += " --lock-timeout 1m";
  return command;
}

/// Below a plan without changes; with the command, unless another is said or none would be heeded.
void show_difference(const Invocation& invocation, const ConfigurationFiles& files, const PlanArguments& arguments,
                     Beside beside) {
  if (invocation.global.json) return;
  const std::string text = "The files differ from what was last applied: watch follows them once they are";
  invocation.streams.out << (arguments.out || beside == Beside::run
                                 ? text + "."
                                 : with_command(text + ":", apply_text(invocation, files, arguments, beside)))
                         << "\n";
  invocation.streams.out.flush();
}

/// Where a run goes on, nobody is told to do it: that run does, and the lock refuses another. A watch makes way, if it
/// is asked to.
void say_next(const Invocation& invocation, const ConfigurationFiles& files, const Plan& plan,
              const PlanArguments& arguments, Beside beside, Files compared) {
  const GlobalOptions& global = invocation.global;
  const auto secrets = secrets_of(files.read.variables);
  const std::string waits = beside == Beside::resting_watch ? " --lock-timeout 1m" : "";
  if (beside == Beside::run) {
    if (arguments.out)
      say(invocation, "Saved, but the run that goes on changes the state: apply will refuse this plan.");
    say(invocation, with_command("How far that run is:", command_text("status", global, {}, secrets)));
  } else if (arguments.out && !is_worth_applying(plan, compared)) {
    say(invocation, "Saved, though there is nothing to carry out.");
  } else if (arguments.out) {
    const std::string command = command_text("apply " + shown_word(*arguments.out) + waits, global, {}, secrets);
    say(invocation, with_command("Saved. Carry out exactly this:", command));
  } else if (applyable(plan)) {
    say(invocation, with_command("To do it:", apply_text(invocation, files, arguments, beside)));
  }
}

ExitCode code_of(const Plan& plan, Files compared, bool detailed) {
  if (plan.errored) return ExitCode::error;
  ExitCode code = detailed && is_worth_applying(plan, compared) ? ExitCode::changes : ExitCode::ok;
  if (!plan.complete) code = stronger(code, ExitCode::partial);
  return code;
}

}  // namespace

ExitCode run_command(const PlanArguments& arguments, Invocation& invocation) {
  const auto secrets = arguments.options.destroy ? ReadInput::Secrets::not_demanded : ReadInput::Secrets::demanded;
  const auto files = read_files(invocation, secrets);
  if (!files) return fail(invocation, files.error());
  if (!files->read.config) return mistaken(invocation, *files);
  if (!invocation.global.json && invocation.verbosity != Verbosity::quiet) {
    report(invocation, files->read.diagnostics, JsonOutput::document);
  }
  const Config& config = *files->read.config;

  const auto state = open_state(invocation, config, OpenMode::read_write_create);
  if (!state) return fail(invocation, state.error());
  const HostPorts hosts = reach_hosts(invocation, config);
  auto running = state->store->lock_holder();
  if (!running) return fail(invocation, running.error());
  auto fresh = make_plan(invocation, *files, *state->store, *hosts.domains,
                         {.options = arguments.options, .refresh = arguments.refresh});
  if (!fresh) return fail(invocation, fresh.error());
  if (!*running) running = state->store->lock_holder();  // It may have begun while the hosts were asked.
  if (!running) return fail(invocation, running.error());

  const Plan plan = fresh->plan;  // What is saved speaks of no run that has ended by then, nor of the files' warnings.
  Diagnostics& shown = fresh->plan.diagnostics;
  if (invocation.global.json)
    shown.insert(shown.begin(), files->read.diagnostics.begin(), files->read.diagnostics.end());
  const Beside beside = beside_of(*running, fresh->recorded);
  if (beside == Beside::run) shown.push_back(run_in_progress(**running, invocation.outside.clock->now()));
  // Before it is shown: an error after it would be a second document.
  if (arguments.out && !plan.errored) {
    if (const auto saved = save_plan(invocation, *files, plan, arguments.options, *arguments.out); !saved) {
      return fail(invocation, saved.error());
    }
  }
  show_plan(invocation, *fresh);
  if (arguments.out && plan.errored) return ExitCode::error;
  const Files compared = compare_with_applied(invocation, *files, arguments.options);
  const bool is_silent = has_changes(plan) || plan.errored || compared == Files::applied;
  if (!is_silent) show_difference(invocation, *files, arguments, beside);
  say_next(invocation, *files, plan, arguments, beside, compared);
  return code_of(plan, compared, arguments.detailed_exitcode);
}

}  // namespace vscale
