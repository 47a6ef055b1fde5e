#include <fmt/format.h>

#include <algorithm>
#include <climits>
#include <unordered_map>
#include <unordered_set>

#include "engine/plan/planning.h"

/// `moved:`, `removed:` and whether they make sense together with the file.

namespace vscale {
namespace {

std::string kind_of_address(const std::string& address) {
  return address.substr(0, address.find('.'));
}
std::string name_of_address(const std::string& address) {
  return address.substr(address.find('.') + 1);
}

/// The groups of the file and the moves, looked up by address: a file may rename as many as it has.
struct Names {
  explicit Names(const Config& config) {
    for (const auto& group : config.groups) in_file.insert(address_of(group));
    for (const auto& moved : config.moved) moves.emplace(moved.from, &moved);
  }

  [[nodiscard]] bool has_group(const std::string& address) const { return in_file.count(address) != 0; }
  /// The first entry for the address; nullptr if there is none.
  [[nodiscard]] const Moved* move_from(const std::string& address) const {
    const auto found = moves.find(address);
    return found == moves.end() ? nullptr : found->second;
  }
  /// Follows a -> b -> c to its end; nothing for a circle.
  [[nodiscard]] std::optional<std::string> end_of_chain(std::string address) const {
    for (std::size_t hops = 0; hops <= moves.size(); ++hops) {
      const Moved* next = move_from(address);
      if (next == nullptr) return address;
      address = next->to;
    }
    return std::nullopt;
  }

  std::unordered_set<std::string> in_file;
  std::unordered_map<std::string, const Moved*> moves;
};

std::string place(std::size_t index) {
  return fmt::format("moved[{}]", index);
}

/// True if the entry can be followed.
bool check_entry(Planning& planning, const Names& names, std::size_t index) {
  const Moved& moved = planning.config.moved[index];
  if (kind_of_address(moved.from) != kind_of_address(moved.to)) {
    planning.error("moved_kind",
                   fmt::format("moved: {} cannot become {}: one is a group and one a machine", moved.from, moved.to),
                   "move a group to a group, a machine to a machine", place(index));
    return false;
  }
  if (names.has_group(moved.from)) {
    planning.error("moved_still_there", fmt::format("moved: {} is still in the file", moved.from),
                   fmt::format("rename it to {} there, or take the `moved` entry out", moved.to), place(index));
    return false;
  }
  if (names.move_from(moved.from) != &moved) {
    planning.error("moved_twice", fmt::format("moved: {} stands there twice", moved.from), "leave one of them",
                   place(index));
    return false;
  }
  const auto end = names.end_of_chain(moved.from);
  if (!end) {
    planning.error("moved_circle", fmt::format("moved: {} comes back to itself", moved.from), "break the circle",
                   place(index));
    return false;
  }
  if (!names.has_group(*end)) {
    planning.error("moved_to_nothing", fmt::format("moved: {} becomes {}, which is not in the file", moved.from, *end),
                   fmt::format("add {} to the file, or say `removed:` instead", *end), place(index));
    return false;
  }
  return true;
}

/// Before all ordinals of the group; InstanceAddress orders by kind, group and ordinal.
InstanceAddress first_of(const std::string& group) {
  const auto kind = kind_of_address(group) == "machine" ? InstanceAddress::Kind::machine : InstanceAddress::Kind::group;
  return {kind, name_of_address(group), INT_MIN};
}
bool is_of(const InstanceAddress& address, const std::string& group) {
  return group_address(address) == group;
}

/// In order of ordinals.
std::vector<InstanceAddress> instances_of(const Planning& planning, const std::string& group) {
  std::vector<InstanceAddress> addresses;
  auto at = planning.instances.lower_bound(first_of(group));
  for (; at != planning.instances.end() && is_of(at->first, group); ++at) addresses.push_back(at->first);
  return addresses;
}

void move_instance(Planning& planning, const InstanceAddress& from, const InstanceAddress& to) {
  InstanceRecord& moved = planning.changed_records.emplace_back(*planning.instances.at(from));
  moved.address = to;
  planning.instances.erase(from);
  planning.instances[to] = &moved;
}

/// Instances that are no more may have left disks that are kept. Under one address with those that come, a guest would
/// be given either's.
bool report_disks_of_both(Planning& planning, const std::string& from, const std::string& to, std::size_t index) {
  const auto coming = planning.volumes.owners_from(first_of(from));
  const auto there = planning.volumes.owners_from(first_of(to));
  if (coming.empty() || there.empty()) return false;
  const VolumeRecord& disk = planning.volumes.of(there.front()).front();
  planning.error("moved_into_another",
                 fmt::format("moved: {} and {} both have disks, such as {} on {}", from, to, disk.name, disk.host),
                 fmt::format("take this entry out; if nobody needs the disks that {0} left, delete them then, and move "
                             "afterwards: vscale destroy --target {0} --allow-data-loss",
                             instances_of(planning, to).empty() ? to : from),
                 place(index));
  return true;
}

/// Besides its own record: what MoveRollout moves.
bool is_more_known_of(const RecordedState& recorded, const std::string& group) {
  const auto& suspensions = recorded.words.suspensions;
  const bool suspended =
      std::any_of(suspensions.begin(), suspensions.end(), [&](const auto& said) { return said.first.first == group; });
  return suspended || recorded.revisions.count(group) + recorded.rollouts.count(group) +
                              recorded.rollout_intents.count(group) + recorded.wanted_sizes.count(group) +
                              recorded.scaling.count(group) + recorded.words.restarts.count(group) !=
                          0;
}

void move_group(Planning& planning, const std::string& from, const std::string& to, std::size_t index) {
  const auto moving = instances_of(planning, from);
  const auto owners = planning.volumes.owners_from(first_of(from));
  if (moving.empty() && owners.empty() && planning.group_records.count(from) == 0) return;  // done long ago
  if (!moving.empty() && !instances_of(planning, to).empty()) {
    planning.error("moved_into_another", fmt::format("moved: {} and {} both have instances", from, to),
                   "two groups cannot become one: destroy one of them first", place(index));
    return;
  }
  if (report_disks_of_both(planning, from, to, index)) return;
  auto& changes = planning.moves[to];
  const auto moved_address = [&](InstanceAddress address) {
    address.group = name_of_address(to);
    return address;
  };
  for (const auto& address : moving) {
    move_instance(planning, address, moved_address(address));
    changes.emplace_back(MoveInstance{address, moved_address(address)});
  }
  for (const auto& owner : owners) {
    planning.volumes.move(owner, moved_address(owner));
    // An ordinal that has no instance may still have disks that were kept.
    if (!std::binary_search(moving.begin(), moving.end(), owner)) {
      changes.emplace_back(MoveInstance{owner, moved_address(owner)});
    }
  }
  planning.recorded_as[to] = from;
  const auto record = planning.group_records.find(from);
  if (record == planning.group_records.end()) return;
  GroupRecord renamed = record->second;
  renamed.address = to;
  planning.group_records.erase(record);
  planning.group_records[to] = renamed;
  if (is_more_known_of(planning.input.recorded, from)) changes.emplace_back(MoveRollout{from, to});
  changes.emplace_back(RemoveGroup{from});
  changes.emplace_back(PutGroup{renamed});
}

void check_removed(Planning& planning, const Names& names) {
  for (std::size_t index = 0; index < planning.config.removed.size(); ++index) {
    const std::string& address = planning.config.removed[index].address;
    const auto machine = parse_instance_address(address);
    const bool is_lost_machine =
        machine && forgetting_entry(planning, *machine) != nullptr && is_lost(planning, *machine);
    if (!names.has_group(address) || is_lost_machine) continue;
    planning.error("removed_still_there", fmt::format("removed: {} is still in the file", address),
                   "take it out of the file, or take the `removed` entry out", fmt::format("removed[{}]", index));
  }
}

}  // namespace

void follow_moved(Planning& planning) {
  const Names names(planning.config);
  check_removed(planning, names);
  for (std::size_t index = 0; index < planning.config.moved.size(); ++index) {
    if (!check_entry(planning, names, index)) continue;
    const std::string& from = planning.config.moved[index].from;
    move_group(planning, from, *names.end_of_chain(from), index);
  }
}

void plan_moves(Planning& planning) {
  for (auto& plan : planning.groups) {
    const auto moved = planning.moves.find(plan.address);
    if (moved == planning.moves.end() || moved->second.empty()) continue;
    plan.moved = planning.graph.add(plan.address, "", {}, ChangeRecord{moved->second});
    plan.first_needs.push_back(*plan.moved);
  }
}

}  // namespace vscale
