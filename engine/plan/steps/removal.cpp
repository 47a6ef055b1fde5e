#include "engine/plan/steps/removal.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/plan/steps/creation.h"

/// What goes: dependents before what they depend on.

namespace vscale {
namespace {

/// A rolling update takes its own away in its turns.
bool is_destroyed(const Decision& decision) {
  return decision.fate == Fate::destroy || (decision.fate == Fate::retire && !decision.rolls);
}

bool goes(const Decision& decision) {
  return is_destroyed(decision) || decision.fate == Fate::forget;
}

/// Which groups have to be gone before each one: from the records, so that it works without the file.
std::map<std::string, std::set<std::string>> dependents_of(const Planning& planning) {
  std::map<std::string, std::set<std::string>> dependents;
  for (const auto& plan : planning.groups) {
    for (const auto& decision : plan.decisions) {
      if (!is_destroyed(decision)) continue;
      for (const auto& group : decision.record->after) dependents[group].insert(plan.address);
    }
  }
  return dependents;
}

/// Dependents first; a circle, which records of several files may form, is cut where it is met.
class RemovalOrder {
 public:
  explicit RemovalOrder(const Planning& planning) : dependents_(dependents_of(planning)) {
    for (const auto& plan : planning.groups) visit(plan.address);
  }
  [[nodiscard]] const std::vector<std::string>& order() const { return order_; }
  /// The groups that have to be gone before this one and come before it in the order.
  [[nodiscard]] std::vector<std::string> before(const std::string& group) const {
    std::vector<std::string> earlier;
    const auto found = dependents_.find(group);
    if (found == dependents_.end()) return earlier;
    const auto own = position_.at(group);
    for (const auto& dependent : found->second) {
      if (position_.at(dependent) < own) earlier.push_back(dependent);
    }
    return earlier;
  }

 private:
  void visit(const std::string& group) {
    if (!visited_.insert(group).second) return;
    const auto found = dependents_.find(group);
    if (found != dependents_.end()) {
      for (const auto& dependent : found->second) visit(dependent);
    }
    position_[group] = order_.size();
    order_.push_back(group);
  }

  std::map<std::string, std::set<std::string>> dependents_;
  std::set<std::string> visited_;
  std::map<std::string, std::size_t> position_;
  std::vector<std::string> order_;
};

/// The record of the volume under another host of its shared pool.
std::vector<RecordChange> rehome(Planning& planning, const VolumeRecord& volume, const std::string& host) {
  VolumeRecord rehomed = volume;
  rehomed.host = host;
  planning.volumes.relocate(volume, host);
  return {RemoveVolume{volume.host, volume.pool, volume.name}, PutVolume{std::move(rehomed)}};
}

void rehome_to(Planning& planning, Decision& decision, const VolumeRecord& volume, const std::string& host) {
  if (host == volume.host) return;
  const auto changes = rehome(planning, volume, host);
  decision.record_changes.insert(decision.record_changes.end(), changes.begin(), changes.end());
}

/// Disks that would be kept and are not there any more are nothing to remember. Only where their pool shows another one
/// of the instance: one that shows none of them may lie on something that is not mounted.
std::vector<RecordChange> records_of_nothing(const Planning& planning, const GroupPlan& plan,
                                             const Decision& decision) {
  const auto& volumes = planning.volumes.of(decision.address);
  std::vector<RecordChange> gone;
  for (const auto& volume : volumes) {
    const bool shows_another = std::any_of(volumes.begin(), volumes.end(), [&](const VolumeRecord& other) {
      return other.host == volume.host && other.pool == volume.pool &&
             planning.volumes.is_live(other.host, other.pool, other.name);
    });
    if (!outlives(planning, plan, decision, volume) || !planning.volumes.is_gone(volume) || !shows_another) continue;
    gone.emplace_back(RemoveVolume{volume.host, volume.pool, volume.name});
  }
  return gone;
}

int lay_out_forgetting(Planning& planning, const Decision& decision, const std::vector<int>& needs) {
  ChangeRecord forget;
  for (const auto& volume : planning.volumes.of(decision.address)) {
    forget.changes.emplace_back(RemoveVolume{volume.host, volume.pool, volume.name});
  }
  if (planning.live.answers(decision.record->host)) {
    forget.changes.emplace_back(RemoveInstance{decision.address});  // the next look finds its domain, or does not
  } else {
    forget.changes.emplace_back(ForgetInstance{decision.address});
  }
  return planning.graph.add(decision.name, "", needs, std::move(forget));
}

/// Nothing is left of the group, and the file does not want it back.
bool ends(const Planning& planning, const GroupPlan& plan) {
  if (plan.record == nullptr || (plan.group != nullptr && !planning.input.options.destroy)) return false;
  return std::all_of(plan.decisions.begin(), plan.decisions.end(), goes);
}

/// The group's removals. Returns the node that stands for all of them being done, if a dependency waits for it.
std::optional<int> lay_out_group(Planning& planning, GroupPlan& plan, const std::vector<int>& needs, bool awaited) {
  std::vector<int> done;
  for (auto& decision : plan.decisions) {
    if (is_destroyed(decision)) done.push_back(lay_out_destruction(planning, plan, decision, needs));
    if (decision.fate == Fate::forget) done.push_back(lay_out_forgetting(planning, decision, needs));
  }
  if (done.empty()) return std::nullopt;
  if (ends(planning, plan))
    return planning.graph.add(plan.address, "", done, ChangeRecord{{RemoveGroup{plan.address}}});
  if (!awaited) return std::nullopt;
  return planning.graph.barrier(plan.address, done);
}

/// What a person must see before data goes that an earlier removal kept.
void account_for_leftover_disk(const VolumeRecord& volume, Change& change) {
  if (change.reasons.empty()) {
    change.address = to_string(volume.owner);
    change.action = ChangeAction::destroy;
    change.from_host = volume.host;
    change.reasons.push_back({Rule::destroy_requested, "destroy was asked for", {}});
  }
  change.reasons.push_back(about_disk(Rule::data_lost, volume, "is deleted from " + volume.host));
}

/// Deletes it through a host that reaches its pool.
void lay_out_deletion(Planning& planning, VolumeRecord volume) {
  const std::string owner = to_string(volume.owner);
  const std::string host = planning.host_reaching(volume.pool, volume.host, volume.host);
  std::vector<int> needs;
  if (host != volume.host) {
    needs.push_back(planning.graph.add(owner, "", {}, ChangeRecord{rehome(planning, volume, host)}));
    volume.host = host;
  }
  planning.graph.add(owner, host, std::move(needs), DeleteVolume{volume});
}

/// What an earlier removal left of an instance, the host through which it is reached, and who may use it there: empty
/// if nobody does.
struct Leftover {
  VolumeRecord volume;
  std::string host;
  std::string user{};

  [[nodiscard]] bool is_reached(const Planning& planning) const { return planning.live.answers(host); }
};

std::vector<Leftover> leftovers(const Planning& planning, const InstanceAddress& owner) {
  std::vector<Leftover> found;
  if (!planning.input.options.destroy || planning.instances.count(owner) != 0) return found;
  if (!planning.scope.includes(group_address(owner), to_string(owner))) return found;
  for (const auto& volume : planning.volumes.of(owner)) {
    if (volume.keep && !planning.input.options.allow_data_loss) continue;
    Leftover leftover{volume, planning.host_reaching(volume.pool, volume.host, volume.host)};
    if (planning.scope.excludes_host(leftover.host)) continue;
    if (leftover.is_reached(planning)) leftover.user = user_of(planning, volume, leftover.host);
    found.push_back(std::move(leftover));
  }
  return found;
}

void leave_out_of_reach(Planning& planning, const Leftover& leftover) {
  const bool in_file = find_host(planning.config, leftover.host) != nullptr;
  planning.plan.complete = false;
  const std::string owner = to_string(leftover.volume.owner);
  const std::string why =
      in_file ? "does not answer"
              : fmt::format(
                    "is not in the file: put it back; or give the disk up: `removed: [{{ address: \"{}\", then: "
                    "forget }}]`, and apply",
                    owner);
  planning.plan.unknown.push_back(
      {.address = owner,
       .host = leftover.host,
       .why = fmt::format("{} stays: its host {} {}", leftover.volume.name, leftover.host, why),
       .since = std::nullopt});
}

void leave_in_use(Planning& planning, const Leftover& leftover) {
  planning.plan.complete = false;
  planning.plan.unknown.push_back(
      {.address = to_string(leftover.volume.owner),
       .host = leftover.volume.host,
       .why = fmt::format("{} stays: {} may stand on it: was an older backup of the state restored? then use the newer "
                          "statefile",
                          leftover.volume.name, leftover.user),
       .since = std::nullopt});
}

void lay_out_leftover_disks(Planning& planning) {
  if (!planning.input.options.destroy) return;
  for (const auto& owner : planning.volumes.owners()) {
    Change change;
    for (const auto& leftover : leftovers(planning, owner)) {
      if (!leftover.is_reached(planning)) {
        leave_out_of_reach(planning, leftover);
        continue;
      }
      if (!leftover.user.empty()) {
        leave_in_use(planning, leftover);
        continue;
      }
      lay_out_deletion(planning, leftover.volume);
      account_for_leftover_disk(leftover.volume, change);
    }
    if (!change.reasons.empty()) planning.plan.changes.push_back(std::move(change));
  }
}

/// Disks that an earlier removal left, and that `removed:` gives up: those out of reach, and all of them if the file
/// has no such group. They stay where they are.
std::vector<VolumeRecord> forgotten_disks(const Planning& planning, const InstanceAddress& owner) {
  std::vector<VolumeRecord> forgotten;
  if (planning.instances.count(owner) != 0 || forgetting_entry(planning, owner) == nullptr) return forgotten;
  const bool in_file = find_group(planning.config, group_address(owner)) != nullptr;
  if (in_file && !is_given_up(planning, owner)) return forgotten;
  forgotten = planning.volumes.of(owner);
  std::erase_if(forgotten, [&](const VolumeRecord& volume) { return in_file && !is_out_of_reach(planning, volume); });
  return forgotten;
}

void lay_out_forgotten_disks(Planning& planning) {
  if (planning.input.options.destroy) return;
  for (const auto& owner : planning.volumes.owners()) {
    const std::string name = to_string(owner);
    if (!planning.scope.includes(group_address(owner), name)) continue;
    ChangeRecord forget;
    Change change;
    change.address = name;
    change.action = ChangeAction::forget;
    for (const auto& volume : forgotten_disks(planning, owner)) {
      forget.changes.emplace_back(RemoveVolume{volume.host, volume.pool, volume.name});
      change.from_host = volume.host;
      change.reasons.push_back(about_disk(Rule::group_removed, volume, "is forgotten, and stays on " + volume.host));
    }
    if (forget.changes.empty()) continue;
    planning.graph.add(name, "", {}, std::move(forget));
    planning.plan.changes.push_back(std::move(change));
  }
}

}  // namespace

Reason about_disk(Rule rule, const VolumeRecord& volume, const std::string& what_becomes_of_it) {
  return {rule,
          fmt::format("disk {} ({}) {}", volume.disk, show_bytes(volume.capacity_bytes), what_becomes_of_it),
          {{"disk", volume.disk}, {"host", volume.host}}};
}

bool is_kept(const GroupPlan& plan, const VolumeRecord& volume) {
  if (volume.keep || plan.group == nullptr) return volume.keep;
  const auto& disks = plan.group->instance.disks;
  return std::any_of(disks.begin(), disks.end(),
                     [&](const DataDisk& disk) { return disk.name == volume.disk && disk.keep; });
}

bool outlives(const Planning& planning, const GroupPlan& plan, const Decision& decision, const VolumeRecord& volume) {
  if (volume.role != VolumeRecord::Role::data || !is_kept(plan, volume)) return false;
  return !decision.goes_for_good() || !planning.input.options.allow_data_loss;
}

std::vector<VolumeRecord> disks_given_up(const Planning& planning, const GroupPlan& plan, const Decision& decision) {
  std::vector<VolumeRecord> given_up;
  if (!decision.is_replaced() || plan.group == nullptr) return given_up;
  const auto& wanted = plan.group->instance.disks;
  for (const auto& volume : planning.volumes.of(decision.address)) {
    if (volume.role != VolumeRecord::Role::data || outlives(planning, plan, decision, volume)) continue;
    const bool comes_again =
        std::any_of(wanted.begin(), wanted.end(), [&](const DataDisk& disk) { return disk.name == volume.disk; });
    if (!comes_again) given_up.push_back(volume);
  }
  return given_up;
}

std::vector<VolumeRecord> leftover_disks(const Planning& planning, const InstanceAddress& owner) {
  std::vector<VolumeRecord> unused;
  for (auto& leftover : leftovers(planning, owner)) {
    if (leftover.is_reached(planning) && leftover.user.empty()) unused.push_back(std::move(leftover.volume));
  }
  return unused;
}

void rehome_shared_volumes(Planning& planning, Decision& decision, const std::string& own) {
  const std::vector<VolumeRecord> volumes = planning.volumes.of(decision.address);
  for (const auto& volume : volumes) {
    rehome_to(planning, decision, volume, planning.host_reaching(volume.pool, volume.host, own));
  }
}

void rehome_with_guest(Planning& planning, Decision& decision, VolumeRecord& volume) {
  if (!planning.volumes.is_shared(volume.pool)) return;
  const std::string& own = decision.where->host;
  const std::string host = planning.host_reaching(volume.pool, own, own);
  for (const auto& recorded : std::vector<VolumeRecord>(planning.volumes.of(decision.address))) {
    const bool same = recorded.pool == volume.pool && recorded.name == volume.name;
    if (same) rehome_to(planning, decision, recorded, host);
  }
  volume.host = host;
}

std::vector<int> lay_out_record_changes(Planning& planning, const GroupPlan& plan, const Decision& decision,
                                        std::vector<int> needs) {
  if (decision.record_changes.empty()) return needs;
  const std::vector<int> moved = plan.moved ? std::vector<int>{*plan.moved} : std::vector<int>{};
  needs.push_back(planning.graph.add(decision.name, "", moved, ChangeRecord{decision.record_changes}));
  return needs;
}

/// Is its being unknown to its host what stopping it comes to, and no sign that it runs elsewhere?
bool is_dropped_when_off(const Planning& planning, const Decision& decision) {
  const auto& volumes = planning.volumes.of(decision.address);
  return decision.where->domain != nullptr && decision.where->domain->transient &&
         std::none_of(volumes.begin(), volumes.end(),
                      [&](const VolumeRecord& volume) { return planning.volumes.is_shared(volume.pool); });
}

/// Nobody is there to say farewell to in one that is off, or ill.
bool has_farewell(const GroupPlan& plan, const Decision& decision) {
  return plan.group != nullptr && !plan.group->hooks.before_stop.empty() && !decision.is_dead &&
         decision.where->presence == Presence::up;
}

std::vector<Hook> undo_hooks(const GroupPlan& plan, const Decision& decision) {
  std::vector<Hook> hooks;
  const bool was_said = decision.record != nullptr && decision.record->drained && plan.group != nullptr;
  if (!was_said && !has_farewell(plan, decision)) return hooks;
  for (const auto& hook : plan.group->hooks.before_stop) {
    if (!hook.undo.empty()) hooks.push_back(hook);
  }
  return hooks;
}

std::vector<int> lay_out_farewell(Planning& planning, const GroupPlan& plan, const Decision& decision,
                                  std::vector<int> needs) {
  if (!has_farewell(plan, decision)) return needs;
  const std::string& host = decision.where->host;
  needs = {planning.graph.add(decision.name, host, std::move(needs), CheckStop{decision.record->uuid, true})};
  std::vector<Hook> before;
  for (const auto& hook : plan.group->hooks.before_stop) {
    RunHook run = hook_run(RunHook::When::before_stop, hook, decision, *decision.record);
    run.undo = before;
    needs = {planning.graph.add(decision.name, host, std::move(needs), std::move(run))};
    if (!hook.undo.empty()) before.push_back(hook);
  }
  return needs;
}

/// Also for one that was found dead: what tells others of it has to be told.
std::vector<int> lay_out_after_stop(Planning& planning, const GroupPlan& plan, const Decision& decision,
                                    std::vector<int> needs) {
  if (plan.group == nullptr) return needs;
  for (const auto& hook : plan.group->hooks.after_stop) {
    needs = {planning.graph.add(decision.name, decision.where->host, std::move(needs),
                                hook_run(RunHook::When::after_stop, hook, decision, *decision.record))};
  }
  return needs;
}

std::vector<int> lay_out_retirement(Planning& planning, const GroupPlan& plan, const Decision& decision,
                                    std::vector<int> needs) {
  const InstanceRecord& record = *decision.record;
  const std::string& host = decision.where->host;
  const bool up = decision.where->presence == Presence::up;
  if (!decision.domain_is_gone) {
    needs = lay_out_farewell(planning, plan, decision, std::move(needs));
    const StopDomain stop{.uuid = record.uuid,
                          .grace = Duration(record.shutdown_grace_ms),
                          .removal = true,
                          .was_up = up,
                          .transient = is_dropped_when_off(planning, decision),
                          .undo = up ? undo_hooks(plan, decision) : std::vector<Hook>{}};
    needs = {planning.graph.add(decision.name, host, std::move(needs), stop)};
  }
  needs = lay_out_after_stop(planning, plan, decision, std::move(needs));
  const UndefineDomain undefine{record.uuid, decision.domain_is_gone};
  needs = {planning.graph.add(decision.name, host, std::move(needs), undefine)};
  std::vector<int> deleted;
  for (const auto& volume : planning.volumes.of(decision.address)) {
    if (outlives(planning, plan, decision, volume) || !planning.may_work_on(volume.host)) continue;
    deleted.push_back(planning.graph.add(decision.name, volume.host, needs, DeleteVolume{volume}));
  }
  return deleted.empty() ? needs : deleted;
}

int lay_out_destruction(Planning& planning, const GroupPlan& plan, Decision& decision, const std::vector<int>& needs) {
  rehome_shared_volumes(planning, decision, decision.where->host);
  const auto first = lay_out_record_changes(planning, plan, decision, needs);
  auto retired = lay_out_retirement(planning, plan, decision, first);
  if (ChangeRecord gone{records_of_nothing(planning, plan, decision)}; !gone.changes.empty()) {
    retired = {planning.graph.add(decision.name, "", std::move(retired), std::move(gone))};
  }
  return planning.graph.add(decision.name, decision.where->host, std::move(retired), ReleaseInstance{plan.size});
}

void plan_removals(Planning& planning) {
  const RemovalOrder removal(planning);
  std::map<std::string, int> gone;
  std::set<std::string> awaited;
  for (const auto& group : removal.order()) {
    for (const auto& dependent : removal.before(group)) awaited.insert(dependent);
  }
  std::map<std::string, GroupPlan*> plans;
  for (auto& plan : planning.groups) plans[plan.address] = &plan;
  for (const auto& group : removal.order()) {
    const auto plan = plans.find(group);
    if (plan == plans.end()) continue;
    std::vector<int> needs = plan->second->first_needs;
    for (const auto& dependent : removal.before(group)) {
      if (const auto node = gone.find(dependent); node != gone.end()) needs.push_back(node->second);
    }
    const auto node = lay_out_group(planning, *plan->second, needs, awaited.count(group) != 0);
    if (node) gone[group] = *node;
  }
  lay_out_leftover_disks(planning);
  lay_out_forgotten_disks(planning);
}

}  // namespace vscale
