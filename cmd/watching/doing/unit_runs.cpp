#include "cmd/watching/doing/unit_runs.h"

#include <algorithm>
#include <utility>

#include "cmd/planning/running/carry_out.h"
#include "cmd/planning/running/run_world.h"
#include "engine/plan/rollouts/config_of_plan.h"

namespace vscale {
namespace {

/// Each run is looked after so often while several go on.
constexpr Duration kTurn{50};

}  // namespace

struct UnitRuns::Run {
  std::string id;
  std::vector<std::string> groups;
  Plan shown;  ///< As it was planned, without what revisions are made of.
  std::shared_ptr<RunWorld> world;
  std::unique_ptr<ActionRunner> runner;
  std::unique_ptr<EventSink> view;
  bool superseded = false;
  std::optional<Execution> execution;
};

UnitRuns::UnitRuns(Invocation& invocation, StateStore& store)
    : invocation_(invocation), store_(store), slots_(shared_slots()) {}

UnitRuns::~UnitRuns() = default;

void UnitRuns::begin(std::vector<std::string> groups, Plan plan, const RecordedState& recorded,
                     const ConfigurationFiles& files, const HostPorts& hosts, const MakeView& make_view) {
  Outside& outside = invocation_.outside;
  const Config config = config_of_plan(*files.read.config, plan, recorded);
  auto run = std::make_unique<Run>();
  run->id = outside.new_id();
  run->groups = std::move(groups);
  run->world = run_world(outside, hosts, config, files.read.variables);
  const ExecutionLimits limits = limits_of(config, plan, std::nullopt);
  run->runner = outside.action_runner(config, run->world->ports(), run->world,
                                      limits.parallel + static_cast<int>(plan.rollouts.size()));
  run->shown = plan;
  run->view = make_view(run->shown);
  const auto stop_request = [&outside, superseded = &run->superseded] {
    const StopRequest asked = outside.stop_request();
    return asked == StopRequest::none && *superseded ? StopRequest::finish_running : asked;
  };
  run->execution.emplace(with_templates(std::move(plan), config), recorded, limits, run->id,
                         ExecutorPorts{.store = store_,
                                       .runner = *run->runner,
                                       .clock = *outside.clock,
                                       .sink = *run->view,
                                       .stop_request = stop_request},
                         slots_);
  runs_.push_back(std::move(run));
}

std::set<std::string> UnitRuns::busy_groups() const {
  std::set<std::string> groups;
  for (const auto& run : runs_) groups.insert(run->groups.begin(), run->groups.end());
  return groups;
}

std::set<std::string> UnitRuns::resting_groups() const {
  std::set<std::string> groups;
  for (const auto& run : runs_) {
    if (!run->superseded && run->execution->is_resting()) groups.insert(run->groups.begin(), run->groups.end());
  }
  return groups;
}

std::vector<InstanceRecord> UnitRuns::claims_to_come(const RecordedState& recorded) const {
  std::vector<InstanceRecord> claims;
  for (const auto& run : runs_) {
    for (const auto& action : run->shown.actions) {
      const auto* claim = std::get_if<ClaimInstance>(&action.detail);
      if (claim != nullptr && !recorded.instances.contains(claim->instance.address)) claims.push_back(claim->instance);
    }
  }
  return claims;
}

bool UnitRuns::has_run(const std::string& run_id) const {
  return std::any_of(runs_.begin(), runs_.end(), [&](const auto& run) { return run->id == run_id; });
}

bool UnitRuns::is_at(const InstanceAddress& instance) const {
  const std::string address = to_string(instance);
  return std::any_of(runs_.begin(), runs_.end(), [&](const auto& run) {
    const auto& actions = run->shown.actions;
    return std::any_of(actions.begin(), actions.end(), [&](const Action& action) { return action.address == address; });
  });
}

std::optional<int> UnitRuns::size_planned(const std::string& group) const {
  for (const auto& run : runs_) {
    const auto size = run->shown.sizes.find(group);
    if (size != run->shown.sizes.end()) return size->second;
  }
  return std::nullopt;
}

void UnitRuns::supersede(const std::string& group) {
  for (const auto& run : runs_) {
    if (std::find(run->groups.begin(), run->groups.end(), group) != run->groups.end()) run->superseded = true;
  }
}

void UnitRuns::supersede_all() {
  for (const auto& run : runs_) run->superseded = true;
}

void UnitRuns::advance(Instant until) {
  Clock& clock = *invocation_.outside.clock;
  while (!runs_.empty() && ended_.empty()) {
    for (auto& run : runs_) {
      const Instant now = clock.now();
      const Instant turn = runs_.size() == 1 ? until : std::min(until, now + kTurn);
      if (!run->execution->advance(turn)) continue;
      ended_.push_back({run->groups, std::move(run->shown), run->execution->sum_up()});
      run.reset();
    }
    std::erase(runs_, nullptr);
    if (clock.now() >= until) return;
  }
}

std::vector<UnitRuns::Ended> UnitRuns::take_ended() {
  return std::exchange(ended_, {});
}

}  // namespace vscale
