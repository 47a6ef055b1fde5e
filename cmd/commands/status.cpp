#include "cmd/status.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cmd/commands/commands.h"
#include "cmd/planning/fresh_plan.h"
#include "cmd/planning/recorded.h"
#include "cmd/views/run/run_json.h"
#include "cmd/views/status_view.h"
#include "cmd/views/text/command_text.h"

namespace vscale {
namespace {

/// How often --follow looks.
constexpr Duration kFollowInterval{2'000};
/// The cursor goes home, and what stood there goes away.
constexpr const char* kClearScreen = "\x1b[H\x1b[2J";

/// One look, shown.
ExitCode show_status(const StatusArguments& arguments, const ConfigurationFiles& files, const HostPorts& hosts,
                     Invocation& invocation) {
  const Config& config = *files.read.config;
  const auto recorded = read_recorded(invocation, config);
  if (!recorded) return fail(invocation, recorded.error());
  const Live live = observe_hosts(*hosts.domains, config, recorded->state, invocation.outside.clock->now());
  const Instant now = invocation.outside.clock->now();
  const auto command = [&, secrets = secrets_of(files.read.variables)](const std::string& words,
                                                                       const PlanOptions& options) {
    return command_text(words, invocation.global, options, secrets);
  };
  const Status status = status_of(config, recorded->state, live, recorded->running, now, command);
  std::optional<std::string> group;
  if (arguments.group) {
    auto found = group_meant(config, recorded->state, *arguments.group);
    if (!found) return fail(invocation, found.error());
    group = std::move(*found);
  }
  std::ostream& out = invocation.streams.out;
  if (invocation.global.json) {
    out << line_of(status_json(status, group, now));
  } else {
    if (arguments.follow && invocation.redraw) out << kClearScreen;
    out << status_text(status, {.paint = invocation.out_paint,
                                .verbosity = invocation.verbosity,
                                .group = group,
                                .now = now,
                                .time_of_day = invocation.outside.time_of_day});
  }
  const bool all_reachable =
      std::all_of(live.begin(), live.end(), [](const auto& host) { return host.second.snapshot.has_value(); });
  const bool all_known = std::none_of(status.instances.begin(), status.instances.end(),
                                      [](const InstanceStatus& instance) { return instance.state == "unknown"; });
  return all_reachable && all_known ? ExitCode::ok : ExitCode::partial;
}

}  // namespace

ExitCode run_command(const StatusArguments& arguments, Invocation& invocation) {
  const auto files = read_files_or_fail(invocation, ReadInput::Secrets::not_demanded);
  if (!files) return ExitCode::error;
  const HostPorts hosts = reach_hosts(invocation, *files->read.config);
  Outside& outside = invocation.outside;
  ExitCode code = show_status(arguments, *files, hosts, invocation);
  if (!arguments.follow) return code;
  outside.interrupt_gently();
  const auto goes_on = [&] { return code != ExitCode::error && outside.stop_request() == StopRequest::none; };
  while (goes_on()) {
    invocation.streams.out.flush();
    outside.clock->sleep_until(outside.clock->now() + kFollowInterval);
    if (!goes_on()) break;
    if (!invocation.global.json && !invocation.redraw) invocation.streams.out << "\n";
    code = show_status(arguments, *files, hosts, invocation);
  }
  return code;
}

}  // namespace vscale
