#include "cmd/planning/fresh_plan.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "cmd/planning/recorded.h"
#include "cmd/planning/sources/readiness.h"
#include "cmd/views/run/run_json.h"
#include "engine/plan/books/pool_use.h"
#include "engine/recorded/apply_change.h"
#include "schemas/json/plan_json.h"

namespace vscale {
namespace {

/// The record, kept in step with what is written to it here. It is read as a whole only once, which costs most of what
/// planning does here, and once more only if another process has written meanwhile.
class RecordInStep {
 public:
  RecordInStep(StateStore& store, const Config& config, RecordedState& recorded)
      : store_(store), config_(config), recorded_(recorded) {}

  Result<void> write_locks(const std::vector<RecordChange>& changes, Instant now) {
    if (changes.empty()) return {};
    const std::int64_t before = recorded_.serial;
    const auto committed = store_.commit({.at = now, .begun = {}, .ended = {}, .changes = changes, .events = {}});
    if (!committed) return committed.error();
    if (committed->serial != before + 1) return read_again();
    for (const auto& change : changes) apply(recorded_, change);
    recorded_.serial = committed->serial;
    return {};
  }

  /// Where another process has written meanwhile, a run that goes on, the plan is made from what that has recorded, and
  /// not from the older record: then what it has made would be nobody's. The record is newer than what was seen from
  /// there on, and locate() concludes nothing from a look that is older than the last work on an instance. A commit of
  /// nothing tells the serial.
  Result<void> write_seen(Live& live, Instant now) {
    if (auto written = record_live(store_, config_, live); !written) return written;
    const auto committed = store_.commit({.at = now, .begun = {}, .ended = {}, .changes = {}, .events = {}});
    if (!committed) return committed.error();
    if (committed->serial != recorded_.serial) return read_again();
    take_note_of(config_, live, recorded_);
    return {};
  }

 private:
  Result<void> read_again() {
    auto read = store_.read();
    if (!read) return read.error();
    recorded_ = std::move(*read);
    return {};
  }

  StateStore& store_;
  const Config& config_;
  RecordedState& recorded_;
};

}  // namespace

std::string state_path(const Invocation& invocation, const Config& config) {
  const auto& given = invocation.global.state;
  return given ? absolute_path(invocation.outside, *given) : config.state.path;
}

Result<OpenedState> open_state(const Invocation& invocation, const Config& config, OpenMode mode) {
  return invocation.outside.open_state(state_path(invocation, config), mode);
}

Result<FreshPlan> make_plan(const Invocation& invocation, const ConfigurationFiles& files, StateStore& store,
                            Domains& domains, const PlanRequest& request) {
  const Config& config = *files.read.config;
  Clock& clock = *invocation.outside.clock;
  auto recorded = store.read();
  if (!recorded) return recorded.error();
  auto options = with_addresses(config, *recorded, request.options);
  if (!options) return options.error();
  RecordInStep record(store, config, *recorded);
  FoundImages images;
  if (!options->destroy) {
    images = find_images(invocation, config, images_in_use(config), Newer::keep_lock, *recorded);
    if (const auto stored = record.write_locks(images.changes, clock.now()); !stored) return stored.error();
  }

  PlanHeading heading{.files = invocation.global.files,
                      .hosts = static_cast<int>(config.hosts.size()),
                      .read_in = {},
                      .destroy = options->destroy,
                      .kept_disks = kept_disks(*recorded).size()};
  const Instant began = clock.now();
  const Duration began_reading = clock.uptime();
  Live live;
  if (request.refresh == Refresh::ask_hosts) {
    live = observe_hosts(domains, config, *recorded, began);
    heading.read_in = clock.uptime() - began_reading;
    if (const auto written = record.write_seen(live, clock.now()); !written) return written.error();
  } else {
    live = recorded_live(config, *recorded, began);
  }
  PlanInput input{.config = config,
                  .recorded = std::move(*recorded),
                  .live = std::move(live),
                  .images = images.locks,
                  .unread_images = images.unread,
                  .now = clock.now(),
                  .options = *options,
                  .places = files.read.places};
  Plan plan = reconcile(input);
  if (request.refresh == Refresh::ask_hosts && relies_on_pools(plan)) {
    // Only now: a plan of nothing, which is the usual one, is quick, and bothers no pool.
    look_into_pools(domains, config, input.recorded, began, input.live);
    heading.read_in = clock.uptime() - began_reading;
    RecordInStep in_step(store, config, input.recorded);
    if (const auto written = in_step.write_seen(input.live, clock.now()); !written) return written.error();
    input.now = clock.now();
    plan = reconcile(input);
  }
  if (request.refresh == Refresh::ask_hosts && !plan.rollouts.empty()) {
    // Who is to be counted on while others go is asked whether it serves.
    const auto probe = invocation.outside.network_probe();
    input.unready = unready_members(config, input.recorded, plan, *probe, clock);
    if (!input.unready.empty()) plan = reconcile(input);
  }
  report_vanished(images, plan);
  report_overwritten(invocation, config, images, plan);
  input.recorded.open_actions = request.refresh == Refresh::ask_hosts
                                    ? open_actions_seen(input.recorded, plan, *options)
                                    : std::vector<OpenAction>{};
  return FreshPlan{.plan = std::move(plan), .heading = std::move(heading), .recorded = std::move(input.recorded)};
}

std::vector<OpenAction> open_actions_seen(const RecordedState& recorded, const Plan& plan, const PlanOptions& options) {
  const auto names = [](const std::vector<std::string>& words, const OpenAction& open) {
    const auto instance = parse_instance_address(open.address);
    return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
      return word == open.address || word == "host." + open.host || (instance && word == group_address(*instance));
    });
  };
  std::vector<OpenAction> seen;
  for (const auto& open : recorded.open_actions) {
    const bool is_unknown = std::any_of(plan.unknown.begin(), plan.unknown.end(), [&](const Unknown& unknown) {
      return unknown.address == open.address || unknown.address == "host." + open.host;
    });
    const bool in_scope = (options.targets.empty() || names(options.targets, open)) && !names(options.excludes, open);
    if (!is_unknown && in_scope) seen.push_back(open);
  }
  return seen;
}

void show_plan(const Invocation& invocation, const FreshPlan& fresh) {
  if (invocation.global.json) {
    invocation.streams.out << line_of(plan_json(fresh.plan));
    return;
  }
  invocation.streams.out << plan_text(fresh.plan, fresh.heading,
                                      {.paint = invocation.out_paint, .verbosity = invocation.verbosity});
  invocation.streams.out.flush();
}

}  // namespace vscale
