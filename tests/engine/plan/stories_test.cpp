#include <catch2/catch.hpp>

#include "tests/engine/plan/plan_text.h"
#include "tests/engine/plan/planned.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"
#include "tests/support/golden.h"

/// Whole plans, one golden file for each story: what a person would review, and the graph that is carried out.

namespace vscale::test {
namespace {

void check_story(const std::string& name, const Plan& plan) {
  check_golden("tests/engine/golden/" + name + ".txt", plan_text(plan));
}

Config two_tiers() {
  Group db = a_group("db", 1);
  Group web_group = web(2);
  web_group.depends_on = {"group.db"};
  return config_with({web_group, db});
}

TEST_CASE("story: three instances are created on two empty hosts") {
  PlayedWorld world(config_with({web(3)}));
  check_story("create_three", world.plan());
}

TEST_CASE("story: a group that depends on another is created once that is ready") {
  PlayedWorld world(two_tiers());
  check_story("create_dependent", world.plan());
}

TEST_CASE("story: a pool that is missing is made before anything goes into it") {
  PlayedWorld world(config_with({web(1)}, {"kvm1"}));
  world.host("kvm1").pools.clear();
  world.input.config.storage[0].path = "/srv/vscale";
  check_story("create_pool", world.plan());
}

TEST_CASE("story: what is as it should be needs nothing") {
  PlayedWorld world = running({web(2)});
  check_story("nothing_to_do", world.plan());
}

TEST_CASE("story: a group grows from two to four and shrinks to one") {
  PlayedWorld world = running({web(2)});
  world.input.config.groups[0].size = 4;
  check_story("grow", world.plan());
  world.input.config.groups[0].size = 1;
  check_story("shrink", world.plan());
}

TEST_CASE("story: one is stopped by hand and one is undefined by hand") {
  PlayedWorld world = running({web(2)});
  world.domain("kvm1", "prod-web-0")->state = DomainState::shut_off;
  world.host("kvm2").domains.clear();
  check_story("stopped_and_missing", world.plan());
}

TEST_CASE("story: one was moved to the other host by hand") {
  PlayedWorld world = running({web(1)});
  move_by_hand(world, "prod-web-0", "kvm1", "kvm2");
  check_story("moved_by_hand", world.plan());
}

TEST_CASE("story: memory was taken and a processor added on the host") {
  Group group = web(1);
  group.instance.max_vcpus = 4;
  PlayedWorld world = running({group});
  world.domain("kvm1", "prod-web-0")->vcpus = 3;
  world.domain("kvm1", "prod-web-0")->memory_bytes = 1 * kGiB;
  check_story("changed_outside", world.plan());
}

TEST_CASE("story: a guest's definition is removed by hand while it runs") {
  PlayedWorld world = running({web(2)});
  world.domain("kvm2", "prod-web-1")->transient = true;
  check_story("definition_removed", world.plan());
}

TEST_CASE("story: a new image replaces one instance after the other") {
  PlayedWorld world = running({web(2)});
  world.input.images["debian-12"] = lock_of("debian-12", 'b');
  check_story("replace_image", world.plan());
}

TEST_CASE("story: a replacement takes up the disk that is kept") {
  Group group = web(1);
  group.instance.disks = {a_disk("data", 50 * kGiB, true), a_disk("scratch")};
  PlayedWorld world = running({group});
  world.input.images["debian-12"] = lock_of("debian-12", 'b');
  check_story("replace_keeps_disk", world.plan());
}

TEST_CASE("story: vcpus within the room given change live, memory beyond it by a reboot") {
  Group group = web(1);
  group.instance.max_vcpus = 4;
  PlayedWorld world = running({group, a_group("db", 2)});
  world.input.config.groups[0].instance.vcpus = 4;
  world.input.config.groups[1].instance.memory_bytes = 4 * kGiB;
  world.input.config.groups[1].instance.max_memory_bytes = 4 * kGiB;
  check_story("resize", world.plan());
}

TEST_CASE("story: a group is recreated, all of it at once") {
  Group group = web(2);
  group.update.strategy = Update::Strategy::recreate;
  PlayedWorld world = running({group});
  world.input.images["debian-12"] = lock_of("debian-12", 'b');
  check_story("recreate", world.plan());
}

TEST_CASE("story: a disk grows live") {
  PlayedWorld world = running({web(1)});
  world.input.config.groups[0].instance.disk_bytes = 40 * kGiB;
  check_story("grow_disk", world.plan());
}

TEST_CASE("story: everything is destroyed, dependents first, and a kept disk stays") {
  Config config = two_tiers();
  config.groups[1].instance.disks = {a_disk("data", 50 * kGiB, true)};
  PlayedWorld world(config);
  world.carry_out(world.plan());
  world.host("kvm1").domains.push_back(foreign_domain("somebody"));
  world.input.options.destroy = true;
  check_story("destroy", world.plan());
}

TEST_CASE("story: a host does not answer; the other one's work is done") {
  PlayedWorld world = running({web(2)});
  world.input.config.groups[0].size = 3;
  world.input.live["kvm2"] = unreachable();
  check_story("host_unreachable", world.plan());
}

TEST_CASE("story: a group is renamed, and its instances run on") {
  PlayedWorld world = running({a_group("www", 1)});
  world.input.config.groups[0].name = "web";
  world.input.config.moved = {{"group.www", "group.web"}};
  check_story("rename_group", world.plan());
}

TEST_CASE("story: a group vanishes from the file, then is removed, then is forgotten") {
  PlayedWorld world = running({web(1), a_group("old", 1)});
  world.input.config.groups.pop_back();
  check_story("vanished", world.plan());
  world.input.config.removed = {{"group.old", Removed::Then::destroy}};
  check_story("removed_destroy", world.plan());
  world.input.config.removed = {{"group.old", Removed::Then::forget}};
  check_story("removed_forget", world.plan());
}

TEST_CASE("story: four fit nowhere, each with every host's reason") {
  Group group = web(3);
  group.instance.memory_bytes = group.instance.max_memory_bytes = 40 * kGiB;
  group.placement.requires_traits = {"!slow"};
  Config config = config_with({group}, {"kvm1", "kvm2", "kvm3"});
  config.hosts[2].labels = {{"slow", "yes"}};
  PlayedWorld world(config);
  world.input.places["groups.web.size"] = {"web.yaml", 12, 5, 7};
  check_story("no_place", world.plan());
}

TEST_CASE("story: a VLAN on a bridge comes to no host whose libvirt cannot set its tag, and nothing is made there") {
  PlayedWorld world(config_with({web(2)}, {"kvm1", "kvm2"}));
  world.input.config.networks[0].vlan = 20;
  check_story("no_vlan", world.plan());
}

}  // namespace
}  // namespace vscale::test
