#include <catch2/catch.hpp>

#include "tests/engine/plan/plan_text.h"
#include "tests/engine/plan/planned.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"

/// What `lifecycle.ignoreChanges` leaves alone.

namespace vscale::test {
namespace {

PlayedWorld ignoring(std::vector<std::string> keys, Group group = web(1)) {
  group.instance.disks = {a_disk("data", 50 * kGiB)};
  group.lifecycle.ignore_changes = std::move(keys);
  return running({group});
}

TEST_CASE("a change of any key of the template is left alone where it is ignored") {
  struct Row {
    const char* key;
    void (*edit)(PlayedWorld& world, Template& wanted);
  };
  const auto nothing = [](PlayedWorld&, Template&) {};
  const std::vector<Row> rows{
      {"image", [](PlayedWorld& world, Template&) { world.input.images["debian-12"] = lock_of("debian-12", 'b'); }},
      {"vcpus", [](PlayedWorld&, Template& wanted) { wanted.vcpus = wanted.max_vcpus = 4; }},
      {"maxVcpus", [](PlayedWorld&, Template& wanted) { wanted.max_vcpus = 8; }},
      {"memory", [](PlayedWorld&, Template& wanted) { wanted.memory_bytes = wanted.max_memory_bytes = 4 * kGiB; }},
      {"maxMemory", [](PlayedWorld&, Template& wanted) { wanted.max_memory_bytes = 4 * kGiB; }},
      {"disk", [](PlayedWorld&, Template& wanted) { wanted.disk_bytes = 30 * kGiB; }},
      {"disk", [](PlayedWorld&, Template& wanted) { wanted.disk_bytes = 10 * kGiB; }},
      {"storage",
       [](PlayedWorld& world, Template& wanted) {
         world.input.config.storage.push_back(a_storage("fast", "fast"));
         wanted.storage = "fast";
       }},
      {"disks", [](PlayedWorld&, Template& wanted) { wanted.disks[0].size_bytes = 60 * kGiB; }},
      {"disks", [](PlayedWorld&, Template& wanted) { wanted.disks.push_back(a_disk("log")); }},
      {"disks", [](PlayedWorld&, Template& wanted) { wanted.disks.clear(); }},
      {"networks", [](PlayedWorld&, Template& wanted) { wanted.networks.clear(); }},
      {"firmware", [](PlayedWorld&, Template& wanted) { wanted.firmware = Firmware::uefi; }},
      {"machine", [](PlayedWorld&, Template& wanted) { wanted.machine = "pc"; }},
      {"cpu", [](PlayedWorld&, Template& wanted) { wanted.cpu = "host-passthrough"; }},
      {"cloudInit", [](PlayedWorld&, Template& wanted) { wanted.cloud_init.user_data = TemplateText{"other"}; }},
      {"cloudInit", [](PlayedWorld&, Template& wanted) { wanted.cloud_init.user = "admin"; }},
      {"cloudInit", [](PlayedWorld&, Template& wanted) { wanted.cloud_init.vendor_data = false; }},
      {"networkMbps", nothing},
      {"xml", nothing}};
  for (const auto& row : rows) {
    INFO(row.key);
    PlayedWorld world = ignoring({row.key});
    row.edit(world, world.input.config.groups[0].instance);
    const Plan plan = world.plan();
    INFO(plan_text(plan));
    CHECK(plan.changes.empty());
    CHECK(plan.actions.empty());
    CHECK(plan.diagnostics.empty());
    world.input.config.groups[0].lifecycle.ignore_changes.clear();
    const Plan followed = world.plan();
    CHECK((followed.changes.empty() && !followed.errored) == (row.edit == +nothing));
  }
}

TEST_CASE("a larger image that is ignored does not grow a disk that is as large as the image") {
  Group group = web(1);
  group.instance.disk_bytes = 0;
  PlayedWorld world = ignoring({"image"}, group);
  world.input.images["debian-12"] = lock_of("debian-12", 'b');
  world.input.images["debian-12"].virtual_size_bytes = 3 * kGiB;
  CHECK(world.plan().changes.empty());
}

TEST_CASE("an ignored size that somebody changed by hand is left as it is by what else changes") {
  PlayedWorld world = ignoring({"memory", "disks"});
  LiveDomain& domain = *world.domain("kvm1", "prod-web-0");
  domain.memory_bytes = domain.max_memory_bytes = 16 * kGiB;
  auto& wanted = world.input.config.groups[0].instance;
  wanted.disks[0].size_bytes = 60 * kGiB;
  SECTION("live") {
    wanted.vcpus = 1;
  }
  SECTION("by a new definition") {
    wanted.vcpus = wanted.max_vcpus = 4;
  }
  SECTION("with the disk") {
    wanted.disk_bytes = 30 * kGiB;
  }
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  REQUIRE(changes(plan) == Words{"update web-0"});
  world.carry_out(plan);
  const LiveDomain& after = *world.domain("kvm1", "prod-web-0");
  CHECK(after.memory_bytes == 16 * kGiB);
  CHECK(after.max_memory_bytes == 16 * kGiB);
  const Claim& claim = world.instance("group.web[0]").claim;
  CHECK(claim.memory_mib > 16 * 1024);
  CHECK(claim.disk_gib.at("local") == gib_holding(wanted.disk_bytes) + 50);
  CHECK_FALSE(has_changes(world.plan()));
}

TEST_CASE("what is ignored is made as the file says when the instance is made anew") {
  PlayedWorld world = ignoring({"memory"});
  LiveDomain& domain = *world.domain("kvm1", "prod-web-0");
  domain.memory_bytes = domain.max_memory_bytes = 16 * kGiB;
  world.input.options.replaces = {"group.web[0]"};
  world.carry_out(world.plan());
  CHECK(world.domain("kvm1", "prod-web-0")->memory_bytes == 2 * kGiB);
}

}  // namespace
}  // namespace vscale::test
