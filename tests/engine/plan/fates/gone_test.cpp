#include <catch2/catch.hpp>

#include "tests/engine/plan/planned.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"

/// What is on hosts that the file no longer knows.

namespace vscale::test {
namespace {

TEST_CASE("what was on a host that left the file is unknown") {
  PlayedWorld world = running({web(2)});
  world.input.config.hosts.pop_back();
  world.input.live.erase("kvm2");
  const Plan plan = world.plan();
  CHECK(plan.actions.empty());
  REQUIRE(plan.unknown.size() == 1);
  CHECK(plan.unknown[0].why == "its host kvm2 is no longer in the file");
}

TEST_CASE("a group that is to go from a host that left the file says so, with the way out") {
  PlayedWorld world = running({web(2)});
  world.input.config.groups.clear();
  world.input.config.hosts.pop_back();
  world.input.live.erase("kvm2");
  world.input.config.removed = {{"group.web", Removed::Then::destroy}};
  Plan plan = world.plan();
  CHECK(changes(plan) == Words{"destroy web-0"});
  CHECK_FALSE(plan.errored);
  CHECK_FALSE(plan.complete);
  REQUIRE(plan.unknown.size() == 1);
  CHECK(plan.unknown[0].address == "group.web[1]");
  REQUIRE(codes(plan) == Words{"host_vanished"});
  CHECK(plan.diagnostics[0].summary ==
        "kvm2 has 1 instance of group.web and is not in the file any more: nothing is done to it");
  CHECK(plan.diagnostics[0].hint ==
        "put kvm2 back under `hosts`, or give up what is there: `removed: [{ address: \"group.web[1]\", then: forget "
        "}]`");
  world.input.config.removed.push_back({"group.web[1]", Removed::Then::forget});
  plan = world.plan();
  CHECK(changes(plan) == Words{"destroy web-0", "forget web-1"});
  CHECK(plan.diagnostics.empty());
  world.carry_out(plan);
  CHECK(world.input.recorded.instances.empty());
}

TEST_CASE("an instance that the group shrinks away from is forgotten, not destroyed, where removed: says so") {
  PlayedWorld world = running({web(2)});
  world.input.config.groups[0].size = 1;
  world.input.config.removed = {{"group.web[1]", Removed::Then::forget}};
  CHECK(changes(world.plan()) == Words{"forget web-1"});
  world.input.config.removed = {{"group.web[1]", Removed::Then::destroy}};
  CHECK(changes(world.plan()) == Words{"destroy web-1"});
}

TEST_CASE("a group that vanished while one new one came may have been renamed, which the hint says") {
  PlayedWorld world = running({web(2)});
  world.input.config.groups = {a_group("front", 2)};
  const Plan plan = world.plan();
  REQUIRE(codes(plan) == Words{"group_vanished"});
  CHECK(
      plan.diagnostics[0].hint ==
      "write `removed: [{ address: group.web, then: destroy }]` (or forget), or give the -f that it came from; or, if "
      "it has a new name now, `moved: [{ from: group.web, to: group.front }]`");
}

}  // namespace
}  // namespace vscale::test
