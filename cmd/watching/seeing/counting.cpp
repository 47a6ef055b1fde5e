#include "cmd/watching/seeing/counting.h"

#include <utility>

#include "cmd/status.h"
#include "engine/recorded/wanted_size.h"
#include "engine/watch/roster.h"

namespace vscale {
namespace {

void count_members(const std::vector<Member>& members, const PlanInput& world, GroupFigures& figures) {
  figures.there = figures.ready = figures.unready = 0;
  figures.by_state.clear();
  for (const auto& member : members) {
    ++figures.there;
    const std::string state = state_of(*member.record, member.where);
    const bool is_ready = state == "ready" && !world.unready.contains(member.record->address);
    figures.ready += is_ready ? 1 : 0;
    figures.unready += !is_ready && member.record->phase == Phase::ready ? 1 : 0;
    ++figures.by_state[state == "ready" && !is_ready ? "unready" : state];
  }
}

void count_decisions(const TickDecision& decision, const std::string& group, GroupFigures& figures) {
  for (const auto& one : decision.decisions) {
    if (one.group != group) continue;
    if (one.size > one.current) ++figures.scaled_out;
    if (one.size < one.current) ++figures.scaled_in;
    if (one.size == one.current) ++figures.left_as_it_was;
    for (const auto& said : one.recommendations) {
      if (said.kind == Recommendation::Kind::error) ++figures.policy_errors;
    }
  }
}

void count_healings(const TickDecision& decision, const std::string& group, GroupFigures& figures) {
  for (const auto& [instance, healing] : decision.findings.healings) {
    if (group_address(instance) != group) continue;
    if (healing.by == Healing::By::start) ++figures.started;
    if (healing.by == Healing::By::restart) ++figures.restarted;
    if (healing.by == Healing::By::replace) ++figures.replaced;
  }
}

}  // namespace

void count_tick(const PlanInput& world, const TickDecision& decision, WatchFigures& figures) {
  figures.hosts.clear();
  for (const auto& host : world.config.hosts) {
    const auto view = world.live.find(host.name);
    figures.hosts.push_back({.host = host.name, .up = view != world.live.end() && view->second.snapshot.has_value()});
  }
  std::map<std::string, GroupFigures> before;
  for (auto& group : std::exchange(figures.groups, {})) before.emplace(group.group, std::move(group));
  const Roster roster(world.config, world.recorded, world.live);
  for (const auto& group : world.config.groups) {
    const std::string address = address_of(group);
    GroupFigures of_group = std::move(before[group.name]);
    of_group.group = group.name;
    of_group.wanted = wanted_size(group, world.recorded, address);
    of_group.min = group.scaling ? group.scaling->min : group.size;
    of_group.max = group.scaling ? group.scaling->max : group.size;
    count_members(roster.of(address), world, of_group);
    count_decisions(decision, address, of_group);
    count_healings(decision, address, of_group);
    figures.groups.push_back(std::move(of_group));
  }
}

}  // namespace vscale
