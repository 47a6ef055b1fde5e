#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/engine/plan/planned.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"

/// Whom watch has found to be healed, in a plan; and drift that is only to be reported.

namespace vscale::test {
namespace {

InstanceAddress of_web(int ordinal) {
  return {InstanceAddress::Kind::group, "web", ordinal};
}

void heal(PlayedWorld& world, int ordinal, Healing::By by) {
  Healing healing;
  healing.address = of_web(ordinal);
  healing.by = by;
  healing.text = "3 failures in a row: agent: no answer within 10s";
  world.input.findings.healings.emplace(healing.address, healing);
}

Group with_farewell(Group group) {
  Hook leave;
  leave.command = {TemplateText{"leave"}};
  group.hooks.before_stop = {leave};
  return group;
}

TEST_CASE("who is to be healed by a restart is stopped and started, and nobody says farewell to it") {
  PlayedWorld world = running({with_farewell(web(3))});
  heal(world, 1, Healing::By::restart);

  const Plan plan = world.plan();

  CHECK(changes(plan) == Words{"update web-1"});
  CHECK(has_reason(plan, "group.web[1]", Rule::unhealthy));
  CHECK(count_kind(plan, "hook.run") == 0);
  CHECK(count_kind(plan, "domain.stop") == 1);
  CHECK(count_kind(plan, "domain.start") == 1);
  CHECK(all_before(plan, only_action(plan, "gate.wait", "group.web[1]").id).size() == 2);
}

TEST_CASE("who is to be healed by another in its place keeps ordinal and address, also where updates come beside") {
  PlayedWorld world = running({rolls_beside(web(3))});
  const std::string address = *world.instance("group.web[1]").nics[0].address;
  const std::string uuid = world.instance("group.web[1]").uuid;
  heal(world, 1, Healing::By::replace);

  const Plan plan = world.plan();

  CHECK(changes(plan) == Words{"replace web-1"});
  CHECK(plan.rollouts.empty());
  world.carry_out(plan);
  CHECK(world.input.recorded.instances.size() == 3);
  CHECK(*world.instance("group.web[1]").nics[0].address == address);
  CHECK(world.instance("group.web[1]").uuid != uuid);
  world.input.findings = {};
  CHECK(changes(world.plan()).empty());
}

TEST_CASE("one that does not come up is made anew in the middle of a rolling update, which goes on beside it") {
  PlayedWorld world = running({rolls_beside(web(3))});
  world.input.images["debian-12"] = lock_of("debian-12", 'b');
  heal(world, 1, Healing::By::replace);
  const Plan plan = world.plan();
  CHECK_FALSE(plan.errored);
  world.carry_out(plan);
  world.input.findings = {};
  world.converge();
  for (const auto& [address, instance] : world.input.recorded.instances) {
    CHECK(instance.image_digest == lock_of("debian-12", 'b').digest);
  }
  CHECK(world.input.recorded.instances.size() == 3);
}

TEST_CASE("who dies again and again is not started before a while") {
  PlayedWorld world = running({web(2)});
  world.domain("kvm1", "prod-web-0")->state = DomainState::shut_off;
  world.input.findings.crash_loops[of_web(0)] = "crash loop: healed 3 times within 1h, again in 5m";

  const Plan plan = world.plan();

  CHECK(changes(plan) == Words{"hold web-0"});
  CHECK(plan.actions.empty());
  CHECK(has_reason(plan, "group.web[0]", Rule::crash_loop));
  world.input.findings = {};
  CHECK(changes(world.plan()) == Words{"start web-0"});
}

TEST_CASE("drift that is only to be reported is shown, and nothing is done about it") {
  PlayedWorld world = running({web(2)});
  world.input.options.report_drift = true;
  world.domain("kvm1", "prod-web-0")->memory_bytes = 1 * kGiB;
  world.domain("kvm2", "prod-web-1")->state = DomainState::shut_off;

  const Plan plan = world.plan();

  CHECK(changes(plan) == Words{"hold web-0", "hold web-1"});
  CHECK(plan.actions.empty());
  REQUIRE(plan.drift.size() == 2);
  CHECK(plan.drift[0].remedy == "none: watch.drift is report");
  CHECK(has_reason(plan, "group.web[1]", Rule::drift_reported));
}

TEST_CASE("who is off is started for its health, whatever is only reported") {
  PlayedWorld world = running({web(2)});
  world.input.options.report_drift = true;
  world.domain("kvm2", "prod-web-1")->state = DomainState::shut_off;
  heal(world, 1, Healing::By::start);
  CHECK(changes(world.plan()) == Words{"start web-1"});
}

TEST_CASE("what the file changes is done where drift is only reported") {
  PlayedWorld world = running({web(1)});
  world.input.options.report_drift = true;
  world.input.config.groups[0].size = 2;
  CHECK(changes(world.plan()) == Words{"create web-1"});
}

}  // namespace
}  // namespace vscale::test
