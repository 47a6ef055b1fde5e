#include <catch2/catch.hpp>

#include "tests/engine/watch/ticked_world.h"
#include "tests/support/revisions.h"

/// Members that answer a policy of kind capacity that they want to end, from the tick that hears it to the plan.

namespace vscale::test {
namespace {

using std::chrono::seconds;
using Process = Suspension::Process;

/// Two members with 10 each, 15 wanted: without web-1, which asks to end, the size stays.
TickedWorld world_in_which_one_asks(Group group) {
  TickedWorld world(std::move(group));
  world.answer_slots(0, 10);
  world.answer_slots(1, 10, true);
  return world;
}

Group two_with_slots() {
  return scaled_web(2, {free_slots(10, 15)});
}

Said word_of_anna(const TickedWorld& world) {
  return {.at = world.input.now, .by = "anna@ctl1"};
}

void suspend_in_web(TickedWorld& world, Process process) {
  world.say(Suspension{kWebGroup, process, std::nullopt, word_of_anna(world)});
}

void protect_in_web(TickedWorld& world, int ordinal, Protection::From from) {
  world.say(Protection{web_at(ordinal), from, std::nullopt, word_of_anna(world)});
}

bool waits_for(const Plan& plan, const Action& action, const Action& other) {
  return all_before(plan, action.id).contains(other.id);
}

std::size_t place_of_gate(const Plan& plan, const std::string& address) {
  return static_cast<std::size_t>(only_action(plan, "gate.wait", address).id) - 1;
}

}  // namespace

TEST_CASE("where the size is kept, one that has asked to end is replaced, and its successor comes first") {
  TickedWorld world = world_in_which_one_asks(rolls_beside(two_with_slots()));

  world.look();
  const Plan plan = world.plan_of_look();

  CHECK(world.last.decisions.at(0).size == 2);
  CHECK(world.last.decisions.at(0).terminating == std::vector{web_at(1)});
  CHECK(changes(plan) == Words{"replace web-1"});
  REQUIRE(plan.changes.size() == 1);
  CHECK(plan.changes[0].reasons.front().rule == Rule::replace_requested);
  CHECK(plan.changes[0].reasons.front().text == "it asked to be ended (policy slots)");
  CHECK(plan.changes[0].successor == "group.web[2]");
  CHECK(waits_for(plan, only_action(plan, "domain.stop", "group.web[1]"),
                  only_action(plan, "gate.wait", "group.web[2]")));
}

TEST_CASE("once it is replaced the group is as it was, and nobody ends any more") {
  TickedWorld world = world_in_which_one_asks(rolls_beside(two_with_slots()));
  world.look();
  world.carry_out(world.plan_of_look());
  world.answer_slots(2, 10);

  world.look();

  CHECK(world.ending().empty());
  CHECK(world.last.decisions.at(0).size == 2);
  CHECK(changes(world.plan_of_look()).empty());
  CHECK(world.input.recorded.instances.size() == 2);
  CHECK_FALSE(world.input.recorded.instances.contains(web_at(1)));
}

TEST_CASE("where nothing comes beside others, it is replaced in its place") {
  TickedWorld world = world_in_which_one_asks(two_with_slots());
  const std::string before = world.record(1).uuid;
  world.look();

  const Plan plan = world.plan_of_look();

  CHECK(changes(plan) == Words{"replace web-1"});
  world.carry_out(plan);
  CHECK(world.record(1).uuid != before);
  CHECK(world.input.recorded.instances.size() == 2);
}

TEST_CASE("what its predecessor wanted is nothing to who is there now") {
  TickedWorld world = world_in_which_one_asks(two_with_slots());
  world.look();
  world.carry_out(world.plan_of_look());
  world.answer_slots(1, 10);

  world.look();

  CHECK(world.ending().empty());
  CHECK(changes(world.plan_of_look()).empty());
}

TEST_CASE("a wish is told once, when it is heard") {
  TickedWorld world = world_in_which_one_asks(two_with_slots());
  world.look();
  CHECK(world.told() == Words{"asked group.web[1] on kvm2: it asked to be ended (policy slots)"});
  world.look();
  CHECK(world.told().empty());
  CHECK(world.ending() == Words{"web-1"});
}

TEST_CASE("where the group gets smaller, who has asked to end is who goes, and nobody comes for it") {
  TickedWorld world(scaled_web(3, {free_slots(10, 15)}));
  for (const int ordinal : {1, 2}) world.answer_slots(ordinal, 10);
  world.answer_slots(0, 10, true);

  world.look();

  CHECK(world.last.decisions.at(0).size == 2);
  CHECK(world.ending().empty());
  CHECK(changes(world.plan_of_look()) == Words{"destroy web-0"});
}

TEST_CASE("of a whole group that wants to end one is replaced at a time, the one that has wanted it longest first") {
  TickedWorld world(scaled_web(3, {free_slots(10, 25)}));
  world.given.busy = {kWebGroup};
  for (const int ordinal : {0, 1}) world.answer_slots(ordinal, 10);
  world.answer_slots(2, 10, true);
  world.look();
  for (const int ordinal : {0, 1}) world.answer_slots(ordinal, 10, true);
  world.given.busy.clear();

  world.look();

  CHECK(world.last.decisions.at(0).size == 3);
  CHECK(world.last.decisions.at(0).terminating.size() == 3);
  CHECK(world.ending() == Words{"web-2"});
}

TEST_CASE("one that has taken its wish back stays") {
  TickedWorld world = world_in_which_one_asks(two_with_slots());
  world.look();
  REQUIRE(world.ending() == Words{"web-1"});
  world.answer_slots(1, 10);
  world.look();
  CHECK(world.ending().empty());
}

TEST_CASE("between two decisions about the size nobody new ends") {
  TickedWorld world = world_in_which_one_asks(two_with_slots());
  world.look();
  world.pass(seconds{5});
  CHECK(world.decide() == TickDecision{});
}

TEST_CASE("a wish waits while its group is not at rest") {
  TickedWorld world = world_in_which_one_asks(two_with_slots());
  world.look();
  REQUIRE(world.ending() == Words{"web-1"});
  SECTION("a run goes on") {
    world.given.busy = {kWebGroup};
  }
  SECTION("a rolling update goes on") {
    world.input.recorded.rollouts[kWebGroup] = first_rollout(kWebGroup);
  }
  SECTION("another one boots") {
    world.record(0).phase = Phase::started;
    world.record(0).started_at = world.input.now;
  }
  SECTION("another one is healed") {
    world.guest(0).state = DomainState::shut_off;
  }
  SECTION("it is healed itself") {
    world.guest(1).state = DomainState::shut_off;
  }
  SECTION("one is missing") {
    world.group().scaling->min = 3;
  }

  world.look();

  CHECK(world.ending().empty());
}

TEST_CASE("a wish is nothing against the word of an operator, nor against preventDestroy") {
  TickedWorld world = world_in_which_one_asks(two_with_slots());
  world.look();
  REQUIRE(world.ending() == Words{"web-1"});
  SECTION("launch is suspended") {
    suspend_in_web(world, Process::launch);
  }
  SECTION("terminate is suspended") {
    suspend_in_web(world, Process::terminate);
  }
  SECTION("it is protected from scale-in") {
    protect_in_web(world, 1, Protection::From::scale_in);
  }
  SECTION("it is protected from all") {
    protect_in_web(world, 1, Protection::From::all);
  }
  SECTION("it is stopped") {
    world.say(StopWord{web_at(1), word_of_anna(world)});
  }
  SECTION("it is off, and heal is suspended") {
    world.guest(1).state = DomainState::shut_off;
    suspend_in_web(world, Process::heal);
  }
  SECTION("preventDestroy") {
    world.group().lifecycle.prevent_destroy = true;
  }

  world.look();

  CHECK(world.ending().empty());
}

TEST_CASE("a wish is no illness and no update: what is said of those does not keep it") {
  TickedWorld world = world_in_which_one_asks(rolls_beside(two_with_slots()));
  suspend_in_web(world, Process::heal);
  suspend_in_web(world, Process::update);
  protect_in_web(world, 1, Protection::From::update);

  world.look();

  CHECK(changes(world.plan_of_look()) == Words{"replace web-1"});
}

TEST_CASE("another member that an operator keeps off does not keep it") {
  TickedWorld world(scaled_web(3, {free_slots(10, 15)}));
  world.answer_slots(0, 10);
  world.answer_slots(1, 10, true);
  world.say(StopWord{web_at(2), word_of_anna(world)});
  world.guest(2).state = DomainState::shut_off;
  world.record(2).phase = Phase::defined;
  world.look();
  CHECK(world.ending() == Words{"web-1"});
}

TEST_CASE("after a run that was cut off, it still waits for its successor to be ready") {
  TickedWorld world = world_in_which_one_asks(rolls_beside(two_with_slots()));
  world.look();
  const Plan first = world.plan_of_look();
  world.carry_out_and_die(first, order_of_ids(first), place_of_gate(first, "group.web[2]"), false);
  REQUIRE(world.record(2).phase == Phase::started);

  world.look();
  const Plan plan = world.plan_of_look();

  CHECK(world.ending() == Words{"web-1"});
  CHECK(changes(plan) == Words{"replace web-1", "start web-2"});
  CHECK(waits_for(plan, only_action(plan, "domain.stop", "group.web[1]"),
                  only_action(plan, "gate.wait", "group.web[2]")));
  world.converge();
  CHECK_FALSE(world.input.recorded.instances.contains(web_at(1)));
  CHECK(world.input.recorded.instances.size() == 2);
}

}  // namespace vscale::test
