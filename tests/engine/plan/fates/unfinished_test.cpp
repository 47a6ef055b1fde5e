#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "tests/engine/plan/planned.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"

/// What an earlier run left half-way.

namespace vscale::test {
namespace {

TEST_CASE("what an earlier run left half-way is finished, or removed if nobody wants it any more") {
  for (const Phase phase : {Phase::claimed, Phase::defined, Phase::started, Phase::leaving}) {
    PlayedWorld world = running({web(1)});
    world.input.recorded.instances.begin()->second.phase = phase;
    INFO(to_string(phase));
    CHECK(has_reason(world.plan(), "group.web[0]", Rule::unfinished));
    PlayedWorld unwanted = world;
    world.converge();
    CHECK(world.instance("group.web[0]").phase == Phase::ready);
    unwanted.input.config.groups[0].size = 0;
    unwanted.converge();
    CHECK(unwanted.input.recorded.instances.empty());
    CHECK(unwanted.host("kvm1").domains.empty());
  }
}

TEST_CASE("a boot that used up its bound is waited for again, with the numbers and the next step") {
  PlayedWorld world = running({web(1)});
  auto& record = world.input.recorded.instances.begin()->second;
  record.phase = Phase::started;
  record.started_at = world.input.now;
  record.ready_at.reset();
  const Duration bound = world.input.config.groups[0].health.startup_timeout;
  world.input.now += bound;
  CHECK(codes(world.plan()).empty());
  world.input.now += std::chrono::minutes{2};
  const Plan plan = world.plan();
  const std::string numbers = fmt::format("not ready for {}, its bound was {}",
                                          show_duration(bound + std::chrono::minutes{2}), show_duration(bound));
  REQUIRE(plan.changes.size() == 1);
  CHECK(plan.changes[0].reasons[0].text == "unfinished: " + numbers);
  CHECK(codes(plan) == Words{"boot_stalled"});
  CHECK(plan.diagnostics[0].summary == "group.web[0] is up on kvm1, and " + numbers + "; it is only waited for again");
  CHECK(plan.diagnostics[0].hint ==
        "look what it says: vscale console web-0; or make it anew: vscale plan --replace web-0");
  CHECK_FALSE(plan.errored);
  CHECK(plan.actions.size() == 1);
  CHECK(count_kind(plan, "gate.wait") == 1);
  // Stopped meanwhile, it is a new boot and no stalled one.
  world.domain("kvm1", "prod-web-0")->state = DomainState::shut_off;
  CHECK(codes(world.plan()).empty());
}

TEST_CASE("a claim whose template has changed since is made anew, as another incarnation") {
  PlayedWorld world(config_with({web(1)}));
  const Plan plan = world.plan();
  world.carry_out_and_die(plan, order_of_ids(plan), 3, true);
  world.input.config.groups[0].instance.cloud_init.user = "anna";
  world.converge();
  CHECK(world.instance("group.web[0]").incarnation == 2);
}

}  // namespace
}  // namespace vscale::test
