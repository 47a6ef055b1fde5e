// What people report of other systems that scale, each as a test: the name says the problem as it does not happen here.

#include <catch2/catch.hpp>
#include <random>

#include "engine/scaling/decide_size.h"
#include "engine/scaling/simulate_scaling.h"
#include "engine/scaling/victims.h"
#include "tests/engine/scaling/scaled_world.h"

namespace vscale::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// What the policies have wanted in the last hour, up to a minute ago.
ScalingMemory having_wanted(int size) {
  ScalingMemory memory;
  memory.opinions = {{.from = kNow - hours{1}, .to = kNow - minutes{1}, .size = size}};
  return memory;
}

Result<std::optional<double>> source_down() {
  return Error{ErrorKind::unreachable, "http://127.0.0.1/jobs does not answer", "", ""};
}

}  // namespace

TEST_CASE("surge instances do not become the size that a group is scaled from") {
  ScaledWorld world(scaled_group(1, 1000, {queue_target(1, "group")}));
  world.add_ready(100).add_ready(25);
  for (int i = 100; i < 125; ++i) world.member(i).surge = true;
  world.input.current = 100;
  world.input.rolling = true;
  // An eighth more than is wanted of one instance: of 125 that would be 140, and so on at every tick.
  world.answer_queue(1.12);
  CHECK(world.size() == 112);
}

TEST_CASE("members that end and newcomers without metrics do not grow a group in a rolling update") {
  ScaledWorld world(scaled_group(1, 20, {cpu_target(60)}));
  // The ready ones carry the load of those that go and of those that come: 90 of 60 on four of six.
  world.add_ready(4, 90).add(2, MemberState::starting).add(2, MemberState::leaving, 100);
  world.input.rolling = true;
  CHECK(world.size() == 6);
  // Nor do idle ones shrink it meanwhile.
  ScaledWorld idle(scaled_group(1, 20, {cpu_target(60)}));
  idle.add_ready(4, 10).add(2, MemberState::starting);
  idle.input.rolling = true;
  CHECK(idle.size() == 6);
  // Afterwards: 10/60 of six is one instance's work, and with a tenth to spare needs two.
  idle.input.rolling = false;
  CHECK(idle.size() == 2);
}

TEST_CASE("a group for which there is no room says so instead of hanging") {
  ScaledWorld world(scaled_group(1, 20, {cpu_target(60)}));
  world.add_ready(3, 120);
  world.input.room = 4;
  const ScalingDecision decision = world.decide().decision;
  CHECK(decision.size == 4);
  CHECK(decision.text ==
        "3 -> 4: cpu 120 % of 3 instances, target 60 %, for 6; room: hosts and addresses have room for 4");
}

TEST_CASE("a breaker stops its group, and what was seen meanwhile is not forgotten") {
  ScaledWorld world(tempered_group(1, 20, {cpu_target(60)}));
  world.add_ready(6, 20);
  world.input.breaker = "4 of 8 are unready (breaker 45 % and 3)";
  ScalingMemory memory;
  for (int minute = 0; minute < 6; ++minute) {
    ScalingOutcome outcome = world.decide(memory);
    CHECK(outcome.decision.size == 6);
    memory = outcome.memory;
    world.input.now += minutes{1};
    world.measure(20);
  }
  // The need has lasted for six minutes when the breaker closes.
  world.input.breaker.clear();
  CHECK(world.size(memory) == 5);
}

TEST_CASE("one that never got ready goes before those that serve") {
  VictimCandidate serving;
  serving.address = web_at(7);
  VictimCandidate broken;
  broken.address = web_at(0);
  broken.never_ready = true;
  CHECK(vscale::victims({serving, broken}, 1) == std::vector{web_at(0)});
}

TEST_CASE("an evaluation that comes before a removal is through removes nothing more") {
  ScaledWorld world(scaled_group(1, 10, {cpu_target(60)}));
  world.add_ready(4, 20).add(1, MemberState::leaving);
  world.input.scaling_in = true;
  CHECK(world.size() == 4);
  world.input.scaling_in = false;
  CHECK(world.size() == 2);
}

TEST_CASE("a long removal does not keep a group from growing") {
  ScaledWorld world(scaled_group(1, 10, {cpu_target(60)}));
  world.add_ready(4, 90).add(1, MemberState::leaving);
  world.input.scaling_in = true;
  CHECK(world.size() == 6);
}

TEST_CASE("growth and shrinking rest each in their own time, and after a restart as well") {
  ScaledWorld world(tempered_group(1, 20, {cpu_target(60)}));
  world.add_ready(4, 90);
  // It shrank ten seconds ago, by another run of the program: growth does not wait for that.
  ScalingMemory memory = having_wanted(6);
  memory.changes = {{.at = kNow - seconds{10}, .from = 5, .to = 4}};
  CHECK(world.size(memory) == 6);
  // It grew four minutes ago, and all are ready: growth has rested, shrinking has not.
  memory.changes = {{.at = kNow - minutes{4}, .from = 2, .to = 4}};
  memory.out_ready_at = kNow - minutes{2};
  CHECK(world.size(memory) == 6);
  ScaledWorld idle(tempered_group(1, 20, {cpu_target(60)}));
  idle.add_ready(4, 20);
  ScalingMemory lasting = having_wanted(2);
  lasting.changes = memory.changes;
  CHECK(idle.size(lasting) == 4);
  lasting.changes[0].at = kNow - minutes{5};
  CHECK(idle.size(lasting) == 3);
}

TEST_CASE("what counts is how long less was needed, not how long ago the last change was") {
  ScaledWorld world(tempered_group(1, 20, {cpu_target(60)}));
  world.add_ready(6, 20);
  // Nothing has changed for hours, and two minutes ago all six were needed.
  ScalingMemory memory = having_wanted(6);
  memory.opinions.back().to = kNow - minutes{2};
  memory.opinions.push_back({.from = kNow - minutes{1}, .to = kNow - minutes{1}, .size = 2});
  CHECK(world.size(memory) == 6);
}

TEST_CASE("metrics are gathered while a group rests, and decisions held") {
  ScaledWorld world(tempered_group(1, 20, {cpu_target(60)}));
  world.add_ready(4, 90);
  ScalingMemory memory;
  memory.changes = {{.at = kNow - seconds{30}, .from = 2, .to = 4}};
  memory.out_ready_at = kNow - seconds{15};
  const ScalingOutcome outcome = world.decide(memory);
  CHECK(outcome.decision.size == 4);
  CHECK(outcome.memory.opinions.back().size == 6);
  CHECK(outcome.decision.text ==
        "4: cpu 90 % of 4 instances, target 60 %, for 6; cooldown: rests 45s more after 2 -> 4");
}

TEST_CASE("a source that is down scales nothing to zero") {
  ScaledWorld world(scaled_group(0, 10, {queue_target(30)}));
  world.add_ready(3);
  world.input.answers.insert_or_assign("queue", source_down());
  const ScalingDecision decision = world.decide().decision;
  CHECK(decision.size == 3);
  CHECK(decision.text ==
        "3: no policy says a size; nothing goes, as queue cannot tell: http://127.0.0.1/jobs does not answer");
  world.input.answers.clear();
  CHECK(world.size() == 3);
}

TEST_CASE("a source that is down does not keep others from growing a group, also from 0") {
  ScalingPolicy other = queue_target(10);
  other.name = "other";
  ScaledWorld world(scaled_group(0, 10, {queue_target(30), other}));
  world.input.answers.insert_or_assign("queue", source_down());
  world.input.answers.insert_or_assign("other", Result<std::optional<double>>(std::optional<double>(25)));
  CHECK(world.size() == 3);
}

TEST_CASE("silence for whatever reason is counted as one, and only in a row") {
  ScaledWorld world(scaled_group(1, 10, {free_slots(10, 15)}));
  world.add_ready(2).answer_slots(0, 10).answer_slots(1, 10);
  ScalingMemory memory = world.decide().memory;
  for (const ErrorKind kind : {ErrorKind::timed_out, ErrorKind::unreachable, ErrorKind::invalid}) {
    world.input.capacity["slots"].insert_or_assign(web_at(1), Result<CapacityAnswer>(Error{kind, "no", "", ""}));
    memory = world.decide(memory).memory;
  }
  CHECK(memory.policies.at("slots").capacity[1].silent == 3);
  CHECK(world.answer_slots(1, 10).decide(memory).memory.policies.at("slots").capacity[1].silent == 0);
}

TEST_CASE("a number that is absent is not 0") {
  ScaledWorld world(scaled_group(0, 10, {queue_target(30)}));
  world.add_ready(3).answer_queue(std::nullopt);
  CHECK(world.size() == 3);
  CHECK(world.answer_queue(0).size() == 0);
}

TEST_CASE("instances that are off, or tell no cpu, do not look idle") {
  ScaledWorld world(scaled_group(1, 10, {cpu_target(60)}));
  // Two at 60 of 60, one off with what it said last, one whose cpu could not be read.
  world.add_ready(2, 60).add(1, MemberState::off, 0).add_ready(1);
  CHECK(world.size() == 4);
  ScaledWorld blind(scaled_group(1, 10, {cpu_target(60)}));
  blind.add_ready(4);
  CHECK(blind.size() == 4);
}

TEST_CASE("the size of the file does not fight with what the policies have made of it") {
  Group group = scaled_group(1, 10, {cpu_target(60)});
  group.size = 3;
  ScaledWorld world(group);
  world.add_ready(7, 60);
  CHECK(world.size() == 7);
}

TEST_CASE("a group does not shrink to a size that would call the same instance back") {
  Group group = scaled_group(1, 10, {cpu_target(60)});
  group.size = 5;
  // 268 on five is 53.6, below the tolerance; on four it would be 67, above it. So five it stays, for hours.
  LoadTrace trace;
  trace.points = {{{}, 268}, {hours{3}, 268}};
  trace.sample_interval = seconds{15};
  trace.evaluate_interval = minutes{1};
  trace.begin = kNow;
  const auto played = simulate_scaling(group, trace);
  REQUIRE(played.ok());
  CHECK(played->changes == 0);
}

TEST_CASE("a need before a long silence and one after it are not one that has lasted") {
  ScaledWorld world(tempered_group(1, 20, {cpu_target(60)}));
  world.add_ready(6, 20);
  ScalingMemory memory = world.decide(having_wanted(2)).memory;
  REQUIRE(memory.changes.size() == 1);
  // The watch is off over night, and begins with a look at a group that is idle for a moment.
  memory.changes.clear();
  world.input.now += hours{8};
  world.measure(20);
  CHECK(world.size(memory) == 6);
}

TEST_CASE("a group that cron looks at each minute shrinks when the need has lasted, also with shorter intervals") {
  ScaledWorld world(tempered_group(1, 20, {cpu_target(60)}));
  world.input.evaluate_interval = seconds{15};
  world.add_ready(6);
  ScalingMemory memory;
  for (int minute = 0; minute <= 5; ++minute) {
    ScalingOutcome outcome = world.measure(20).decide(memory);
    CHECK(outcome.decision.size == (minute < 5 ? 6 : 5));
    memory = std::move(outcome.memory);
    // It begins a program each time, and is not to the second.
    world.input.now += seconds{minute % 2 == 0 ? 63 : 58};
  }
}

TEST_CASE("a group that cron looks at each five minutes shrinks by what was needed at the look before") {
  ScaledWorld world(tempered_group(1, 20, {cpu_target(60)}));
  world.input.evaluate_interval = seconds{15};
  world.add_ready(6);
  ScalingMemory memory;
  std::vector<int> sizes;
  for (const double cpu : {60, 60, 20, 20, 20}) {
    ScalingOutcome outcome = world.measure(cpu).decide(memory);
    sizes.push_back(outcome.decision.size);
    memory = std::move(outcome.memory);
    world.input.now += seconds{sizes.size() % 2 == 0 ? 303 : 298};
  }
  // The first that finds it idle does not know since when. The second saw it so for 298 s, the third for 601.
  CHECK(sizes == std::vector<int>{6, 6, 6, 6, 5});
}

TEST_CASE("values that cron takes each five minutes are a series, and a day without it ends that") {
  ScalingPolicy steps = cpu_steps(90, {step_adding(0, std::nullopt, of_instances(1))});
  steps.for_samples = steps.of_samples = 3;
  ScaledWorld world(scaled_group(1, 10, {steps}));
  world.input.evaluate_interval = seconds{15};
  world.add_ready(2);
  ScalingMemory memory;
  std::vector<int> sizes;
  for (int look = 0; look < 4; ++look) {
    ScalingOutcome outcome = world.measure(95).decide(memory);
    sizes.push_back(outcome.decision.size);
    memory = std::move(outcome.memory);
    world.input.now += minutes{5};
  }
  // The second look cannot know that it will go on like this, and begins anew.
  CHECK(sizes == std::vector<int>{2, 2, 2, 3});
  world.input.now += hours{24};
  CHECK(world.measure(95).size(memory) == 2);
}

TEST_CASE("a watch that is killed and begins again within seconds loses nothing of what it has seen") {
  ScaledWorld world(tempered_group(1, 20, {cpu_target(60)}));
  world.input.evaluate_interval = seconds{15};
  world.add_ready(6);
  ScalingMemory memory;
  for (int second = 0; second <= 300; second += second == 120 ? 40 : 20) {
    world.input.now = kNow + seconds{second};
    ScalingOutcome outcome = world.measure(20).decide(memory);
    CHECK(outcome.decision.size == (second < 300 ? 6 : 5));
    memory = std::move(outcome.memory);
  }
}

TEST_CASE("a load that comes and goes reverses a group a few times, and then it rests") {
  const unsigned seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  Group group = tempered_group(1, 20, {cpu_target(60)});
  group.size = 5;
  // A minute of work each 7 to 9 minutes: longer than the window of 5 minutes, and shorter than twice that.
  LoadTrace trace;
  for (Duration at{}; at < hours{8}; at += minutes{7 + random() % 3}) {
    trace.points.push_back({.at = at, .load = 400});
    trace.points.push_back({.at = at + minutes{1}, .load = 100});
  }
  trace.boot_delay = seconds{30};
  trace.sample_interval = seconds{15};
  trace.evaluate_interval = minutes{1};
  trace.begin = kNow;
  const auto played = simulate_scaling(group, trace);
  REQUIRE(played.ok());
  // Three reversals in half an hour, which may be followed by one more, and then an hour of calm: six times at most.
  CHECK(played->reversals <= 6 * 4);
}

TEST_CASE("one silent host does not shrink a group, nor is anybody on it removed") {
  ScaledWorld world(scaled_group(1, 10, {cpu_target(60)}));
  world.add_ready(2, 10).add(2, MemberState::unknown, 90);
  // (20 + 2 * 100)/4 = 55 of 60: nothing to do.
  CHECK(world.size() == 4);
  // Even where an operator wants it, those two stay.
  WantedSize one;
  one.owner = WantedSize::Owner::operator_;
  one.size = 1;
  one.by = "anna@ops";
  one.until = kNow + hours{1};
  world.input.operator_size = one;
  CHECK(world.size() == 2);
}

}  // namespace vscale::test
