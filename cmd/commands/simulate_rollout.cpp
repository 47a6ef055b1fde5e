#include <algorithm>
#include <nlohmann/json.hpp>

#include "cmd/commands/commands.h"
#include "cmd/planning/fresh_plan.h"
#include "cmd/planning/recorded.h"
#include "cmd/views/rollout/simulation_view.h"
#include "cmd/views/run/run_json.h"
#include "schemas/diagnostics/diagnostic_text.h"

namespace vscale {
namespace {

const RolloutOutline* outline_of(const Plan& plan, const std::string& group) {
  const auto found = std::find_if(plan.rollouts.begin(), plan.rollouts.end(),
                                  [&group](const RolloutOutline& rollout) { return rollout.group == group; });
  return found == plan.rollouts.end() ? nullptr : &*found;
}

void show_simulation(const Invocation& invocation, const Plan& plan, const std::string& group) {
  const RolloutOutline* outline = outline_of(plan, group);
  std::ostream& out = invocation.streams.out;
  if (invocation.global.json) {
    out << line_of(simulation_json(plan, group, outline));
    return;
  }
  if (const auto text = render_diagnostics(plan.diagnostics); !text.empty()) out << text << "\n";
  if (outline != nullptr) {
    out << simulation_text(plan, *outline, invocation.verbosity);
  } else if (!plan.errored) {
    out << nothing_to_simulate_text(group);
  }
}

}  // namespace

ExitCode run_command(const SimulateRolloutArguments& arguments, Invocation& invocation) {
  const auto files = read_files_or_fail(invocation, ReadInput::Secrets::demanded);
  if (!files) return ExitCode::error;
  const Config& config = *files->read.config;
  const auto state = open_state(invocation, config, OpenMode::read_write_create);
  if (!state) return fail(invocation, state.error());
  const auto recorded = state->store->read();
  if (!recorded) return fail(invocation, recorded.error());
  const auto group = group_meant(config, *recorded, arguments.group);
  if (!group) return fail(invocation, group.error());
  const HostPorts hosts = reach_hosts(invocation, config);
  const auto fresh = make_plan(invocation, *files, *state->store, *hosts.domains,
                               {.options = arguments.options, .refresh = arguments.refresh});
  if (!fresh) return fail(invocation, fresh.error());
  show_simulation(invocation, fresh->plan, *group);
  if (fresh->plan.errored) return ExitCode::error;
  return fresh->plan.complete ? ExitCode::ok : ExitCode::partial;
}

}  // namespace vscale
