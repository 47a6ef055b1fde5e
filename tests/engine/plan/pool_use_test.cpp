#include "engine/plan/books/pool_use.h"

#include <catch2/catch.hpp>

#include "tests/engine/plan/planned.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"

namespace vscale::test {
namespace {

TEST_CASE("a plan of nothing does not rely on what pools say of themselves, nor does one that changes what runs") {
  PlayedWorld world = running({web(1)});
  CHECK_FALSE(relies_on_pools(world.plan()));
  world.host("kvm1").domains[0].vcpus = 1;
  REQUIRE(count_kind(world.plan(), "domain.update") == 1);
  CHECK_FALSE(relies_on_pools(world.plan()));
}

TEST_CASE("a plan that starts something relies on it: a file that is gone keeps it from starting") {
  PlayedWorld world = running({web(1)});
  world.host("kvm1").domains[0].state = DomainState::shut_off;
  REQUIRE(count_kind(world.plan(), "domain.start") == 1);
  CHECK(relies_on_pools(world.plan()));
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

TEST_CASE("a plan that misses a disk, or follows a host with another name, relies on what the pool shows") {
  PlayedWorld world = running({web(1)});
  SECTION("a disk") {
    world.host("kvm1").pools[0].volumes.erase("prod-web-0-root.qcow2");
    REQUIRE(codes(world.plan()) == Words{"disk_lost"});
  }
  SECTION("a host") {
    world.host("kvm1").identity = {"kvm1.example", "uuid-of-kvm1"};
    rename_host(world, "kvm1", "kvm9");
    REQUIRE(count_kind(world.plan(), "record.change") == 1);
  }
  CHECK(relies_on_pools(world.plan()));
}

}  // namespace
}  // namespace vscale::test
