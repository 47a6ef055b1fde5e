#include <nlohmann/json.hpp>

#include "cmd/commands/commands.h"
#include "cmd/planning/fresh_plan.h"
#include "cmd/views/graph_view.h"
#include "cmd/views/run/run_json.h"
#include "schemas/json/plan_json.h"

namespace vscale {
namespace {

/// A graph without a node is still one, for the program that reads it; a person is told.
void draw(const Plan& plan, GraphFormat format, const Invocation& invocation) {
  invocation.streams.out << (invocation.global.json ? line_of(graph_json(plan)) : graph_text(plan, format));
  if (plan.actions.empty()) say(invocation, "There is nothing to draw: the plan has no actions.");
}

/// A saved plan is drawn as it is, whether or not it could still be carried out.
ExitCode graph_of_file(const GraphArguments& arguments, Invocation& invocation) {
  const auto text = invocation.outside.read_file(absolute_path(invocation.outside, *arguments.plan_file));
  if (!text) return fail(invocation, text.error());
  const auto saved = saved_plan_from_text(*text);
  if (!saved) return fail(invocation, saved.error());
  draw(saved->plan, arguments.format, invocation);
  return ExitCode::ok;
}

}  // namespace

ExitCode run_command(const GraphArguments& arguments, Invocation& invocation) {
  if (arguments.plan_file) return graph_of_file(arguments, invocation);
  const auto files = read_files_or_fail(
      invocation, arguments.options.destroy ? ReadInput::Secrets::not_demanded : ReadInput::Secrets::demanded);
  if (!files) return ExitCode::error;
  const Config& config = *files->read.config;
  const auto state = open_state(invocation, config, OpenMode::read_write_create);
  if (!state) return fail(invocation, state.error());
  const HostPorts hosts = reach_hosts(invocation, config);
  const auto fresh = make_plan(invocation, *files, *state->store, *hosts.domains,
                               {.options = arguments.options, .refresh = arguments.refresh});
  if (!fresh) return fail(invocation, fresh.error());
  const Diagnostics& diagnostics = fresh->plan.diagnostics;
  const ExitCode mistakes = has_errors(diagnostics) ? ExitCode::error : ExitCode::ok;
  if (!invocation.global.json) report(invocation, diagnostics, JsonOutput::document);
  draw(fresh->plan, arguments.format, invocation);
  return stronger(mistakes, fresh->plan.complete ? ExitCode::ok : ExitCode::partial);
}

}  // namespace vscale
