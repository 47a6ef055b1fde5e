#include "engine/approval/envelope.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <variant>

#include "engine/execution/record_changes.h"

namespace vscale {
namespace {

using ApprovedChanges = std::multimap<std::string, const Change*>;

bool is_of_image(const std::string& address) {
  return address.starts_with("image.");
}

bool admits(ChangeAction approved, ChangeAction again) {
  switch (again) {
    case ChangeAction::hold:
      return true;
    case ChangeAction::create:
      return approved == ChangeAction::create || approved == ChangeAction::replace;
    case ChangeAction::start:
      return approved == ChangeAction::start || approved == ChangeAction::create || approved == ChangeAction::replace ||
             approved == ChangeAction::update;
    case ChangeAction::update:
    case ChangeAction::replace:
    case ChangeAction::destroy:
    case ChangeAction::stop:
    case ChangeAction::migrate:
    case ChangeAction::adopt:
    case ChangeAction::forget:
      // What is made anew may also only be brought up to date.
      return approved == again || (approved == ChangeAction::replace && again == ChangeAction::update);
  }
  VSCALE_ASSERT(false, "a ChangeAction that nobody may approve of");
}

/// How far `again` goes beyond one approved change of its address; nothing: it does not.
std::optional<Beyond> compare(const Change& approved, const Change& again) {
  // The new one of a rolling update that goes back, or has become smaller, is nobody's loss.
  const bool takes_back = approved.successor == again.address && again.action == ChangeAction::destroy;
  const bool admitted = takes_back || admits(approved.action, again.action);
  if (admitted && again.disruption <= approved.disruption) return std::nullopt;
  return Beyond{.address = again.address,
                .why = admitted ? Beyond::Why::worse_class : Beyond::Why::other_action,
                .action = again.action,
                .disruption = again.disruption,
                .approved = approved.action,
                .allowed = approved.disruption};
}

std::optional<Beyond> compare(const ApprovedChanges& approved, const Change& again) {
  if (again.action == ChangeAction::hold || is_of_image(again.address)) return std::nullopt;
  Beyond beyond{.address = again.address, .action = again.action, .disruption = again.disruption};
  const auto [first, last] = approved.equal_range(again.address);
  for (auto change = first; change != last; ++change) {
    const auto found = compare(*change->second, again);
    if (!found) return std::nullopt;
    beyond = *found;
  }
  return beyond;
}

/// A data disk that an action makes or deletes, and whose.
struct DiskAction {
  std::string address, disk;
  bool deletes = false;

  auto operator<=>(const DiskAction&) const = default;
};

std::optional<DiskAction> disk_action(const Action& action) {
  const auto* create = std::get_if<CreateVolume>(&action.detail);
  const auto* remove = std::get_if<DeleteVolume>(&action.detail);
  const VolumeRecord* volume = create != nullptr ? &create->volume : remove != nullptr ? &remove->volume : nullptr;
  if (volume == nullptr || volume->role != VolumeRecord::Role::data) return std::nullopt;
  return DiskAction{.address = action.address, .disk = volume->disk, .deletes = remove != nullptr};
}

/// What comes for others under ordinals of its own.
std::set<std::string> successors_of(const Plan& plan) {
  std::set<std::string> successors;
  for (const auto& change : plan.changes) {
    if (!change.successor.empty()) successors.insert(change.successor);
  }
  return successors;
}

/// Disks that `again` makes or deletes and `approved` does not, of changes that are within otherwise.
void add_lost_disks(const Plan& approved, const Plan& again, std::vector<Beyond>& beyond) {
  std::set<DiskAction> expected;
  const auto made = successors_of(approved);
  for (const auto& action : approved.actions) {
    auto disk = disk_action(action);
    if (!disk) continue;
    // What it makes anew for a successor has nothing on it that anybody would miss.
    if (made.count(disk->address) != 0) expected.insert({disk->address, disk->disk, true});
    expected.insert(std::move(*disk));
  }
  const auto made_again = successors_of(again);
  for (const auto& action : again.actions) {
    const auto disk = disk_action(action);
    if (!disk || (!disk->deletes && made_again.count(disk->address) != 0)) continue;
    if (!expected.insert(*disk).second) continue;
    const auto is_told = [&](const Beyond& one) { return one.address == disk->address; };
    if (std::any_of(beyond.begin(), beyond.end(), is_told)) continue;
    const auto change = std::find_if(again.changes.begin(), again.changes.end(),
                                     [&](const Change& one) { return one.address == disk->address; });
    beyond.push_back({.address = disk->address,
                      .why = Beyond::Why::loses_data,
                      .action = change == again.changes.end() ? ChangeAction::destroy : change->action,
                      .disk = disk->disk});
  }
}

bool came_from_circumstance(const Action& action, const Error& error) {
  switch (error.kind) {
    case ErrorKind::unreachable:
    case ErrorKind::conflict:
      return true;
    case ErrorKind::timed_out:
      return !std::holds_alternative<WaitForGates>(action.detail);
    case ErrorKind::not_found:
    case ErrorKind::exists:
    case ErrorKind::unsupported:
    case ErrorKind::no_capacity:
    case ErrorKind::denied:
    case ErrorKind::invalid:
    case ErrorKind::failed:
      return false;
  }
  VSCALE_ASSERT(false, "an ErrorKind that is neither circumstance nor not");
}

}  // namespace

const char* to_string(Beyond::Why why) {
  switch (why) {
    case Beyond::Why::other_address:
      return "other_address";
    case Beyond::Why::other_action:
      return "other_action";
    case Beyond::Why::worse_class:
      return "worse_class";
    case Beyond::Why::loses_data:
      return "loses_data";
  }
  VSCALE_ASSERT(false, "a Beyond::Why without a word");
}

std::set<std::string> groups_that_roll(const Plan& plan) {
  std::set<std::string> groups;
  for (const auto& rollout : plan.rollouts) groups.insert(rollout.group);
  for (const auto& action : plan.actions) {
    if (std::holds_alternative<BeginRollout>(action.detail)) groups.insert(action.address);
  }
  return groups;
}

int plans_for(const Plan& approved) {
  int plans = kPlansPerApproval;
  std::set<std::string> groups = groups_that_roll(approved);
  for (const auto& rollout : approved.rollouts) {
    plans += rollout.on_failure == Update::OnFailure::proceed ? kPlansPerRolloutThatGoesOn : rollout.max_failures + 1;
    groups.erase(rollout.group);
  }
  return plans + static_cast<int>(groups.size());  // of strategy recreate: the way back
}

std::vector<WayBack> ways_back(const Plan& plan) {
  std::vector<WayBack> ways;
  for (const auto& rollout : plan.rollouts) {
    if (rollout.back) ways.push_back({rollout.group, rollout.from, rollout.to});
  }
  for (const auto& action : plan.actions) {
    const auto* begin = std::get_if<BeginRollout>(&action.detail);
    const auto is_told = [&](const WayBack& way) { return way.group == action.address; };
    if (begin == nullptr || !begin->condemned || std::any_of(ways.begin(), ways.end(), is_told)) continue;
    ways.push_back({action.address, *begin->condemned, begin->rollout.to});
  }
  return ways;
}

std::vector<Beyond> beyond_envelope(const Plan& approved, const Plan& again) {
  ApprovedChanges changes;
  for (const auto& change : approved.changes) {
    if (change.action != ChangeAction::hold) changes.emplace(change.address, &change);
    if (change.action != ChangeAction::hold && !change.successor.empty()) changes.emplace(change.successor, &change);
  }
  std::vector<Beyond> beyond;
  for (const auto& change : again.changes) {
    if (auto found = compare(changes, change)) beyond.push_back(std::move(*found));
  }
  add_lost_disks(approved, again, beyond);
  return beyond;
}

std::vector<FailedAction> failed_by_circumstance(const Plan& plan, const RunSummary& summary) {
  std::vector<FailedAction> failed;
  if (summary.interrupted || summary.state_error) return failed;
  const auto by_circumstance = [&plan](const FailedAction& one) {
    return came_from_circumstance(plan.actions[static_cast<std::size_t>(one.id) - 1], one.error);
  };
  std::copy_if(summary.failed.begin(), summary.failed.end(), std::back_inserter(failed), by_circumstance);
  return failed;
}

std::vector<FailedAction> failed_in_rollout(const Plan& plan, const RunSummary& summary) {
  std::vector<FailedAction> failed;
  if (summary.interrupted || summary.state_error) return failed;
  const std::set<std::string> groups = groups_that_roll(plan);
  const auto is_answered = [&](const FailedAction& one) {
    const Action& action = plan.actions[static_cast<std::size_t>(one.id) - 1];
    const auto instance = parse_instance_address(action.address);
    return groups.count(instance ? group_address(*instance) : action.address) != 0 &&
           is_failure_of_rollout(action, one.error);
  };
  std::copy_if(summary.failed.begin(), summary.failed.end(), std::back_inserter(failed), is_answered);
  return failed;
}

}  // namespace vscale
