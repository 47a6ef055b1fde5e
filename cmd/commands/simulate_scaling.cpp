#include <algorithm>
#include <nlohmann/json.hpp>

#include "cmd/commands/commands.h"
#include "cmd/planning/configuration_files.h"
#include "cmd/planning/recorded.h"
#include "cmd/planning/sources/zones.h"
#include "cmd/views/run/run_json.h"
#include "cmd/views/watch/simulated_scaling_view.h"
#include "schemas/trace/load_csv.h"

namespace vscale {

ExitCode run_command(const SimulateScalingArguments& arguments, Invocation& invocation) {
  const auto files = read_files_or_fail(invocation, ReadInput::Secrets::not_demanded);
  if (!files) return ExitCode::error;
  const Config& config = *files->read.config;
  const auto meant = group_meant(config, RecordedState{}, arguments.group);
  if (!meant) return fail(invocation, meant.error());
  const Group& group = *std::find_if(config.groups.begin(), config.groups.end(),
                                     [&meant](const Group& one) { return address_of(one) == *meant; });
  const Outside& outside = invocation.outside;
  const auto text = outside.read_file(absolute_path(outside, arguments.trace));
  if (!text) {
    Error error = text.error();
    if (error.hint.empty())
      error.hint = "name the file of the load with --trace FILE; one to try: examples/scaling/load.csv";
    return fail(invocation, error);
  }
  auto csv = read_load_csv(*text, arguments.trace);
  if (!csv) return fail(invocation, csv.error());

  LoadTrace trace;
  trace.points = std::move(csv->points);
  trace.boot_delay = arguments.boot;
  trace.sample_interval = config.metrics.interval;
  trace.evaluate_interval = group.scaling && group.scaling->evaluate ? *group.scaling->evaluate : config.watch.interval;
  trace.begin = csv->begin.value_or(outside.clock->now());
  trace.zones = zones_of(group, *outside.time_zones, trace.begin);
  const auto played = simulate_scaling(group, trace);
  if (!played) return fail(invocation, played.error());

  std::ostream& out = invocation.streams.out;
  if (invocation.global.json) {
    out << line_of(simulated_scaling_json(group, trace, *played));
  } else {
    out << simulated_scaling_text(group, trace, *played, invocation.verbosity);
  }
  return ExitCode::ok;
}

}  // namespace vscale
