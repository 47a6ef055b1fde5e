#include "engine/plan/books/pool_use.h"

#include <catch2/catch.hpp>

#include "tests/engine/plan/planned.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"

namespace vscale::test {
namespace {

TEST_CASE("a plan of nothing, or of a start, does not rely on what pools say of themselves") {
  PlayedWorld world = running({web(1)});
  CHECK_FALSE(relies_on_pools(world.plan()));
  world.host("kvm1").domains[0].state = DomainState::shut_off;
  REQUIRE(count_kind(world.plan(), "domain.start") == 1);
  CHECK_FALSE(relies_on_pools(world.plan()));
}

TEST_CASE("a plan that makes, sends, grows or deletes something in a pool relies on it, and so does one that failed") {
  PlayedWorld world = running({web(1)});
  world.input.config.groups[0].size = 2;
  CHECK(relies_on_pools(world.plan()));
  world.input.config.groups[0].size = 0;
  CHECK(relies_on_pools(world.plan()));
  world.input.config.groups[0].size = 9999;
  REQUIRE(world.plan().errored);
  CHECK(relies_on_pools(world.plan()));
}

TEST_CASE("a plan that follows a domain which somebody moved relies on the pool in which its disks should be") {
  PlayedWorld world = running({web(1)});
  move_by_hand(world, "prod-web-0", "kvm1", "kvm2");
  const Plan plan = world.plan();
  REQUIRE(plan.actions.size() == 1);
  REQUIRE(count_kind(plan, "record.change") == 1);
  CHECK(relies_on_pools(plan));
}

}  // namespace
}  // namespace vscale::test
