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
#include "cmd/watching/sources/ask_sources.h"
#include "engine/plan/books/pool_use.h"
#include "engine/recorded/wanted_size.h"
#include "engine/watch/roster.h"
#include "engine/watch/units.h"

namespace vscale {
namespace {

std::string message_of(const Error& error) {
  return error.detail.empty() ? error.message : fmt::format("{} [{}]", error.message, error.detail);
}

/// Groups that a unit's plan does something about.
std::set<std::string> touched_by(const Plan& plan) {
  std::set<std::string> groups;
  for (const auto& action : plan.actions) {
    const auto instance = parse_instance_address(action.address);
    if (instance) {
      groups.insert(group_address(*instance));
    } else if (action.address.starts_with("group.") || action.address.starts_with("machine.")) {
      groups.insert(action.address);
    }
  }
  return groups;
}

bool meets(const std::vector<std::string>& unit, const std::set<std::string>& groups) {
  return std::any_of(unit.begin(), unit.end(), [&](const std::string& group) { return groups.contains(group); });
}

/// All groups but these.
std::vector<std::string> others_than(const std::vector<std::string>& unit,
                                     const std::vector<std::vector<std::string>>& units) {
  std::vector<std::string> others;
  for (const auto& one : units) {
    for (const auto& group : one) {
      if (std::find(unit.begin(), unit.end(), group) == unit.end()) others.push_back(group);
    }
  }
  return others;
}

/// What was said about the group and its instances.
OperatorWords words_of(const OperatorWords& all, const std::string& group) {
  OperatorWords words;
  for (const auto& [key, said] : all.suspensions) {
    if (key.first == group) words.suspensions.emplace(key, said);
  }
  for (const auto& [instance, said] : all.protections) {
    if (group_address(instance) == group) words.protections.emplace(instance, said);
  }
  for (const auto& [instance, said] : all.stops) {
    if (group_address(instance) == group) words.stops.emplace(instance, said);
  }
  if (const auto restart = all.restarts.find(group); restart != all.restarts.end()) words.restarts.insert(*restart);
  return words;
}

/// A person is told what a plan says, but not that it was made for some groups only.
bool is_worth_telling(const Diagnostic& diagnostic) {
  return diagnostic.code != "narrowed";
}

MemberToAsk member_to_ask(const InstanceRecord& instance) {
  MemberToAsk member;
  member.address = instance.address;
  member.facts = {.name = instance.name,
                  .group = instance.address.group,
                  .ordinal = instance.address.ordinal,
                  .address = {},
                  .host = instance.host};
  for (const auto& nic : instance.nics) {
    if (member.facts.address.empty() && nic.address) member.facts.address = *nic.address;
  }
  return member;
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
  if (idle.empty() && !followed_.is_accepted()) idle = "nothing has been applied yet: vscale apply";
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
  seen_writes_ = *writes;
  is_record_read_ = true;
  return true;
}

void Ticks::look() {
  Live before = std::exchange(world_.live, {});
  const bool counters = !arguments_.dry_run && measuring_.is_due(config(), uptime());
  world_.live = observe_hosts(*hosts_.domains, config(), world_.recorded, now(),
                              {.counters = counters, .patience = kHostAwaited});
  world_.now = now();
  tell_of_hosts(before);
  if (arguments_.dry_run) return;
  if (const auto written = record_live(store_, config(), world_.live); !written) view_.error(written.error());
  take_note_of(config(), world_.live, world_.recorded);
  if (const auto error = measuring_.take(config(), world_.recorded, world_.live, now(), uptime())) view_.error(*error);
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
  input.answers = ask_policies();
  input.zones = zones();
  input.busy = runs_.busy_groups();
  input.now = now();
  return input;
}

std::map<std::string, PolicyAnswers> Ticks::ask_policies() {
  std::vector<GroupToAsk> groups;
  const Roster roster(world_.config, world_.recorded, world_.live);
  for (const auto& group : world_.config.groups) {
    if (!is_scaling_due(world_.config, group, world_.recorded, now())) continue;
    GroupToAsk ask{.group = &group, .members = {}};
    for (const auto& member : roster.of(address_of(group))) {
      const bool serves = member.record->phase == Phase::ready && member.where.presence == Presence::up;
      if (serves) ask.members.push_back(member_to_ask(*member.record));
    }
    groups.push_back(std::move(ask));
  }
  if (groups.empty()) return {};
  Outside& outside = invocation_.outside;
  const auto http = outside.number_sources();
  const auto commands = outside.commands();
  const KnownAddresses known;
  std::map<std::string, PolicyAnswers> answers;
  auto told = ask_sources(world_.config, groups, {.variables = files()->read.variables, .known_addresses = known},
                          {.http = *http,
                           .commands = *commands,
                           .clock = *outside.clock,
                           .stopped = [&outside] { return outside.stop_request() != StopRequest::none; }},
                          kSourcesAwaited);
  for (auto& [group, one] : told) answers[group] = {std::move(one.numbers), std::move(one.capacity)};
  return answers;
}

std::map<std::string, ZoneRules> Ticks::zones() {
  std::map<std::string, ZoneRules> zones;
  for (const auto& group : world_.config.groups) zones.merge(zones_of(group, *invocation_.outside.time_zones, now()));
  return zones;
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
    if (put->size.size <= before || input.busy.contains(put->size.group)) continue;
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
  const Plan plan = plan_with(others_than({group}, units_of(world_.config, recorded)));
  if (before) {
    recorded.wanted_sizes[group] = *before;
  } else {
    recorded.wanted_sizes.erase(group);
  }
  const bool is_full = std::any_of(plan.diagnostics.begin(), plan.diagnostics.end(), [](const Diagnostic& one) {
    return one.code == "no_place" || one.code == "no_address";
  });
  if (!is_full) return std::nullopt;
  int created = 0;
  for (const auto& one : plan.changes) {
    const auto instance = parse_instance_address(one.address);
    created += one.action == ChangeAction::create && instance && group_address(*instance) == group ? 1 : 0;
  }
  const auto there = std::count_if(recorded.instances.begin(), recorded.instances.end(),
                                   [&](const auto& entry) { return group_address(entry.first) == group; });
  return static_cast<int>(there) + created;
}

/// In one transaction: what is decided, and what that is remembered by.
void Ticks::keep(const TickDecision& decision) {
  for (const auto& one : decision.decisions) {
    if (one.size != one.current) view_.decision(one);
  }
  for (const auto& event : decision.events) {
    if (event.kind == "healed") view_.event(event);
  }
  if (arguments_.dry_run) {
    for (const auto& change : decision.changes) apply(world_.recorded, change);
    return;
  }
  const bool nothing = decision.changes.empty() && decision.remembered == Remembered{} && decision.decisions.empty() &&
                       decision.events.empty();
  if (nothing) return;
  Commit commit;
  commit.at = now();
  commit.changes = decision.changes;
  commit.remembered = decision.remembered;
  commit.decisions = decision.decisions;
  commit.events = decision.events;
  if (const auto committed = store_.commit(commit); !committed) view_.error(committed.error());
}

/// What goes on was planned by what was known then. Where more is wanted by now, something else was said, or somebody
/// is off who is not of that plan, it comes to its end, and is planned anew.
void Ticks::supersede_runs(const TickDecision& decision) {
  for (const auto& group : runs_.busy_groups()) {
    const Group* wanted = find_group(world_.config, group);
    const auto planned = runs_.size_planned(group);
    const bool wants_more = wanted != nullptr && planned && wanted_size(*wanted, world_.recorded, group) > *planned;
    const bool was_said = words_of(world_.recorded.words, group) != words_of_run_[group];
    const bool needs_care = std::any_of(
        decision.findings.healings.begin(), decision.findings.healings.end(),
        [&](const auto& entry) { return group_address(entry.first) == group && !runs_.is_at(entry.first); });
    if (wants_more || was_said || needs_care) runs_.supersede(group);
  }
}

// ---- What follows
// -----------------------------------------------------------------------------------------------------

/// What was accepted was accepted with the images as they were then: another file in their place rolls nothing before
/// somebody applies it.
void Ticks::find_images() {
  std::vector<std::string> names = images_in_use(config());
  std::map<std::string, ImageLock> accepted;
  if (config().watch.follow == Watch::Follow::applied) {
    for (const auto& name : names) {
      const auto lock = world_.recorded.image_locks.find(name);
      if (lock != world_.recorded.image_locks.end()) accepted.insert(*lock);
    }
    std::erase_if(names, [&](const std::string& name) { return accepted.contains(name); });
  }
  images_ = vscale::find_images(invocation_, config(), names, Newer::keep_lock, world_.recorded);
  images_.locks.merge(accepted);
  world_.images = images_.locks;
  world_.unread_images = images_.unread;
  if (images_.changes.empty() || arguments_.dry_run) return;
  Commit commit;
  commit.at = now();
  commit.changes = images_.changes;
  if (const auto committed = store_.commit(commit); !committed) view_.error(committed.error());
}

Plan Ticks::plan_with(const std::vector<std::string>& excluded) {
  world_.options = PlanOptions{};
  world_.options.excludes = excluded;
  world_.options.destroy_at_once = config().limits.destroy.value_or(1);
  world_.options.report_drift = config().watch.drift == Watch::Drift::report;
  world_.now = now();
  Plan plan = reconcile(world_);
  report_vanished(images_, plan);
  report_overwritten(invocation_, config(), images_, plan);
  return plan;
}

void Ticks::plan_units(const TickDecision& decision) {
  world_.findings = decision.findings;
  world_.unready.clear();
  for (const auto& [address, health] : world_.recorded.health) {
    if (health.failures > 0) world_.unready.emplace(address, health.failure);
  }
  find_images();
  const auto units = units_of(world_.config, world_.recorded);
  const auto busy = runs_.busy_groups();
  const Plan all = plan_with({busy.begin(), busy.end()});
  if (all.actions.empty() && !all.errored) return tell_of_plan("", all);
  const auto touched = touched_by(all);
  for (const auto& unit : units) {
    if (meets(unit, busy) || !(all.errored || meets(unit, touched))) continue;
    plan_unit(unit, units);
  }
  // What is about no group, such as copies of images that nobody needs, waits until nothing else is to be done.
  const bool is_about_none = touched.empty() && !all.errored && runs_.is_idle();
  if (is_about_none) carry_out({}, all);
}

void Ticks::plan_unit(const std::vector<std::string>& unit, const std::vector<std::vector<std::string>>& units) {
  const auto retry = retries_.find(unit.front());
  if (retry != retries_.end() && uptime() < retry->second.not_before) return;
  if (!runs_.has_room()) return;
  const auto others = others_than(unit, units);
  Plan plan = plan_with(others);
  if (relies_on_pools(plan) && !arguments_.dry_run) {
    look_into_pools(*hosts_.domains, config(), world_.recorded, now(), world_.live);
    if (const auto written = record_live(store_, config(), world_.live); !written) view_.error(written.error());
    take_note_of(config(), world_.live, world_.recorded);
    plan = plan_with(others);
  }
  tell_of_plan(unit.front(), plan);
  if (plan.errored) {
    has_failed_ = true;
    return;
  }
  if (!plan.actions.empty()) carry_out(unit, std::move(plan));
}

/// Once, until it says something else.
void Ticks::tell_of_plan(const std::string& unit, const Plan& plan) {
  std::string text;
  for (const auto& one : plan.diagnostics) {
    if (is_worth_telling(one)) text += one.code + one.summary + "\n";
  }
  std::string& before = told_[unit];
  if (text == before) return;
  for (const auto& one : plan.diagnostics) {
    if (is_worth_telling(one) && before.find(one.code + one.summary + "\n") == std::string::npos) view_.diagnostic(one);
  }
  before = std::move(text);
}

void Ticks::carry_out(const std::vector<std::string>& groups, Plan plan) {
  for (const auto& change : plan.changes) {
    if (change.action == ChangeAction::hold || change.reasons.empty()) continue;
    view_.event({.at = now(),
                 .kind = to_string(change.action),
                 .address = change.address,
                 .host = change.host,
                 .text = change.reasons.front().text});
  }
  if (arguments_.dry_run) return;
  RecordedState recorded = world_.recorded;
  std::erase_if(recorded.open_actions, [&](const OpenAction& open) { return runs_.has_run(open.run_id); });
  recorded.open_actions = open_actions_seen(recorded, plan, world_.options);
  for (const auto& group : groups) words_of_run_[group] = words_of(world_.recorded.words, group);
  runs_.begin(groups, std::move(plan), recorded, *files(), hosts_,
              [this](const Plan& shown) { return view_.run(shown); });
}

void Ticks::advance(Instant until) {
  runs_.advance(until);
  take_ended();
}

void Ticks::take_ended() {
  for (auto& ended : runs_.take_ended()) {
    figures_.actions_done += static_cast<std::uint64_t>(ended.summary.done);
    figures_.actions_failed += ended.summary.failed.size();
    if (ended.summary.state_error) view_.error(*ended.summary.state_error);
    const std::string unit = ended.groups.empty() ? "" : ended.groups.front();
    const bool failed = !ended.summary.failed.empty() || ended.summary.state_error;
    if (!failed) {
      retries_.erase(unit);
      continue;
    }
    has_failed_ = true;
    Retry& retry = retries_[unit];
    retry.wait = retry.wait == Duration{} ? kRetryFirst : std::min(kRetryMost, retry.wait * 2);
    retry.not_before = uptime() + retry.wait;
  }
}

void Ticks::back_up() {
  const auto& every = config().state.backup_every;
  if (!every || config().state.backup_keep == 0 || world_.recorded.instances.empty()) return;
  if (backed_up_at_ && now() < *backed_up_at_ + *every) return;
  backed_up_at_ = now();
  if (const auto copied = state_.back_up(now(), config().state.backup_keep); !copied) view_.error(copied.error());
}

void Ticks::tick() {
  const Duration began = uptime();
  take_ended();
  if (!follow() || !read_record()) return;
  look();
  const TickDecision decision = decide(gather());
  keep(decision);
  supersede_runs(decision);
  plan_units(decision);
  if (!arguments_.dry_run) back_up();
  figures_.ticks.add(uptime() - began);
  if (uptime() - began > interval()) ++figures_.ticks_overran;
  figures_.last_tick = now();
  count(decision);
}

void Ticks::count(const TickDecision& decision) {
  figures_.hosts.clear();
  for (const auto& host : world_.config.hosts) {
    const auto view = world_.live.find(host.name);
    figures_.hosts.push_back({.host = host.name, .up = view != world_.live.end() && view->second.snapshot.has_value()});
  }
  std::map<std::string, GroupFigures> before;
  for (auto& group : figures_.groups) before.emplace(group.group, std::move(group));
  figures_.groups.clear();
  const Roster roster(world_.config, world_.recorded, world_.live);
  for (const auto& group : world_.config.groups) {
    const std::string address = address_of(group);
    GroupFigures figures = std::move(before[group.name]);
    figures.group = group.name;
    figures.wanted = wanted_size(group, world_.recorded, address);
    figures.min = group.scaling ? group.scaling->min : group.size;
    figures.max = group.scaling ? group.scaling->max : group.size;
    figures.there = figures.ready = figures.unready = 0;
    figures.by_state.clear();
    for (const auto& member : roster.of(address)) {
      ++figures.there;
      const bool is_ready = member.record->phase == Phase::ready && member.where.presence == Presence::up &&
                            !world_.unready.contains(member.record->address);
      ++(is_ready ? figures.ready : figures.unready);
      ++figures.by_state[is_ready ? "ready" : to_string(member.record->phase)];
    }
    for (const auto& one : decision.decisions) {
      if (one.group != address) continue;
      if (one.size > one.current) ++figures.scaled_out;
      if (one.size < one.current) ++figures.scaled_in;
      if (one.size == one.current) ++figures.left_as_it_was;
      for (const auto& said : one.recommendations) {
        if (said.kind == Recommendation::Kind::error) ++figures.policy_errors;
      }
    }
    for (const auto& [instance, healing] : decision.findings.healings) {
      if (group_address(instance) != address) continue;
      if (healing.by == Healing::By::start) ++figures.started;
      if (healing.by == Healing::By::restart) ++figures.restarted;
      if (healing.by == Healing::By::replace) ++figures.replaced;
    }
    figures_.groups.push_back(std::move(figures));
  }
}

}  // namespace vscale
