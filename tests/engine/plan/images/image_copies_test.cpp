#include <catch2/catch.hpp>

#include "tests/engine/plan/planned.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"

/// Copies of images: sent once, and kept as long as they are needed.

namespace vscale::test {
namespace {

TEST_CASE("an image is sent once to each host, whoever needs it") {
  const Plan plan = PlayedWorld(config_with({web(4), a_group("db", 4)})).plan();
  CHECK(count_kind(plan, "image.upload") == 2);
}

TEST_CASE("a copy that was deleted from its pool is sent again") {
  PlayedWorld world = running({web(1)});
  auto& volumes = world.host("kvm1").pools[0].volumes;
  volumes.erase(volumes.lower_bound("vscale-image-"));
  world.input.options.replaces = {"group.web[0]"};
  CHECK(count_kind(world.plan(), "image.upload") == 1);
}

TEST_CASE("of older copies as many stay as keep says; one that is in use always does") {
  PlayedWorld world = running(config_with({web(1)}, {"kvm1"}));
  for (const char digit : {'b', 'c', 'd'}) {
    world.input.images["debian-12"] = lock_of("debian-12", digit);
    world.input.now += std::chrono::hours{1};
    world.carry_out(world.plan());
  }
  // Now d is used and c is kept; a and b went when they were second.
  CHECK(world.input.recorded.image_copies.size() == 2);
  world.input.config.images[0].keep = 0;
  CHECK(count_kind(world.plan(), "image.delete") == 1);
  world.input.config.groups[0].update.allow = Disruption::live;
  world.input.images["debian-12"] = lock_of("debian-12", 'e');
  CHECK(count_kind(world.plan(), "image.delete") == 1);  // c again; d is in use
}

}  // namespace
}  // namespace vscale::test
