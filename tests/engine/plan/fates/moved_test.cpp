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

}  // namespace
}  // namespace vscale::test
