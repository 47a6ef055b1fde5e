#include <catch2/catch.hpp>

#include "tests/engine/plan/planned.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"

/// --target and --exclude.

namespace vscale::test {
namespace {

TEST_CASE("a target takes along what it depends on, and leaves the rest with a word") {
  Group db = a_group("db", 1);
  Group front = web(1);
  front.depends_on = {"group.db"};
  PlayedWorld world(config_with({front, db, a_group("other", 1)}));
  world.input.options.targets = {"web"};
  const Plan plan = world.plan();
  CHECK(changes(plan) == Words{"create web-0", "create db-0", "hold other-0"});
  CHECK(has_reason(plan, "group.other[0]", Rule::not_targeted));
  CHECK(codes(plan) == Words{"narrowed"});
}

TEST_CASE("destroying a target takes along what depends on it") {
  Group db = a_group("db", 1);
  Group front = web(1);
  front.depends_on = {"group.db"};
  PlayedWorld world = running({front, db, a_group("other", 1)});
  world.input.options.destroy = true;
  world.input.options.targets = {"group.db"};
  const Plan plan = world.plan();
  CHECK(changes(plan) == Words{"destroy web-0", "destroy db-0", "hold other-0"});
  CHECK(plan.changes[0].reasons.at(0).text == "depends on group.db, which is destroyed");
  CHECK(plan.changes[1].reasons.at(0).text == "destroy was asked for");
}

TEST_CASE("an excluded host is not touched, and nothing new is put there") {
  PlayedWorld world = running({web(2)});
  world.input.options.excludes = {"host.kvm2"};
  world.input.images["debian-12"] = lock_of("debian-12", 'b');
  world.input.config.groups[0].size = 4;
  const Plan plan = world.plan();
  for (const auto& action : plan.actions) CHECK(action.host != "kvm2");
  CHECK(changes(plan) == Words{"replace web-0", "create web-2", "create web-3"});
}

TEST_CASE("the disks that an instance left behind can be excluded and targeted by its address") {
  Group db = a_group("db", 1);
  db.instance.disks = {a_disk("data", 10 * kGiB, true)};
  PlayedWorld world = running({db, web(1)});
  world.input.config.groups[0].size = 0;
  world.carry_out(world.plan());
  world.input.config.groups.erase(world.input.config.groups.begin());
  world.input.options.destroy = world.input.options.allow_data_loss = true;
  for (const char* word : {"db-0", "group.db[0]", "group.db"}) {
    world.input.options.excludes = {word};
    CHECK(changes(world.plan()) == Words{"destroy web-0"});
    world.input.options.excludes.clear();
    world.input.options.targets = {word};
    CHECK(changes(world.plan()) == Words{"hold web-0", "destroy db-0"});
    world.input.options.targets.clear();
  }
}

TEST_CASE("nothing goes along with a target of which only a disk is left") {
  Group db = a_group("db", 1);
  db.instance.disks = {a_disk("data", 10 * kGiB, true)};
  Group front = web(1);
  front.depends_on = {"group.db"};
  PlayedWorld world = running({front, db});
  world.input.config.groups[1].size = 0;
  world.carry_out(world.plan());
  world.input.options.destroy = world.input.options.allow_data_loss = true;
  world.input.options.targets = {"group.db"};
  CHECK(changes(world.plan()) == Words{"hold web-0", "destroy db-0"});
}

TEST_CASE("an address that means nothing is an error that lists what there is") {
  PlayedWorld world(config_with({web(1), a_machine("db1")}));
  world.input.options.targets = {"group.wep"};
  const Plan plan = world.plan();
  CHECK(plan.errored);
  CHECK(plan.diagnostics[0].summary == "\"group.wep\" is not the address of anything wanted or recorded");
  CHECK(plan.diagnostics[0].hint == "there are: group.web, machine.db1");
}

}  // namespace
}  // namespace vscale::test
