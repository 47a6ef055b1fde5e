#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cmd/commands/commands.h"
#include "cmd/planning/fresh_plan.h"
#include "cmd/planning/recorded.h"
#include "cmd/views/run/run_json.h"
#include "cmd/views/state_view.h"
#include "schemas/diagnostics/did_you_mean.h"
#include "schemas/json/state_json.h"

namespace vscale {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kHowToNameIt = "The configuration says where the statefile is; --state PATH does so, too.";

/// Where the statefile is, by --state or by the configuration. Nothing: that has a mistake, or cannot be read.
std::optional<std::string> find_state(const Invocation& invocation) {
  if (const auto& given = invocation.global.state) return absolute_path(invocation.outside, *given);
  const auto files = read_files(invocation, ReadInput::Secrets::not_demanded);
  if (!files || !files->read.config) return std::nullopt;
  return files->read.config->state.path;
}

/// The record, and what a command ends with that shows it.
struct FoundState {
  RecordedState state;
  ExitCode code = ExitCode::ok;
};

/// A statefile that is not there is an error here: whoever asks for it thinks that there is one. Nothing: what is wrong
/// has been said.
std::optional<FoundState> read_state_or_fail(const Invocation& invocation) {
  auto path = find_state(invocation);
  ExitCode code = ExitCode::ok;
  if (!path) {
    const auto told_by = read_files_to_tell_by(invocation);  // says what is wrong with them
    if (!told_by) {
      say(invocation, kHowToNameIt);
      return std::nullopt;
    }
    path = told_by->files.read.config->state.path;
    code = told_by->code();
  }
  const auto opened = invocation.outside.open_state(*path, OpenMode::read_only);
  auto state = opened ? opened->store->read() : opened.error();
  if (state) return FoundState{.state = std::move(*state), .code = code};
  fail(invocation, state.error());
  return std::nullopt;
}

/// Without `group.` or `machine.`: what a person may say as well.
std::string bare_name(const std::string& group) {
  return group.substr(group.find('.') + 1);
}

/// Everything recorded of what a person calls so, as after --target. Nothing: there is no such thing.
std::optional<Json> record_of(const RecordedState& state, const std::string& written) {
  for (const auto& [address, instance] : state.instances) {
    if (written == to_string(address) || written == short_name(address) || written == instance.name) {
      return instance_record_json(state, instance);
    }
  }
  for (const auto& volume : kept_disks(state)) {
    if (written != to_string(volume.owner) && written != short_name(volume.owner)) continue;
    return kept_disks_json(state, volume.owner);
  }
  for (const auto& [name, lock] : state.image_locks) {
    if (written == "image." + name) return image_record_json(state, lock);
  }
  for (const auto& [name, host] : state.hosts) {
    if (written == "host." + name) return host_record_json(host);
  }
  for (const auto& [address, group] : state.groups) {
    if (written == address || written == bare_name(address)) return group_record_json(group);
  }
  return std::nullopt;
}

/// Everything that show knows something of: addresses, and what a person says in short.
std::vector<std::string> names_in(const RecordedState& state) {
  std::vector<std::string> names = addresses_in(state);
  for (const auto& [address, group] : state.groups) names.push_back(bare_name(address));
  for (const auto& [address, instance] : state.instances) names.push_back(short_name(address));
  return names;
}

}  // namespace

ExitCode run_command(const StateListArguments&, Invocation& invocation) {
  const auto found = read_state_or_fail(invocation);
  if (!found) return ExitCode::error;
  if (invocation.global.json) {
    invocation.streams.out << line_of(state_list_json(found->state));
  } else {
    invocation.streams.out << state_list_text(found->state);
  }
  return found->code;
}

ExitCode run_command(const StateShowArguments& arguments, Invocation& invocation) {
  const auto found = read_state_or_fail(invocation);
  if (!found) return ExitCode::error;
  const RecordedState& state = found->state;
  const auto shown = arguments.address ? record_of(state, *arguments.address) : std::optional(state_json(state));
  if (!shown) {
    const std::string guess = did_you_mean(*arguments.address, names_in(state));
    return fail(invocation, {.kind = ErrorKind::not_found,
                             .message = fmt::format("nothing is recorded of \"{}\"", *arguments.address),
                             .detail = {},
                             .hint = guess.empty() ? "what is: vscale state list" : guess});
  }
  if (!invocation.global.json) {
    invocation.streams.out << outline_text(*shown);
    return found->code;
  }
  Json document{{"format_version", "1.0"}};
  document.update(*shown);
  invocation.streams.out << line_of(document);
  return found->code;
}

/// Changes the record: where it is, no file with a mistake is to say.
ExitCode run_command(const ForceUnlockArguments& arguments, Invocation& invocation) {
  const auto path = find_state(invocation);
  if (!path) {
    read_files_or_fail(invocation, ReadInput::Secrets::not_demanded);
    say(invocation, kHowToNameIt);
    return ExitCode::error;
  }
  const auto opened = invocation.outside.open_state(*path, OpenMode::read_write);
  if (!opened) return fail(invocation, opened.error());
  if (const auto forgotten = opened->force_unlock(arguments.id); !forgotten) {
    return fail(invocation, forgotten.error());
  }
  if (invocation.global.json) {
    invocation.streams.out << line_of(Json{{"format_version", "1.0"}, {"forgotten_lock", arguments.id}});
  } else {
    const std::string text =
        fmt::format("lock {} is forgotten; what its holder had begun, the next apply finishes", arguments.id);
    invocation.streams.out << left_and_right(printable(text), "", 2);
  }
  return ExitCode::ok;
}

}  // namespace vscale
