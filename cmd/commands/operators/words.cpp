#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cmd/commands/commands.h"
#include "cmd/operators/operator_word.h"
#include "cmd/planning/fresh_plan.h"
#include "cmd/planning/recorded.h"
#include "cmd/views/run/run_json.h"
#include "cmd/views/text/command_text.h"

/// scale, suspend, resume, protect, unprotect, restart, start, stop: one short transaction, without the operation lock.
/// Whoever holds it heeds what was said; else the next apply does.

namespace vscale {
namespace {

using Json = nlohmann::ordered_json;

std::string event_text(const OperatorSaid& said, const SaidBy& by) {
  return fmt::format("{}; by {}{}", said.text, by.user, by.reason.empty() ? "" : ": " + by.reason);
}

/// Who carries it out.
std::string who_does_it(const OperatorSaid& said, const std::optional<LockHolder>& running,
                        const std::string& apply_command) {
  if (said.is_done) return "";
  if (running && running->operation == "watch") {
    return fmt::format("watch (pid {} on {}) carries it out.", running->pid, running->host);
  }
  if (running) {
    return with_command(fmt::format("A run goes on ({}, pid {}). Afterwards:", running->operation, running->pid),
                        apply_command);
  }
  return with_command("To do it:", apply_command);
}

void tell(const Invocation& invocation, const Config& config, const OperatorSaid& said,
          const std::optional<LockHolder>& running, const std::string& apply_command) {
  std::ostream& out = invocation.streams.out;
  if (invocation.global.json) {
    const bool by_apply = !said.is_done && !(running && running->operation == "watch");
    out << line_of(Json{{"format_version", "1.0"},
                        {"timestamp", rfc3339(invocation.outside.clock->now())},
                        {"name", config.name},
                        {"address", said.address},
                        {"said", said.kind},
                        {"text", said.text},
                        {"running", running ? Json(running->id) : Json(nullptr)},
                        {"next", by_apply ? Json::array({apply_command}) : Json::array()}});
    return;
  }
  out << left_and_right(printable(said.text) + ".", "", 2);
  out.flush();
  if (const std::string who = who_does_it(said, running, apply_command); !who.empty()) say(invocation, who);
}

template <class Arguments>
ExitCode say_word(const Arguments& arguments, Invocation& invocation) {
  const auto files = read_files_or_fail(invocation, ReadInput::Secrets::not_demanded);
  if (!files) return ExitCode::error;
  const Config& config = *files->read.config;
  const auto state = open_state(invocation, config, OpenMode::read_write);
  if (!state) return fail(invocation, state.error());
  const auto recorded = state->store->read();
  if (!recorded) return fail(invocation, recorded.error());
  const Outside& outside = invocation.outside;
  const SaidBy by{.user = outside.user + "@" + outside.machine, .reason = arguments.reason, .at = outside.clock->now()};
  const auto said = operator_word(arguments, config, *recorded, by);
  if (!said) return fail(invocation, said.error());
  const EventRecord event{
      .at = by.at, .kind = said->kind, .address = said->address, .host = {}, .text = event_text(*said, by)};
  const auto committed =
      state->store->commit({.at = by.at, .begun = {}, .ended = {}, .changes = said->changes, .events = {event}});
  if (!committed) return fail(invocation, committed.error());
  const auto running = state->store->lock_holder();
  if (!running) return fail(invocation, running.error());
  tell(invocation, config, *said, *running,
       command_text("apply", invocation.global, {}, secrets_of(files->read.variables)));
  return ExitCode::ok;
}

}  // namespace

ExitCode run_command(const ScaleArguments& arguments, Invocation& invocation) {
  return say_word(arguments, invocation);
}
ExitCode run_command(const SuspendArguments& arguments, Invocation& invocation) {
  return say_word(arguments, invocation);
}
ExitCode run_command(const ResumeArguments& arguments, Invocation& invocation) {
  return say_word(arguments, invocation);
}
ExitCode run_command(const ProtectArguments& arguments, Invocation& invocation) {
  return say_word(arguments, invocation);
}
ExitCode run_command(const UnprotectArguments& arguments, Invocation& invocation) {
  return say_word(arguments, invocation);
}
ExitCode run_command(const RestartArguments& arguments, Invocation& invocation) {
  return say_word(arguments, invocation);
}
ExitCode run_command(const StopArguments& arguments, Invocation& invocation) {
  return say_word(arguments, invocation);
}
ExitCode run_command(const StartArguments& arguments, Invocation& invocation) {
  return say_word(arguments, invocation);
}

}  // namespace vscale
