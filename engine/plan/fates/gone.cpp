#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/plan/fates/fates.h"

/// What the file does not want any more, and what is on hosts that it no longer knows.

namespace vscale {
namespace {

/// Not in the file any more: `removed:` says what that means. Without it, it may as well be a file forgotten.
bool decide_removed(Planning& planning, const GroupPlan& plan, Decision& decision) {
  const Removed* removed = removal_of(planning, plan, decision);
  if (removed == nullptr) {
    decision.fate = Fate::left;
    return false;
  }
  switch (removed->then) {
    case Removed::Then::destroy:
      if (locate_decision(planning, decision)) {
        decide_gone(planning, decision, {Rule::group_removed, "removed: then destroy", {}});
      }
      return true;
    case Removed::Then::forget:
      decide_forgotten(decision);
      return true;
  }
  VSCALE_ASSERT(false, "a Removed::Then without a meaning");
}

/// More groups than this are counted in a message, and not named.
constexpr std::size_t kGroupsNamed = 5;

/// What is on a host that has left the file.
struct LostHost {
  int instances = 0;
  std::set<std::string> groups;
  std::vector<std::string> lost;  ///< Those of which is_lost() is true.
};

/// A host that does not say who it is may be this one.
std::string maybe_renamed(const Planning& planning, const std::string& host) {
  const auto& silent = planning.live.silent_hosts();
  if (silent.empty()) return "";
  return fmt::format(", or wait for {} to answer, which may be {} by another name", fmt::join(silent, ", "), host);
}

void report_lost_host(Planning& planning, const std::string& host, const LostHost& lost) {
  const std::string groups = lost.groups.size() <= kGroupsNamed ? fmt::format("{}", fmt::join(lost.groups, ", "))
                                                                : fmt::format("{} groups", lost.groups.size());
  const bool one = lost.instances == 1;
  std::string hint = fmt::format("put {} back under `hosts`{}", host, maybe_renamed(planning, host));
  hint += lost.lost.empty()
              ? "; what stands on a shared pool is followed where somebody defines it by hand"
              : fmt::format(
                    "; or, if it is gone for good, give up what is there: `removed: [{{ address: \"{}\", then: "
                    "forget }}]`{}, apply, and take that out again: what is wanted is made anew",
                    lost.lost.front(), lost.lost.size() == 1 ? "" : ", one entry for each");
  planning.warn("host_vanished",
                fmt::format("{} has {} instance{} of {} and is not in the file any more: nothing is done to {}", host,
                            lost.instances, one ? "" : "s", groups, one ? "it" : "them"),
                std::move(hint));
}

/// With one new group in the file, the vanished one may have been renamed.
std::string moved_hint(const Planning& planning, const GroupPlan& vanished) {
  const GroupPlan* fresh = nullptr;
  for (const auto& plan : planning.groups) {
    const bool has_instances = std::any_of(plan.decisions.begin(), plan.decisions.end(),
                                           [](const Decision& decision) { return decision.record != nullptr; });
    if (plan.group == nullptr || has_instances) continue;
    if (fresh != nullptr) return "";
    fresh = &plan;
  }
  if (fresh == nullptr) return "";
  return fmt::format("; or, if it has a new name now, `moved: [{{ from: {}, to: {} }}]`", vanished.address,
                     fresh->address);
}

}  // namespace

/// The instance's own entry counts for more than its group's.
const Removed* removal_of(const Planning& planning, const GroupPlan& plan, const Decision& decision) {
  for (const std::string& address : {decision.name, plan.address}) {
    if (const auto found = planning.removed.find(address); found != planning.removed.end()) return found->second;
  }
  return nullptr;
}

bool is_out_of_reach(const Planning& planning, const VolumeRecord& volume) {
  return find_host(planning.config, volume.host) == nullptr && !planning.volumes.is_shared(volume.pool);
}

const Removed* forgetting_entry(const Planning& planning, const InstanceAddress& address) {
  auto removed = planning.removed.find(to_string(address));
  if (removed == planning.removed.end()) removed = planning.removed.find(group_address(address));
  const bool forgets = removed != planning.removed.end() && removed->second->then == Removed::Then::forget;
  return forgets ? removed->second : nullptr;
}

bool is_lost(const Planning& planning, const InstanceAddress& address) {
  const auto& volumes = planning.volumes.of(address);
  const auto instance = planning.instances.find(address);
  if (instance == planning.instances.end()) {
    return std::any_of(volumes.begin(), volumes.end(),
                       [&](const VolumeRecord& volume) { return is_out_of_reach(planning, volume); });
  }
  // One that somebody moved is where it is seen; and a disk in reach may be that of a guest which runs on unseen.
  const bool all_lost = std::all_of(volumes.begin(), volumes.end(), [&](const VolumeRecord& volume) {
    return volume.role == VolumeRecord::Role::seed || is_out_of_reach(planning, volume);
  });
  return find_host(planning.config, instance->second->host) == nullptr && all_lost &&
         planning.live.with_uuid(instance->second->uuid).empty();
}

bool is_given_up(const Planning& planning, const InstanceAddress& address) {
  return forgetting_entry(planning, address) != nullptr && is_lost(planning, address) &&
         planning.live.silent_hosts().empty();
}

void decide_forgotten(Decision& decision) {
  decision.fate = Fate::forget;
  decision.reasons.push_back({Rule::group_removed, "removed: then forget; what is on the host stays", {}});
}

void decide_gone(Planning& planning, Decision& decision, Reason reason) {
  const Presence presence = decision.where->presence;
  decision.domain_is_gone = presence == Presence::absent || presence == Presence::undefined;
  if (decision.domain_is_gone && !decision.where->why.empty()) return leave_unknown(planning, decision);
  decision.fate = Fate::destroy;
  decision.cause = decision.reasons.size();
  decision.reasons.push_back(std::move(reason));
}

Reason reason_to_destroy(const Planning& planning, const GroupPlan& plan) {
  const std::string target = planning.scope.taken_along_with(plan.address);
  if (target.empty()) return {Rule::destroy_requested, "destroy was asked for", {}};
  return {Rule::destroy_requested, fmt::format("depends on {}, which is destroyed", target), {{"target", target}}};
}

void decide_vanished_group(Planning& planning, GroupPlan& plan) {
  int unexplained = 0;
  for (auto& decision : plan.decisions) {
    if (!is_in_scope(planning, plan, decision)) {
      leave_out(decision, nullptr);
    } else if (!planning.input.options.destroy) {
      unexplained += decide_removed(planning, plan, decision) ? 0 : 1;
    } else if (locate_decision(planning, decision)) {
      decide_gone(planning, decision, reason_to_destroy(planning, plan));
    }
  }
  if (unexplained == 0) return;
  planning.error("group_vanished",
                 fmt::format("{} has {} instance{} and is not in the file any more", plan.address, unexplained,
                             unexplained == 1 ? "" : "s"),
                 fmt::format("write `removed: [{{ address: {}, then: destroy }}]` (or forget), or give the -f that it "
                             "came from{}",
                             plan.address, moved_hint(planning, plan)));
}

void report_lost_hosts(Planning& planning) {
  std::map<std::string, LostHost> hosts;
  for (const auto& plan : planning.groups) {
    for (const auto& decision : plan.decisions) {
      if (decision.record == nullptr || decision.fate != Fate::left) continue;
      if (decision.where->presence != Presence::unknown) continue;
      if (find_host(planning.config, decision.record->host) != nullptr) continue;
      LostHost& lost = hosts[decision.record->host];
      ++lost.instances;
      lost.groups.insert(plan.address);
      if (is_lost(planning, decision.address)) lost.lost.push_back(decision.name);
    }
  }
  for (const auto& [host, lost] : hosts) report_lost_host(planning, host, lost);
}

}  // namespace vscale
