#include "engine/watch/decide_tick.h"

#include <catch2/catch.hpp>

#include "tests/engine/watch/ticked_world.h"

/// Who is found ill in a tick, and what is done about it. Sizes: tick_sizes_test.cpp; who asks to end:
/// asked_to_end_test.cpp. The rules themselves are tested in tests/engine/health.

namespace vscale::test {
namespace {

constexpr const char* kNoAnswer = "the agent did not answer within 10s";

Said said_by_anna(const TickedWorld& world) {
  return {.at = world.input.now, .by = "anna@ctl1"};
}

void suspend_heal(TickedWorld& world) {
  world.say(Suspension{kWebGroup, Suspension::Process::heal, std::nullopt, said_by_anna(world)});
}

void protect_from_all(TickedWorld& world, int ordinal) {
  world.say(Protection{web_at(ordinal), Protection::From::all, std::nullopt, said_by_anna(world)});
}

}  // namespace

TEST_CASE("where all are well a tick decides nothing, tells nothing and remembers nothing") {
  TickedWorld world(web(2));
  CHECK(world.look() == TickDecision{});
}

TEST_CASE("an instance on a host that does not answer is unknown: it is neither healed nor made again") {
  TickedWorld world(web(2));
  world.input.live["kvm2"] = unreachable();

  world.look(5);

  CHECK(world.last == TickDecision{});
  CHECK(changes(world.plan_of_look()).empty());
}

TEST_CASE("what was counted before its host fell silent is neither forgotten nor added to") {
  TickedWorld world(web(3));
  world.ill[1] = kNoAnswer;
  world.look(2);
  REQUIRE(world.record(1).host == "kvm2");
  world.input.live["kvm2"] = unreachable();

  world.look(5);

  CHECK(world.failures(1) == 2);
  CHECK(world.heals().empty());
}

TEST_CASE("one that is off is started, and the event says where and why") {
  TickedWorld world(web(2));
  world.guest(0).state = DomainState::shut_off;

  world.look();

  CHECK(world.heals() == Words{"web-0 start off"});
  CHECK(world.told() == Words{"healed group.web[0] on kvm1: start: it is shut off"});
  CHECK(changes(world.plan_of_look()) == Words{"start web-0"});
}

TEST_CASE("one whose restart was cut short, and which still does not answer, is healed") {
  TickedWorld world(web(3));
  world.record(1).phase = Phase::leaving;  // its stop had begun when vscale was killed
  world.ill[1] = kNoAnswer;
  world.group().health.heal.by = Heal::By::restart;

  world.look(3);

  CHECK(world.heals() == Words{"web-1 restart failing"});
  CHECK(changes(world.plan_of_look()) == Words{"update web-1"});
}

TEST_CASE("one that is being stopped by a run is not asked whether it is well") {
  TickedWorld world(web(3));
  world.record(1).phase = Phase::leaving;
  world.ill[1] = kNoAnswer;
  world.given.busy = {kWebGroup};

  world.look(5);

  CHECK(world.failures(1) == 0);
  CHECK(world.heals().empty());
}

TEST_CASE("one whose domain is gone is off, too") {
  TickedWorld world(web(2));
  std::erase_if(world.host("kvm1").domains.edit(),
                [](const LiveDomain& domain) { return domain.name == "prod-web-0"; });

  world.look();

  CHECK(world.heals() == Words{"web-0 start off"});
  CHECK(world.told() == Words{"healed group.web[0] on kvm1: start: its domain is gone"});
}

TEST_CASE("one that is paused or has crashed fails without being asked, and is healed after its failures in a row") {
  const DomainState state = GENERATE(DomainState::paused, DomainState::crashed);
  TickedWorld world(web(3));
  world.guest(0).state = state;

  world.look(2);
  CHECK(world.heals().empty());
  world.look();

  CHECK(world.heals() == Words{"web-0 replace failing"});
  CHECK(world.last.findings.healings.at(web_at(0)).text ==
        fmt::format("3 failures in a row, 3 allowed: it is {}", to_string(state)));
}

TEST_CASE("one that answers that it is not well is healed after its failures in a row, and the plan does it") {
  TickedWorld world(web(3));
  world.ill[1] = kNoAnswer;

  world.look(2);
  CHECK(world.failures(1) == 2);
  CHECK(world.last.events.empty());
  world.look();

  CHECK(world.heals() == Words{"web-1 replace failing"});
  CHECK(world.told() == Words{"healed group.web[1] on kvm2: replace: 3 failures in a row, 3 allowed: the agent did "
                              "not answer within 10s"});
  CHECK(changes(world.plan_of_look()) == Words{"replace web-1"});
}

TEST_CASE("one that is well again begins anew, and nothing is remembered of it") {
  TickedWorld world(web(3));
  world.ill[1] = kNoAnswer;
  world.look(2);
  world.ill.clear();

  world.look();

  CHECK(world.last.remembered.well == std::vector{web_at(1)});
  CHECK(world.input.recorded.health.empty());
}

TEST_CASE("who was not asked is unknown: nothing is counted, and nothing forgotten") {
  TickedWorld world(web(3));
  world.ill[1] = kNoAnswer;
  world.look(2);
  world.not_asked = {1};

  world.look(3);

  CHECK(world.failures(1) == 2);
  world.not_asked.clear();
  CHECK(world.look().findings.healings.size() == 1);
}

TEST_CASE("what somebody else has answered under that address says nothing of who is there now") {
  TickedWorld world(web(3));
  world.ill[1] = kNoAnswer;
  world.look();
  REQUIRE(world.failures(1) == 1);
  world.given.wellness.at(web_at(1)).uuid = "of the one before";
  const TickDecision decision = decide_tick(world.given);
  CHECK(decision.remembered == Remembered{});
}

TEST_CASE("one that boots or is being made is not asked whether it is well") {
  TickedWorld world(web(3));
  world.record(0).phase = Phase::started;
  world.record(1).phase = Phase::claimed;
  const Roster members(world.input.config, world.input.recorded, world.input.live);
  CHECK(to_be_asked(world.input.config, members) == std::vector{web_at(2)});
}

TEST_CASE("one that an operator has stopped stays off") {
  TickedWorld world(web(2));
  world.guest(0).state = DomainState::shut_off;
  world.say(StopWord{web_at(0), said_by_anna(world)});

  world.look(5);

  CHECK(world.last == TickDecision{});
  CHECK(changes(world.plan_of_look()).empty());
}

TEST_CASE("where heal is suspended nobody is healed, and the plan leaves alone who is off") {
  TickedWorld world(web(2));
  world.guest(0).state = DomainState::shut_off;
  suspend_heal(world);

  world.look();

  CHECK(world.heals().empty());
  CHECK(world.held() == Words{"web-0: heal is suspended: it is shut off"});
  CHECK(world.last.events.empty());
  CHECK(changes(world.plan_of_look()) == Words{"hold web-0"});
}

TEST_CASE("who is protected from all is not healed") {
  TickedWorld world(web(3));
  world.ill[1] = kNoAnswer;
  protect_from_all(world, 1);

  world.look(3);

  CHECK(world.heals().empty());
  CHECK(world.held() == Words{"web-1: protected from all: the agent did not answer within 10s"});
}

TEST_CASE("with more ill than maxUnhealthy nobody is replaced, and each says so") {
  TickedWorld world(web(5));
  world.ill = {{0, "no answer"}, {1, "no answer"}, {2, "no answer"}};

  world.look(3);

  CHECK(world.heals().empty());
  CHECK(world.held() == Words{"web-0: 3 of 5 are ill, 2 allowed (maxUnhealthy 40 %): no answer",
                              "web-1: 3 of 5 are ill, 2 allowed (maxUnhealthy 40 %): no answer",
                              "web-2: 3 of 5 are ill, 2 allowed (maxUnhealthy 40 %): no answer"});
}

TEST_CASE("an open breaker holds heals and the size alike, and both say so") {
  TickedWorld world(scaled_web(8, {cpu_target(60)}));
  world.group().health.heal.max_unhealthy = of_percent(100);
  world.ill = {{0, "no answer"}, {1, "no answer"}, {2, "no answer"}, {3, "no answer"}};
  world.cpu = 60;
  world.look(2);
  world.cpu = 70;

  world.look();

  const std::string breaker = "4 of 8 are unready (50 %), more than 3 and than 45 %";
  CHECK(world.heals().empty());
  CHECK(world.held().front() == "web-0: breaker: " + breaker + ": no answer");
  REQUIRE(world.last.decisions.size() == 1);
  CHECK(world.last.decisions[0].size == 8);
  CHECK(layer_of(world.last.decisions[0], Layer::hold).text == breaker);
}

TEST_CASE("while a run goes on in its group, a replacement waits") {
  TickedWorld world(web(3));
  world.ill[1] = kNoAnswer;
  world.given.busy = {kWebGroup};

  world.look(3);

  CHECK(world.held() == Words{"web-1: one at a time, another one is being healed or made: the agent did not answer "
                              "within 10s"});
  world.given.busy.clear();
  world.look();
  CHECK(world.heals() == Words{"web-1 replace failing"});
}

}  // namespace vscale::test
