#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/engine/plan/planned.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"

/// `moved:`

namespace vscale::test {
namespace {

TEST_CASE("a group that was renamed keeps its domains' names, and a new group of the old name must wait for them") {
  PlayedWorld world = running({a_group("www", 1)});
  world.input.config.groups[0].name = "web";
  world.input.config.moved = {{"group.www", "group.web"}};
  world.carry_out(world.plan());
  CHECK(world.instance("group.web[0]").name == "prod-www-0");
  CHECK(world.domain("kvm1", "prod-www-0")->ownership->address.group == "web");
  world.input.config.moved.clear();
  world.input.config.groups.push_back(a_group("www", 1));
  CHECK(only_error(world.plan()).hint == "give it a name of its own first: --replace group.web[0]");
  world.input.config.groups.pop_back();
  world.input.options.replaces = {"group.web[0]"};
  world.carry_out(world.plan());
  CHECK(world.instance("group.web[0]").name == "prod-web-0");
}

TEST_CASE("moved: what cannot be followed is an error") {
  struct Row {
    const char* code;
    std::vector<Moved> moved;
  };
  for (const Row& row :
       {Row{"moved_still_there", {{"group.web", "group.db"}}}, Row{"moved_kind", {{"group.old", "machine.web"}}},
        Row{"moved_to_nothing", {{"group.old", "group.nowhere"}}},
        Row{"moved_circle", {{"group.a", "group.b"}, {"group.b", "group.a"}}}}) {
    PlayedWorld world(config_with({web(1), a_group("db", 1)}));
    world.input.config.moved = row.moved;
    INFO(row.code);
    const Plan plan = world.plan();
    CHECK(plan.errored);
    CHECK(codes(plan).front() == row.code);
  }
}

TEST_CASE("moved: a chain is followed to its end, from wherever the record is") {
  PlayedWorld world = running({a_group("a", 1)});
  world.input.config.groups[0].name = "c";
  world.input.config.moved = {{"group.a", "group.b"}, {"group.b", "group.c"}};
  world.carry_out(world.plan());
  CHECK(world.instance("group.c[0]").name == "prod-a-0");
  CHECK_FALSE(has_changes(world.plan()));
}

TEST_CASE("moved: two groups cannot become one") {
  PlayedWorld world = running({web(1), a_group("old", 1)});
  world.input.config.groups.pop_back();
  world.input.config.moved = {{"group.old", "group.web"}};
  CHECK(codes(world.plan()).front() == "moved_into_another");
}

/// A machine of that name with a disk `data` that is kept.
Group machine_with_data(const std::string& name) {
  Group machine = a_machine(name);
  machine.instance.disks = {a_disk("data", 10 * kGiB, true)};
  return machine;
}

/// It is destroyed, and its disk stays.
void destroy_all_but_the_disk(PlayedWorld& world) {
  world.input.options.destroy = true;
  world.carry_out(world.plan());
  world.input.options.destroy = false;
  REQUIRE(world.input.recorded.instances.empty());
  REQUIRE(world.input.recorded.volumes.size() == 1);
}

TEST_CASE("moved: a machine does not come to the disks that another one left at its new address") {
  PlayedWorld world = running({machine_with_data("db1")});
  destroy_all_but_the_disk(world);
  world.input.config.groups = {machine_with_data("pg")};
  world.carry_out(world.plan());
  world.input.config.groups = {machine_with_data("db1")};
  world.input.config.moved = {{"machine.pg", "machine.db1"}};
  const Plan plan = world.plan();
  CHECK(plan.errored);
  const Diagnostic& error = plan.diagnostics.front();
  CHECK(error.code == "moved_into_another");
  CHECK(error.summary == "moved: machine.pg and machine.db1 both have disks, such as prod-db1-data.qcow2 on " +
                             world.input.recorded.volumes.front().host);
  CHECK(error.hint ==
        "take this entry out; if nobody needs the disks that machine.db1 left, delete them then, and move afterwards: "
        "vscale destroy --target machine.db1 --allow-data-loss");
}

TEST_CASE("moved: the disk that a destroyed machine left comes along to its new name") {
  PlayedWorld world = running({machine_with_data("pg")});
  destroy_all_but_the_disk(world);
  world.input.config.groups = {machine_with_data("db1")};
  world.input.config.moved = {{"machine.pg", "machine.db1"}};
  world.carry_out(world.plan());
  const auto disk = std::find_if(world.input.recorded.volumes.begin(), world.input.recorded.volumes.end(),
                                 [](const VolumeRecord& volume) { return volume.disk == "data"; });
  REQUIRE(disk != world.input.recorded.volumes.end());
  CHECK(disk->name == "prod-pg-data.qcow2");
  CHECK(to_string(disk->owner) == "machine.db1");
  CHECK_FALSE(has_changes(world.plan()));
}

}  // namespace
}  // namespace vscale::test
