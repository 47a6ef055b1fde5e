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

/// What was probably meant, and what there is besides.
std::string hint_for(const std::string& written, const std::vector<std::string>& names) {
  if (names.empty()) return "there is none";
  const std::string guess = did_you_mean(written, names);
  if (guess.empty()) return "there is: " + listed(names);
  return names.size() == 1 ? guess : guess + "; there is: " + listed(names);
}

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
  return Error{.kind = ErrorKind::not_found,
               .message = fmt::format("there is no group \"{}\" in {}", written, config.name),
               .detail = {},
               .hint = hint_for(written, names)};
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
  const bool all_known = std::none_of(status.instances.begin(), status.instances.end(),
                                      [](const InstanceStatus& instance) { return instance.state == "unknown"; });
  return all_reachable && all_known ? ExitCode::ok : ExitCode::partial;
}

}  // namespace vscale
