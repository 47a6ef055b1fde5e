#include "engine/plan/steps/growth.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/desired/field_table.h"
#include "engine/plan/planning.h"
#include "engine/plan/rollouts/rollouts.h"
#include "engine/plan/steps/creation.h"
#include "engine/plan/steps/removal.h"

/// What comes, changes or starts: dependencies first, and within a group first what disturbs nobody, then one by one
/// what does; or, where update.strategy is `recreate`, all of it gone before anything comes.

namespace vscale {
namespace {

std::vector<std::string> static_addresses(const std::vector<GuestNic>& nics) {
  std::vector<std::string> addresses;
  for (const auto& nic : nics) {
    if (nic.address && !nic.learned) addresses.push_back(*nic.address);
  }
  return addresses;
}

void note_gate(GroupPlan& plan, const Decision& decision, int gate) {
  if (gate == 0) return;
  plan.gates.push_back(gate);
  plan.gate_of[static_cast<std::size_t>(&decision - plan.decisions.data())] = gate;
}

// ---- New incarnations ---------------------------------------------------------------------------------------------

/// Who comes; nothing if something stands in its way.
std::optional<InstanceRecord> announce(Planning& planning, const GroupPlan& plan, Decision& decision) {
  auto instance = new_incarnation(planning, plan, decision);
  if (!instance) {
    decision.fate = Fate::left;
    return std::nullopt;
  }
  decision.addresses_after = static_addresses(instance->nics);
  decision.uuid_after = instance->uuid;
  decision.nics_after = instance->nics;
  rehome_shared_volumes(planning, decision, instance->host);
  return instance;
}

}  // namespace

std::vector<GuestNic> cards_to_ask(const Planning& planning, const Group& group, std::vector<GuestNic> nics) {
  for (auto& nic : nics) {
    if (is_static(planning, group, nic)) continue;
    nic.address.reset();
    nic.learned = false;
  }
  return nics;
}

namespace {

int lay_out_new(Planning& planning, GroupPlan& plan, Decision& decision, std::vector<int> needs) {
  const auto instance = announce(planning, plan, decision);
  if (!instance) return 0;
  needs = lay_out_record_changes(planning, plan, decision, std::move(needs));
  if (decision.fate == Fate::replace) {
    // The image first: what still runs is not stopped before everything is there to follow it.
    const auto prepared = lay_out_preparation(planning, plan, decision, instance->host);
    needs.insert(needs.end(), prepared.begin(), prepared.end());
    needs = lay_out_retirement(planning, plan, decision, std::move(needs));
  }
  return lay_out_creation(planning, plan, decision, *instance, std::move(needs));
}

/// Claimed by a run that died: the same identity, made from its volumes on. It is claimed again, since its sizes may be
/// others by now, and is recorded as what it is made of now.
int lay_out_unfinished(Planning& planning, GroupPlan& plan, Decision& decision, std::vector<int> needs) {
  const bool name_is_taken = !decision.where->why.empty();
  if (name_is_taken && !check_name(planning, plan, decision, decision.record->name)) {
    decision.fate = Fate::left;
    return 0;
  }
  InstanceRecord instance = *decision.record;
  record_template(plan, instance);
  for (auto& nic : instance.nics) {
    if (nic.address) nic.settings = settings_of(planning, nic);
  }
  decision.addresses_after = static_addresses(instance.nics);
  rehome_shared_volumes(planning, decision, instance.host);
  needs = lay_out_record_changes(planning, plan, decision, std::move(needs));
  return lay_out_creation(planning, plan, decision, instance, std::move(needs));
}

}  // namespace

int lay_out_made(Planning& planning, GroupPlan& plan, Decision& decision, std::vector<int> needs) {
  if (decision.fate == Fate::keep) return lay_out_unfinished(planning, plan, decision, std::move(needs));
  return lay_out_new(planning, plan, decision, std::move(needs));
}

namespace {

// ---- What stays ---------------------------------------------------------------------------------------------------

/// The record as the file wants it, with what needs nothing on the host.
InstanceRecord record_after(const GroupPlan& plan, const Decision& decision, const Template& followed) {
  InstanceRecord after = *decision.record;
  if (decision.in_place.settings) record_settings(*plan.group, after);
  if (decision.welcome && undo_hooks(plan, decision).empty()) after.drained = false;  // nothing can be taken back
  if (decision.rehash && plan.lock != nullptr) after.spec_hash = plan.spec_hash;
  const bool takes_more =
      decision.in_place.resize_machine || !decision.in_place.grown.empty() || decision.is_defined_anew();
  if (takes_more && plan.lock != nullptr) after.claim = claim_of(followed, plan.lock->virtual_size_bytes);
  return after;
}

/// What the record has to say before anything is done: capacity is claimed before it is used.
void add_record_changes(Decision& decision, const InstanceRecord& after) {
  for (const auto& volume : decision.in_place.relabelled) {
    VolumeRecord relabelled = volume;
    decision.record_changes.emplace_back(PutVolume{relabelled});
  }
  if (after != *decision.record) decision.record_changes.emplace_back(PutInstance{after});
}

/// A guest that is up grows its own disks, and what is written again is written where it is.
void reach_shared_disks(Planning& planning, Decision& decision) {
  if (decision.lost_seed) {
    VolumeRecord seed = *decision.lost_seed;
    rehome_with_guest(planning, decision, seed);
    decision.lost_seed = std::move(seed);
  }
  if (decision.in_place.grown.empty()) return;
  for (auto* volumes : {&decision.in_place.grown, &decision.in_place.relabelled}) {
    for (auto& volume : *volumes) rehome_with_guest(planning, decision, volume);
  }
}

bool is_up(const Decision& decision) {
  return decision.where->presence == Presence::up;
}

/// A disk grows from what its record says, keep included.
std::vector<int> lay_out_disk_growth(Planning& planning, const Decision& decision, const std::vector<int>& needs) {
  std::vector<int> grown;
  for (VolumeRecord volume : decision.in_place.grown) {
    for (const auto& relabelled : decision.in_place.relabelled) {
      if (relabelled.name == volume.name && relabelled.pool == volume.pool) volume.keep = relabelled.keep;
    }
    const std::string uuid = decision.where->domain != nullptr ? decision.record->uuid : "";
    grown.push_back(planning.graph.add(decision.name, volume.host, needs, ResizeVolume{volume, uuid, is_up(decision)}));
  }
  return grown.empty() ? needs : grown;
}

/// What is ignored is recorded as it is, and not set: whoever changes it may have done so again by then.
UpdateDomain update_of(const Planning& planning, const GroupPlan& plan, const Decision& decision,
                       const InstanceRecord& after, const Template& followed) {
  UpdateDomain update;
  update.uuid = after.uuid;
  update.after = after;
  if (decision.in_place.resize_machine) {
    const Lifecycle& lifecycle = plan.group->lifecycle;
    update.after.vcpus = followed.vcpus;
    update.after.memory_bytes = followed.memory_bytes;
    if (!is_ignored(lifecycle, "vcpus")) update.vcpus = followed.vcpus;
    if (!is_ignored(lifecycle, "memory")) update.memory_bytes = followed.memory_bytes;
  }
  if (decision.mark) update.ownership = mark_of(planning, *plan.group, after);
  return update;
}

bool reboots(const Decision& decision) {
  const bool is_to = decision.in_place.redefine || decision.restart;
  return decision.fate == Fate::keep && is_to && !decision.recreate && !decision.stop && is_up(decision);
}

/// The domain as it is to be defined again. What is held back would come with the guest's next start: it stays out, and
/// is seen as drift again.
DomainSpec definition_of(const Planning& planning, const GroupPlan& plan, const Decision& decision,
                         const Template& followed, const InstanceRecord& after) {
  const std::vector<VolumeRecord>& volumes = planning.volumes.of(decision.address);
  DomainSpec spec = domain_spec(planning, *plan.group, followed, after, volumes);
  if (!decision.stays_as_it_is) return spec;
  const LiveDomain* domain = decision.where->domain;
  spec.vcpus = domain != nullptr ? domain->vcpus : after.vcpus;
  spec.memory_bytes = domain != nullptr ? domain->memory_bytes : after.memory_bytes;
  spec.max_vcpus = std::max(spec.vcpus, domain != nullptr ? domain->max_vcpus : 0);
  spec.max_memory_bytes = std::max(spec.memory_bytes, domain != nullptr ? domain->max_memory_bytes : 0);
  if (domain == nullptr) return spec;
  std::erase_if(spec.nics, [&](const DomainNic& nic) {
    return std::none_of(domain->nics.begin(), domain->nics.end(),
                        [&](const LiveNic& card) { return card.mac == nic.mac; });
  });
  for (const auto& volume : volumes) {
    if (volume.role != VolumeRecord::Role::data || may_be_attached(*domain, volume, volumes)) continue;
    std::erase_if(spec.disks, [&](const DomainDisk& disk) { return disk.volume == volume.name; });
  }
  return spec;
}

/// What its disk stands on may have been deleted with the pool's other files, or the pool be off: it is brought there
/// before the guest starts. An image of another digest than the file's is not to be had any more.
std::vector<int> lay_out_ground(Planning& planning, const GroupPlan& plan, Decision& decision, std::vector<int> needs) {
  const auto& volumes = planning.volumes.of(decision.address);
  const Storage* storage = find_storage(planning.config, plan.group->instance.storage);
  const bool stands_there = std::any_of(volumes.begin(), volumes.end(), [&](const VolumeRecord& volume) {
    return volume.role == VolumeRecord::Role::root && storage != nullptr && volume.pool == storage->pool;
  });
  const bool is_image = plan.lock != nullptr && plan.lock->digest == decision.record->image_digest;
  if (!stands_there || !is_image) return needs;
  const auto prepared = lay_out_preparation(planning, plan, decision, decision.where->host);
  needs.insert(needs.end(), prepared.begin(), prepared.end());
  return needs;
}

/// What was said to one that stays, before it was stopped or in vain, is taken back: last first.
std::vector<int> lay_out_welcome(Planning& planning, const GroupPlan& plan, const Decision& decision,
                                 std::vector<int> needs) {
  const auto hooks = undo_hooks(plan, decision);
  for (auto hook = hooks.rbegin(); hook != hooks.rend(); ++hook) {
    RunHook run = hook_run(RunHook::When::undo, *hook, decision, *decision.record);
    run.last = hook + 1 == hooks.rend();
    needs = {planning.graph.add(decision.name, decision.where->host, std::move(needs), std::move(run))};
  }
  return needs;
}

/// Everything that a kept instance needs, in one chain. Returns its gate, or what ends its having been drained; 0 if
/// it need not be waited for.
int lay_out_kept(Planning& planning, GroupPlan& plan, Decision& decision, std::vector<int> needs) {
  GraphBuilder& graph = planning.graph;
  const std::string& host = decision.where->host;
  const Template followed = followed_template(in_place_input(planning, plan, decision));
  const InstanceRecord after = record_after(plan, decision, followed);
  reach_shared_disks(planning, decision);
  add_record_changes(decision, after);
  needs = lay_out_record_changes(planning, plan, decision, std::move(needs));
  if (decision.open_pools) {
    static_cast<void>(lay_out_pools(planning, decision.address, host));
    return 0;
  }
  const bool reboot = reboots(decision);
  if (decision.start || reboot) needs = lay_out_ground(planning, plan, decision, std::move(needs));
  needs = lay_out_disk_growth(planning, decision, needs);
  const auto then = [&](ActionDetail detail) {
    needs = {graph.add(decision.name, host, std::move(needs), std::move(detail))};
  };
  const bool transient = decision.where->domain != nullptr && decision.where->domain->transient;
  const auto define = [&] { then(DefineDomain{definition_of(planning, plan, decision, followed, after)}); };
  if (decision.lost_seed) {
    then(seed_of(after, *decision.lost_seed, cards_to_ask(planning, *plan.group, after.nics), true));
  }
  // Before it is stopped: one without a definition is gone then.
  if (transient && decision.redefine) define();
  if (reboot) {
    needs = lay_out_farewell(planning, plan, decision, std::move(needs));
    then(StopDomain{after.uuid, Duration(after.shutdown_grace_ms), false, true, false, undo_hooks(plan, decision)});
  }
  if (!transient && (decision.redefine || decision.in_place.redefine)) define();
  if (decision.in_place.resize_machine || decision.mark) then(update_of(planning, plan, decision, after, followed));
  if (decision.start || reboot) then(StartDomain{after.uuid});
  if (decision.stop) {
    needs = lay_out_farewell(planning, plan, decision, std::move(needs));
    then(StopDomain{after.uuid, Duration(after.shutdown_grace_ms), false, true, false, undo_hooks(plan, decision)});
    return 0;
  }
  if (!decision.wait && !reboot) {
    if (!decision.welcome) return 0;
    const auto welcomed = lay_out_welcome(planning, plan, decision, std::move(needs));
    return welcomed.empty() ? 0 : welcomed.front();
  }
  InstanceRecord asked = after;
  asked.host = host;
  asked.nics = cards_to_ask(planning, *plan.group, after.nics);
  const int ready = lay_out_readiness(planning, plan, decision, asked, std::move(needs));
  return reboot || decision.welcome ? lay_out_welcome(planning, plan, decision, {ready}).front() : ready;
}

bool needs_anything(const Decision& decision) {
  return decision.start || decision.wait || decision.mark || decision.rehash || decision.recreate ||
         decision.redefine || decision.open_pools || decision.welcome || decision.lost_seed || decision.restart ||
         decision.stop || !decision.in_place.empty() || !decision.record_changes.empty();
}

bool comes_or_changes(const Decision& decision) {
  switch (decision.fate) {
    case Fate::create:
    case Fate::replace:
      return true;
    case Fate::keep:
      return needs_anything(decision);
    case Fate::retire:
      return decision.rolls;
    case Fate::destroy:
    case Fate::forget:
    case Fate::left:
      return false;
  }
  VSCALE_ASSERT(false, "a Fate that neither comes nor goes");
}

int lay_out_decision(Planning& planning, GroupPlan& plan, Decision& decision, std::vector<int> needs) {
  if (decision.fate != Fate::keep || decision.recreate) return lay_out_made(planning, plan, decision, std::move(needs));
  decision.addresses_after = static_addresses(decision.record->nics);
  return lay_out_kept(planning, plan, decision, std::move(needs));
}

bool disturbs(const Decision& decision) {
  if (decision.restart == Decision::Restart::together) return false;
  return (decision.fate == Fate::replace && decision.disturbs) || reboots(decision);
}

// ---- Groups -------------------------------------------------------------------------------------------------------

/// What everything in the group waits for, besides its new address in the record: the groups that it depends on.
void await_dependencies(Planning& planning, GroupPlan& plan, const std::map<std::string, GroupPlan*>& plans) {
  if (std::none_of(plan.decisions.begin(), plan.decisions.end(), comes_or_changes)) return;
  for (const auto& dependency : plan.group->depends_on) {
    const auto found = plans.find(dependency);
    if (found == plans.end() || found->second->gates.empty()) continue;
    GroupPlan& other = *found->second;
    if (!other.ready_barrier) other.ready_barrier = planning.graph.barrier(other.address, other.gates);
    plan.first_needs.push_back(*other.ready_barrier);
  }
}

// ---- All at once --------------------------------------------------------------------------------------------------

/// What is made: a new incarnation, or one that a run which died had only claimed.
bool is_made(const Decision& decision) {
  return decision.fate == Fate::create || decision.fate == Fate::replace ||
         (decision.fate == Fate::keep && decision.recreate);
}

bool is_recreated(const GroupPlan& plan) {
  if (plan.group == nullptr || plan.group->update.strategy != Update::Strategy::recreate) return false;
  return std::any_of(plan.decisions.begin(), plan.decisions.end(),
                     [](const Decision& decision) { return decision.fate == Fate::replace; });
}

/// One that is made together with others. `instance`: nothing where it has its record already.
struct Successor {
  Decision* decision = nullptr;
  std::optional<InstanceRecord> instance;
};

void note_recreation(const std::vector<Successor>& successors) {
  const auto disturbs = [](const Successor& one) {
    return one.decision->fate == Fate::replace && one.decision->disturbs;
  };
  const auto count = std::count_if(successors.begin(), successors.end(), disturbs);
  if (count < 2) return;
  for (const auto& successor : successors) {
    if (!disturbs(successor)) continue;
    successor.decision->reasons.push_back({Rule::update_strategy,
                                           fmt::format("{} at once (strategy recreate)", count),
                                           {{"strategy", "recreate"}, {"count", count}}});
  }
}

std::vector<int> all_of(Planning& planning, const GroupPlan& plan, std::vector<int> ids) {
  if (ids.size() <= 1) return ids;
  return {planning.graph.barrier(plan.address, std::move(ids))};
}

/// It is a rollout like any other: it may fail, and go back.
bool begins_rollout(const Planning& planning, const GroupPlan& plan) {
  if (is_to_be_judged(planning, plan)) return true;
  if (recorded_rollout(planning, plan) != nullptr && !plan.course.is_overruled) return false;
  return std::any_of(plan.decisions.begin(), plan.decisions.end(), [](const Decision& decision) {
    const auto by_spec = [](const Reason& reason) { return reason.rule == Rule::spec_changed; };
    return decision.fate == Fate::replace && std::any_of(decision.reasons.begin(), decision.reasons.end(), by_spec);
  });
}

/// First everything is brought that is to follow, then all goes that is replaced, then all is made.
void lay_out_recreation(Planning& planning, GroupPlan& plan) {
  std::vector<Successor> successors;
  std::vector<int> ready = plan.first_needs;
  plan.begins = begins_rollout(planning, plan);
  if (plan.begins) {
    const std::int64_t stable = plan.record != nullptr ? plan.record->stable : 0;
    const bool back = plan.course.kind == Course::Kind::back;
    ready = lay_out_beginning(planning, plan, back ? plan.course.wanted : stable, std::move(ready));
  }
  for (auto& decision : plan.decisions) {
    if (!is_made(decision)) continue;
    Successor successor{&decision, std::nullopt};
    if (decision.fate != Fate::keep) {
      successor.instance = announce(planning, plan, decision);
      if (!successor.instance) continue;
      ready = lay_out_record_changes(planning, plan, decision, std::move(ready));
      const auto prepared = lay_out_preparation(planning, plan, decision, successor.instance->host);
      ready.insert(ready.end(), prepared.begin(), prepared.end());
    }
    successors.push_back(std::move(successor));
  }
  ready = all_of(planning, plan, std::move(ready));
  std::vector<int> gone;
  for (const auto& successor : successors) {
    if (successor.decision->fate != Fate::replace) continue;
    const auto retired = lay_out_retirement(planning, plan, *successor.decision, ready);
    gone.insert(gone.end(), retired.begin(), retired.end());
  }
  gone = all_of(planning, plan, std::move(gone));
  for (const auto& [decision, instance] : successors) {
    note_gate(plan, *decision,
              instance ? lay_out_creation(planning, plan, *decision, *instance, gone)
                       : lay_out_unfinished(planning, plan, *decision, gone));
  }
  note_recreation(successors);
}

// ---- One group ----------------------------------------------------------------------------------------------------

void lay_out_group(Planning& planning, GroupPlan& plan, const std::map<std::string, GroupPlan*>& plans) {
  await_dependencies(planning, plan, plans);
  plan.first_needs = lay_out_overruling(planning, plan, std::move(plan.first_needs));
  const bool at_once = is_recreated(plan);
  if (at_once) lay_out_recreation(planning, plan);
  const auto is_laid_out = [&](const Decision& decision) {
    return !comes_or_changes(decision) || decision.rolls || (at_once && is_made(decision));
  };
  for (auto& decision : plan.decisions) {
    if (is_laid_out(decision) || disturbs(decision)) continue;
    note_gate(plan, decision, lay_out_decision(planning, plan, decision, plan.first_needs));
  }
  std::vector<int> turn = plan.first_needs;
  if (plan.rollout) {
    turn = lay_out_rollout(planning, plan, std::move(turn));
    plan.gates.insert(plan.gates.end(), turn.begin(), turn.end());
  } else {
    turn.insert(turn.end(), plan.gates.begin(), plan.gates.end());
  }
  // One by one: each begins when the one before it is ready, the first when everything new is.
  for (auto& decision : plan.decisions) {
    if (is_laid_out(decision) || !disturbs(decision)) continue;
    const int gate = lay_out_decision(planning, plan, decision, turn);
    note_gate(plan, decision, gate);
    if (gate != 0) turn = {gate};
  }
  lay_out_completion(planning, plan, plan.rollout || !plan.gates.empty() ? std::move(turn) : std::vector<int>{});
}

/// Dependencies first, otherwise file order. The reader has made sure that there is no circle.
void visit(const std::map<std::string, GroupPlan*>& plans, GroupPlan& plan, std::set<std::string>& visited,
           std::vector<GroupPlan*>& order) {
  if (plan.group == nullptr || !visited.insert(plan.address).second) return;
  for (const auto& dependency : plan.group->depends_on) {
    if (const auto found = plans.find(dependency); found != plans.end()) visit(plans, *found->second, visited, order);
  }
  order.push_back(&plan);
}

}  // namespace

void plan_growth(Planning& planning) {
  std::map<std::string, GroupPlan*> plans;
  for (auto& plan : planning.groups) plans[plan.address] = &plan;
  std::set<std::string> visited;
  std::vector<GroupPlan*> order;
  for (auto& plan : planning.groups) visit(plans, plan, visited, order);
  for (GroupPlan* plan : order) lay_out_group(planning, *plan, plans);
}

}  // namespace vscale
