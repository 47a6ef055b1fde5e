#include <catch2/catch.hpp>

#include "tests/engine/plan/plan_text.h"
#include "tests/engine/plan/planned.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"

/// Whether the disks of one whose domain is not there are anybody else's by now.

namespace vscale::test {
namespace {

constexpr const char* kWhatToDo =
    "was an older backup of the state restored? then use the newer statefile; if it was lent by hand, take it back "
    "from that domain and plan again";

/// Neither a plan to go on nor one to destroy does anything to web-0, whatever phase it is recorded in.
void check_left_alone(const PlayedWorld& left, const std::string& why) {
  for (const Phase phase : {Phase::ready, Phase::leaving, Phase::claimed}) {
    for (const bool destroy : {false, true}) {
      PlayedWorld world = left;
      world.input.recorded.instances.begin()->second.phase = phase;
      world.input.options.destroy = world.input.options.allow_data_loss = destroy;
      const Plan plan = world.plan();
      INFO(to_string(phase) << "\n" << plan_text(plan));
      CHECK(plan.actions.empty());
      CHECK_FALSE(plan.errored);
      CHECK_FALSE(plan.complete);
      REQUIRE_FALSE(plan.unknown.empty());
      CHECK(plan.unknown.back().address == "group.web[0]");
      CHECK(plan.unknown.back().why == why);
    }
  }
}

/// web-0's domain is no more, and this one has its root disk.
void lend_root(PlayedWorld& world, LiveDomain borrower, const std::string& to) {
  const std::string path = world.host("kvm1").pools[0].path + "/prod-web-0-root.qcow2";
  borrower.disk_paths = {path};
  world.host("kvm1").domains.clear();
  world.host(to).domains.push_back(std::move(borrower));
}

TEST_CASE("the disks of one that is missing are not touched under a foreign domain that has them now") {
  PlayedWorld world = running({web(1)});
  lend_root(world, foreign_domain("rescue"), "kvm1");
  check_left_alone(world, std::string("domain rescue on kvm1 may stand on its prod-web-0-root.qcow2: ") + kWhatToDo);
}

TEST_CASE("a foreign domain has a disk in a shared pool from whichever host, and in another's own pool it has none") {
  for (const bool shared : {false, true}) {
    Config config = config_with({web(1)});
    config.storage[0].shared = shared;
    PlayedWorld world = running(config);
    lend_root(world, foreign_domain("rescue"), "kvm2");
    INFO("shared: " << shared);
    if (shared) {
      check_left_alone(world,
                       std::string("domain rescue on kvm2 may stand on its prod-web-0-root.qcow2: ") + kWhatToDo);
    } else {
      CHECK(changes(world.plan()) == Words{"update web-0"});
    }
  }
}

TEST_CASE("the disks of one that is missing are not touched under one that bears its mark with another name and uuid") {
  PlayedWorld world = running({web(1)});
  LiveDomain renamed = *world.domain("kvm1", "prod-web-0");
  renamed.name = "prod-web-0-old";
  renamed.uuid = "11111111-0000-8000-8000-000000000000";
  lend_root(world, renamed, "kvm1");
  // Which files it has need not be known.
  world.host("kvm1").domains.back().disk_paths.clear();
  check_left_alone(
      world,
      std::string("domain prod-web-0-old on kvm1, which is not recorded, may stand on its prod-web-0-root.qcow2: ") +
          kWhatToDo);
}

TEST_CASE("in a shared pool, too, what a migration by hand left defined does not keep a claim from being finished") {
  Config config = config_with({web(1)});
  config.storage[0].shared = true;
  PlayedWorld world = running(config);
  LiveDomain left = *world.domain("kvm1", "prod-web-0");
  left.state = DomainState::shut_off;
  world.host("kvm2").domains.push_back(left);
  world.input.options.replaces = {"group.web[0]"};
  world.carry_out(world.plan());
  world.input.options.replaces.clear();
  world.host("kvm1").domains.clear();
  world.input.recorded.instances.begin()->second.phase = Phase::claimed;
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  CHECK(plan.unknown.empty());
  CHECK(changes(plan) == Words{"create web-0"});
}

TEST_CASE("a claim in a shared pool is finished while a host is silent, which has never had its guest") {
  Config config = config_with({web(1)});
  config.storage[0].shared = true;
  PlayedWorld world = running(config);
  world.host("kvm1").domains.clear();
  world.input.recorded.instances.begin()->second.phase = Phase::claimed;
  world.input.live["kvm2"] = unreachable();
  CHECK(changes(world.plan()) == Words{"create web-0"});
}

TEST_CASE("what is off and of an older time is left over only where it is the instance's own") {
  Config config = config_with({web(2)});
  config.storage[0].shared = true;
  PlayedWorld world = running(config);
  world.input.options.replaces = {"group.web[0]"};
  world.carry_out(world.plan());
  world.input.options.replaces.clear();
  LiveDomain borrower = *world.domain("kvm2", "prod-web-1");
  REQUIRE(borrower.ownership->incarnation == 1);
  borrower.state = DomainState::shut_off;
  std::erase_if(world.host("kvm2").domains.edit(),
                [](const LiveDomain& domain) { return domain.name == "prod-web-1"; });
  lend_root(world, borrower, "kvm2");
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  REQUIRE(plan.unknown.size() == 1);
  CHECK(plan.unknown[0].address == "group.web[0]");
  CHECK(plan.unknown[0].why ==
        std::string("domain prod-web-1 on kvm2 may stand on its prod-web-0-root.qcow2: ") + kWhatToDo);
}

TEST_CASE("a seed that another domain has keeps no lost one from being made again") {
  PlayedWorld world = running({web(1)});
  LiveDomain copy = foreign_domain("debug");
  copy.disk_paths = {world.host("kvm1").pools[0].path + "/prod-web-0-seed.iso"};
  world.host("kvm1").domains = {copy};
  CHECK(changes(world.plan()) == Words{"update web-0"});
}

/// A backup from just after web-0 was claimed is restored when that has long been running.
PlayedWorld restored_from_claim() {
  Group group = web(1);
  group.instance.disks = {a_disk("data", 10 * kGiB, true)};
  PlayedWorld world = running({group});
  world.input.recorded.instances.begin()->second.phase = Phase::claimed;
  return world;
}

void check_not_defined_again(const PlayedWorld& world, const std::string& disk) {
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  CHECK(plan.actions.empty());
  CHECK_FALSE(plan.errored);
  REQUIRE(plan.unknown.size() == 1);
  CHECK(plan.unknown[0].why == "it is recorded as claimed only, and kvm1 has its domain with " + disk +
                                   ", which is not recorded: was an older backup of the state restored? then use the "
                                   "newer statefile");
}

TEST_CASE("a guest with disks that an older backup does not know is not defined again without them") {
  PlayedWorld world = restored_from_claim();
  const std::string folder = world.host("kvm1").pools[0].path;
  CHECK(world.plan().unknown.empty());
  SECTION("of the data disk") {
    std::erase_if(world.input.recorded.volumes, [](const VolumeRecord& volume) { return volume.disk == "data"; });
    check_not_defined_again(world, folder + "/prod-web-0-data.qcow2");
  }
  SECTION("of none") {
    world.input.recorded.volumes.clear();
    world.input.recorded.image_copies.clear();
    check_not_defined_again(world, folder + "/prod-web-0-root.qcow2");
    world.host("kvm1").domains[0].disk_paths.clear();
    check_not_defined_again(world, "its root disk");
  }
}

}  // namespace
}  // namespace vscale::test
