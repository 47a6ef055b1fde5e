#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cmd/commands/commands.h"
#include "cmd/invocation/version.h"
#include "cmd/planning/carry_out.h"
#include "cmd/planning/fresh_plan.h"
#include "cmd/views/run/run_json.h"
#include "engine/execution/executor.h"
#include "schemas/json/plan_json.h"

namespace vscale {
namespace {

Error stale(const std::string& why) {
  return {.kind = ErrorKind::conflict,
          .message = "Saved plan is stale: " + why,
          .detail = {},
          .hint = "make a new one: vscale plan --out FILE"};
}

/// What the plan was made from must be what is there now.
std::optional<Error> refuse_other_files(const SavedPlan& saved, const ConfigurationFiles& files) {
  const auto now = digests_of(files);
  for (const auto& from : saved.made_from) {
    const auto same_name = [&](const MadeFrom& other) { return other.name == from.name; };
    const auto found = std::find_if(now.begin(), now.end(), same_name);
    if (found == now.end()) return stale(fmt::format("it was made from {}, which is not read now", from.name));
    if (found->digest == from.digest) continue;
    const bool variables = from.name == "variables";
    return stale(fmt::format("{} {} changed after the plan was created", from.name, variables ? "have" : "has"));
  }
  if (now.size() != saved.made_from.size()) return stale("other files are read now than it was made from");
  return std::nullopt;
}

std::optional<Error> refuse_other_state(const Plan& plan, const RecordedState& recorded) {
  if (plan.lineage != recorded.lineage) {
    return Error{.kind = ErrorKind::conflict,
                 .message =
                     "Saved plan does not match the given state: the plan was created from a different state "
                     "lineage",
                 .detail = fmt::format("plan {}, state {}", plan.lineage, recorded.lineage),
                 .hint = "is --state the right file? else make a new plan: vscale plan --out FILE"};
  }
  if (plan.serial == recorded.serial) return std::nullopt;
  return stale(
      fmt::format("the given plan file can no longer be applied because the state was changed by another "
                  "operation after the plan was created (serial {}, now {})",
                  plan.serial, recorded.serial));
}

Result<FreshPlan> load_plan(const Invocation& invocation, const ConfigurationFiles& files, StateStore& store,
                            const std::string& path) {
  const auto text = invocation.outside.read_file(absolute_path(invocation.outside, path));
  if (!text) return text.error();
  auto saved = saved_plan_from_text(*text);
  if (!saved) {
    Error error = saved.error();
    error.message = path + ": " + error.message;
    return error;
  }
  if (auto refused = refuse_other_files(*saved, files)) return *refused;
  auto recorded = store.read();
  if (!recorded) return recorded.error();
  if (auto refused = refuse_other_state(saved->plan, *recorded)) return *refused;
  PlanHeading heading{
      .files = {path}, .hosts = static_cast<int>(files.read.config->hosts.size()), .read_in = std::nullopt};
  return FreshPlan{.plan = std::move(saved->plan), .heading = std::move(heading), .recorded = std::move(*recorded)};
}

/// Only 'yes' will be accepted.
bool approved(const Invocation& invocation, bool destroy) {
  std::ostream& err = invocation.streams.err;
  err << (destroy ? "\nDestroy all of this? There is no way back.\n" : "\nDo this?\n")
      << "Only 'yes' will be accepted: ";
  err.flush();
  std::string answer;
  std::getline(invocation.streams.in, answer);
  if (!invocation.streams.in_is_terminal) err << "\n";
  return answer == "yes";
}

Error nobody_to_ask(bool json) {
  return {.kind = ErrorKind::denied,
          .message = json ? "with --json nothing is asked, so nothing was done"
                          : "nobody can be asked here (stdin is no terminal), so nothing was done",
          .detail = {},
          .hint = "say --auto-approve, or review a plan: vscale plan --out F, then vscale apply F"};
}

/// Remembers what the user has approved of.
Result<void> accept(const Invocation& invocation, const ConfigurationFiles& files, const ApplyArguments& arguments,
                    StateStore& store) {
  if (arguments.options.destroy) return {};
  const Outside& outside = invocation.outside;
  AcceptedConfig accepted{
      .files = {}, .at = outside.clock->now(), .by = outside.user + "@" + outside.machine, .reason = arguments.reason};
  for (const auto& file : files.input.files) accepted.files.push_back({.path = file.path, .text = file.text});
  for (const auto& file : files.read.files_read) accepted.files.push_back({.path = file.path, .text = file.text});
  return store.accept_config(accepted);
}

/// A copy of the statefile, before anything is done; none where the configuration wants to keep none.
Result<void> back_up(const Invocation& invocation, const Config& config, const OpenedState& state,
                     const RecordedState& recorded) {
  if (recorded.instances.empty() || config.state.backup_keep == 0) return {};
  return state.back_up(invocation.outside.clock->now(), config.state.backup_keep);
}

/// The hosts are as wanted; what the files say is accepted all the same.
ExitCode nothing_to_do(Invocation& invocation, const ApplyArguments& arguments, const ConfigurationFiles& files,
                       StateStore& store, const FreshPlan& fresh) {
  if (const auto accepted = accept(invocation, files, arguments, store); !accepted) {
    return fail(invocation, accepted.error());
  }
  const Instant now = invocation.outside.clock->now();
  // What a run that died had begun is finished, or this plan would not be empty: status need not speak of it any more.
  if (const auto closed = close_open_actions(fresh.recorded, store, now); !closed) {
    return fail(invocation, closed.error());
  }
  const ExitCode code = fresh.plan.complete ? ExitCode::ok : ExitCode::partial;
  if (invocation.global.json) {
    RunSummary summary;
    summary.serial = fresh.recorded.serial;
    invocation.streams.out << line_of(summary_event_json(summary, Duration{0}, static_cast<int>(code), now));
  }
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
Result<void> ask(const Invocation& invocation, const ApplyArguments& arguments) {
  if (arguments.auto_approve || arguments.plan_file) return {};
  const bool json = invocation.global.json;
  if (json || !invocation.streams.in_is_terminal) return nobody_to_ask(json);
  if (approved(invocation, arguments.options.destroy)) return {};
  return Error{.kind = ErrorKind::denied, .message = "declined; nothing was done", .detail = {}, .hint = {}};
}

}  // namespace

ExitCode run_command(const ApplyArguments& arguments, Invocation& invocation) {
  const bool destroy = arguments.options.destroy;
  if (invocation.global.json) invocation.streams.out << line_of(version_event_json(kVersion));
  const auto files =
      read_files_or_fail(invocation, destroy ? ReadInput::Secrets::not_demanded : ReadInput::Secrets::demanded);
  if (!files) return ExitCode::error;
  const Config& config = *files->read.config;
  auto state = open_state(invocation, config, destroy ? OpenMode::read_write : OpenMode::read_write_create);
  if (!state) return fail(invocation, state.error());
  StateStore& store = *state->store;
  const auto lock = take_lock(invocation, store, destroy ? "destroy" : "apply", arguments.lock_timeout);
  if (!lock) return fail(invocation, lock.error());

  const HostPorts hosts = reach_hosts(invocation, config);
  const auto fresh = arguments.plan_file ? load_plan(invocation, *files, store, *arguments.plan_file)
                                         : make_plan(invocation, *files, store, *hosts.domains,
                                                     {.options = arguments.options, .refresh = arguments.refresh});
  if (!fresh) return fail(invocation, fresh.error());
  show(invocation, *fresh);
  if (fresh->plan.errored) return ExitCode::error;
  if (fresh->plan.actions.empty()) return nothing_to_do(invocation, arguments, *files, store, *fresh);
  if (const auto wanted = ask(invocation, arguments); !wanted) return fail(invocation, wanted.error());
  if (const auto copied = back_up(invocation, config, *state, fresh->recorded); !copied) {
    return fail(invocation, copied.error());
  }
  if (const auto accepted = accept(invocation, *files, arguments, store); !accepted) {
    return fail(invocation, accepted.error());
  }
  if (!invocation.global.json && invocation.verbosity != Verbosity::quiet) invocation.streams.out << "\n";
  const Run run = carry_out(invocation, *files, *fresh, hosts, store, arguments.parallelism);
  return tell_run(invocation, *fresh, run, destroy ? "vscale destroy" : "vscale apply");
}

}  // namespace vscale
