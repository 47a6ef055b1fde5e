#include "engine/watch/units.h"

#include <algorithm>
#include <map>
#include <set>

namespace vscale {
namespace {

/// Groups, with those that they depend on or that depend on them.
std::map<std::string, std::set<std::string>> neighbours_of(const Config& config) {
  std::map<std::string, std::set<std::string>> neighbours;
  for (const auto& group : config.groups) {
    const std::string address = address_of(group);
    for (const auto& other : group.depends_on) {
      neighbours[address].insert(other);
      neighbours[other].insert(address);
    }
  }
  return neighbours;
}

void visit(const std::map<std::string, std::set<std::string>>& neighbours, const std::string& group,
           std::set<std::string>& visited, std::vector<std::string>& unit) {
  if (!visited.insert(group).second) return;
  unit.push_back(group);
  const auto found = neighbours.find(group);
  if (found == neighbours.end()) return;
  for (const auto& other : found->second) visit(neighbours, other, visited, unit);
}

}  // namespace

std::vector<std::vector<std::string>> units_of(const Config& config, const RecordedState& recorded) {
  const auto neighbours = neighbours_of(config);
  std::set<std::string> visited;
  std::vector<std::vector<std::string>> units;
  const auto add = [&](const std::string& group) {
    std::vector<std::string> unit;
    visit(neighbours, group, visited, unit);
    if (!unit.empty()) units.push_back(std::move(unit));
  };
  for (const auto& group : config.groups) add(address_of(group));
  for (const auto& [address, instance] : recorded.instances) add(group_address(address));
  return units;
}

std::vector<std::string> groups_beside(const std::vector<std::string>& unit,
                                       const std::vector<std::vector<std::string>>& units) {
  std::vector<std::string> others;
  for (const auto& one : units) {
    for (const auto& group : one) {
      if (std::find(unit.begin(), unit.end(), group) == unit.end()) others.push_back(group);
    }
  }
  return others;
}

}  // namespace vscale
