#include "cmd/status.h"

#include <nlohmann/json.hpp>

#include "cmd/commands/commands.h"
#include "cmd/planning/fresh_plan.h"
#include "cmd/planning/recorded.h"
#include "cmd/views/run/run_json.h"
#include "cmd/views/status_view.h"
#include "cmd/views/text/command_text.h"

namespace vscale {

ExitCode run_command(const StatusArguments& arguments, Invocation& invocation) {
  const auto files = read_files_or_fail(invocation, ReadInput::Secrets::not_demanded);
  if (!files) return ExitCode::error;
  const Config& config = *files->read.config;
  const auto recorded = read_recorded(invocation, config);
  if (!recorded) return fail(invocation, recorded.error());
  std::optional<std::string> group;
  if (arguments.group) {
    const auto address = resolve_address(config, recorded->state, *arguments.group);
    if (!address) return fail(invocation, address.error());
    const auto instance = parse_instance_address(*address);
    group = instance ? group_address(*instance) : *address;
  }

  const HostPorts hosts = reach_hosts(invocation, config);
  const Live live = observe_hosts(*hosts.domains, config, recorded->state, invocation.outside.clock->now());
  const auto command = [&, secrets = secrets_of(files->read.variables)](const std::string& words,
                                                                        const PlanOptions& options) {
    return command_text(words, invocation.global, options, secrets);
  };
  const Status status = status_of(config, recorded->state, live, recorded->running, command);
  const Instant now = invocation.outside.clock->now();
  if (invocation.global.json) {
    invocation.streams.out << line_of(status_json(status, now));
  } else {
    invocation.streams.out << status_text(
        status, {.paint = invocation.out_paint, .verbosity = invocation.verbosity, .group = group, .now = now});
  }
  const bool all_reachable =
      std::all_of(live.begin(), live.end(), [](const auto& host) { return host.second.snapshot.has_value(); });
  return all_reachable ? ExitCode::ok : ExitCode::partial;
}

}  // namespace vscale
