#include "cmd/status.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cmd/commands/commands.h"
#include "cmd/planning/fresh_plan.h"
#include "cmd/planning/recorded.h"
#include "cmd/views/run/run_json.h"
#include "cmd/views/status_view.h"
#include "cmd/views/text/command_text.h"
#include "schemas/diagnostics/did_you_mean.h"

namespace vscale {
namespace {

/// The address of the group that a person means, by its name or by one of its instances.
Result<std::string> find_group(const Config& config, const RecordedState& recorded, const Status& status,
                               const std::string& written) {
  const auto resolved = resolve_address(config, recorded, written);
  const auto instance = resolved ? parse_instance_address(*resolved) : std::nullopt;
  const std::string address = instance ? group_address(*instance) : resolved ? *resolved : written;
  std::vector<std::string> names;
  for (const auto& group : status.groups) {
    if (group.address == address) return address;
    names.push_back(group.name);
  }
  const std::string guess = did_you_mean(written, names);
  return Error{
      .kind = ErrorKind::not_found,
      .message = fmt::format("there is no group \"{}\" in {}", written, config.name),
      .detail = {},
      .hint = (guess.empty() ? "" : guess + "; ") + (names.empty() ? "there is none" : "there is: " + listed(names))};
}

}  // namespace

ExitCode run_command(const StatusArguments& arguments, Invocation& invocation) {
  const auto files = read_files_or_fail(invocation, ReadInput::Secrets::not_demanded);
  if (!files) return ExitCode::error;
  const Config& config = *files->read.config;
  const auto recorded = read_recorded(invocation, config);
  if (!recorded) return fail(invocation, recorded.error());
  const HostPorts hosts = reach_hosts(invocation, config);
  const Live live = observe_hosts(*hosts.domains, config, recorded->state, invocation.outside.clock->now());
  const auto command = [&, secrets = secrets_of(files->read.variables)](const std::string& words,
                                                                        const PlanOptions& options) {
    return command_text(words, invocation.global, options, secrets);
  };
  const Status status = status_of(config, recorded->state, live, recorded->running, command);
  std::optional<std::string> group;
  if (arguments.group) {
    auto found = find_group(config, recorded->state, status, *arguments.group);
    if (!found) return fail(invocation, found.error());
    group = std::move(*found);
  }
  const Instant now = invocation.outside.clock->now();
  if (invocation.global.json) {
    invocation.streams.out << line_of(status_json(status, group, now));
  } else {
    invocation.streams.out << status_text(
        status, {.paint = invocation.out_paint, .verbosity = invocation.verbosity, .group = group, .now = now});
  }
  const bool all_reachable =
      std::all_of(live.begin(), live.end(), [](const auto& host) { return host.second.snapshot.has_value(); });
  return all_reachable ? ExitCode::ok : ExitCode::partial;
}

}  // namespace vscale
