#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/engine/plan/plan_text.h"
#include "tests/engine/plan/planned.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"

/// Where an instance is found, and what is concluded when it is not.

namespace vscale::test {
namespace {

TEST_CASE("a domain that is gone is unknown, not missing, while another host is silent") {
  PlayedWorld world = running(config_with({web(2)}, {"kvm1", "kvm2", "kvm3"}));
  world.host("kvm1").domains.clear();
  world.input.live["kvm3"] = unreachable();
  const Plan plan = world.plan();
  CHECK(changes(plan).empty());
  CHECK(plan.drift.empty());
  REQUIRE(plan.unknown.size() == 2);
  CHECK(plan.unknown[1].address == "group.web[0]");
  CHECK(plan.unknown[1].why == "kvm1 has no such domain, but it may have been moved to kvm3, which does not answer");
}

TEST_CASE("an instance that is up on another host is not started again where it was, though defined there") {
  PlayedWorld world = running({web(1)});
  LiveDomain moved = *world.domain("kvm1", "prod-web-0");
  world.domain("kvm1", "prod-web-0")->state = DomainState::shut_off;
  world.host("kvm2").domains.push_back(moved);
  const Plan plan = world.plan();
  CHECK(count_kind(plan, "domain.start") == 0);
  CHECK(codes(plan) == Words{"second_definition"});
  world.carry_out(plan);
  CHECK(world.instance("group.web[0]").host == "kvm2");
}

TEST_CASE("the record follows a domain that was moved by hand before anything is waited for") {
  Group db = a_group("db", 1);
  Group front = web(1);
  front.depends_on = {"group.db"};
  PlayedWorld world = running({db, front});
  const std::string from = world.instance("group.web[0]").host;
  const std::string to = from == "kvm1" ? "kvm2" : "kvm1";
  move_by_hand(world, "prod-web-0", from, to);
  world.domain(to, "prod-web-0")->state = DomainState::shut_off;
  world.input.config.groups[0].size = 2;
  const Plan plan = world.plan();
  const Action& follow = only_action(plan, "record.change", "group.web[0]");
  CHECK(follow.needs.empty());
  const Action& gates = only_action(plan, "barrier", "group.db");
  CHECK(only_action(plan, "domain.start", "group.web[0]").needs == std::vector<int>{gates.id, follow.id});
  // The run dies while the gates are waited for, and then the domain goes for good: its disks are still known.
  std::vector<std::size_t> order = order_of_ids(plan);
  const auto first = static_cast<std::ptrdiff_t>(follow.id);
  std::rotate(order.begin(), order.begin() + first - 1, order.begin() + first);
  world.carry_out_and_die(plan, order, 1, false);
  std::erase_if(world.host(to).domains, [](const LiveDomain& domain) { return domain.name == "prod-web-0"; });
  world.input.config.groups[1].size = 0;
  world.converge();
  CHECK(world.host(to).pools[0].volumes.count("prod-web-0-root.qcow2") == 0);
  CHECK(world.host(to).pools[0].volumes.count("prod-web-0-seed.iso") == 0);
}

TEST_CASE("a domain whose removal was begun is unknown, not gone, while another host is silent") {
  PlayedWorld world = running(config_with({web(1)}, {"kvm1", "kvm2", "kvm3"}));
  world.input.recorded.instances.begin()->second.phase = Phase::leaving;
  const HostView cut_off = world.input.live["kvm3"];
  const LiveDomain moved = *world.domain("kvm1", "prod-web-0");
  world.host("kvm1").domains.clear();
  world.input.live["kvm3"] = unreachable();
  for (const int size : {1, 0}) {
    world.input.config.groups[0].size = size;
    const Plan plan = world.plan();
    INFO(plan_text(plan));
    CHECK(plan.actions.empty());
    REQUIRE(plan.unknown.size() == 2);
    CHECK(plan.unknown[1].why == "kvm1 has no such domain, but it may have been moved to kvm3, which does not answer");
  }
  // It was there indeed.
  world.input.live["kvm3"] = cut_off;
  world.host("kvm3").domains.push_back(moved);
  world.converge();
  CHECK(world.host("kvm3").domains.empty());
  CHECK(world.input.recorded.instances.empty());
}

TEST_CASE("the same domain up twice is an error, and neither is touched") {
  PlayedWorld world = running({web(1)});
  world.host("kvm2").domains.push_back(*world.domain("kvm1", "prod-web-0"));
  const Plan plan = world.plan();
  CHECK(only_error(plan).code == "twin");
  CHECK(plan.actions.empty());
}

TEST_CASE("a domain with our uuid that lost its mark is left alone") {
  PlayedWorld world = running({web(1)});
  world.domain("kvm1", "prod-web-0")->ownership.reset();
  world.domain("kvm1", "prod-web-0")->state = DomainState::shut_off;
  const Plan plan = world.plan();
  CHECK(plan.actions.empty());
  REQUIRE(plan.unknown.size() == 1);
  CHECK(plan.unknown[0].why == "domain prod-web-0 on kvm1 has its uuid, but not vscale's mark");
}

TEST_CASE("our own domain that is not recorded is reported and left alone") {
  PlayedWorld world = running({web(1)});
  world.input.recorded.instances.clear();
  world.input.recorded.volumes.clear();
  world.input.config.groups[0].size = 0;
  const Plan plan = world.plan();
  CHECK(codes(plan) == Words{"orphan"});
  CHECK(count_kind(plan, "domain.undefine") == 0);
}

TEST_CASE("a guest that is just shutting down is looked at again later") {
  PlayedWorld world = running({web(1)});
  world.domain("kvm1", "prod-web-0")->state = DomainState::shutting_down;
  const Plan plan = world.plan();
  CHECK(plan.actions.empty());
  CHECK(plan.unknown[0].why == "it is in shutdown just now");
}

}  // namespace
}  // namespace vscale::test
