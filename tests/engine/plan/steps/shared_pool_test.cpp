#include <algorithm>
#include <catch2/catch.hpp>

#include "engine/plan/images/image_pull.h"
#include "tests/engine/plan/planned.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"

/// A pool that hosts share.

namespace vscale::test {
namespace {

/// Three hosts that share the pool, and one web server with a data disk that is kept.
PlayedWorld running_on_shared_pool() {
  Group group = web(1);
  group.instance.disks = {a_disk("data", 50 * kGiB, true)};
  Config config = config_with({group}, {"kvm1", "kvm2", "kvm3"});
  config.storage[0].shared = true;
  return running(config);
}

/// Moved by hand to kvm2, and then kvm1, which made its volumes, is cut off.
void move_and_cut_off(PlayedWorld& world) {
  world.host("kvm2").domains.push_back(*world.domain("kvm1", "prod-web-0"));
  world.host("kvm1").domains.clear();
  world.converge();
  REQUIRE(world.instance("group.web[0]").host == "kvm2");
  world.input.live["kvm1"] = unreachable();
}

TEST_CASE("in a shared pool volumes go through the instance's host when the one that made them is cut off") {
  PlayedWorld world = running_on_shared_pool();
  move_and_cut_off(world);
  world.input.options.destroy = true;
  world.input.options.allow_data_loss = true;
  const Plan plan = world.plan();
  CHECK(count_kind(plan, "volume.delete") == 3);
  CHECK(count_kind(plan, "image.delete") == 1);
  world.carry_out(plan);
  CHECK(world.host("kvm2").pools[0].volumes.empty());
  CHECK(world.input.recorded.volumes.empty());
  CHECK(world.input.recorded.image_copies.empty());
}

TEST_CASE("a guest in a shared pool loses no disk with its definition, whichever host made its volumes") {
  PlayedWorld world = running_on_shared_pool();
  world.host("kvm2").domains.push_back(*world.domain("kvm1", "prod-web-0"));
  world.host("kvm1").domains.clear();
  world.converge();
  REQUIRE(world.instance("group.web[0]").host == "kvm2");
  world.host("kvm2").domains.clear();
  SECTION("and has the pool off") {
    world.host("kvm2").pools[0].active = false;
    const Plan plan = world.plan();
    CHECK(count_kind(plan, "volume.delete") == 0);
    CHECK(count_kind(plan, "pool.ensure") == 1);
    CHECK_FALSE(plan.complete);
  }
  SECTION("and a snapshot stands on it") {
    for (const char* host : {"kvm1", "kvm2", "kvm3"}) {
      world.host(host).pools[0].volumes.insert("prod-web-0-root.before-upgrade");
    }
    const Plan plan = world.plan();
    CHECK(plan.actions.empty());
    CHECK(codes(plan) == Words{"snapshot_left"});
  }
}

TEST_CASE("in a shared pool disks grow, and are taken up again, through a host that is up") {
  PlayedWorld world = running_on_shared_pool();
  move_and_cut_off(world);
  auto& disk = world.input.config.groups[0].instance.disks[0];
  disk.size_bytes = 60 * kGiB;
  Plan plan = world.plan();
  CHECK(only_action(plan, "volume.resize", "group.web[0]").host == "kvm2");
  world.carry_out(plan);
  disk.size_bytes = 70 * kGiB;
  world.input.options.replaces = {"group.web[0]"};
  plan = world.plan();
  CHECK(only_action(plan, "volume.resize", "group.web[0]").host == "kvm2");
  world.carry_out(plan);
  world.input.options.replaces.clear();
  CHECK_FALSE(has_changes(world.plan()));
  const auto data = std::count_if(world.input.recorded.volumes.begin(), world.input.recorded.volumes.end(),
                                  [](const VolumeRecord& volume) { return volume.disk == "data"; });
  CHECK(data == 1);
}

TEST_CASE("in a shared pool a disk grows through its guest's host, though the one that made it answers") {
  PlayedWorld world = running_on_shared_pool();
  world.host("kvm2").domains.push_back(*world.domain("kvm1", "prod-web-0"));
  world.host("kvm1").domains.clear();
  world.converge();
  world.input.config.groups[0].instance.disks[0].size_bytes = 60 * kGiB;
  const Plan plan = world.plan();
  const Action& resize = only_action(plan, "volume.resize", "group.web[0]");
  CHECK(resize.host == "kvm2");
  CHECK(std::get<ResizeVolume>(resize.detail).was_up);
  world.carry_out(plan);
  CHECK_FALSE(has_changes(world.plan()));
}

TEST_CASE("in a shared pool a kept disk waits for its ordinal, whichever host comes to use it") {
  PlayedWorld world = running_on_shared_pool();
  world.input.config.groups[0].size = 0;
  world.carry_out(world.plan());
  world.input.live["kvm1"] = unreachable();
  world.input.config.groups[0].size = 1;
  const Plan plan = world.plan();
  CHECK(count_kind(plan, "volume.create") == 1);  // the root disk
  world.carry_out(plan);
  for (const auto& volume : world.input.recorded.volumes) CHECK(volume.host == "kvm2");
  // A disk that was left behind goes through whoever is up.
  world.input.config.groups[0].size = 0;
  world.carry_out(world.plan());
  world.input.live["kvm2"] = unreachable();
  world.input.options.destroy = true;
  world.input.options.allow_data_loss = true;
  world.carry_out(world.plan());
  CHECK(world.input.recorded.volumes.empty());
  CHECK(world.host("kvm3").pools[0].volumes.empty());
}

TEST_CASE("an image that lies in a shared pool is pulled once, through a host that is up") {
  PlayedWorld world = running_on_shared_pool();
  world.input.images["debian-12"] = lock_of("debian-12", 'b');
  const auto pull = [&] {
    const PlanInput& input = world.input;
    return plan_image_pull(input.config, input.recorded, input.live, input.images, input.now);
  };
  const HostView kvm1 = world.input.live["kvm1"];
  world.input.live["kvm1"] = unreachable();
  const Plan plan = pull();
  CHECK(only_action(plan, "image.upload", "image.debian-12").host == "kvm2");
  world.carry_out(plan);
  world.input.live["kvm1"] = kvm1;
  world.host("kvm1").pools = world.host("kvm2").pools;
  CHECK(pull().actions.empty());
}

}  // namespace
}  // namespace vscale::test
