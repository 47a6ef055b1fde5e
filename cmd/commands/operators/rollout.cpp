#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cmd/commands/commands.h"
#include "cmd/planning/fresh_plan.h"
#include "cmd/planning/recorded.h"
#include "cmd/rollouts/rollout_word.h"
#include "cmd/status.h"
#include "cmd/views/rollout/rollout_view.h"
#include "cmd/views/run/run_json.h"
#include "cmd/views/text/command_text.h"
#include "engine/recorded/apply_change.h"
#include "schemas/json/rollout_json.h"

namespace vscale {
namespace {

using Json = nlohmann::ordered_json;

WholeCommand whole_command(const Invocation& invocation, const ConfigurationFiles& files) {
  return
      [&invocation, secrets = secrets_of(files.read.variables)](const std::string& words, const PlanOptions& options) {
        return command_text(words, invocation.global, options, secrets);
      };
}

OtherRun run_of(const std::optional<LockHolder>& running) {
  return running ? OtherRun::goes_on : OtherRun::none;
}

std::vector<SayableCommand> sayable(const std::vector<NextCommand>& commands, const WholeCommand& command) {
  std::vector<SayableCommand> said;
  for (const auto& one : commands) said.push_back({.lead = one.lead, .command = command(one.words, one.options)});
  return said;
}

Json document_of(const Invocation& invocation, const Config& config, const std::string& group) {
  return {{"format_version", "1.0"},
          {"timestamp", rfc3339(invocation.outside.clock->now())},
          {"name", config.name},
          {"group", group}};
}

Json commands_json(const std::vector<SayableCommand>& commands) {
  Json list = Json::array();
  for (const auto& one : commands) list.push_back(one.command);
  return list;
}

int count_instances(const RecordedState& recorded, const std::string& group, std::int64_t revision) {
  return static_cast<int>(std::count_if(recorded.instances.begin(), recorded.instances.end(), [&](const auto& entry) {
    return group_address(entry.first) == group && entry.second.revision == revision;
  }));
}

/// The newest first.
std::vector<RevisionLine> revision_lines(const RecordedState& recorded, const std::string& group) {
  std::vector<RevisionLine> lines;
  const auto revisions = recorded.revisions.find(group);
  if (revisions == recorded.revisions.end()) return lines;
  const auto record = recorded.groups.find(group);
  const auto rollout = recorded.rollouts.find(group);
  for (const auto& [number, revision] : revisions->second) {
    lines.push_back({.revision = revision,
                     .is_stable = record != recorded.groups.end() && record->second.stable == number,
                     .is_rolled_out = rollout != recorded.rollouts.end() && rollout->second.to == number,
                     .instances = count_instances(recorded, group, number)});
  }
  std::reverse(lines.begin(), lines.end());
  return lines;
}

std::string event_text(const RolloutIntent& intent) {
  return "by " + intent.by + (intent.reason.empty() ? "" : ": " + intent.reason);
}

/// What may be said after it: by how things stand once it is recorded.
std::vector<NextCommand> next_after(const std::string& group, const std::vector<RecordChange>& changes,
                                    const Config& config, RecordedState recorded,
                                    const std::optional<LockHolder>& running) {
  for (const auto& change : changes) apply(recorded, change);
  return next_commands(rollout_status_by_record(config, recorded, group), run_of(running));
}

void tell_word(const Invocation& invocation, const Config& config, const RolloutIntent& intent,
               const RolloutStatus& before, const std::optional<LockHolder>& running,
               const std::vector<SayableCommand>& next) {
  std::ostream& out = invocation.streams.out;
  if (invocation.global.json) {
    Json document = document_of(invocation, config, intent.group);
    document["intent"] = intent_json(intent);
    document["running"] = running ? Json(running->id) : Json(nullptr);
    document["next"] = commands_json(next);
    out << line_of(document);
    return;
  }
  out << rollout_word_text(intent, before, running);
  out.flush();
  for (const auto& one : next) say(invocation, with_command(one.lead, one.command));
}

}  // namespace

ExitCode run_command(const RolloutStatusArguments& arguments, Invocation& invocation) {
  const auto told_by = read_files_to_tell_by(invocation);
  if (!told_by) return ExitCode::error;
  const Config& config = *told_by->files.read.config;
  const auto recorded = read_recorded(invocation, config);
  if (!recorded) return fail(invocation, recorded.error());
  const auto address = group_meant(config, recorded->state, arguments.group);
  if (!address) return fail(invocation, address.error());
  const HostPorts hosts = reach_hosts(invocation, config);
  const Live live = observe_hosts(*hosts.domains, config, recorded->state, invocation.outside.clock->now());
  const Instant now = invocation.outside.clock->now();
  const WholeCommand command = whole_command(invocation, told_by->files);
  const Status status = status_of(config, recorded->state, live, recorded->running, now, command);
  const auto group = std::find_if(status.groups.begin(), status.groups.end(),
                                  [&](const GroupStatus& one) { return one.address == *address; });
  VSCALE_ASSERT(group != status.groups.end(), "a group that is known has a status");
  const auto next = sayable(next_commands(group->rollout, run_of(status.running)), command);
  std::vector<std::string> unknown;
  for (const auto& instance : status.instances) {
    if (group_address(instance.address) != *address || instance.state != "unknown") continue;
    unknown.push_back(fmt::format("{} on {}", short_name(instance.address), instance.host));
  }
  if (invocation.global.json) {
    Json document = document_of(invocation, config, *address);
    document["rollout"] = rollout_status_json(group->rollout);
    document["next"] = commands_json(next);
    invocation.streams.out << line_of(document);
  } else {
    invocation.streams.out << rollout_status_text(group->rollout,
                                                  {.paint = invocation.out_paint,
                                                   .times = {.now = now, .time_of_day = invocation.outside.time_of_day},
                                                   .next = next,
                                                   .running = status.running,
                                                   .unknown = unknown});
  }
  if (!told_by->mistakes.empty()) return ExitCode::error;
  return unknown.empty() ? ExitCode::ok : ExitCode::partial;
}

ExitCode run_command(const RolloutHistoryArguments& arguments, Invocation& invocation) {
  const auto told_by = read_files_to_tell_by(invocation);
  if (!told_by) return ExitCode::error;
  const Config& config = *told_by->files.read.config;
  const auto recorded = read_recorded(invocation, config);
  if (!recorded) return fail(invocation, recorded.error());
  const auto group = group_meant(config, recorded->state, arguments.group);
  if (!group) return fail(invocation, group.error());
  const auto lines = revision_lines(recorded->state, *group);
  if (!invocation.global.json) {
    invocation.streams.out << rollout_history_text(
        *group, lines, {.now = invocation.outside.clock->now(), .time_of_day = invocation.outside.time_of_day});
    return told_by->code();
  }
  Json document = document_of(invocation, config, *group);
  document["revisions"] = Json::array();
  for (const auto& line : lines) document["revisions"].push_back(revision_line_json(line));
  invocation.streams.out << line_of(document);
  return told_by->code();
}

/// The word, and for good what it says of the revision: later words are about other things. A way back that is given up
/// says nothing of the revision that it led to.
std::vector<RecordChange> changes_of(const RolloutIntent& said, const RolloutStatus& before,
                                     const RecordedState& recorded) {
  std::vector<RecordChange> changes{PutRolloutIntent{said}};
  const bool judges =
      said.kind == RolloutIntent::Kind::undo || (said.kind == RolloutIntent::Kind::abort && !before.back);
  const auto revisions = recorded.revisions.find(said.group);
  if (!judges || revisions == recorded.revisions.end()) return changes;
  const auto found = revisions->second.find(said.revision);
  if (found == revisions->second.end()) return changes;
  const bool aborts = said.kind == RolloutIntent::Kind::abort;
  RevisionRecord revision = found->second;
  revision.verdict = aborts ? RevisionRecord::Verdict::aborted : RevisionRecord::Verdict::rolled_back;
  revision.why = fmt::format("{} by {}", aborts ? "aborted" : "undone", said.by);
  if (!said.reason.empty()) revision.why += ": " + said.reason;
  changes.emplace_back(PutRevision{std::move(revision)});
  return changes;
}

/// One short transaction, without the operation lock: whoever holds it looks for such words.
ExitCode run_command(const RolloutWordArguments& arguments, Invocation& invocation) {
  const auto files = read_files_or_fail(invocation, ReadInput::Secrets::not_demanded);
  if (!files) return ExitCode::error;
  const Config& config = *files->read.config;
  const auto state = open_state(invocation, config, OpenMode::read_write);
  if (!state) return fail(invocation, state.error());
  const auto recorded = state->store->read();
  if (!recorded) return fail(invocation, recorded.error());
  const auto group = group_meant(config, *recorded, arguments.group);
  if (!group) return fail(invocation, group.error());
  const WholeCommand command = whole_command(invocation, *files);
  const RolloutStatus before = rollout_status_by_record(config, *recorded, *group);
  const Outside& outside = invocation.outside;
  const Instant now = outside.clock->now();
  const auto intent =
      rollout_intent_of(arguments.kind, before,
                        {.user = outside.user + "@" + outside.machine, .reason = arguments.reason, .at = now}, command);
  if (!intent) return fail(invocation, intent.error());
  const EventRecord event{.at = now,
                          .kind = fmt::format("rollout {}", to_string(intent->kind)),
                          .address = *group,
                          .host = {},
                          .text = event_text(*intent)};
  const auto changes = changes_of(*intent, before, *recorded);
  const auto committed =
      state->store->commit({.at = now, .begun = {}, .ended = {}, .changes = changes, .events = {event}});
  if (!committed) return fail(invocation, committed.error());
  const auto running = state->store->lock_holder();
  if (!running) return fail(invocation, running.error());
  const auto next = sayable(next_after(*group, changes, config, *recorded, *running), command);
  tell_word(invocation, config, *intent, before, *running, next);
  return ExitCode::ok;
}

}  // namespace vscale
