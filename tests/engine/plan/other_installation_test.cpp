#include <catch2/catch.hpp>

#include "tests/engine/plan/planned.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"

using namespace vscale;
using namespace vscale::test;

TEST_CASE("a statefile that holds another installation's instances is refused, and nothing is planned on them") {
  PlayedWorld world = running({web(5)});
  world.input.config.name = "staging";
  const Plan plan = world.plan();
  CHECK(plan.errored);
  REQUIRE(codes(plan) == Words{"other_installation"});
  CHECK(plan.diagnostics[0].summary ==
        "the file is of \"staging\", and the statefile holds instances of another name: prod-web-0, prod-web-1, "
        "prod-web-2 and 2 more");
}

TEST_CASE("an installation without instances may change its name") {
  PlayedWorld world(config_with({web(0)}));
  world.input.config.name = "staging";
  CHECK_FALSE(world.plan().errored);
}
