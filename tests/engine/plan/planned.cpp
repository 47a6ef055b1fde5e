#include "tests/engine/plan/planned.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/engine/plan/plan_text.h"
#include "tests/support/builders.h"

namespace vscale::test {

PlayedWorld running(Config config) {
  PlayedWorld world(std::move(config));
  world.carry_out(world.plan());
  REQUIRE_FALSE(has_changes(world.plan()));
  return world;
}

PlayedWorld running(std::vector<Group> groups) {
  return running(config_with(std::move(groups)));
}

PlayedWorld with_kept_disk() {
  Group group = web(2);
  group.instance.disks = {a_disk("data", 50 * kGiB, true)};
  PlayedWorld world = running({group});
  REQUIRE(world.instance("group.web[1]").host == "kvm2");
  world.input.config.groups[0].size = 1;
  world.carry_out(world.plan());
  return world;
}

void rename_host(PlayedWorld& world, const std::string& from, const std::string& to) {
  HostRecord& record = world.input.recorded.hosts[from];
  record.host = from;
  record.observed = world.host(from);
  auto node = world.input.live.extract(from);
  node.key() = to;
  node.mapped().snapshot->host = to;
  world.input.live.insert(std::move(node));
  for (auto& host : world.input.config.hosts) {
    if (host.name == from) host.name = to;
  }
}

void move_by_hand(PlayedWorld& world, const std::string& name, const std::string& from, const std::string& to) {
  world.host(to).domains.push_back(*world.domain(from, name));
  std::erase_if(world.host(from).domains.edit(), [&](const LiveDomain& domain) { return domain.name == name; });
  auto& volumes = world.host(from).pools[0].volumes;
  for (auto at = volumes.begin(); at != volumes.end();) {
    const bool moves = at->starts_with(name + "-");
    if (moves) world.host(to).pools[0].volumes.insert(*at);
    at = moves ? volumes.erase(at) : std::next(at);
  }
}

Words changes(const Plan& plan) {
  Words words;
  for (const auto& change : plan.changes) {
    const auto address = parse_instance_address(change.address);
    if (address) words.push_back(std::string(to_string(change.action)) + " " + short_name(*address));
  }
  return words;
}

Words codes(const Plan& plan) {
  Words words;
  for (const auto& diagnostic : plan.diagnostics) words.push_back(diagnostic.code);
  return words;
}

const Diagnostic& only_error(const Plan& plan) {
  INFO(plan_text(plan));
  REQUIRE(plan.errored);
  REQUIRE(plan.diagnostics.size() == 1);
  return plan.diagnostics.front();
}

bool has_reason(const Plan& plan, const std::string& address, Rule rule) {
  return std::any_of(plan.changes.begin(), plan.changes.end(), [&](const Change& change) {
    return change.address == address && std::any_of(change.reasons.begin(), change.reasons.end(),
                                                    [&](const Reason& reason) { return reason.rule == rule; });
  });
}

const Action& only_action(const Plan& plan, const std::string& kind, const std::string& address) {
  const auto is_it = [&](const Action& action) { return action.address == address && kind == kind_of(action.detail); };
  INFO(plan_text(plan));
  REQUIRE(std::count_if(plan.actions.begin(), plan.actions.end(), is_it) == 1);
  return *std::find_if(plan.actions.begin(), plan.actions.end(), is_it);
}

int count_kind(const Plan& plan, const std::string& kind) {
  return static_cast<int>(std::count_if(plan.actions.begin(), plan.actions.end(),
                                        [&](const Action& action) { return kind == kind_of(action.detail); }));
}

std::set<int> all_before(const Plan& plan, int id) {
  std::set<int> before;
  for (const int need : plan.actions[static_cast<std::size_t>(id) - 1].needs) {
    before.insert(need);
    before.merge(all_before(plan, need));
  }
  return before;
}

}  // namespace vscale::test
