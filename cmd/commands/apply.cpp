#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "cmd/commands/commands.h"
#include "cmd/invocation/version.h"
#include "cmd/planning/fresh_plan.h"
#include "cmd/planning/running/approval.h"
#include "cmd/planning/running/carry_out.h"
#include "cmd/planning/running/saved_plans.h"
#include "cmd/views/run/run_json.h"
#include "cmd/views/text/command_text.h"
#include "engine/execution/executor.h"
#include "schemas/json/plan_json.h"

namespace vscale {
namespace {

bool approved(const Invocation& invocation, const PlanHeading& heading) {
  std::ostream& err = invocation.streams.err;
  err << question_text(heading);
  err.flush();
  std::string answer;
  std::getline(invocation.streams.in, answer);
  if (!invocation.streams.in_is_terminal) err << "\n";
  return answer == "yes";
}

Error nobody_to_ask(const Invocation& invocation, const ApplyArguments& arguments, const ConfigurationFiles& files) {
  const auto secrets = secrets_of(files.read.variables);
  const std::string plan = command_text(arguments.options.destroy ? "plan --destroy --out FILE" : "plan --out FILE",
                                        invocation.global, arguments.options, secrets);
  const std::string apply = command_text("apply FILE", invocation.global, {}, secrets);
  return {.kind = ErrorKind::denied,
          .message = invocation.global.json ? "with --json nothing is asked, so nothing was done"
                                            : "nobody can be asked here (stdin is no terminal), so nothing was done",
          .detail = {},
          .hint = fmt::format("say --auto-approve, or review a plan: `{}`, then `{}`", plan, apply)};
}

bool is_narrowed(const PlanOptions& options) {
  return !options.targets.empty() || !options.excludes.empty();
}

/// Remembers what the user has approved of: after a destroy nothing is wanted.
Result<void> accept_applied(const Invocation& invocation, const ConfigurationFiles& files,
                            const ApplyArguments& arguments, StateStore& store) {
  if (!arguments.options.destroy) return accept(invocation, files, arguments.reason, store);
  return is_narrowed(arguments.options) ? Result<void>{} : withdraw(invocation, arguments.reason, store);
}

/// Who began this, and why, in the history: a destroy accepts no configuration that could say so.
Result<void> write_down(const Invocation& invocation, const ApplyArguments& arguments, StateStore& store) {
  const Outside& outside = invocation.outside;
  std::string text = fmt::format("by {}@{}", outside.user, outside.machine);
  if (!arguments.reason.empty()) text += ": " + arguments.reason;
  const Instant now = outside.clock->now();
  const char* kind = arguments.options.destroy ? "destroy" : "apply";
  const EventRecord begun{.at = now, .kind = kind, .address = {}, .host = {}, .text = std::move(text)};
  const auto committed = store.commit({.at = now, .begun = {}, .ended = {}, .changes = {}, .events = {begun}});
  if (!committed) return committed.error();
  return {};
}

/// A copy of the statefile, before anything is done; none where the configuration wants to keep none.
Result<void> back_up(const Invocation& invocation, const Config& config, const OpenedState& state,
                     const RecordedState& recorded) {
  if (recorded.instances.empty() || config.state.backup_keep == 0) return {};
  return state.back_up(invocation.outside.clock->now(), config.state.backup_keep);
}

/// What a watch has another opinion on, it makes anew.
void warn_of_watch(const Invocation& invocation, const ApplyArguments& arguments, const Config& config) {
  if (!arguments.options.destroy) return;
  if (config.watch.follow == Watch::Follow::file) {
    say(invocation, "A watch makes it anew as long as the file is there: it says `follow: file`.");
  } else if (is_narrowed(arguments.options)) {
    say(invocation, "A watch makes anew what is wanted by what was last applied.");
  }
}

/// The hosts are as wanted; what the files say is accepted all the same.
ExitCode nothing_to_do(Invocation& invocation, const ApplyArguments& arguments, const ConfigurationFiles& files,
                       StateStore& store, const FreshPlan& fresh) {
  const bool are_news = !arguments.options.destroy && are_files_to_be_applied(invocation, files);
  if (const auto accepted = accept_applied(invocation, files, arguments, store); !accepted) {
    return fail(invocation, accepted.error());
  }
  const Instant now = invocation.outside.clock->now();
  // What a run that died had begun is finished, as far as this plan looked, or it would not be empty: status need not
  // speak of that any more.
  if (const auto closed = close_open_actions(fresh.recorded, store, now); !closed) {
    return fail(invocation, closed.error());
  }
  const ExitCode code = tell_nothing_done(invocation, fresh);
  if (are_news) say(invocation, "The files are accepted: watch follows them as they are now.");
  return code;
}

void show(Invocation& invocation, const FreshPlan& fresh) {
  if (!invocation.global.json) {
    show_plan(invocation, fresh);
    return;
  }
  invocation.streams.out << line_of(plan_event_json(fresh.plan, invocation.outside.clock->now()));
  invocation.streams.out.flush();
}

/// Does the user want it? An error says why nobody was asked; "no" is an error of its own.
Result<void> ask(const Invocation& invocation, const ApplyArguments& arguments, const ConfigurationFiles& files,
                 const PlanHeading& heading) {
  if (arguments.auto_approve || arguments.plan_file) return {};
  if (invocation.global.json || !invocation.streams.in_is_terminal) return nobody_to_ask(invocation, arguments, files);
  if (approved(invocation, heading)) return {};
  return Error{.kind = ErrorKind::denied, .message = "declined; nothing was done", .detail = {}, .hint = {}};
}

/// The lock knows the command only by its name: how long to wait for it is said with the files and the options of this
/// one, and longer than it has waited.
Error with_whole_command(Error refusal, const Invocation& invocation, const ApplyArguments& arguments,
                         const ConfigurationFiles& files) {
  const std::string bare = fmt::format("vscale {} --lock-timeout 1m", arguments.options.destroy ? "destroy" : "apply");
  const std::size_t at = refusal.hint.find(bare);
  if (at == std::string::npos) return refusal;
  const auto secrets = secrets_of(files.read.variables);
  std::string whole = arguments.plan_file
                          ? command_text("apply " + shown_word(*arguments.plan_file), invocation.global, {}, secrets)
                          : command_text(arguments.options.destroy ? "destroy" : "apply", invocation.global,
                                         arguments.options, secrets);
  if (arguments.refresh == Refresh::as_recorded) whole += " --refresh=false";
  const auto waited = std::chrono::ceil<std::chrono::minutes>(arguments.lock_timeout);
  whole += fmt::format(" --lock-timeout {}m", std::max<std::int64_t>(1, 2 * waited.count()));
  refusal.hint.replace(at, bare.size(), whole);
  return refusal;
}

/// The plan to ask about: the one that was saved, or a fresh one.
Result<FreshPlan> plan_to_apply(const Invocation& invocation, const ApplyArguments& arguments,
                                const std::optional<SavedPlan>& saved, const ConfigurationFiles& files,
                                StateStore& store, Domains& domains) {
  if (!saved) {
    return make_plan(invocation, files, store, domains, {.options = arguments.options, .refresh = arguments.refresh});
  }
  auto fresh = plan_as_saved(invocation, files, store, domains, *saved, arguments.refresh);
  if (fresh) fresh->heading.files = {*arguments.plan_file};
  return fresh;
}

/// What the state keeps of it, before anything is done.
Result<void> prepare(const Invocation& invocation, const ApplyArguments& arguments, const ConfigurationFiles& files,
                     const OpenedState& state, const FreshPlan& fresh) {
  if (auto copied = back_up(invocation, *files.read.config, state, fresh.recorded); !copied) return copied;
  if (auto accepted = accept_applied(invocation, files, arguments, *state.store); !accepted) return accepted;
  return write_down(invocation, arguments, *state.store);
}

ExitCode apply_with(Invocation& invocation, const ApplyArguments& arguments, const std::optional<SavedPlan>& saved) {
  const bool destroy = arguments.options.destroy;
  const auto files = read_files_or_fail(
      invocation, destroy ? ReadInput::Secrets::not_demanded : ReadInput::Secrets::demanded, JsonOutput::stream);
  if (!files) return ExitCode::error;
  const Config& config = *files->read.config;
  auto state = open_state(invocation, config, destroy ? OpenMode::read_write : OpenMode::read_write_create);
  if (!state) return fail(invocation, state.error());
  StateStore& store = *state->store;
  const auto lock = take_lock(invocation, store, destroy ? "destroy" : "apply", arguments.lock_timeout);
  if (!lock) return fail(invocation, with_whole_command(lock.error(), invocation, arguments, *files));

  const HostPorts hosts = reach_hosts(invocation, config);
  auto fresh = plan_to_apply(invocation, arguments, saved, *files, store, *hosts.domains);
  if (!fresh) return fail(invocation, fresh.error());
  show(invocation, *fresh);
  if (fresh->plan.errored) return ExitCode::error;
  if (fresh->plan.actions.empty()) return nothing_to_do(invocation, arguments, *files, store, *fresh);
  if (const auto wanted = ask(invocation, arguments, *files, fresh->heading); !wanted)
    return fail(invocation, wanted.error());
  if (const auto prepared = prepare(invocation, arguments, *files, *state, *fresh); !prepared) {
    return fail(invocation, prepared.error());
  }
  if (!invocation.global.json && invocation.verbosity != Verbosity::quiet) invocation.streams.out << "\n";
  const ExitCode code = carry_out_approval(
      invocation, *files, hosts, store,
      {.plan = std::move(*fresh), .options = arguments.options, .parallelism = arguments.parallelism});
  warn_of_watch(invocation, arguments, config);
  return code;
}

}  // namespace

ExitCode run_command(const ApplyArguments& arguments, Invocation& invocation) {
  if (invocation.global.json) invocation.streams.out << line_of(version_event_json(kVersion));
  if (!arguments.plan_file) return apply_with(invocation, arguments, std::nullopt);
  const auto saved = load_plan(invocation, *arguments.plan_file);
  if (!saved) return fail(invocation, saved.error());
  ApplyArguments as_saved = arguments;
  as_saved.options = saved->options;
  return apply_with(invocation, as_saved, *saved);
}

}  // namespace vscale
