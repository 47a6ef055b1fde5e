#include <catch2/catch.hpp>

#include "tests/engine/watch/ticked_world.h"
#include "tests/support/revisions.h"

/// What a tick makes of the sizes that policies want. The rules themselves are tested in tests/engine/scaling.

namespace vscale::test {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

const ScalingDecision& only_decision(const TickDecision& decision) {
  REQUIRE(decision.decisions.size() == 1);
  return decision.decisions.front();
}

WantedSize size_until(int size, Instant until) {
  WantedSize wanted;
  wanted.group = kWebGroup;
  wanted.size = size;
  wanted.owner = WantedSize::Owner::operator_;
  wanted.by = "anna@ctl1";
  wanted.until = until;
  return wanted;
}

}  // namespace

TEST_CASE("a size that is decided is wanted from there on, and told with its reason") {
  TickedWorld world(scaled_web(4, {cpu_target(60)}));
  world.cpu = 90;
  world.pass(seconds{15});

  const TickDecision decision = world.decide();

  const std::string reason = "4 -> 6: cpu 90 % of 4 instances, target 60 %";
  CHECK(only_decision(decision).text == reason);
  CHECK(decision.changes == std::vector<RecordChange>{PutWantedSize{{.group = kWebGroup,
                                                                     .size = 6,
                                                                     .owner = WantedSize::Owner::policies,
                                                                     .by = "cpu",
                                                                     .reason = reason,
                                                                     .at = world.input.now}}});
  CHECK(decision.events ==
        std::vector<EventRecord>{
            {.at = world.input.now, .kind = "scaled", .address = kWebGroup, .host = "", .text = reason}});
  CHECK(decision.remembered.scaling.size() == 1);
}

TEST_CASE("a size that stays is decided and remembered, and nothing is told") {
  TickedWorld world(scaled_web(4, {cpu_target(60)}));
  world.cpu = 60;

  world.look();

  CHECK(only_decision(world.last).text == "4: cpu 60 % of 4 instances, target 60 %");
  CHECK(world.last.changes.empty());
  CHECK(world.last.events.empty());
  CHECK(world.input.recorded.scaling.at(kWebGroup).evaluated_at == world.input.now);
}

TEST_CASE("policies that are not due are not asked, and the size stays") {
  TickedWorld world(scaled_web(4, {cpu_target(60)}));
  world.cpu = 60;
  world.look();
  world.cpu = 90;
  world.pass(seconds{5});

  CHECK_FALSE(is_scaling_due(world.input.config, world.group(), world.input.recorded, world.input.now));
  CHECK(world.decide() == TickDecision{});
  world.pass(seconds{10});
  CHECK(only_decision(world.decide()).size == 6);
}

TEST_CASE("a group without scaling keeps its size, whatever it uses") {
  TickedWorld world(web(2));
  world.cpu = 100;
  CHECK_FALSE(is_scaling_due(world.input.config, world.group(), world.input.recorded, world.input.now));
  CHECK(world.look() == TickDecision{});
}

TEST_CASE("an operator's size holds until its moment, and then the policies have their say") {
  TickedWorld world(scaled_web(2, {cpu_target(60)}));
  world.cpu = 150;
  world.input.recorded.wanted_sizes[kWebGroup] = size_until(2, world.input.now + minutes{20});

  CHECK(only_decision(world.decide()).text == "2: anna@ctl1 holds it at 2 for 20m more");
  world.pass(minutes{20});

  CHECK(only_decision(world.decide()).size == 5);
}

TEST_CASE("a group that is busy is decided on all the same") {
  TickedWorld world(scaled_web(4, {cpu_target(60)}));
  world.cpu = 90;
  world.given.busy = {kWebGroup};
  CHECK(only_decision(world.look()).size == 6);
}

TEST_CASE("a group grows no further than there is room") {
  TickedWorld world(scaled_web(4, {cpu_target(60)}));
  world.cpu = 90;
  world.given.room[kWebGroup] = 5;

  const ScalingDecision decision = only_decision(world.look());

  CHECK(decision.text ==
        "4 -> 5: cpu 90 % of 4 instances, target 60 %, for 6; room: hosts and addresses have room for 5");
  CHECK(world.input.recorded.wanted_sizes.at(kWebGroup).size == 5);
}

TEST_CASE("a source that has not answered takes nobody away") {
  TickedWorld world(scaled_web(4, {queue_target(30)}));

  const ScalingDecision unknown = only_decision(world.look());

  CHECK(unknown.recommendations.at(0).kind == Says::error);
  CHECK(unknown.size == 4);
  world.answer_queue(30);
  CHECK(only_decision(world.look()).size == 3);
}

TEST_CASE("while a rolling update goes on nobody goes for a smaller size, and who is missing comes") {
  TickedWorld world(scaled_web(4, {cpu_target(60)}));
  world.input.recorded.rollouts[kWebGroup] = first_rollout(kWebGroup);
  world.cpu = 20;

  const ScalingDecision held = only_decision(world.look());

  CHECK(held.size == 4);
  CHECK(layer_of(held, Layer::hold).text == "a rolling update goes on: nothing goes");
  world.cpu = 90;
  CHECK(only_decision(world.look()).size == 6);
}

TEST_CASE("while somebody is still going, nobody goes after it") {
  TickedWorld world(scaled_web(4, {cpu_target(60)}));
  world.record(3).phase = Phase::leaving;
  world.cpu = 10;
  CHECK(layer_of(only_decision(world.look()), Layer::hold).text == "members are still going: no further one goes");
}

TEST_CASE("where limits.destroy says nothing one goes at a time, and else so many") {
  TickedWorld world(scaled_web(6, {cpu_target(60)}));
  world.cpu = 10;
  CHECK(only_decision(world.decide()).size == 5);
  world.input.config.limits.destroy = 3;
  CHECK(only_decision(world.decide()).size == 3);
}

TEST_CASE("where too many are there the plan is told who goes first: who is ill before the highest ordinal") {
  TickedWorld world(scaled_web(3, {cpu_target(60)}));
  world.cpu = 60;
  world.ill[0] = "no answer";
  world.say(Suspension{
      kWebGroup, Suspension::Process::heal, std::nullopt, {.at = world.input.now, .by = "anna@ctl1", .reason = ""}});
  world.look(3);
  world.input.recorded.wanted_sizes[kWebGroup] = {.group = kWebGroup, .size = 2, .by = "cpu", .reason = ""};

  world.look();

  CHECK(world.last.findings.go_first.at(kWebGroup) == std::vector{web_at(0)});
  CHECK(changes(world.plan_of_look()) == Words{"destroy web-0"});
}

TEST_CASE("who is protected from scale-in is not among those that go first") {
  TickedWorld world(scaled_web(2, {cpu_target(60)}));
  world.cpu = 60;
  world.input.recorded.wanted_sizes[kWebGroup] = {.group = kWebGroup, .size = 1, .by = "cpu", .reason = ""};
  world.say(Protection{web_at(1), Protection::From::scale_in, std::nullopt, {.at = world.input.now, .by = "anna"}});
  world.look();
  CHECK(world.last.findings.go_first.at(kWebGroup) == std::vector{web_at(0)});
}

TEST_CASE("the same input gives the same decision") {
  TickedWorld world(scaled_web(4, {cpu_target(60), free_slots(10, 15)}));
  world.cpu = 90;
  world.ill[1] = "no answer";
  world.guest(2).state = DomainState::shut_off;
  world.answer_slots(0, 10, true);
  const TickDecision decision = world.decide();
  CHECK(decision != TickDecision{});
  CHECK(world.decide() == decision);
}

}  // namespace vscale::test
