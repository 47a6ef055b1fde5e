#include <catch2/catch.hpp>

#include "engine/recorded/apply_change.h"
#include "tests/engine/plan/plan_text.h"
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
        "put kvm2 back under `hosts`; or, if it is gone for good, give up what is there: `removed: [{ address: "
        "\"group.web[1]\", then: forget }]`, apply, and take that out again: what is wanted is made anew");
  world.input.config.removed.push_back({"group.web[1]", Removed::Then::forget});
  plan = world.plan();
  CHECK(changes(plan) == Words{"destroy web-0", "forget web-1"});
  CHECK(plan.diagnostics.empty());
  world.carry_out(plan);
  CHECK(world.input.recorded.instances.empty());
}

/// On two hosts, of which kvm2 is gone for good, with web-1 on it.
PlayedWorld with_lost_host(const Group& group) {
  PlayedWorld world = running({group});
  REQUIRE(world.instance("group.web[1]").host == "kvm2");
  world.input.recorded.hosts["kvm2"].observed = world.host("kvm2");
  world.input.config.hosts.pop_back();
  world.input.live.erase("kvm2");
  return world;
}

TEST_CASE("what is wanted and was on a host that is gone for good is forgotten first, and then made anew elsewhere") {
  PlayedWorld world = with_lost_host(web(2));
  const std::string old_address = *world.instance("group.web[1]").nics[0].address;
  REQUIRE(codes(world.plan()) == Words{"host_vanished"});
  world.input.config.removed = {{"group.web[1]", Removed::Then::forget}};
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  CHECK(codes(plan).empty());
  CHECK(changes(plan) == Words{"forget web-1"});
  CHECK(plan.summary.forget == 1);
  world.carry_out(plan);
  CHECK(only_error(world.plan()).code == "removed_still_wanted");  // done: the entry is to be taken out
  world.input.config.removed.clear();
  world.carry_out(world.plan());
  CHECK(world.instance("group.web[1]").host == "kvm1");
  CHECK(world.instance("group.web[1]").nics[0].address != old_address);  // the other may still have it
  CHECK_FALSE(has_changes(world.plan()));
  CHECK(codes(world.plan()).empty());  // no pool looks shared for that
}

TEST_CASE("a machine that was on a host that is gone for good likewise") {
  PlayedWorld world = running({a_machine("db1")});
  REQUIRE(world.instance("machine.db1").host == "kvm1");
  std::erase_if(world.input.config.hosts, [](const Host& host) { return host.name == "kvm1"; });
  world.input.live.erase("kvm1");
  world.input.config.removed = {{"machine.db1", Removed::Then::forget}};
  world.carry_out(world.plan());
  CHECK(only_error(world.plan()).code == "removed_still_there");
  world.input.config.removed.clear();
  world.converge();
  CHECK(world.instance("machine.db1").host == "kvm2");
}

TEST_CASE("what is on a host of the file is not forgotten while it is wanted") {
  PlayedWorld world = running({web(2)});
  world.input.live["kvm2"] = unreachable();
  world.input.config.removed = {{"group.web[1]", Removed::Then::forget}};
  CHECK(only_error(world.plan()).code == "removed_still_wanted");
}

TEST_CASE("nothing is given up while a host of the file is silent, which may be the lost one by another name") {
  PlayedWorld world = with_lost_host(web(2));
  world.input.config.hosts.push_back(a_host("kvm9"));
  world.input.live["kvm9"] = unreachable();
  const Plan before = world.plan();
  REQUIRE(codes(before) == Words{"host_vanished"});
  CHECK(before.diagnostics[0].hint.starts_with(
      "put kvm2 back under `hosts`, or wait for kvm9 to answer, which may be kvm2 by another name; or,"));
  world.input.config.removed = {{"group.web[1]", Removed::Then::forget}};
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  REQUIRE(codes(plan) == Words{"removed_too_early", "host_vanished"});
  CHECK(plan.errored);
  CHECK(
      plan.diagnostics[0].summary ==
      "removed: group.web[1] is not given up while kvm9 cannot be asked: that may be its host by another name, or have "
      "been given it");
}

TEST_CASE("one that somebody moved from the lost host is not given up: it is followed") {
  PlayedWorld world = running({web(2)});
  world.input.recorded.hosts["kvm2"].observed = world.host("kvm2");
  move_by_hand(world, "prod-web-1", "kvm2", "kvm1");
  world.input.config.hosts.pop_back();
  world.input.live.erase("kvm2");
  world.input.config.removed = {{"group.web[1]", Removed::Then::forget}};
  CHECK(only_error(world.plan()).code == "removed_still_wanted");
  world.input.config.removed.clear();
  world.carry_out(world.plan());
  CHECK(world.instance("group.web[1]").host == "kvm1");
}

TEST_CASE("what has a disk in a shared pool is not given up: a guest that runs on unseen may stand on it") {
  Group group = web(2);
  group.instance.disks = {a_disk("data", 50 * kGiB, true)};
  Config config = config_with({group});
  SECTION("a shared pool") {
    config.storage[0].shared = true;
    PlayedWorld world = running(config);
    const std::string host = world.instance("group.web[1]").host;
    std::erase_if(world.input.config.hosts, [&](const Host& one) { return one.name == host; });
    world.input.live.erase(host);
    world.input.config.removed = {{"group.web[1]", Removed::Then::forget}};
    const Plan plan = world.plan();
    REQUIRE(codes(plan) == Words{"removed_still_wanted", "host_vanished"});
    CHECK(plan.diagnostics[1].hint ==
          "put " + host +
              " back under `hosts`; what stands on a shared pool is followed where somebody "
              "defines it by hand");
  }
  SECTION("a disk in a shared pool") {
    config.storage.push_back(a_storage("san", "san"));
    config.storage[1].shared = true;
    config.groups[0].instance.disks[0].storage = "san";
    PlayedWorld world(config);
    for (const std::string name : {"kvm1", "kvm2"}) world.host(name).pools.push_back(a_pool("san"));
    world.carry_out(world.plan());
    world.input.config.hosts.pop_back();
    world.input.live.erase("kvm2");
    world.input.config.removed = {{"group.web[1]", Removed::Then::forget}};
    CHECK(codes(world.plan()) == Words{"removed_still_wanted", "host_vanished"});
  }
}

TEST_CASE("of the disks that one kept, those out of reach are given up and the others wait for it") {
  Group group = web(2);
  group.instance.disks = {a_disk("data", 50 * kGiB, true)};
  PlayedWorld world = running({group});
  VolumeRecord elsewhere = world.input.recorded.volumes.front();
  REQUIRE(elsewhere.host == "kvm1");
  elsewhere.owner = world.instance("group.web[1]").address;
  elsewhere.name = "prod-web-1-older.qcow2";
  elsewhere.role = VolumeRecord::Role::data;
  elsewhere.disk = "older";
  elsewhere.keep = true;
  world.input.config.groups[0].size = 1;
  world.carry_out(world.plan());
  apply(world.input.recorded, PutVolume{elsewhere});
  world.host("kvm1").pools[0].volumes.insert(elsewhere.name);
  world.input.config.hosts.pop_back();
  world.input.live.erase("kvm2");
  world.input.config.removed = {{"group.web[1]", Removed::Then::forget}};
  world.carry_out(world.plan());
  const auto& volumes = world.input.recorded.volumes;
  CHECK(std::count(volumes.begin(), volumes.end(), elsewhere) == 1);
  CHECK(std::none_of(volumes.begin(), volumes.end(), [](const auto& volume) { return volume.host == "kvm2"; }));
}

TEST_CASE("a kept disk on a host that is gone for good is given up by the same entry, and a new one comes elsewhere") {
  PlayedWorld world = with_kept_disk();
  world.input.config.hosts.pop_back();
  world.input.live.erase("kvm2");
  world.input.config.groups[0].size = 2;
  const Plan stuck = world.plan();
  CHECK_FALSE(stuck.errored);  // the rest goes on
  REQUIRE(stuck.unknown.size() == 1);
  CHECK(stuck.unknown[0].why ==
        "the disks that it kept are on kvm2, which is not in the file: put kvm2 back; or, if it is gone for good, give "
        "them up: `removed: [{ address: \"group.web[1]\", then: forget }]`, apply, and take that out again");
  world.input.config.removed = {{"group.web[1]", Removed::Then::forget}};
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  CHECK(changes(plan) == Words{"forget web-1"});
  CHECK(plan.changes[0].reasons[0].text == "disk data (50 GiB) is forgotten, and stays on kvm2");
  world.carry_out(plan);
  world.input.config.removed.clear();
  world.carry_out(world.plan());
  CHECK(world.instance("group.web[1]").host == "kvm1");
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
