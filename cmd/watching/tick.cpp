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
#include "engine/recorded/lookup/group_entries.h"
#include "engine/recorded/wanted_size.h"
#include "engine/watch/units.h"

namespace vscale {
namespace {

constexpr std::size_t kNotedAtMost = 100;

constexpr const char* kNotTaken = "not taken, the one before is kept";
constexpr const char* kTakenAgain = "without a mistake again, and taken";

/// Of a policy that cannot tell: one answer may be missing for once. Who looks once only cannot wait.
constexpr int kErrorsUntilTold = 3;

std::string message_of(const Error& error) {
  return error.detail.empty() ? error.message : fmt::format("{} [{}]", error.message, error.detail);
}

/// Somebody wrote each time: what was decided was thrown away.
Error nothing_kept(const Error& conflict) {
  Error error;
  error.kind = ErrorKind::conflict;
  error.message = fmt::format(
      "nothing was decided by this look: in each of {} tries somebody else wrote to the statefile, which was to be "
      "left alone for a moment",
      kDecisionTries);
  error.detail = conflict.message;
  error.hint =
      "run more seldom what writes there, such as `vscale plan`; `fuser` tells who has the statefile open. The next "
      "look tries again";
  return error;
}

/// The first of what is wrong, and where.
std::string why_not(const Followed::News& news) {
  if (news.why) return message_of(*news.why);
  const auto mistake = std::ranges::find(news.rejected, Severity::error, &Diagnostic::severity);
  if (mistake == news.rejected.end()) return "it has a mistake";
  const SourceSpan& where = mistake->where;
  return where.line == 0 ? mistake->summary
                         : fmt::format("{}:{}:{}: {}", where.file, where.line, where.column, mistake->summary);
}

std::set<std::string> silent_hosts(const Live& live) {
  std::set<std::string> silent;
  for (const auto& [host, view] : live) {
    if (!view.snapshot) silent.insert(host);
  }
  return silent;
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
      runs_(invocation, store_),
      measuring_(arguments.once ? kOnceApart : Duration{0}) {
  figures_.version = kVersion;
}

Duration Ticks::interval() const {
  if (arguments_.interval) return *arguments_.interval;
  return followed_.files() == nullptr ? Watch{}.interval : config().watch.interval;
}

void Ticks::tell(const std::string& kind, const std::string& host, const std::string& text) {
  view_.event({.at = now(), .kind = kind, .address = {}, .host = host, .text = text});
}

/// Nobody may be there to see what is only told. Where nothing is decided for long, the last ones count.
void Ticks::note(const std::string& kind, const std::string& host, const std::string& text) {
  note({.at = now(), .kind = kind, .address = {}, .host = host, .text = text});
}

void Ticks::note(const EventRecord& event) {
  if (noted_.size() == kNotedAtMost) noted_.erase(noted_.begin());
  noted_.push_back(event);
}

void Ticks::tell_error(const Error& error) {
  has_failed_ = true;
  view_.error(error);
}

// ---- What is followed, and what is known ----------------------------------------------------------------------------

bool Ticks::follow() {
  const Followed::News news = followed_.look(*state_.store);
  if (news.why) tell_error(*news.why);
  for (const auto& diagnostic : news.rejected) view_.diagnostic(diagnostic);
  const bool rejected = news.why.has_value() || !news.rejected.empty();
  has_failed_ = has_failed_ || rejected;
  if (rejected && followed_.files() != nullptr) {
    tell("configuration", "", kNotTaken);
    if (!arguments_.once) note("configuration", "", fmt::format("{}: {}", kNotTaken, why_not(news)));
  }
  if (news.mended) {
    tell("configuration", "", kTakenAgain);
    if (!arguments_.once) note("configuration", "", kTakenAgain);
  }
  if (news.files_left) {
    tell("configuration", "", "the files say `follow: applied`, and count once they are: vscale apply");
  }
  std::string idle;
  if (followed_.files() == nullptr) idle = "there is no configuration without a mistake";
  if (idle.empty() && !followed_.is_followed()) {
    idle = followed_.was_destroyed()  ? "all of it was destroyed, and nothing has been applied since: vscale apply"
           : followed_.has_accepted() ? "what was applied cannot be read here"
                                      : "nothing has been applied yet: vscale apply";
  }
  if (!idle.empty()) {
    if (idle != idle_because_) tell("waits", "", idle);
    idle_because_ = std::move(idle);
    return false;
  }
  idle_because_.clear();
  if (!news.changed && hosts_.domains != nullptr) return true;
  begin_with(config());
  accept_files();
  tell_what_is_followed();
  return true;
}

void Ticks::tell_what_is_followed() {
  const std::size_t hosts = config().hosts.size(), groups = config().groups.size();
  const std::string text =
      fmt::format("{}: {} {} on {} {}, every {}, {}", config().name, groups, groups == 1 ? "group" : "groups", hosts,
                  hosts == 1 ? "host" : "hosts", show_duration(interval()),
                  followed_.follows_files() ? "as the files say" : "as was applied");
  tell("follows", "", text);
  if (!arguments_.once) note("follows", "", text);
}

/// Files that are followed are accepted by that: where they say `follow: applied` one day, what goes on is what was
/// followed until then, and not what somebody applied long before.
void Ticks::accept_files() {
  if (!followed_.follows_files() || arguments_.dry_run) return;
  const auto accepted = state_.store->accepted_config();
  if (accepted && *accepted && (*accepted)->files == accepted_files(*files())) return;
  const auto written = accepted ? accept(invocation_, *files(), "followed by watch", *state_.store) : accepted.error();
  if (!written) tell_error(written.error());
}

/// Another configuration: what goes on was planned by the one before.
void Ticks::begin_with(const Config& config) {
  const bool is_first = hosts_.domains == nullptr;
  if (!is_first && !arguments_.listen && world_.config.watch.listen != config.watch.listen) {
    tell("configuration", "", "watch.listen is another one, and counts once watch is begun anew");
  }
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
  plan_need_.note_change();
  world_.live.clear();
  if (arguments_.dry_run) return;
  if (const auto error = measuring_.open(outside, config, now())) tell_error(*error);
}

bool Ticks::has_news() {
  const auto writes = state_.store->writes_of_others();
  return writes && seen_writes_ && *writes != *seen_writes_;
}

bool Ticks::read_record() {
  const auto writes = state_.store->writes_of_others();
  if (!writes) {
    tell_error(writes.error());
    return false;
  }
  if (is_record_read_ && seen_writes_ == *writes) return true;
  auto read = state_.store->read();
  if (!read) {
    tell_error(read.error());
    return false;
  }
  world_.recorded = std::move(*read);
  plan_need_.note_change();
  seen_writes_ = *writes;
  is_record_read_ = true;
  return true;
}

void Ticks::look() {
  const auto silent_before = hosts_silent_until_now();
  world_.live.clear();  // thousands of domains, of which the record knows, are not to be there twice
  // Most answer at once, and one that is silent holds up the look: what they counted is of its beginning.
  const Instant asked = now();
  const Duration asked_by_uptime = uptime();
  const bool counters = measuring_.is_due(config(), asked_by_uptime);
  world_.live = observe_hosts(*hosts_.domains, config(), world_.recorded, asked,
                              {.counters = counters, .patience = kHostAwaited, .changes_nothing = arguments_.dry_run});
  world_.now = now();
  tell_of_hosts(silent_before);
  if (!arguments_.dry_run) {
    if (const auto written = record_live(store_, config(), world_.live); !written) tell_error(written.error());
  }
  if (take_note_of(config(), world_.live, world_.recorded)) plan_need_.note_change();
  if (!counters) return;
  if (const auto error = measuring_.take(config(), world_.recorded, world_.live, asked, asked_by_uptime)) {
    tell_error(*error);
  }
}

/// By the look before; at first by the record, which may be that of a minute ago.
Ticks::SilentHosts Ticks::hosts_silent_until_now() const {
  SilentHosts silent{.by_this_program = silent_hosts(world_.live), .by_anybody = {}};
  silent.by_anybody = silent.by_this_program;
  if (!world_.live.empty()) return silent;
  for (const auto& [name, host] : world_.recorded.hosts) {
    if (host.failure) silent.by_anybody.insert(name);
  }
  return silent;
}

/// Who begins to watch is told of every host that is silent; written down is what is news to those who were here
/// before.
void Ticks::tell_of_hosts(const SilentHosts& silent_before) {
  all_known_ = true;
  for (const auto& [host, view] : world_.live) {
    const bool was_silent = silent_before.by_this_program.contains(host);
    const bool is_silent = !view.snapshot && view.failure;
    const std::string text =
        is_silent ? message_of(view.failure->error) + "; its instances are left alone" : "it answers again";
    if (!view.snapshot) all_known_ = false;
    if (is_silent && !was_silent) tell("silent", host, text);
    if (view.snapshot && was_silent) tell("answers", host, text);
    if (is_silent != silent_before.by_anybody.contains(host)) note(is_silent ? "silent" : "answers", host, text);
  }
}

// ---- What is asked --------------------------------------------------------------------------------------------------

TickInput Ticks::gather(const Roster& members) {
  TickInput input;
  input.config = &world_.config;
  input.recorded = &world_.recorded;
  input.live = &world_.live;
  input.members = &members;
  input.samples = &measuring_.samples();
  const auto asked = to_be_asked(world_.config, members);
  input.wellness = wellness_->look(world_.config, world_.recorded, asked);
  input.answers = policy_answers(invocation_.outside, files()->read.variables, world_, members);
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

// ---- What is decided ------------------------------------------------------------------------------------------------

/// A group that is to grow beyond what its hosts and addresses hold grows as far as they do.
TickDecision Ticks::decide(const TickInput& input) {
  TickDecision decision = decide_tick(input);
  std::map<std::string, int> rooms;
  for (const auto& change : decision.changes) {
    const auto* put = std::get_if<PutWantedSize>(&change);
    const Group* group = put == nullptr ? nullptr : find_group(world_.config, put->size.group);
    if (group == nullptr) continue;
    const int before = wanted_size(*group, world_.recorded, put->size.group);
    if (put->size.size <= before) continue;
    if (const auto room = room_for(put->size.group, put->size.size)) rooms.emplace(put->size.group, *room);
  }
  if (rooms.empty()) return decision;
  TickInput bounded = input;
  bounded.room = std::move(rooms);
  return decide_tick(bounded);
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
  const GroupEntries members(recorded.instances, group);
  const auto there = std::distance(members.begin(), members.end());
  return static_cast<int>(there) + created;
}

/// Who is ill and is not healed now. Who only waits until another one of the group has been healed is none of them.
std::set<InstanceAddress> Ticks::held_by(const TickDecision& decision) const {
  std::set<InstanceAddress> held;
  const auto busy = runs_.busy_groups();
  for (const auto& one : decision.held) {
    if (!busy.contains(group_address(one.address))) held.insert(one.address);
  }
  return held;
}

/// Of those who were not held by the tick before.
std::vector<EventRecord> Ticks::news_of_held(const TickDecision& decision) const {
  std::vector<EventRecord> events;
  const auto held = held_by(decision);
  for (const auto& one : decision.held) {
    if (!held.contains(one.address) || held_.contains(one.address)) continue;
    events.push_back(
        {.at = world_.now, .kind = "held", .address = to_string(one.address), .host = "", .text = one.text});
  }
  return events;
}

/// Nobody is to find out by chance that nothing scales any more, since a policy's metric cannot be had.
void Ticks::tell_of_policies(const ScalingDecision& decision) {
  const int until_told = arguments_.once ? 1 : kErrorsUntilTold;
  const auto tell_that = [&](const char* kind, const std::string& text) {
    const EventRecord event{.at = now(), .kind = kind, .address = decision.group, .host = {}, .text = text};
    view_.event(event);
    if (!arguments_.once) note(event);
  };
  for (const auto& one : decision.recommendations) {
    const auto policy = std::pair(decision.group, one.policy);
    if (one.kind == Recommendation::Kind::error) {
      if (++policy_errors_[policy] == until_told) tell_that("cannot tell", fmt::format("{}: {}", one.policy, one.text));
    } else if (const auto before = policy_errors_.find(policy); before != policy_errors_.end()) {
      if (before->second >= until_told) tell_that("tells again", fmt::format("{}: {}", one.policy, one.text));
      policy_errors_.erase(before);
    }
  }
}

void Ticks::tell_of(const TickDecision& decision) {
  for (const auto& one : decision.decisions) {
    tell_of_policies(one);
    if (one.size != one.current) view_.decision(one);
  }
  for (const auto& event : decision.events) {
    const bool is_news =
        event.kind == "healed" || event.kind == "asked" || event.kind == "held" || event.kind == "flapping";
    if (is_news) view_.event(event);
  }
}

/// In one transaction: what is decided, and what that is remembered by. The error: it is not kept, and nothing may
/// follow from it. So it is, as a conflict, where an operator has said something since the record was read, which has
/// to be heeded first.
Result<void> Ticks::keep(const TickDecision& decision) {
  if (arguments_.dry_run) {
    for (const auto& change : decision.changes) apply(world_.recorded, change);
    apply(world_.recorded, decision.remembered);
    return {};
  }
  const bool nothing = decision.changes.empty() && decision.remembered == Remembered{} && decision.decisions.empty() &&
                       decision.events.empty();
  if (nothing) return {};
  Commit commit;
  commit.at = now();
  commit.changes = decision.changes;
  commit.remembered = decision.remembered;
  commit.decisions = decision.decisions;
  commit.events = decision.events;
  commit.expected_writes_of_others = seen_writes_;
  if (const auto committed = store_.commit(commit); !committed) return committed.error();
  return {};
}

/// By what this look has found. Where somebody writes meanwhile, be it only what `vscale plan` saw of the hosts, it is
/// decided again by what the record says then: nobody who writes often keeps watch from its work.
std::optional<TickDecision> Ticks::decide_and_keep() {
  Roster here = members();
  const TickInput input = gather(here);
  for (int tries = 1;; ++tries) {
    TickDecision decision = decide(input);
    for (auto& event : news_of_held(decision)) decision.events.push_back(std::move(event));
    decision.events.insert(decision.events.end(), noted_.begin(), noted_.end());
    const auto kept = keep(decision);
    if (kept) {
      held_ = held_by(decision);
      is_conflict_told_ = false;
      noted_.clear();
      return decision;
    }
    if (kept.error().kind != ErrorKind::conflict) {
      tell_error(kept.error());
      return std::nullopt;
    }
    if (tries == kDecisionTries) {
      tell_of_conflict(kept.error());
      return std::nullopt;
    }
    if (!read_again()) return std::nullopt;
    here = members();
  }
}

/// The record as it is now, with what this look has seen of the hosts.
bool Ticks::read_again() {
  if (!read_record()) return false;
  take_note_of(config(), world_.live, world_.recorded);
  return true;
}

/// Once, until something is kept again.
void Ticks::tell_of_conflict(const Error& conflict) {
  if (!is_conflict_told_) tell_error(nothing_kept(conflict));
  is_conflict_told_ = true;
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
  if (const auto copied = state_.back_up(now(), config().state.backup_keep); !copied) tell_error(copied.error());
}

bool Ticks::tick() {
  const Duration began = uptime();
  take_ended();
  if (!follow() || !read_record()) return false;
  look();
  find_images();
  const auto decision = decide_and_keep();
  if (!decision) return false;
  tell_of(*decision);
  supersede_runs(*decision);
  plan_units(*decision);
  if (!arguments_.dry_run) back_up();
  figures_.ticks.add(uptime() - began);
  if (uptime() - began > interval()) ++figures_.ticks_overran;
  figures_.last_tick = now();
  count_tick(world_, *decision, figures_);
  return true;
}

}  // namespace vscale
