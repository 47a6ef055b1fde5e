#include <fmt/format.h>

#include <algorithm>

#include "engine/plan/planning.h"
#include "engine/plan/steps/removal.h"

/// What a person reviews: one Change for each instance that something happens to, and the sums.

namespace vscale {
namespace {

std::optional<ChangeAction> action_of_kept(const Decision& decision) {
  // Told of with the one that it comes for.
  if (decision.recreate) return decision.stands_for.empty() ? std::optional(ChangeAction::create) : std::nullopt;
  const bool updates = !decision.in_place.empty() || decision.mark || decision.follow || decision.rehash ||
                       decision.lost_seed || decision.open_pools || decision.welcome ||
                       (decision.redefine && decision.record->phase != Phase::claimed) || decision.restart;
  if (decision.stop) return ChangeAction::stop;
  if (updates) return ChangeAction::update;
  if (decision.start || decision.wait) return ChangeAction::start;
  if ((decision.held && !decision.is_ahead) || decision.awaits_rollout) return ChangeAction::hold;
  return std::nullopt;
}

/// Is anything of it there that would be replaced? Of one whose domain was undefined by hand, its disks are.
bool is_left(const Planning& planning, const Decision& decision) {
  if (decision.where->presence != Presence::absent) return true;
  const std::vector<VolumeRecord>& volumes = planning.volumes.of(decision.address);
  return std::any_of(volumes.begin(), volumes.end(), [&](const VolumeRecord& volume) {
    return volume.role == VolumeRecord::Role::root && planning.volumes.is_live(volume.host, volume.pool, volume.name);
  });
}

/// Nothing: nothing happens to it that a person has to review.
std::optional<ChangeAction> action_of(const Planning& planning, const Decision& decision) {
  switch (decision.fate) {
    case Fate::keep:
      return action_of_kept(decision);
    case Fate::create:
      // Told of with the one that it comes for.
      return decision.stands_for.empty() ? std::optional(ChangeAction::create) : std::nullopt;
    case Fate::replace:
      return is_left(planning, decision) ? ChangeAction::replace : ChangeAction::create;
    case Fate::retire:
      return decision.goes_for_good() ? ChangeAction::destroy : ChangeAction::replace;
    case Fate::destroy:
      return ChangeAction::destroy;
    case Fate::forget:
      return ChangeAction::forget;
    case Fate::left:
      return decision.held ? std::optional(ChangeAction::hold) : std::nullopt;
  }
  VSCALE_ASSERT(false, "a Fate without a ChangeAction");
}

Disruption disruption_of(const Decision& decision, ChangeAction action) {
  // Of one that is gone nobody is disturbed, whatever becomes of its disks: --allow does not hold it.
  if (action == ChangeAction::replace && decision.where->presence == Presence::absent) return Disruption::none;
  if (action == ChangeAction::replace) return Disruption::replace;
  if (action != ChangeAction::update) return Disruption::none;
  if (decision.restart) return Disruption::reboot;
  return decision.mark ? std::max(Disruption::live, decision.in_place.disruption) : decision.in_place.disruption;
}

/// Data disks that outlive the instance, or whose data does not: a person must know of each, but for those that go with
/// an instance as is said of them in the file.
void add_disks(const Planning& planning, const GroupPlan& plan, const Decision& decision, Change& change) {
  if (decision.fate == Fate::forget) {
    for (const auto& volume : planning.volumes.of(decision.address)) {
      if (volume.role != VolumeRecord::Role::data) continue;
      change.reasons.push_back(about_disk(Rule::keep_disk, volume, "stays on " + volume.host + ", and is forgotten"));
    }
  }
  if (!decision.goes_for_good() && !decision.is_replaced()) return;
  const std::vector<VolumeRecord> given_up = disks_given_up(planning, plan, decision);
  for (const auto& volume : planning.volumes.of(decision.address)) {
    if (volume.role != VolumeRecord::Role::data) continue;
    const bool comes_no_more = std::find(given_up.begin(), given_up.end(), volume) != given_up.end();
    if (outlives(planning, plan, decision, volume) && planning.volumes.is_gone(volume)) {
      change.reasons.push_back(about_disk(Rule::data_lost, volume, "is not on " + volume.host + " any more"));
    } else if (outlives(planning, plan, decision, volume)) {
      change.reasons.push_back(about_disk(Rule::keep_disk, volume, "stays on " + volume.host));
    } else if ((is_kept(plan, volume) || comes_no_more) && !planning.may_work_on(volume.host)) {
      change.reasons.push_back(
          about_disk(Rule::keep_disk, volume, "stays on " + volume.host + ", which is left alone"));
    } else if (is_kept(plan, volume)) {
      change.reasons.push_back(
          about_disk(Rule::data_lost, volume,
                     planning.volumes.is_gone(volume)
                         ? fmt::format("is gone from {}: what a guest that runs still has of it goes, too", volume.host)
                         : "is deleted from " + volume.host));
    } else if (comes_no_more) {
      change.reasons.push_back(
          about_disk(Rule::data_lost, volume, fmt::format("is deleted from {}: the file has it no more", volume.host)));
    } else if (decision.is_replaced()) {
      change.reasons.push_back(about_disk(Rule::data_lost, volume, "is made anew, empty"));
    }
  }
}

/// Groups that something is still awaited of.
using Awaited = std::set<std::string>;

void add_dependencies(const GroupPlan& plan, const Decision& decision, const Awaited& awaited, Change& change) {
  if (decision.fate != Fate::create || plan.group == nullptr) return;
  for (const auto& dependency : plan.group->depends_on) {
    if (awaited.count(dependency) == 0) continue;
    change.reasons.push_back({Rule::depends_on, fmt::format("after {} is ready", dependency), {{"group", dependency}}});
  }
}

const Decision& successor_of(const GroupPlan& plan, const Decision& decision) {
  const auto address = parse_instance_address(decision.replaced_by);
  const auto found =
      std::lower_bound(plan.decisions.begin(), plan.decisions.end(), *address,
                       [](const Decision& one, const InstanceAddress& other) { return one.address < other; });
  VSCALE_ASSERT(found != plan.decisions.end() && found->name == decision.replaced_by,
                "who comes for another one is of the same group");
  return *found;
}

/// What comes for it is told of together with it.
void add_successor(const GroupPlan& plan, const Decision& decision, Change& change) {
  if (decision.replaced_by.empty()) return;
  const Decision& successor = successor_of(plan, decision);
  change.successor = successor.name;
  change.host = successor.host_after;
  if (change.host.empty() && successor.where) change.host = successor.where->host;
  change.addresses = successor.addresses_after;
  if (successor.stands_for.empty()) return;  // It is there already.
  for (const auto& reason : successor.reasons) {
    if (reason.rule != Rule::wanted) change.reasons.push_back(reason);
  }
}

Change change_of(const Planning& planning, const GroupPlan& plan, const Decision& decision, ChangeAction action,
                 const Awaited& awaited) {
  Change change;
  change.address = decision.name;
  change.action = action;
  change.disruption = disruption_of(decision, action);
  change.reasons = decision.reasons;
  change.fields = decision.fields;
  change.addresses = decision.addresses_after;
  if (decision.record != nullptr) change.from_host = decision.where->host;
  change.host = decision.host_after.empty() ? change.from_host : decision.host_after;
  if (action == ChangeAction::destroy || action == ChangeAction::forget) change.host.clear();
  add_successor(plan, decision, change);
  add_disks(planning, plan, decision, change);
  add_dependencies(plan, decision, awaited, change);
  return change;
}

void count(Summary& summary, ChangeAction action) {
  switch (action) {
    case ChangeAction::create:
      ++summary.create;
      return;
    case ChangeAction::update:
      ++summary.update;
      return;
    case ChangeAction::replace:
      ++summary.replace;
      return;
    case ChangeAction::destroy:
      ++summary.destroy;
      return;
    case ChangeAction::start:
      ++summary.start;
      return;
    case ChangeAction::stop:
      ++summary.stop;
      return;
    case ChangeAction::migrate:
      ++summary.migrate;
      return;
    case ChangeAction::forget:
      ++summary.forget;
      return;
    case ChangeAction::adopt:
    case ChangeAction::hold:
      return;
  }
}

}  // namespace

void give_account(Planning& planning) {
  Plan& plan = planning.plan;
  // Of images, and of disks that earlier removals left.
  std::vector<Change> of_others = std::exchange(plan.changes, {});
  Awaited awaited;
  for (const auto& group : planning.groups) {
    if (!group.gates.empty()) awaited.insert(group.address);
  }
  for (const auto& group : planning.groups) {
    if (group.group != nullptr) plan.sizes.emplace(group.address, group.size);
    if (group.rollout) plan.rollouts.push_back(group.rollout->outline);
    for (const auto& decision : group.decisions) {
      if (const auto action = action_of(planning, decision)) {
        plan.changes.push_back(change_of(planning, group, decision, *action, awaited));
        count(plan.summary, *action);
      }
    }
  }
  // Sums are of instances and what is left of them: a copy of an image is neither.
  for (auto& change : of_others) {
    if (parse_instance_address(change.address)) count(plan.summary, change.action);
    plan.changes.push_back(std::move(change));
  }
  plan.summary.unknown =
      static_cast<int>(std::count_if(plan.unknown.begin(), plan.unknown.end(),
                                     [](const Unknown& unknown) { return !unknown.address.starts_with("host."); }));
}

}  // namespace vscale
