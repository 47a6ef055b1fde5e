#include "cmd/watching/tick.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cmd/invocation/version.h"
#include "cmd/planning/fresh_plan.h"
#include "cmd/planning/recorded.h"
#include "cmd/planning/sources/hosts.h"
#include "cmd/planning/sources/images.h"
#include "cmd/planning/sources/zones.h"
#include "cmd/watching/seeing/counting.h"
#include "cmd/watching/sources/policy_answers.h"
#include "engine/recorded/wanted_size.h"
#include "engine/watch/units.h"

namespace vscale {
namespace {

std::string message_of(const Error& error) {
  return error.detail.empty() ? error.message : fmt::format("{} [{}]", error.message, error.detail);
}

}  // namespace

Ticks::Ticks(Invocation& invocation, const WatchArguments& arguments, Followed& followed, OpenedState& state,
             WatchView& view)
    : invocation_(invocation),
      arguments_(arguments),
      followed_(followed),
      state_(state),
      view_(view),
      store_(*state.store, world_.recorded),
      runs_(invocation, store_) {
  figures_.version = kVersion;
}

Duration Ticks::interval() const {
  if (arguments_.interval) return *arguments_.interval;
  return followed_.files() == nullptr ? Watch{}.interval : config().watch.interval;
}

void Ticks::tell(const std::string& kind, const std::string& host, const std::string& text) {
  view_.event({.at = now(), .kind = kind, .address = {}, .host = host, .text = text});
}

// ---- What is followed, and what is known
// ------------------------------------------------------------------------------

bool Ticks::follow() {
  const Followed::News news = followed_.look(*state_.store);
  if (news.why) view_.error(*news.why);
  for (const auto& diagnostic : news.rejected) view_.diagnostic(diagnostic);
  const bool rejected = news.why.has_value() || !news.rejected.empty();
  if (rejected && followed_.files() != nullptr) tell("configuration", "", "not taken, the one before is kept");
  std::string idle;
  if (followed_.files() == nullptr) idle = "there is no configuration without a mistake";
  if (idle.empty() && !followed_.is_followed()) {
    idle = followed_.has_accepted() ? "what was applied cannot be read here"
                                    : "nothing has been applied yet: vscale apply";
  }
  if (!idle.empty()) {
    if (idle != idle_because_) tell("waits", "", idle);
    idle_because_ = std::move(idle);
    return false;
  }
  idle_because_.clear();
  if (news.changed || hosts_.domains == nullptr) begin_with(config());
  return true;
}

/// Another configuration: what goes on was planned by the one before.
void Ticks::begin_with(const Config& config) {
  runs_.supersede_all();
  retries_.clear();
  hosts_ = reach_hosts(invocation_, config);
  std::set<std::string> names;
  for (const auto& host : config.hosts) names.insert(host.name);
  if (hosts_.events != nullptr) hosts_.events->listen_to(names);
  Outside& outside = invocation_.outside;
  wellness_.emplace(hosts_, outside.network_probe(), outside.clock, outside.in_background);
  world_.config = config;
  world_.places = files()->read.places;
  is_other_ = true;
  world_.live.clear();
  if (arguments_.dry_run) return;
  if (const auto error = measuring_.open(outside, config, now())) view_.error(*error);
}

bool Ticks::has_news() {
  const auto writes = state_.store->writes_of_others();
  return writes && seen_writes_ && *writes != *seen_writes_;
}

bool Ticks::read_record() {
  const auto writes = state_.store->writes_of_others();
  if (!writes) {
    view_.error(writes.error());
    return false;
  }
  if (is_record_read_ && seen_writes_ == *writes) return true;
  auto read = state_.store->read();
  if (!read) {
    view_.error(read.error());
    return false;
  }
  world_.recorded = std::move(*read);
  is_other_ = true;
  seen_writes_ = *writes;
  is_record_read_ = true;
  return true;
}

void Ticks::look() {
  Live before = std::exchange(world_.live, {});
  // Most answer at once, and one that is silent holds up the look: what they counted is of its beginning.
  const Instant asked = now();
  const Duration asked_by_uptime = uptime();
  const bool counters = measuring_.is_due(config(), asked_by_uptime);
  world_.live = observe_hosts(*hosts_.domains, config(), world_.recorded, asked,
                              {.counters = counters, .patience = kHostAwaited, .changes_nothing = arguments_.dry_run});
  world_.now = now();
  tell_of_hosts(before);
  if (!arguments_.dry_run) {
    if (const auto written = record_live(store_, config(), world_.live); !written) view_.error(written.error());
  }
  is_other_ |= take_note_of(config(), world_.live, world_.recorded);
  if (!counters) return;
  if (const auto error = measuring_.take(config(), world_.recorded, world_.live, asked, asked_by_uptime)) {
    view_.error(*error);
  }
}

void Ticks::tell_of_hosts(const Live& before) {
  all_known_ = true;
  for (const auto& [host, view] : world_.live) {
    const auto known = before.find(host);
    const bool was_silent = known != before.end() && !known->second.snapshot;
    if (!view.snapshot) all_known_ = false;
    if (!view.snapshot && !was_silent && view.failure) {
      tell("silent", host, fmt::format("{}; its instances are left alone", message_of(view.failure->error)));
    }
    if (view.snapshot && was_silent) tell("answers", host, "it answers again");
  }
}

// ---- What is asked
// ----------------------------------------------------------------------------------------------------

TickInput Ticks::gather() {
  TickInput input;
  input.config = &world_.config;
  input.recorded = &world_.recorded;
  input.live = &world_.live;
  input.samples = &measuring_.samples();
  const auto asked = to_be_asked(world_.config, world_.recorded, world_.live);
  input.wellness = wellness_->look(world_.config, world_.recorded, asked);
  input.answers = policy_answers(invocation_.outside, files()->read.variables, world_);
  for (const auto& group : world_.config.groups) {
    input.zones.merge(zones_of(group, *invocation_.outside.time_zones, now()));
  }
  // Whoever hangs while a rolling update waits is healed all the same: see supersede_runs().
  input.busy = runs_.busy_groups();
  for (const auto& group : runs_.resting_groups()) input.busy.erase(group);
  if (!runs_.has_room()) {  // what could not be begun is not decided
    for (const auto& group : config().groups) input.busy.insert(address_of(group));
  }
  input.now = world_.now;  // by which it was decided whose sources are asked
  return input;
}

// ---- What is decided
// --------------------------------------------------------------------------------------------------

/// A group that is to grow beyond what its hosts and addresses hold grows as far as they do.
TickDecision Ticks::decide(TickInput input) {
  TickDecision decision = decide_tick(input);
  for (const auto& change : decision.changes) {
    const auto* put = std::get_if<PutWantedSize>(&change);
    const Group* group = put == nullptr ? nullptr : find_group(world_.config, put->size.group);
    if (group == nullptr) continue;
    const int before = wanted_size(*group, world_.recorded, put->size.group);
    if (put->size.size <= before) continue;
    if (const auto room = room_for(put->size.group, put->size.size)) input.room.emplace(put->size.group, *room);
  }
  return input.room.empty() ? decision : decide_tick(input);
}

/// How many of the group there can be at most, if that is less than `size`: by a plan that is only made.
std::optional<int> Ticks::room_for(const std::string& group, int size) {
  RecordedState& recorded = world_.recorded;
  const auto found = recorded.wanted_sizes.find(group);
  const auto before = found == recorded.wanted_sizes.end() ? std::nullopt : std::optional(found->second);
  recorded.wanted_sizes[group] = {.group = group, .size = size, .by = {}, .reason = {}, .at = now()};
  const Plan plan = plan_with(groups_beside({group}, units_of(world_.config, recorded)));
  if (before) {
    recorded.wanted_sizes[group] = *before;
  } else {
    recorded.wanted_sizes.erase(group);
  }
  if (!lacks_room(plan)) return std::nullopt;
  int created = 0;
  for (const auto& one : plan.changes) {
    const auto instance = parse_instance_address(one.address);
    created += one.action == ChangeAction::create && instance && group_address(*instance) == group ? 1 : 0;
  }
  const auto there = std::count_if(recorded.instances.begin(), recorded.instances.end(),
                                   [&](const auto& entry) { return group_address(entry.first) == group; });
  return static_cast<int>(there) + created;
}

/// Of those who are ill and are not healed now, though they were not held by the tick before. Who only waits until
/// another one of the group has been healed is no news.
std::vector<EventRecord> Ticks::news_of_held(const TickDecision& decision) {
  std::vector<EventRecord> events;
  std::set<InstanceAddress> held;
  const auto busy = runs_.busy_groups();
  for (const auto& one : decision.held) {
    if (busy.contains(group_address(one.address))) continue;
    held.insert(one.address);
    if (held_.contains(one.address)) continue;
    events.push_back(
        {.at = world_.now, .kind = "held", .address = to_string(one.address), .host = "", .text = one.text});
  }
  held_ = std::move(held);
  return events;
}

void Ticks::tell_of(const TickDecision& decision) {
  for (const auto& one : decision.decisions) {
    if (one.size != one.current) view_.decision(one);
  }
  for (const auto& event : decision.events) {
    if (event.kind == "healed" || event.kind == "asked" || event.kind == "held") view_.event(event);
  }
}

/// In one transaction: what is decided, and what that is remembered by. False: it is not kept, and nothing may follow
/// from it. So it is where an operator has said something since the record was read, which has to be heeded first.
bool Ticks::keep(const TickDecision& decision) {
  if (arguments_.dry_run) {
    for (const auto& change : decision.changes) apply(world_.recorded, change);
    apply(world_.recorded, decision.remembered);
    return true;
  }
  const bool nothing = decision.changes.empty() && decision.remembered == Remembered{} && decision.decisions.empty() &&
                       decision.events.empty();
  if (nothing) return true;
  Commit commit;
  commit.at = now();
  commit.changes = decision.changes;
  commit.remembered = decision.remembered;
  commit.decisions = decision.decisions;
  commit.events = decision.events;
  commit.expected_writes_of_others = seen_writes_;
  const auto committed = store_.commit(commit);
  if (committed) return true;
  if (committed.error().kind != ErrorKind::conflict) view_.error(committed.error());
  return false;
}

/// More is wanted than was planned; or fewer, and an operator says so: what policies want less is taken away
/// afterwards.
bool Ticks::is_worth_another_plan(const Group& group, int planned) const {
  const std::string address = address_of(group);
  const int size = wanted_size(group, world_.recorded, address);
  const WantedSize* owner = size_owner(group, world_.recorded, address);
  const bool is_an_operators = owner != nullptr && owner->owner == WantedSize::Owner::operator_;
  return size > planned || (is_an_operators && size < planned);
}

/// What goes on was planned by what was known then. Where more is wanted by now, something else was said, or somebody
/// is off who is not of that plan, it comes to its end, and is planned anew.
void Ticks::supersede_runs(const TickDecision& decision) {
  const auto resting = runs_.resting_groups();
  for (const auto& group : runs_.busy_groups()) {
    const Group* wanted = find_group(world_.config, group);
    const auto planned = runs_.size_planned(group);
    const bool wants_another = wanted != nullptr && planned && is_worth_another_plan(*wanted, *planned);
    const bool was_said = words_of(world_.recorded.words, group) != words_of_run_[group];
    const bool needs_care =
        std::any_of(decision.findings.healings.begin(), decision.findings.healings.end(), [&](const auto& entry) {
          return group_address(entry.first) == group && (resting.contains(group) || !runs_.is_at(entry.first));
        });
    if (wants_another || was_said || needs_care) runs_.supersede(group);
  }
}

/// By the copies that there are: a watch that is started again and again does not make one each time. At least `least`
/// where there is none, or one of the future.
Duration Ticks::age_of_newest_backup(Duration least) const {
  const auto newest = state_.backed_up_at();
  if (!newest || !*newest || **newest > now()) return least;
  return now() - **newest;
}

void Ticks::back_up() {
  const auto& every = config().state.backup_every;
  if (!every || config().state.backup_keep == 0 || world_.recorded.instances.empty()) return;
  if (!backed_up_at_) backed_up_at_ = uptime() - age_of_newest_backup(*every);
  if (uptime() < *backed_up_at_ + *every) return;
  backed_up_at_ = uptime();
  if (const auto copied = state_.back_up(now(), config().state.backup_keep); !copied) view_.error(copied.error());
}

void Ticks::tick() {
  const Duration began = uptime();
  take_ended();
  if (!follow() || !read_record()) return;
  look();
  find_images();
  TickDecision decision = decide(gather());
  for (auto& event : news_of_held(decision)) decision.events.push_back(std::move(event));
  if (!keep(decision)) return;
  tell_of(decision);
  supersede_runs(decision);
  plan_units(decision);
  if (!arguments_.dry_run) back_up();
  figures_.ticks.add(uptime() - began);
  if (uptime() - began > interval()) ++figures_.ticks_overran;
  figures_.last_tick = now();
  count_tick(world_, decision, figures_);
}

}  // namespace vscale
