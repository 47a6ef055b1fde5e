#include <fmt/format.h>

#include <algorithm>

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

const Moved* move_from(const Config& config, const std::string& address) {
  const auto found =
      std::find_if(config.moved.begin(), config.moved.end(), [&](const Moved& moved) { return moved.from == address; });
  return found == config.moved.end() ? nullptr : &*found;
}

/// Follows a -> b -> c to its end; nothing for a circle.
std::optional<std::string> end_of_chain(const Config& config, std::string address) {
  for (std::size_t hops = 0; hops <= config.moved.size(); ++hops) {
    const Moved* next = move_from(config, address);
    if (next == nullptr) return address;
    address = next->to;
  }
  return std::nullopt;
}

std::string place(std::size_t index) {
  return fmt::format("moved.{}", index);
}

/// True if the entry can be followed.
bool check_entry(Planning& planning, std::size_t index) {
  const Config& config = planning.config;
  const Moved& moved = config.moved[index];
  if (kind_of_address(moved.from) != kind_of_address(moved.to)) {
    planning.error("moved_kind",
                   fmt::format("moved: {} cannot become {}: one is a group and one a machine", moved.from, moved.to),
                   "move a group to a group, a machine to a machine", place(index));
    return false;
  }
  if (find_group(config, moved.from) != nullptr) {
    planning.error("moved_still_there", fmt::format("moved: {} is still in the file", moved.from),
                   fmt::format("rename it to {} there, or take the `moved` entry out", moved.to), place(index));
    return false;
  }
  if (move_from(config, moved.from) != &moved) {
    planning.error("moved_twice", fmt::format("moved: {} stands there twice", moved.from), "leave one of them",
                   place(index));
    return false;
  }
  const auto end = end_of_chain(config, moved.from);
  if (!end) {
    planning.error("moved_circle", fmt::format("moved: {} comes back to itself", moved.from), "break the circle",
                   place(index));
    return false;
  }
  if (find_group(config, *end) == nullptr) {
    planning.error("moved_to_nothing", fmt::format("moved: {} becomes {}, which is not in the file", moved.from, *end),
                   fmt::format("add {} to the file, or say `removed:` instead", *end), place(index));
    return false;
  }
  return true;
}

std::vector<InstanceAddress> instances_of(const Planning& planning, const std::string& group) {
  std::vector<InstanceAddress> addresses;
  for (const auto& [address, instance] : planning.instances) {
    if (group_address(address) == group) addresses.push_back(address);
  }
  return addresses;
}

void move_instance(Planning& planning, const InstanceAddress& from, const InstanceAddress& to) {
  InstanceRecord& moved = planning.changed_records.emplace_back(*planning.instances.at(from));
  moved.address = to;
  planning.instances.erase(from);
  planning.instances[to] = &moved;
}

void move_group(Planning& planning, const std::string& from, const std::string& to, std::size_t index) {
  const auto moving = instances_of(planning, from);
  const auto kept_volumes = planning.volumes.owners();
  if (moving.empty() && planning.group_records.count(from) == 0) return;  // done long ago
  if (!moving.empty() && !instances_of(planning, to).empty()) {
    planning.error("moved_into_another", fmt::format("moved: {} and {} both have instances", from, to),
                   "two groups cannot become one: destroy one of them first", place(index));
    return;
  }
  auto& changes = planning.moves[to];
  const auto moved_address = [&](InstanceAddress address) {
    address.group = name_of_address(to);
    return address;
  };
  for (const auto& address : moving) {
    move_instance(planning, address, moved_address(address));
    changes.emplace_back(MoveInstance{address, moved_address(address)});
  }
  for (const auto& owner : kept_volumes) {
    if (group_address(owner) != from) continue;
    planning.volumes.move(owner, moved_address(owner));
    // An ordinal that has no instance may still have disks that were kept.
    if (std::find(moving.begin(), moving.end(), owner) == moving.end()) {
      changes.emplace_back(MoveInstance{owner, moved_address(owner)});
    }
  }
  const auto record = planning.group_records.find(from);
  if (record == planning.group_records.end()) return;
  GroupRecord renamed = record->second;
  renamed.address = to;
  planning.group_records.erase(record);
  planning.group_records[to] = renamed;
  changes.emplace_back(RemoveGroup{from});
  changes.emplace_back(PutGroup{renamed});
}

void check_removed(Planning& planning) {
  for (std::size_t index = 0; index < planning.config.removed.size(); ++index) {
    const std::string& address = planning.config.removed[index].address;
    if (find_group(planning.config, address) == nullptr) continue;
    planning.error("removed_still_there", fmt::format("removed: {} is still in the file", address),
                   "take it out of the file, or take the `removed` entry out", fmt::format("removed.{}", index));
  }
}

}  // namespace

void follow_moved(Planning& planning) {
  check_removed(planning);
  for (std::size_t index = 0; index < planning.config.moved.size(); ++index) {
    if (!check_entry(planning, index)) continue;
    const std::string& from = planning.config.moved[index].from;
    move_group(planning, from, *end_of_chain(planning.config, from), index);
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
