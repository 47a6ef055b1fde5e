#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "cmd/planning/fresh_plan.h"
#include "cmd/planning/sources/images.h"
#include "cmd/status.h"
#include "cmd/watching/tick.h"
#include "engine/plan/books/pool_use.h"
#include "engine/watch/units.h"

/// What a tick plans and begins, and what becomes of it.

namespace vscale {
namespace {

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

bool heals_in(const std::vector<std::string>& unit, const Findings& findings) {
  return std::any_of(findings.healings.begin(), findings.healings.end(), [&](const auto& healing) {
    return std::find(unit.begin(), unit.end(), group_address(healing.first)) != unit.end();
  });
}

bool is_wait(const Action& action) {
  return std::holds_alternative<WaitForGates>(action.detail);
}

/// Nothing was wrong with what was done: somebody is not ready.
bool only_waits_failed(const Plan& plan, const RunSummary& summary) {
  return !summary.state_error && std::all_of(summary.failed.begin(), summary.failed.end(), [&](const auto& failed) {
    return is_wait(plan.actions[static_cast<std::size_t>(failed.id) - 1]);
  });
}

/// What is told is the same though another time stands in it: "not ready for 1m 42s".
std::string without_times(const std::string& text) {
  std::string without;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find_first_not_of("0123456789", at), text.size());
    const bool is_time =
        end > at && end < text.size() && std::string_view("smhd").find(text[end]) != std::string_view::npos;
    if (!is_time) without += text.substr(at, std::max<std::size_t>(end - at, 1));
    at = std::max(end, at + 1);
  }
  return without;
}

bool meets(const std::vector<std::string>& unit, const std::set<std::string>& groups) {
  return std::any_of(unit.begin(), unit.end(), [&](const std::string& group) { return groups.contains(group); });
}

/// A person is told what a plan says, but not that it was made for some groups only.
bool is_worth_telling(const Diagnostic& diagnostic) {
  return diagnostic.code != "narrowed";
}

}  // namespace

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
  const bool are_other = world_.images != images_.locks || !images_.vanished.empty() || !images_.unread.empty();
  if (are_other) plan_need_.note_change();
  world_.images = images_.locks;
  world_.unread_images = images_.unread;
  if (images_.changes.empty() || arguments_.dry_run) return;
  Commit commit;
  commit.at = now();
  commit.changes = images_.changes;
  if (const auto committed = store_.commit(commit); !committed) tell_error(committed.error());
}

Plan Ticks::plan_with(const std::vector<std::string>& excluded) {
  world_.options = PlanOptions{};
  world_.options.excludes = excluded;
  world_.options.destroy_at_once = config().limits.destroy.value_or(1);
  world_.options.report_drift = config().watch.drift == Watch::Drift::report;
  world_.now = now();
  // Their places and addresses are taken.
  const auto claims = runs_.claims_to_come(world_.recorded);
  for (const auto& claim : claims) world_.recorded.instances.emplace(claim.address, claim);
  Plan plan = reconcile(world_);
  ++figures_.plans;
  for (const auto& claim : claims) world_.recorded.instances.erase(claim.address);
  report_vanished(images_, plan);
  report_overwritten(invocation_, config(), images_, plan);
  return plan;
}

/// Those of this tick, and of earlier ones of which the group was busy until now: a heal is decided once, and counts.
std::map<InstanceAddress, Healing> Ticks::healings_to_plan(const TickDecision& decision,
                                                           const std::set<std::string>& busy) {
  for (const auto& [address, healing] : decision.findings.healings) {
    awaited_heals_.insert_or_assign(address, healing);
  }
  std::map<InstanceAddress, Healing> now;
  for (const auto& [address, healing] : awaited_heals_) {
    if (!busy.contains(group_address(address))) now.emplace(address, healing);
  }
  std::erase_if(awaited_heals_, [&](const auto& entry) { return now.contains(entry.first); });
  return now;
}

/// No plan is needed. What is rolling, and who is ill, are planned for in every tick.
bool Ticks::is_settled() const {
  const RecordedState& recorded = world_.recorded;
  const bool goes_on = !runs_.is_idle() || !recorded.rollouts.empty() || !recorded.health.empty();
  return !plan_need_.is_there(uptime(), store_.writes()) && !goes_on && !arguments_.dry_run;
}

void Ticks::plan_units(const TickDecision& decision) {
  const auto busy = runs_.busy_groups();
  Findings findings = decision.findings;
  findings.healings = healings_to_plan(decision, busy);
  if (findings != world_.findings) plan_need_.note_change();
  world_.findings = std::move(findings);
  world_.unready.clear();
  for (const auto& [address, health] : world_.recorded.health) {
    if (is_failing(world_.recorded, address)) world_.unready.emplace(address, health.failure);
  }
  if (is_settled()) return;
  std::erase_if(told_, [&](const auto& entry) { return uptime() >= entry.second + kToldAgain; });
  const auto units = units_of(world_.config, world_.recorded);
  const Plan all = plan_with({busy.begin(), busy.end()});
  const bool is_all_done = all.actions.empty() && !all.errored && busy.empty();
  plan_need_.note_plan(uptime(), store_.writes(), is_all_done);
  tell_of_drift(all);
  if (all.actions.empty() && !all.errored) return tell_of_plan(all);
  const auto touched = touched_by(all);
  for (const auto& unit : units) {
    if (meets(unit, busy) || !(all.errored || meets(unit, touched))) continue;
    plan_unit(unit, units);
  }
  // What is about no group, such as copies of images that nobody needs, waits until nothing else is to be done.
  const bool is_about_none = touched.empty() && !all.errored && runs_.is_idle();
  if (is_about_none && !is_to_wait("")) carry_out({}, all);
}

/// Has its last run failed a moment ago? What is about no group is the unit "".
bool Ticks::is_to_wait(const std::string& unit) const {
  const auto retry = retries_.find(unit);
  return retry != retries_.end() && uptime() < retry->second.not_before;
}

/// Where what is known of pools matters to the plan, they are looked into. True: they were, and it is to be made anew.
bool Ticks::look_into_pools_for(const Plan& plan) {
  if (!relies_on_pools(plan) || arguments_.dry_run) return false;
  const bool was_of_late = pools_looked_into_ && uptime() < *pools_looked_into_ + kPoolsLookedIntoAgain;
  if (plan.errored && was_of_late) return false;
  pools_looked_into_ = uptime();
  const SilentHosts silent_before = hosts_silent_until_now();
  look_into_pools(*hosts_.domains, config(), world_.recorded, now(), world_.live, kHostAwaited);
  tell_of_hosts(silent_before);
  if (const auto written = record_live(store_, config(), world_.live); !written) tell_error(written.error());
  if (take_note_of(config(), world_.live, world_.recorded)) plan_need_.note_change();
  return true;
}

/// Of a unit in which somebody has no place: those that are there are started and healed all the same.
Plan Ticks::plan_without_creations(const std::vector<std::string>& unit, const std::vector<std::string>& excluded) {
  const OperatorWords said = world_.recorded.words;
  for (const auto& group : unit) {
    put(world_.recorded.words, Suspension{.group = group,
                                          .process = Suspension::Process::launch,
                                          .until = std::nullopt,
                                          .said = {.at = now(), .by = "vscale"}});
  }
  Plan plan = plan_with(excluded);
  world_.recorded.words = said;
  return plan;
}

/// Who is to be healed does not wait for what has failed beside it: how often one is healed has bounds of its own. Nor
/// is anything else to wait for somebody who is not ready in his time; only he is not waited for again at once.
void Ticks::plan_unit(const std::vector<std::string>& unit, const std::vector<std::vector<std::string>>& units) {
  const bool waits = is_to_wait(unit.front()) && !heals_in(unit, world_.findings);
  if ((waits && !retries_.at(unit.front()).waits_only) || !runs_.has_room()) return;
  const auto others = groups_beside(unit, units);
  Plan plan = plan_with(others);
  if (look_into_pools_for(plan)) plan = plan_with(others);
  tell_of_plan(plan);
  has_failed_ = has_failed_ || plan.errored;
  if (plan.errored && lacks_room(plan)) plan = plan_without_creations(unit, others);
  const bool is_one_more_wait = waits && std::all_of(plan.actions.begin(), plan.actions.end(), is_wait);
  if (plan.errored || is_one_more_wait) return;
  if (!plan.actions.empty()) carry_out(unit, std::move(plan));
}

/// What many plans say, one after another, is told once in kToldAgain.
void Ticks::tell_of_plan(const Plan& plan) {
  for (const auto& one : plan.diagnostics) {
    const std::string text = one.code + without_times(one.summary);
    if (is_worth_telling(one) && told_.emplace(text, uptime()).second) view_.diagnostic(one);
  }
}

/// Where it is only reported, once in kToldAgain; what is put right is told as it is done.
void Ticks::tell_of_drift(const Plan& plan) {
  if (config().watch.drift != Watch::Drift::report) return;
  for (const auto& one : plan.drift) {
    const std::string text = fmt::format("{} {} -> {} ({})", one.what, one.recorded, one.live, one.remedy);
    if (!told_.emplace(fmt::format("{} {}", one.address, text), uptime()).second) continue;
    view_.event({.at = now(), .kind = "drift", .address = one.address, .host = one.host, .text = text});
  }
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
    if (ended.summary.state_error) tell_error(*ended.summary.state_error);
    const std::string unit = ended.groups.empty() ? "" : ended.groups.front();
    const bool failed = !ended.summary.failed.empty() || ended.summary.state_error;
    if (!failed) {
      retries_.erase(unit);
      continue;
    }
    has_failed_ = true;
    Retry& retry = retries_[unit];
    retry.wait = retry.wait == Duration{} ? kRetryFirst : std::min(kRetryMost, retry.wait * 2);
    retry.waits_only = only_waits_failed(ended.plan, ended.summary);
    retry.not_before = uptime() + retry.wait;
  }
}

}  // namespace vscale
