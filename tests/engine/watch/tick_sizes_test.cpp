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

/// Ten of the old revision are wanted, and five of the new one stand beside them.
TickedWorld world_in_which_five_stand_beside_ten() {
  Group group = scaled_web(15, {queue_target(1, "group")});
  group.scaling->max = 100;
  TickedWorld world(std::move(group));
  world.input.recorded.wanted_sizes[kWebGroup] = {.group = kWebGroup, .size = 10, .by = "queue", .reason = ""};
  RolloutRecord& rollout = world.input.recorded.rollouts[kWebGroup] = first_rollout(kWebGroup);
  rollout.from = 1;
  rollout.to = 2;
  for (int ordinal = 10; ordinal < 15; ++ordinal) world.record(ordinal).revision = 2;
  return world;
}

ScalingMemory memory_of_turns(Instant now, const std::vector<int>& minutes_ago) {
  ScalingMemory memory;
  memory.group = kWebGroup;
  int size = 4;
  for (const int ago : minutes_ago) {
    const int to = size == 4 ? 5 : 4;
    memory.changes.push_back({.at = now - minutes{ago}, .from = size, .to = to});
    size = to;
  }
  return memory;
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

TEST_CASE("a ratio is of the size that is wanted, and not of those that stand beside others in a rolling update") {
  TickedWorld world = world_in_which_five_stand_beside_ten();
  world.answer_queue(1.12);

  const ScalingDecision decision = only_decision(world.look());

  CHECK(decision.ready == 10);
  CHECK(decision.there == 15);
  CHECK(decision.size == 12);
}

TEST_CASE("while newcomers of a rolling update boot, those that they come for are the ones that serve") {
  TickedWorld world = world_in_which_five_stand_beside_ten();
  for (int ordinal = 10; ordinal < 15; ++ordinal) {
    world.record(ordinal).phase = Phase::started;
    world.record(ordinal).started_at = world.input.now;
  }
  world.answer_queue(1);
  CHECK(only_decision(world.look()).ready == 10);
  // Three are ready before the others: so many more serve than are wanted, and still ten count.
  for (const int ordinal : {10, 11, 12}) world.record(ordinal).phase = Phase::ready;
  CHECK(only_decision(world.look()).ready == 10);
}

TEST_CASE("who goes in a rolling update stands beside nobody, and is not ready any more") {
  TickedWorld world = world_in_which_five_stand_beside_ten();
  for (int ordinal = 0; ordinal < 5; ++ordinal) world.record(ordinal).phase = Phase::leaving;
  world.answer_queue(1);
  CHECK(only_decision(world.look()).ready == 10);
  world.record(5).phase = Phase::leaving;
  CHECK(only_decision(world.look()).ready == 9);
}

TEST_CASE("without a rolling update nobody stands beside others: who is too many serves until it goes") {
  TickedWorld world = world_in_which_five_stand_beside_ten();
  world.input.recorded.rollouts.clear();
  world.answer_queue(1);
  CHECK(only_decision(world.look()).ready == 15);
}

TEST_CASE("that a group flaps is told once, when the guard begins to hold") {
  TickedWorld world(scaled_web(4, {cpu_target(60)}));
  world.cpu = 60;
  world.input.recorded.scaling[kWebGroup] = memory_of_turns(world.input.now, {29, 20, 15, 10});

  world.look();

  CHECK(world.told() == Words{"flapping group.web: 3 reversals within 30m: stabilization.in is doubled for 49m 45s"});
  world.look(3);
  CHECK(world.told().empty());
}

TEST_CASE("a group that flaps again after an hour of calm is told of again") {
  TickedWorld world(scaled_web(4, {cpu_target(60)}));
  world.cpu = 60;
  world.input.recorded.scaling[kWebGroup] = memory_of_turns(world.input.now, {29, 20, 15, 10});
  world.input.recorded.scaling[kWebGroup].flapping_until = world.input.now;
  world.look();
  CHECK(world.told().size() == 1);
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

TEST_CASE("who is off goes before who serves, also where healing is suspended") {
  TickedWorld world(scaled_web(3, {cpu_target(60)}));
  world.cpu = 60;
  world.input.recorded.wanted_sizes[kWebGroup] = {.group = kWebGroup, .size = 2, .by = "cpu", .reason = ""};
  world.look();
  REQUIRE(world.last.findings.go_first.at(kWebGroup) == std::vector{web_at(2)});
  world.guest(0).state = DomainState::shut_off;

  world.look();

  CHECK(world.last.findings.go_first.at(kWebGroup) == std::vector{web_at(0)});
}

TEST_CASE("who is out of reach is not among those that go first while others could go") {
  TickedWorld world(scaled_web(3, {cpu_target(60)}));
  world.cpu = 60;
  world.input.recorded.wanted_sizes[kWebGroup] = {.group = kWebGroup, .size = 2, .by = "cpu", .reason = ""};
  world.look();
  REQUIRE(world.last.findings.go_first.at(kWebGroup) == std::vector{web_at(2)});
  world.input.live[world.record(2).host] = unreachable(world.input.now);

  world.look();

  const auto& going = world.last.findings.go_first.at(kWebGroup);
  REQUIRE(going.size() == 1);
  CHECK(world.record(going[0].ordinal).host != world.record(2).host);
}

TEST_CASE("who is leaving already goes first also while its host is silent, and nobody goes in its place") {
  TickedWorld world(scaled_web(3, {cpu_target(60)}));
  world.cpu = 60;
  world.input.recorded.wanted_sizes[kWebGroup] = {.group = kWebGroup, .size = 2, .by = "cpu", .reason = ""};
  world.record(2).phase = Phase::leaving;
  world.input.live[world.record(2).host] = unreachable(world.input.now);

  world.look();

  CHECK(world.last.findings.go_first.at(kWebGroup) == std::vector{web_at(2)});
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
