#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "engine/plan/fates/fates.h"
#include "engine/plan/rollouts/rollouts.h"
#include "engine/recorded/wanted_size.h"
#include "engine/rollout/budget.h"

/// A group that the file wants: how many, which ordinals, and what becomes of each.

namespace vscale {
namespace {

/// The size that there is, the one that is wanted, and who says so.
Reason about_size(const Planning& planning, const GroupPlan& plan, Rule rule, int existing, int size) {
  Reason reason{rule, fmt::format("size {} -> {}", existing, size), {{"have", existing}, {"want", size}}};
  const WantedSize* owner = planning.input.options.destroy ? nullptr
                                                           : size_owner(*plan.group, planning.input.recorded,
                                                                        planning.recorded_address(plan.address));
  if (owner == nullptr) return reason;
  reason.text += ", by " + show_owner(*owner);
  reason.values.emplace_back("owner", to_string(owner->owner));
  reason.values.emplace_back("by", owner->by);
  return reason;
}

/// `count` decisions under the lowest free ordinals. `existing` of a group of `size` were there before.
void add_wanted(const Planning& planning, GroupPlan& plan, int count, int existing, int size) {
  std::vector<Decision>& decisions = plan.decisions;
  const Group& group = *plan.group;
  std::size_t next = 0;
  const std::size_t before = decisions.size();
  std::vector<Decision> added;
  for (int ordinal = 0; count > 0; ++ordinal) {
    while (next < before && decisions[next].address.ordinal < ordinal) ++next;
    if (next < before && decisions[next].address.ordinal == ordinal) continue;
    Decision decision;
    decision.address = {group.kind, group.name, ordinal};
    decision.name = to_string(decision.address);
    decision.fate = Fate::create;
    Reason reason = about_size(planning, plan, Rule::wanted, existing, size);
    if (group.kind == InstanceAddress::Kind::machine) reason.text = "it is not there yet";
    decision.reasons.push_back(std::move(reason));
    added.push_back(std::move(decision));
    --count;
  }
  decisions.insert(decisions.end(), std::make_move_iterator(added.begin()), std::make_move_iterator(added.end()));
  std::sort(decisions.begin(), decisions.end(),
            [](const Decision& left, const Decision& right) { return left.address < right.address; });
}

/// The recorded disk that is to be kept and that the file wants on another storage; nullptr if there is none.
const VolumeRecord* kept_disk_elsewhere(const Planning& planning, const Decision& decision, const DataDisk& disk) {
  for (const auto& volume : planning.volumes.of(decision.address)) {
    if (volume.role != VolumeRecord::Role::data || volume.disk != disk.name) continue;
    if ((volume.keep || disk.keep) && volume.storage != disk.storage) return &volume;
  }
  return nullptr;
}

/// A kept disk does not move by itself, and an empty one in its place is not what `keep` says.
void refuse_moved_disks(Planning& planning, const GroupPlan& plan, Decision& decision) {
  for (const auto& disk : plan.group->instance.disks) {
    const VolumeRecord* kept = kept_disk_elsewhere(planning, decision, disk);
    if (kept == nullptr) continue;
    planning.error(
        "kept_disk_storage",
        fmt::format("{}: its kept disk {} is on storage {}, and the file says {}: its data would stay behind",
                    decision.name, disk.name, kept->storage, disk.storage),
        fmt::format("set disks[{}].storage back to {}; to move the data, add a disk of another name on {} and copy it "
                    "in the guest; to give it up, apply keep: false first",
                    disk.name, kept->storage, disk.storage),
        disk_place_of(*plan.group, disk.name, "storage"));
    decision.fate = Fate::left;
  }
}

/// It may be there after all.
void refuse_to_give_up(Planning& planning, const Decision& decision, const Removed& removed) {
  const std::string silent = fmt::format("{}", fmt::join(planning.live.silent_hosts(), ", "));
  planning.error("removed_too_early",
                 fmt::format("removed: {} is not given up while {} cannot be asked: that may be its host by another "
                             "name, or have been given it",
                             decision.name, silent),
                 fmt::format("plan again once it answers; if {} is gone for good, too, take it out of `hosts`", silent),
                 fmt::format("removed[{}]", &removed - planning.config.removed.data()));
}

/// What `removed:` says of one that the file goes on wanting would be silently passed over.
void refuse_removed_and_wanted(Planning& planning, const GroupPlan& plan, const Decision& decision, int size) {
  const auto removed = planning.removed.find(decision.name);
  if (removed != planning.removed.end() && removed->second->then == Removed::Then::forget &&
      is_lost(planning, decision.address)) {
    return refuse_to_give_up(planning, decision, *removed->second);
  }
  // A machine is its own group, of which that is said already.
  if (removed == planning.removed.end() || plan.group->kind == InstanceAddress::Kind::machine) return;
  planning.error("removed_still_wanted",
                 fmt::format("removed: {} is still wanted: {} has size {}, and the highest ordinals go first",
                             decision.name, plan.address, size),
                 fmt::format("take the `removed` entry out; to have it made anew: --replace {}", decision.name),
                 fmt::format("removed[{}]", removed->second - planning.config.removed.data()));
}

/// One that the file wants and nobody has.
void prepare_created(Planning& planning, const GroupPlan& plan, Decision& decision, int size) {
  if (is_given_up(planning, decision.address)) {
    decision.fate = Fate::left;  // The disks that it kept are forgotten first.
    return;
  }
  refuse_removed_and_wanted(planning, plan, decision, size);
  note_renamed_storage(planning, plan, decision);
}

/// While a rolling update rests, what stands beside others stays, as far as the surge goes; and so many fewer are
/// wanted as the group gets smaller.
int wanted_at_rest(const GroupPlan& plan, int size) {
  const int there = static_cast<int>(plan.decisions.size());
  const int had = plan.record != nullptr ? plan.record->size : 0;
  const int most = budget_for(plan.group->update, size).most();
  return std::max(size, std::min(most, there - std::max(0, had - size)));
}

/// Under which operators have spoken of it.
const InstanceAddress& address_on_record(const Decision& decision) {
  return decision.record != nullptr ? decision.record->address : decision.address;
}

std::optional<Protection::From> protection(const Planning& planning, const Decision& decision) {
  return protection_of(planning.input.recorded.words, address_on_record(decision), planning.input.now);
}

bool is_protected_from_scale_in(const Planning& planning, const Decision& decision) {
  const auto from = protection(planning, decision);
  return from && *from != Protection::From::update;
}

/// Where it stands among those that are to go first; nothing: it is not among them.
std::optional<std::ptrdiff_t> place_to_go(const Planning& planning, const GroupPlan& plan, const Decision& decision) {
  const auto found = planning.input.findings.go_first.find(plan.address);
  if (found == planning.input.findings.go_first.end()) return std::nullopt;
  const auto place = std::find(found->second.begin(), found->second.end(), decision.address);
  if (place == found->second.end()) return std::nullopt;
  return place - found->second.begin();
}

/// Which of those that are there the size is for: of the present revision first, and low ordinals before high ones. So
/// what a rolling update has made stays, and what it was to replace goes first; where it was given up, what it has
/// made. What has failed is left for somebody to look at, as far as that costs nobody who serves. Whom watch has found
/// to go first does so, and whom an operator protects stays, also beyond the size.
std::vector<bool> wanted_ones(const Planning& planning, const GroupPlan& plan, int size) {
  const bool rests = reason_to_stop(plan).has_value();
  const bool is_paused = plan.course.kind == Course::Kind::paused && !plan.course.was_going_back;
  const auto record_of = [&](std::size_t index) -> const InstanceRecord& { return *plan.decisions[index].record; };
  const auto has_failed = [&](std::size_t index) { return rests && record_of(index).failed; };
  // What was half removed or half made would be made again beside one that has not gone yet.
  const auto is_there = [&](std::size_t index) {
    return record_of(index).phase != Phase::leaving && record_of(index).phase != Phase::claimed;
  };
  const auto is_of_present = [&](std::size_t index) {
    return is_paused ? record_of(index).revision == plan.course.wanted : !is_old(planning, plan, plan.decisions[index]);
  };
  std::vector<std::size_t> order(plan.decisions.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto failed = std::stable_partition(order.begin(), order.end(), [&](auto index) { return !has_failed(index); });
  const auto absent = std::stable_partition(order.begin(), failed, is_there);
  std::stable_partition(order.begin(), absent, is_of_present);
  std::stable_sort(order.begin(), absent, [&](auto left, auto right) {
    const auto first = place_to_go(planning, plan, plan.decisions[left]);
    const auto second = place_to_go(planning, plan, plan.decisions[right]);
    return first && second ? *first > *second : !first && second;
  });
  std::stable_partition(order.begin(), absent,
                        [&](auto index) { return is_protected_from_scale_in(planning, plan.decisions[index]); });
  const int count = rests ? wanted_at_rest(plan, size) : size;
  const int serving = std::max(size, count - static_cast<int>(order.end() - failed));
  std::vector<bool> wanted(order.size(), false);
  int kept = 0;
  for (auto at = order.begin(); at != failed && kept < serving; ++at, ++kept) wanted[*at] = true;
  for (auto at = failed; at != order.end() && kept < count; ++at, ++kept) wanted[*at] = true;
  return wanted;
}

/// Why something is not done in a group; nothing: nobody has suspended it.
std::optional<Reason> suspension(const Planning& planning, const GroupPlan& plan, Suspension::Process process) {
  const std::string& group = planning.recorded_address(plan.address);
  if (!suspended(planning.input.recorded.words, group, planning.input.now).contains(process)) return std::nullopt;
  const Suspension& said = planning.input.recorded.words.suspensions.at({group, process});
  return Reason{Rule::suspended,
                fmt::format("{} is suspended by {}", to_string(process), said.said.by),
                {{"process", to_string(process)}, {"by", said.said.by}}};
}

void hold(Decision& decision, Reason why) {
  decision.fate = Fate::left;
  decision.held = true;
  decision.reasons.push_back(std::move(why));
}

void decide_not_wanted(Planning& planning, GroupPlan& plan, Decision& decision, Reason reason) {
  if (auto why = suspension(planning, plan, Suspension::Process::terminate)) {
    decision.reasons.push_back(std::move(reason));
    return hold(decision, std::move(*why));
  }
  if (is_protected_from_scale_in(planning, decision)) {
    const std::string& by = planning.input.recorded.words.protections.at(address_on_record(decision)).said.by;
    decision.reasons.push_back(std::move(reason));
    return hold(decision, {Rule::protected_by_operator, "protected by " + by, {{"by", by}}});
  }
  decide_gone(planning, decision, std::move(reason));
}

void check_created(Planning& planning, GroupPlan& plan, Decision& decision, int size) {
  if (decision.fate == Fate::create) {
    if (auto why = suspension(planning, plan, Suspension::Process::launch)) return hold(decision, std::move(*why));
    if (!is_in_scope(planning, plan, decision)) return leave_out(decision, "creating it is");
    prepare_created(planning, plan, decision, size);
  }
  if (decision.fate != Fate::create && decision.fate != Fate::replace) return;
  use_new_storage_names(planning, plan, decision);
  refuse_moved_disks(planning, plan, decision);
}

/// Successors of other ordinals are made once it is known how many are replaced.
bool has_successors_beside(const Planning& planning, const GroupPlan& plan) {
  return comes_beside(planning, plan).possible &&
         std::any_of(plan.decisions.begin(), plan.decisions.end(),
                     [&](const Decision& decision) { return is_old(planning, plan, decision); });
}

}  // namespace

void add_created(Planning& planning, GroupPlan& plan, int count, int successors, int size) {
  if (count <= 0) return;
  const int existing = static_cast<int>(std::count_if(plan.decisions.begin(), plan.decisions.end(),
                                                      [](const Decision& one) { return one.record != nullptr; }));
  std::set<std::string> known;
  for (const auto& decision : plan.decisions) known.insert(decision.name);
  add_wanted(planning, plan, count, existing, size);
  for (auto& decision : plan.decisions) {
    if (known.count(decision.name) != 0) continue;
    const bool comes_along = successors-- > 0;
    if (!comes_along && !is_in_scope(planning, plan, decision)) {
      leave_out(decision, "creating it is");
      continue;
    }
    prepare_created(planning, plan, decision, size);
    use_new_storage_names(planning, plan, decision);
    refuse_moved_disks(planning, plan, decision);
  }
}

void decide_group_of_file(Planning& planning, GroupPlan& plan) {
  const Group& group = *plan.group;
  const bool destroying = planning.input.options.destroy;
  const int existing = static_cast<int>(plan.decisions.size());
  const int size =
      destroying ? 0 : wanted_size(group, planning.input.recorded, planning.recorded_address(plan.address));
  plan.size = size;
  plan.successors_are_beside = has_successors_beside(planning, plan);
  const std::vector<bool> within_size = wanted_ones(planning, plan, size);
  for (int i = 0; i < existing; ++i) {
    Decision& decision = plan.decisions[static_cast<std::size_t>(i)];
    // What goes by turns is decided as what is to be replaced, and makes room when its turn comes.
    const bool by_turns = plan.successors_are_beside && is_old(planning, plan, decision) && !reason_to_stop(plan) &&
                          allowed_for(planning, group) == Disruption::replace;
    const bool wanted = within_size[static_cast<std::size_t>(i)] || by_turns;
    if (!is_in_scope(planning, plan, decision)) {
      leave_out(decision, wanted ? nullptr : "destroying it is");
      continue;
    }
    const bool is_kept = wanted && !is_given_up(planning, decision.address);
    const Removed* removed = is_kept || destroying ? nullptr : removal_of(planning, plan, decision);
    if (removed != nullptr && removed->then == Removed::Then::forget) {
      decide_forgotten(decision);
      continue;
    }
    if (is_kept) refuse_removed_and_wanted(planning, plan, decision, size);
    if (!locate_decision(planning, decision)) continue;
    if (wanted) {
      decide_kept(planning, plan, decision);
    } else if (destroying) {
      decide_gone(planning, decision, reason_to_destroy(planning, plan));
    } else {
      decide_not_wanted(planning, plan, decision, about_size(planning, plan, Rule::not_wanted, existing, size));
    }
  }
  report_stalled(planning, plan);
  if (!plan.successors_are_beside) add_wanted(planning, plan, size - existing, existing, size);
  for (auto& decision : plan.decisions) check_created(planning, plan, decision, size);
}

}  // namespace vscale
