#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/engine/plan/plan_text.h"
#include "tests/engine/plan/planned.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"

/// Files that somebody deleted under a domain: it runs on without them, and does not start again.

namespace vscale::test {
namespace {

TEST_CASE("a disk that was deleted under its guest is missed while the guest still runs, with a way out") {
  PlayedWorld world = running({web(1)});
  world.host("kvm1").pools[0].volumes.erase("prod-web-0-root.qcow2");
  const Plan plan = world.plan();
  CHECK_FALSE(plan.errored);
  CHECK(plan.actions.empty());
  REQUIRE(codes(plan) == Words{"disk_lost"});
  CHECK(plan.diagnostics[0].summary ==
        "group.web[0]: pool default on kvm1 has no prod-web-0-root.qcow2 any more, which is its root disk: it runs on "
        "until it stops, and will not start again");
  CHECK(plan.diagnostics[0].hint ==
        "save what is on it while it runs; put the file back; or make the guest anew, which gives it another root "
        "disk: --replace group.web[0]");
}

TEST_CASE("likewise once it is off") {
  PlayedWorld world = running({web(1)});
  world.host("kvm1").pools[0].volumes.erase("prod-web-0-root.qcow2");
  world.domain("kvm1", "prod-web-0")->state = DomainState::shut_off;
  const Plan plan = world.plan();
  REQUIRE(codes(plan) == Words{"disk_lost"});
  CHECK(plan.diagnostics[0].summary ==
        "group.web[0]: pool default on kvm1 has no prod-web-0-root.qcow2 any more, which is its root disk: it cannot "
        "start");
  CHECK(plan.actions.empty());  // it would fail in every plan
  CHECK(changes(plan) == Words{"hold web-0"});
  CHECK(has_reason(plan, "group.web[0]", Rule::file_missing));
  CHECK(plan.drift[0].remedy == "held: its root disk is gone, without which it cannot start");
  world.input.options.replaces = {"group.web[0]"};
  world.carry_out(world.plan());
  world.input.options.replaces.clear();
  CHECK_FALSE(has_changes(world.plan()));
}

TEST_CASE("a pool that is off, and a disk that the domain does not use, are not missed") {
  PlayedWorld world = running({web(1)});
  SECTION("the pool is off") {
    world.host("kvm1").pools[0].active = false;
    world.host("kvm1").pools[0].volumes.clear();
  }
  SECTION("the domain goes on in a snapshot's file") {
    world.domain("kvm1", "prod-web-0")->disk_paths = {"/var/lib/libvirt/default/prod-web-0-root.before-upgrade"};
    world.host("kvm1").pools[0].volumes.erase("prod-web-0-root.qcow2");
  }
  CHECK(codes(world.plan()).empty());
}

TEST_CASE("a seed that was deleted is written again before its guest starts, or while it runs") {
  const bool is_up = GENERATE(true, false);
  PlayedWorld world = running({web(1)});
  LiveDomain& domain = *world.domain("kvm1", "prod-web-0");
  domain.disk_paths.push_back("/var/lib/libvirt/default/prod-web-0-seed.iso");
  if (!is_up) domain.state = DomainState::shut_off;
  world.host("kvm1").pools[0].volumes.erase("prod-web-0-seed.iso");

  const Plan plan = world.plan();
  INFO(plan_text(plan));
  CHECK(codes(plan).empty());
  CHECK(plan.drift.back().what == "seed");
  CHECK(plan.drift.back().remedy == "write again");
  const Action& written = only_action(plan, "seed.write", "group.web[0]");
  CHECK(std::get<WriteSeed>(written.detail).replace_existing);
  CHECK(count_kind(plan, "domain.stop") == 0);
  if (!is_up) CHECK(only_action(plan, "domain.start", "group.web[0]").needs == std::vector<int>{written.id});
  world.carry_out(plan);
  CHECK(world.host("kvm1").pools[0].volumes.count("prod-web-0-seed.iso") == 1);
  CHECK_FALSE(has_changes(world.plan()));
}

TEST_CASE("a seed is written again also where a replacement has to wait") {
  PlayedWorld world = running({web(2)});
  world.input.images["debian-12"] = lock_of("debian-12", 'b');
  world.input.config.limits.replace = Amount{Amount::Unit::count, 1};
  const std::string host = world.instance("group.web[1]").host;
  LiveDomain& domain = *world.domain(host, "prod-web-1");
  domain.disk_paths.push_back("/var/lib/libvirt/default/prod-web-1-seed.iso");
  domain.state = DomainState::shut_off;
  // Of two that are up, the first is replaced; one that is off disturbs nobody less.
  world.host(host).pools[0].volumes.erase("prod-web-1-seed.iso");
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  CHECK(changes(plan) == Words{"replace web-0", "update web-1"});
  const Action& written = only_action(plan, "seed.write", "group.web[1]");
  CHECK(only_action(plan, "domain.start", "group.web[1]").needs == std::vector<int>{written.id});
}

TEST_CASE("an image that was deleted under its guests is sent again before one of them starts, and a pool turned on") {
  PlayedWorld world = running({web(1)});
  world.domain("kvm1", "prod-web-0")->state = DomainState::shut_off;
  LivePool& pool = world.host("kvm1").pools[0];
  SECTION("an image") {
    REQUIRE(std::erase_if(pool.volumes, [](const auto& name) { return name.starts_with("vscale-image-"); }) == 1);
    const Plan plan = world.plan();
    INFO(plan_text(plan));
    CHECK(count_kind(plan, "image.upload") == 1);
    CHECK(count_kind(plan, "domain.start") == 1);
    world.carry_out(plan);
  }
  SECTION("a pool") {
    pool.active = false;
    const Plan plan = world.plan();
    INFO(plan_text(plan));
    CHECK(count_kind(plan, "pool.ensure") == 1);
    world.carry_out(plan);
  }
  CHECK(world.domain("kvm1", "prod-web-0")->state == DomainState::running);
}

}  // namespace
}  // namespace vscale::test
