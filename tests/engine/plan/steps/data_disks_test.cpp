#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/engine/plan/plan_text.h"
#include "tests/engine/plan/planned.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"

/// Data disks that are not kept.

namespace vscale::test {
namespace {

/// One web server with a data disk on kvm1, of two hosts; the file lets it be on kvm2 only.
PlayedWorld sent_to_another_host(bool shared) {
  Group group = web(1);
  group.instance.disks = {a_disk("data", 50 * kGiB)};
  group.hosts.names = {"kvm1"};
  Config config = config_with({group});
  config.storage[0].shared = shared;
  PlayedWorld world = running(config);
  world.input.config.groups[0].hosts.names = {"kvm2"};
  return world;
}

std::vector<std::string> hosts_with_data(const PlayedWorld& world) {
  std::vector<std::string> hosts;
  for (const auto& volume : world.input.recorded.volumes) {
    if (volume.disk == "data") hosts.push_back(volume.host);
  }
  return hosts;
}

TEST_CASE("a replacement on another host has its data disk there, and the old one is deleted where it was") {
  PlayedWorld world = sent_to_another_host(false);
  SECTION("since the image is another") {
    world.input.images["debian-12"] = lock_of("debian-12", 'b');
  }
  SECTION("since it is asked for") {
    world.input.options.replaces = {"web-0"};
  }
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  world.carry_out(plan);
  CHECK(world.instance("group.web[0]").host == "kvm2");
  CHECK(hosts_with_data(world) == Words{"kvm2"});
  CHECK(world.host("kvm1").pools[0].volumes.count("prod-web-0-data.qcow2") == 0);
  CHECK(world.host("kvm2").pools[0].volumes.count("prod-web-0-data.qcow2") == 1);
  world.input.options.replaces.clear();
  CHECK(changes(world.plan()).empty());
}

TEST_CASE("a replacement on another host that dies after any action comes up there with the next run") {
  const std::size_t actions = [] {
    PlayedWorld world = sent_to_another_host(false);
    world.input.images["debian-12"] = lock_of("debian-12", 'b');
    return world.plan().actions.size();
  }();
  for (std::size_t at = 0; at < actions; ++at) {
    for (const bool did_it : {false, true}) {
      INFO("dies at action " << at + 1 << (did_it ? ", which was done" : ", which was not done"));
      PlayedWorld world = sent_to_another_host(false);
      world.input.images["debian-12"] = lock_of("debian-12", 'b');
      const Plan plan = world.plan();
      world.carry_out_and_die(plan, order_of_ids(plan), at, did_it);
      world.converge();
      CHECK(world.instance("group.web[0]").host == "kvm2");
      CHECK(hosts_with_data(world) == Words{"kvm2"});
    }
  }
}

TEST_CASE("in a shared pool the data disk of a replacement on another host is made anew under its record") {
  PlayedWorld world = sent_to_another_host(true);
  world.input.options.replaces = {"web-0"};
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  world.carry_out(plan);
  CHECK(world.instance("group.web[0]").host == "kvm2");
  CHECK(hosts_with_data(world).size() == 1);
}

TEST_CASE("a disk that outlived its instance and is kept no more goes when the instance comes back elsewhere") {
  Group group = web(1);
  group.instance.disks = {a_disk("data", 50 * kGiB)};
  group.hosts.names = {"kvm1"};
  PlayedWorld world = running({group});
  Group& wanted = world.input.config.groups[0];
  wanted.instance.disks[0].keep = true;  // in the same edit that ends the instance: its record never learns of it
  wanted.size = 0;
  world.carry_out(world.plan());
  REQUIRE(hosts_with_data(world) == Words{"kvm1"});
  wanted.instance.disks[0].keep = false;
  wanted.hosts.names = {"kvm2"};
  wanted.size = 1;
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  world.carry_out(plan);
  CHECK(hosts_with_data(world) == Words{"kvm2"});
  CHECK(world.host("kvm1").pools[0].volumes.count("prod-web-0-data.qcow2") == 0);
  CHECK(changes(world.plan()).empty());
}

}  // namespace
}  // namespace vscale::test
