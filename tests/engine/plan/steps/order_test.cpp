#include <catch2/catch.hpp>

#include "tests/engine/plan/planned.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"

/// What goes, and in which order.

namespace vscale::test {
namespace {

TEST_CASE("a group depended on is stopped only when its dependents are gone, also without the file") {
  Group db = a_group("db", 1);
  Group front = web(1);
  front.depends_on = {"group.db"};
  PlayedWorld world = running({db, front});
  world.input.config.groups.clear();
  world.input.config.removed = {{"group.db", Removed::Then::destroy}, {"group.web", Removed::Then::destroy}};
  const Plan plan = world.plan();
  int web_gone = 0;
  for (const auto& action : plan.actions) {
    if (std::holds_alternative<ChangeRecord>(action.detail) && action.address == "group.web") web_gone = action.id;
    if (std::holds_alternative<StopDomain>(action.detail) && action.address == "group.db[0]") {
      CHECK(action.needs == std::vector<int>{web_gone});
    }
  }
  CHECK(web_gone != 0);
}

TEST_CASE("dependencies that records of different times turn into a circle do not stop a removal") {
  PlayedWorld world = running({web(1), a_group("db", 1)});
  for (auto& [address, instance] : world.input.recorded.instances) {
    instance.after = {address.group == "web" ? "group.db" : "group.web"};
  }
  world.input.options.destroy = true;
  world.carry_out(world.plan());
  CHECK(world.input.recorded.instances.empty());
}

}  // namespace
}  // namespace vscale::test
