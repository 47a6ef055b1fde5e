#include <catch2/catch.hpp>

#include "engine/recorded/apply_change.h"
#include "tests/engine/plan/planned.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"

/// Whom watch has found to have asked to end, in a plan. How it finds them: tests/engine/watch/asked_to_end_test.cpp.

namespace vscale::test {
namespace {

const InstanceAddress kAsking{InstanceAddress::Kind::group, "web", 1};

PlayedWorld with_one_that_asks(Group group) {
  PlayedWorld world = running({std::move(group)});
  world.input.findings.asked_to_end[kAsking] = "it asked to be ended (policy slots)";
  return world;
}

}  // namespace

TEST_CASE("one that has asked to end is said farewell to, as it is not ill") {
  Group group = web(2);
  Hook leave;
  leave.command = {TemplateText{"leave"}};
  group.hooks.before_stop = {leave};

  const Plan plan = with_one_that_asks(group).plan();

  CHECK(changes(plan) == Words{"replace web-1"});
  CHECK(count_kind(plan, "hook.run") == 1);
}

TEST_CASE("one that has asked to end stays where nothing may come for it, and the others are started all the same") {
  PlayedWorld world = with_one_that_asks(rolls_beside(web(3)));
  world.domain("kvm1", "prod-web-0")->state = DomainState::shut_off;
  apply(world.input.recorded,
        PutWord{Suspension{
            "group.web", Suspension::Process::launch, std::nullopt, {.at = world.input.now, .by = "anna@ctl1"}}});
  CHECK(changes(world.plan()) == Words{"start web-0"});
}

TEST_CASE("one that has asked to end is made as the file has it by then, with all that are replaced for that") {
  PlayedWorld world = with_one_that_asks(rolls_beside(web(2)));
  world.input.images["debian-12"] = lock_of("debian-12", 'b');
  CHECK(changes(world.plan()) == Words{"replace web-0", "replace web-1"});
  world.converge();
  for (const auto& [address, instance] : world.input.recorded.instances) {
    CHECK(instance.image_digest == lock_of("debian-12", 'b').digest);
  }
}

}  // namespace vscale::test
