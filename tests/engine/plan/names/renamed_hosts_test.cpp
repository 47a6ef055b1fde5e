#include <algorithm>
#include <catch2/catch.hpp>

#include "engine/live/host_identity.h"
#include "tests/engine/plan/plan_text.h"
#include "tests/engine/plan/planned.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"
#include "tests/support/golden.h"

/// A host that is called otherwise in the file is the same machine: what is recorded there is still there.

namespace vscale::test {
namespace {

/// On two hosts that say who they are: web-0 and web-1 run, and web-2 and web-3 left a disk that is kept.
PlayedWorld with_kept_disks() {
  Group group = web(4);
  group.instance.disks = {a_disk("data", 50 * kGiB, true)};
  PlayedWorld world(config_with({group}));
  for (const std::string name : {"kvm1", "kvm2"}) world.host(name).identity = {name + ".example", "uuid-of-" + name};
  world.carry_out(world.plan());
  world.input.config.groups[0].size = 2;
  world.carry_out(world.plan());
  REQUIRE(world.instance("group.web[1]").host == "kvm2");
  return world;
}

Words changes_of_hosts(const Plan& plan) {
  Words hosts;
  for (const auto& change : plan.changes) {
    if (change.address.starts_with("host.")) hosts.push_back(change.address);
  }
  return hosts;
}

std::vector<std::string> hosts_of_disks(const PlayedWorld& world) {
  std::vector<std::string> hosts;
  for (const auto& volume : world.input.recorded.volumes) {
    if (volume.role == VolumeRecord::Role::data) hosts.push_back(short_name(volume.owner) + " " + volume.host);
  }
  std::sort(hosts.begin(), hosts.end());
  return hosts;
}

TEST_CASE("all that is recorded of a host follows its new name: guests, kept disks and copies of images") {
  PlayedWorld world = with_kept_disks();
  rename_host(world, "kvm2", "kvm9");
  const Plan plan = world.plan();
  check_golden("tests/engine/golden/renamed_host.txt", plan_text(plan));
  world.carry_out(plan);
  CHECK(hosts_of_disks(world) == Words{"web-0 kvm1", "web-1 kvm9", "web-2 kvm1", "web-3 kvm9"});
  CHECK(world.instance("group.web[1]").host == "kvm9");
  for (const auto& copy : world.input.recorded.image_copies) CHECK(copy.host != "kvm2");
  CHECK_FALSE(has_changes(world.plan()));
}

TEST_CASE("a kept disk is taken up again under the new name of its host, and by the old one when that is back") {
  PlayedWorld world = with_kept_disks();
  rename_host(world, "kvm2", "kvm9");
  world.input.config.groups[0].size = 4;
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  CHECK(codes(plan).empty());
  CHECK(count_kind(plan, "volume.create") == 2);  // root disks: both data disks are there
  CHECK(only_action(plan, "instance.claim", "group.web[3]").host == "kvm9");
  world.carry_out(plan);
  rename_host(world, "kvm9", "kvm2");
  world.converge();
  CHECK(hosts_of_disks(world) == Words{"web-0 kvm1", "web-1 kvm2", "web-2 kvm1", "web-3 kvm2"});
}

TEST_CASE("what a plan does besides comes after the record has followed") {
  PlayedWorld world = with_kept_disks();
  rename_host(world, "kvm2", "kvm9");
  world.input.images["debian-12"] = lock_of("debian-12", 'b');
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  REQUIRE(plan.actions.size() > 10);
  CHECK(std::holds_alternative<ChangeRecord>(plan.actions[0].detail));
  for (std::size_t i = 1; i < plan.actions.size(); ++i) CHECK_FALSE(plan.actions[i].needs.empty());
  world.carry_out(plan);
  CHECK_FALSE(has_changes(world.plan()));
}

TEST_CASE("a plan that destroys follows the name as well") {
  PlayedWorld world = with_kept_disks();
  rename_host(world, "kvm2", "kvm9");
  world.input.options.destroy = world.input.options.allow_data_loss = true;
  world.carry_out(world.plan());
  CHECK(world.input.recorded.volumes.empty());
  CHECK(world.input.recorded.image_copies.empty());
  CHECK(world.host("kvm9").pools[0].volumes.empty());
}

TEST_CASE("another machine is not taken for a host that left the file, nor one that does not say who it is") {
  PlayedWorld world = with_kept_disks();
  rename_host(world, "kvm2", "kvm9");
  SECTION("its UUID is another") {
    world.host("kvm9").identity.uuid = "uuid-of-kvm3";
  }
  SECTION("its name is another") {
    world.host("kvm9").identity.hostname = "kvm3.example";
  }
  SECTION("it says nothing") {
    world.host("kvm9").identity = {};
    world.input.recorded.hosts["kvm2"].observed->identity = {};
  }
  const Plan plan = world.plan();
  CHECK(changes_of_hosts(plan).empty());
  world.carry_out(plan);
  CHECK(hosts_of_disks(world) == Words{"web-0 kvm1", "web-1 kvm9", "web-2 kvm1", "web-3 kvm2"});
}

TEST_CASE("what the machine has lost meanwhile is missed there, as under its old name") {
  PlayedWorld world = with_kept_disks();
  rename_host(world, "kvm2", "kvm9");
  SECTION("a guest that somebody undefined") {
    world.host("kvm9").domains.clear();
    const Plan plan = world.plan();
    INFO(plan_text(plan));
    CHECK(plan.unknown.empty());
    world.carry_out(plan);
    CHECK(world.instance("group.web[1]").host == "kvm9");
  }
  SECTION("a disk that is kept") {
    world.host("kvm9").pools[0].volumes.erase("prod-web-3-data.qcow2");
    world.input.config.groups[0].size = 4;
    CHECK(codes(world.plan()) == Words{"kept_disk_gone"});
  }
  SECTION("a guest that somebody moved to another host meanwhile") {
    move_by_hand(world, "prod-web-1", "kvm9", "kvm1");
    world.carry_out(world.plan());
    CHECK(world.instance("group.web[1]").host == "kvm1");
    CHECK(hosts_of_disks(world) == Words{"web-0 kvm1", "web-1 kvm1", "web-2 kvm1", "web-3 kvm9"});
  }
}

TEST_CASE("nothing stays under the old name, which may be another machine's afterwards") {
  PlayedWorld world = with_kept_disks();
  rename_host(world, "kvm2", "kvm9");
  world.carry_out(world.plan());
  CHECK(world.input.recorded.hosts.count("kvm2") == 0);
}

TEST_CASE("a name that goes on to another machine leaves its own to the one that had it") {
  PlayedWorld world = with_kept_disks();
  rename_host(world, "kvm2", "kvm9");
  // kvm2 is the name of a third machine now, which is no answer of the kvm2 that was seen.
  world.input.config.hosts.push_back(a_host("kvm2"));
  world.input.live["kvm2"] = unreachable();
  CHECK(changes_of_hosts(world.plan()).empty());  // only silent, it keeps its name
  world.input.live["kvm2"].failure->error = *answers_as_another("kvm2", {"kvm2.example", "uuid-of-kvm2"}, {"x", "y"});
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  CHECK(plan.changes.back().address == "host.kvm9");
  world.carry_out(plan);
  CHECK(world.instance("group.web[1]").host == "kvm9");
  CHECK_FALSE(has_changes(world.plan()));
}

}  // namespace
}  // namespace vscale::test
