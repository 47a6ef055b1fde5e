#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/engine/plan/planned.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"

/// A domain that somebody moved, and whether its disks came along.

namespace vscale::test {
namespace {

/// One web server with a disk `data`, which somebody moved from kvm1 to kvm2, disks and all.
PlayedWorld moved_with_disk() {
  Group group = web(1);
  group.instance.disks = {a_disk("data", 10 * kGiB, true)};
  PlayedWorld world = running({group});
  move_by_hand(world, "prod-web-0", "kvm1", "kvm2");
  return world;
}

void hide_volume(PlayedWorld& world, const std::string& host, const std::string& volume) {
  REQUIRE(world.host(host).pools[0].volumes.erase(volume) == 1);
}

TEST_CASE("a domain that was moved by hand is not followed while its new host does not show its disks") {
  for (const std::string missing : {"prod-web-0-root.qcow2", "prod-web-0-data.qcow2"}) {
    for (const bool destroy : {false, true}) {
      PlayedWorld world = moved_with_disk();
      world.input.options.destroy = destroy;
      hide_volume(world, "kvm2", missing);
      const Plan refused = world.plan();
      CHECK(only_error(refused).code == "disks_not_there");
      CHECK(only_error(refused).summary ==
            "group.web[0] was moved kvm1 -> kvm2 outside vscale, and kvm2 does not show its disk " + missing +
                " in pool default");
      CHECK(refused.actions.empty());
      world.input.options.excludes = {"group.web[0]"};
      CHECK_FALSE(world.plan().errored);
      world.input.options.excludes.clear();
      world.host("kvm2").pools[0].volumes.insert(missing);
      CHECK_FALSE(world.plan().errored);
    }
  }
}

TEST_CASE("a seed that stayed behind when its domain was moved by hand is still known where it is") {
  PlayedWorld world = moved_with_disk();
  hide_volume(world, "kvm2", "prod-web-0-seed.iso");
  world.host("kvm1").pools[0].volumes.insert("prod-web-0-seed.iso");
  world.carry_out(world.plan());
  CHECK(world.instance("group.web[0]").host == "kvm2");
  world.input.options.destroy = world.input.options.allow_data_loss = true;
  world.carry_out(world.plan());
  for (const char* host : {"kvm1", "kvm2"}) CHECK(world.host(host).pools[0].volumes.empty());
}

TEST_CASE("what stayed on an excluded host when a domain was moved by hand is not deleted there") {
  PlayedWorld world = moved_with_disk();
  hide_volume(world, "kvm2", "prod-web-0-seed.iso");
  world.host("kvm1").pools[0].volumes.insert("prod-web-0-seed.iso");
  world.carry_out(world.plan());
  world.input.options.excludes = {"host.kvm1"};
  SECTION("as it is replaced") {
    world.input.options.replaces = {"group.web[0]"};
  }
  SECTION("as it is destroyed") {
    world.input.options.destroy = world.input.options.allow_data_loss = true;
  }
  world.carry_out(world.plan());
  CHECK(world.host("kvm1").pools[0].volumes.count("prod-web-0-seed.iso") == 1);
  world.input.options = {};
  world.input.options.destroy = world.input.options.allow_data_loss = true;
  world.carry_out(world.plan());
  for (const char* host : {"kvm1", "kvm2"}) CHECK(world.host(host).pools[0].volumes.empty());
}

TEST_CASE("a seed that stayed on an excluded host is in nobody's way once its guest was made anew") {
  PlayedWorld world = moved_with_disk();
  hide_volume(world, "kvm2", "prod-web-0-seed.iso");
  world.host("kvm1").pools[0].volumes.insert("prod-web-0-seed.iso");
  world.carry_out(world.plan());
  world.input.options.excludes = {"host.kvm1"};
  world.input.options.replaces = {"group.web[0]"};
  world.carry_out(world.plan());
  world.input.options = {};
  CHECK_FALSE(has_changes(world.plan()));
  world.input.config.groups[0].instance.max_memory_bytes = 4 * kGiB;  // needs a new definition
  CHECK(changes(world.plan()) == Words{"update web-0"});
  world.converge();
  CHECK(world.domain("kvm2", "prod-web-0")->max_memory_bytes == 4 * kGiB);
}

TEST_CASE("a kept disk that is given up is not said to be deleted from an excluded host") {
  PlayedWorld world = moved_with_disk();
  hide_volume(world, "kvm2", "prod-web-0-data.qcow2");
  world.host("kvm1").pools[0].volumes.insert("prod-web-0-data.qcow2");
  std::erase_if(world.domain("kvm2", "prod-web-0")->disk_paths.edit(),
                [](const std::string& path) { return path.ends_with("-data.qcow2"); });
  world.carry_out(world.plan());
  world.input.options.excludes = {"host.kvm1"};
  world.input.options.destroy = world.input.options.allow_data_loss = true;
  const Plan plan = world.plan();
  REQUIRE(changes(plan) == Words{"destroy web-0"});
  CHECK_FALSE(has_reason(plan, "group.web[0]", Rule::data_lost));
  CHECK(plan.changes[0].reasons.back().text == "disk data (10 GiB) stays on kvm1, which is left alone");
}

TEST_CASE("a kept disk that no domain uses does not have to come along with one that is moved by hand") {
  PlayedWorld world = moved_with_disk();
  hide_volume(world, "kvm2", "prod-web-0-data.qcow2");
  world.host("kvm1").pools[0].volumes.insert("prod-web-0-data.qcow2");
  auto& paths = world.domain("kvm2", "prod-web-0")->disk_paths;
  const std::string pool = world.host("kvm2").pools[0].path;
  paths = {pool + "/prod-web-0-root.qcow2", pool + "/prod-web-0-seed.iso"};
  CHECK_FALSE(world.plan().errored);
  // Under another name it may well be this one.
  paths.push_back(pool + "/renamed.qcow2");
  CHECK(only_error(world.plan()).code == "disks_not_there");
}

TEST_CASE("a file that has a disk's name is not the disk of a domain that was moved by hand and uses another") {
  for (const std::string stale : {"prod-web-0-root.qcow2", "prod-web-0-data.qcow2"}) {
    for (const bool destroy : {false, true}) {
      PlayedWorld world = moved_with_disk();
      world.input.options.destroy = world.input.options.allow_data_loss = destroy;
      // What it uses is in a folder of which no pool knows; an older file lies in the pool.
      const std::string in_pool = world.host("kvm2").pools[0].path + "/" + stale;
      auto& paths = world.domain("kvm2", "prod-web-0")->disk_paths;
      REQUIRE(std::count(paths.begin(), paths.end(), in_pool) == 1);
      std::replace(paths.begin(), paths.end(), in_pool, "/srv/other/" + stale);
      const Plan plan = world.plan();
      CHECK(only_error(plan).code == "disks_not_there");
      CHECK(only_error(plan).summary ==
            "group.web[0] was moved kvm1 -> kvm2 outside vscale, and it does not use the file " + stale +
                " that kvm2 has in pool default");
      CHECK(only_error(plan).hint ==
            "put its disks there under these names, in place of what is left over, and let the domain use them, and "
            "plan again; or move the domain back to kvm1; --exclude group.web[0] leaves it out meanwhile");
      CHECK(plan.actions.empty());
    }
  }
}

TEST_CASE("a pool's path may be written with a slash at its end, or be unknown") {
  PlayedWorld world = moved_with_disk();
  for (const char* path : {"/var/lib/libvirt/default/", ""}) {
    world.host("kvm2").pools[0].path = path;
    CHECK_FALSE(world.plan().errored);
  }
}

/// The record's disk `data` of the web server, which it does not use.
VolumeRecord unused_disk(PlayedWorld& world, bool left_on_kvm1) {
  const std::string name = "prod-web-0-data.qcow2";
  std::erase_if(world.domain("kvm2", "prod-web-0")->disk_paths.edit(),
                [&](const std::string& path) { return path.ends_with(name); });
  if (left_on_kvm1) world.host("kvm1").pools[0].volumes.insert(name);
  const Plan plan = world.plan();
  // Where it was left behind, a new definition would attach what has that name there.
  CHECK(count_kind(plan, "domain.define") == (left_on_kvm1 ? 0 : 1));
  world.carry_out(plan);
  CHECK(world.instance("group.web[0]").host == "kvm2");
  for (const auto& volume : world.input.recorded.volumes) {
    if (volume.name == name) return volume;
  }
  FAIL("the disk is recorded nowhere");
  return {};
}

TEST_CASE("a kept disk that no domain uses stays recorded where it is, though another file has its name elsewhere") {
  PlayedWorld world = moved_with_disk();
  CHECK(unused_disk(world, true).host == "kvm1");
}

TEST_CASE("a kept disk that no domain uses came along with one that was moved by hand if it is only there") {
  PlayedWorld world = moved_with_disk();
  CHECK(unused_disk(world, false).host == "kvm2");
}

TEST_CASE("a guest that was moved away from a host which then left the file is started again where it is") {
  PlayedWorld world = running(config_with({web(1)}, {"kvm1", "kvm2"}));
  world.input.recorded.hosts["kvm1"].observed = world.host("kvm1");
  move_by_hand(world, "prod-web-0", "kvm1", "kvm2");
  world.input.config.hosts.erase(world.input.config.hosts.begin());
  world.input.live.erase("kvm1");
  world.input.now += std::chrono::minutes{1};
  world.carry_out(world.plan());
  REQUIRE(world.instance("group.web[0]").host == "kvm2");
  world.domain("kvm2", "prod-web-0")->state = DomainState::shut_off;
  const Plan plan = world.plan();
  CHECK(plan.unknown.empty());
  CHECK(changes(plan) == Words{"start web-0"});
  world.host("kvm2").domains.clear();
  CHECK(changes(world.plan()) == Words{"update web-0"});
}

}  // namespace
}  // namespace vscale::test
