#include "cmd/planning/running/carry_out.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cmd/planning/running/run_world.h"
#include "cmd/views/run/again_view.h"
#include "cmd/views/run/run_json.h"
#include "engine/execution/record_changes.h"
#include "engine/plan/rollouts/config_of_plan.h"

namespace vscale {
namespace {

bool has_several_groups(const Plan& plan) {
  std::string first;
  for (const auto& action : plan.actions) {
    const auto instance = parse_instance_address(action.address);
    if (!instance || only_changes_record(action)) continue;
    if (first.empty()) first = group_address(*instance);
    if (first != group_address(*instance)) return true;
  }
  return false;
}

}  // namespace

/// A group never has the last quarter of all while there are others, so that one whose guests hang leaves others
/// something to go on with, on hosts that have room. Of fewer than four at once there is no quarter to leave.
ExecutionLimits limits_of(const Config& config, const Plan& plan, const std::optional<int>& parallelism) {
  const int parallel = parallelism.value_or(config.limits.parallel);
  return {.parallel = parallel,
          .per_host = config.limits.per_host,
          .per_group = has_several_groups(plan) ? parallel - parallel / 4 : parallel,
          .uploads_per_host = config.limits.uploads,
          .booting_per_host = config.limits.booting};
}

/// The lock, waited for as long as the user said.
Result<std::unique_ptr<OperationLock>> take_lock(const Invocation& invocation, StateStore& store,
                                                 const std::string& operation, Duration timeout) {
  Outside& outside = invocation.outside;
  const Duration deadline = outside.clock->uptime() + timeout;
  const LockHolder us{.id = outside.new_id(),
                      .operation = operation,
                      .user = outside.user,
                      .host = outside.machine,
                      .pid = outside.pid,
                      .since = outside.clock->now()};
  std::unique_ptr<LockRequest> request;
  while (true) {
    auto lock = store.lock(us);
    const Duration left = deadline - outside.clock->uptime();
    if (lock || lock.error().kind != ErrorKind::conflict || left <= Duration{0}) return lock;
    if (request == nullptr) {
      say_wrapped(invocation, fmt::format("Waiting up to {}: {}", show_duration(timeout), to_string(lock.error())));
      auto asked = store.ask_for_lock(us);
      if (!asked) return asked.error();
      request = std::move(*asked);
    }
    outside.clock->sleep_until(outside.clock->now() + std::min(kLockRetryInterval, left));
  }
}

Run carry_out(Invocation& invocation, const ConfigurationFiles& files, const FreshPlan& fresh, const HostPorts& hosts,
              StateStore& store, const std::optional<int>& parallelism) {
  Outside& outside = invocation.outside;
  const Config config = config_of_plan(*files.read.config, fresh.plan, fresh.recorded);
  auto world = run_world(outside, hosts, config, files.read.variables);
  const ExecutionLimits limits = limits_of(config, fresh.plan, parallelism);
  const auto runner = outside.action_runner(config, world->ports(), world,
                                            limits.parallel + static_cast<int>(fresh.plan.rollouts.size()));
  RunJson json_view(fresh.plan, invocation.streams.out);
  RunView text_view(fresh.plan, invocation.streams.out,
                    {.paint = invocation.out_paint,
                     .verbosity = invocation.verbosity,
                     .redraw = invocation.redraw,
                     .width = invocation.streams.width,
                     .height = invocation.streams.height,
                     .time_of_day = outside.time_of_day,
                     .uptime = [clock = outside.clock] { return clock->uptime(); }});
  EventSink& view = invocation.global.json ? static_cast<EventSink&>(json_view) : text_view;
  const auto stop_request = [&] {
    text_view.tick();
    return outside.stop_request();
  };
  const Duration began = outside.clock->uptime();
  outside.interrupt_gently();
  const RunSummary summary =
      execute(with_templates(fresh.plan, config), fresh.recorded, limits, outside.new_id(),
              {.store = store, .runner = *runner, .clock = *outside.clock, .sink = view, .stop_request = stop_request});
  text_view.finish();
  outside.interrupt_between_runs();
  return {summary, outside.clock->uptime() - began};
}

ExitCode code_of_run(const Plan& plan, const RunSummary& summary) {
  ExitCode code = plan.complete ? ExitCode::ok : ExitCode::partial;
  if (!summary.failed.empty() || summary.state_error) code = stronger(code, ExitCode::error);
  if (summary.interrupted) code = stronger(code, ExitCode::interrupted);
  return code;
}

ExitCode tell_ending(Invocation& invocation, Ending ending) {
  RunSummary& summary = ending.summary;
  std::ostream& out = invocation.streams.out;
  if (ending.code == ExitCode::ok) {
    summary.failed.clear();
    if (summary.held.empty()) summary.skipped.clear();
  }
  if (invocation.global.json) {
    const Instant now = invocation.outside.clock->now();
    if (summary.state_error) out << line_of(error_json(*summary.state_error, now));
    const auto waiting = waiting_rollouts(ending.plan, summary);
    out << line_of(summary_event_json(summary, waiting, ending.totals.took, static_cast<int>(ending.code), now));
    return ending.code;
  }
  out << "\n" << run_summary_text(ending.plan, summary, ending.totals, ending.ways, invocation.out_paint);
  const bool left_alone = ending.code != ExitCode::ok && !ending.plan.complete;
  if (left_alone) out << left_alone_text(ending.plan, ending.ways.again);
  return ending.code;
}

ExitCode tell_nothing_done(Invocation& invocation, const FreshPlan& fresh) {
  RunSummary summary;
  summary.serial = fresh.recorded.serial;
  const ExitCode code = code_of_run(fresh.plan, summary);
  if (invocation.global.json) {
    const Instant now = invocation.outside.clock->now();
    invocation.streams.out << line_of(summary_event_json(summary, {}, Duration{0}, static_cast<int>(code), now));
  }
  return code;
}

}  // namespace vscale
