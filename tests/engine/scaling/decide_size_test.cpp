#include "engine/scaling/decide_size.h"

#include <catch2/catch.hpp>

#include "engine/scaling/schedule/schedule_policy.h"
#include "tests/engine/scaling/scaled_world.h"

namespace vscale::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using Process = Suspension::Process;

// 2026-05-03T03:09:37Z is now, a Sunday.
ScalingPolicy event_at(const std::string& cron, int size) {
  ScalingPolicy policy = policy_of(ScalingPolicy::Kind::schedule, "early");
  policy.zone = "UTC";
  policy.at = cron;
  policy.size = size;
  return policy;
}

ScalingPolicy always_open(std::optional<int> size, std::optional<int> min, std::optional<int> max) {
  ScalingPolicy policy = policy_of(ScalingPolicy::Kind::schedule, "office");
  policy.zone = "UTC";
  policy.start = "0 3 * * *";
  policy.end = "0 4 * * *";
  policy.size = size;
  policy.min = min;
  policy.max = max;
  return policy;
}

void know_utc(ScaledWorld& world) {
  world.input.zones["UTC"] = {.zone = "UTC", .offsets = {{}}};
}

// A memory in which the policies have wanted `size` for an hour.
ScalingMemory wanting(int size) {
  ScalingMemory memory;
  memory.opinions = {{.from = kNow - hours{1}, .to = kNow - minutes{1}, .size = size}};
  return memory;
}

WantedSize operator_wants(int size, Duration for_so_long) {
  WantedSize said;
  said.size = size;
  said.owner = WantedSize::Owner::operator_;
  said.by = "anna@ops";
  said.until = kNow + for_so_long;
  return said;
}

}  // namespace

TEST_CASE("a decision says what it stands on, and goes through every layer") {
  ScaledWorld world(scaled_group(1, 10, {cpu_target(60)}));
  world.add_ready(4, 92);
  const ScalingOutcome outcome = world.decide();
  const ScalingDecision& decision = outcome.decision;
  CHECK(decision.group == "group.web");
  CHECK(decision.current == 4);
  CHECK(decision.size == 7);
  CHECK(decision.winner == "cpu");
  CHECK(decision.text == "4 -> 7: cpu 92 % of 4 instances, target 60 %");
  std::vector<Layer> layers;
  for (const LayerResult& result : decision.layers) layers.push_back(result.layer);
  CHECK(layers == std::vector{Layer::combine, Layer::said, Layer::stabilise, Layer::rate, Layer::cooldown,
                              Layer::project, Layer::increment, Layer::clamp, Layer::room, Layer::hold, Layer::protect,
                              Layer::limit});
  CHECK(outcome.memory.changes == std::vector<SizeChange>{{.at = kNow, .from = 4, .to = 7}});
  CHECK(outcome.memory.opinions == std::vector<SizeOpinion>{{.from = kNow, .to = kNow, .size = 7}});
  CHECK(outcome.memory.evaluated_at == kNow);
}

TEST_CASE("a decision for the present size says so, and is no change") {
  ScaledWorld world(scaled_group(1, 10, {cpu_target(60)}));
  world.add_ready(4, 58);
  const ScalingOutcome outcome = world.decide();
  CHECK(outcome.decision.text == "4: cpu 58 % of 4 instances, target 60 %");
  CHECK(outcome.memory.changes.empty());
}

TEST_CASE("a decision that was held back says what was wanted, and why it is not so") {
  ScaledWorld world(tempered_group(1, 20, {cpu_target(60)}));
  world.add_ready(4, 150);
  // Ten are wanted; the rates allow four more, or as many as there are: eight.
  CHECK(world.decide().decision.text ==
        "4 -> 8: cpu 150 % of 4 instances, target 60 %, for 10; rate: at most 8 for now, 0 came in the last 1m");
}

TEST_CASE("ready and there are counted") {
  ScaledWorld world(scaled_group(1, 10, {cpu_target(60)}));
  world.add_ready(2, 60).add(1, MemberState::starting).add(1, MemberState::leaving);
  CHECK(world.decide().decision.ready == 2);
  CHECK(world.decide().decision.there == 3);
}

TEST_CASE("policies are due once their interval is over, or nearly, or the clock was set back") {
  ScalingMemory memory;
  CHECK(is_due(memory, minutes{1}, kNow));
  memory.evaluated_at = kNow - seconds{53};
  CHECK_FALSE(is_due(memory, minutes{1}, kNow));
  memory.evaluated_at = kNow - seconds{54};
  CHECK(is_due(memory, minutes{1}, kNow));
  memory.evaluated_at = kNow + hours{1};
  CHECK(is_due(memory, minutes{1}, kNow));
}

TEST_CASE("a group below its min goes there at once, whatever rests") {
  ScaledWorld world(tempered_group(5, 10, {cpu_target(60)}));
  world.add_ready(2, 30);
  ScalingMemory memory;
  memory.changes = {{.at = kNow - seconds{10}, .from = 9, .to = 2}};
  CHECK(world.size(memory) == 5);
  // A policy that cannot tell does not keep it there either.
  world.member(0).samples = world.member(1).samples = nullptr;
  CHECK(world.size(memory) == 5);
}

TEST_CASE("a group above its max goes there, as far as may go at once") {
  ScaledWorld world(tempered_group(1, 4, {cpu_target(60)}));
  world.add_ready(8, 60);
  CHECK(world.size() == 4);
  world.input.destroy_limit = 1;
  CHECK(world.size() == 7);
  world.input.rolling = true;
  CHECK(world.size() == 8);
}

TEST_CASE("a need to shrink must last, and one goes at a time") {
  ScaledWorld world(tempered_group(1, 10, {cpu_target(60)}));
  world.add_ready(6, 20);
  CHECK(world.size() == 6);
  CHECK(world.size(wanting(6)) == 6);
  CHECK(world.size(wanting(2)) == 5);
}

TEST_CASE("an operator's size holds whatever the policies say, and the policies go on being asked") {
  ScaledWorld world(tempered_group(1, 10, {cpu_target(60)}));
  world.add_ready(4, 150);
  world.input.operator_size = operator_wants(2, minutes{20});
  const ScalingOutcome held = world.decide();
  CHECK(held.decision.size == 2);
  CHECK(held.decision.winner.empty());
  CHECK(held.decision.text == "4 -> 2: anna@ops holds it at 2 for 20m more");
  CHECK(held.decision.recommendations[0].size == 10);
  CHECK(held.memory.opinions.back().size == 10);
  world.input.operator_size = operator_wants(15, minutes{20});
  CHECK(world.size() == 10);
  world.input.operator_size->until.reset();
  CHECK(world.size() == 8);
}

TEST_CASE("suspending scale silences those that look at load, not schedules nor min") {
  ScaledWorld world(scaled_group(1, 10, {cpu_target(60), always_open(std::nullopt, 5, std::nullopt)}));
  know_utc(world);
  world.add_ready(4, 150);
  CHECK(world.size() == 10);
  world.input.suspended = {Process::scale};
  CHECK(world.size() == 5);
  CHECK(world.decide().decision.recommendations[0].kind == Says::none);
  world.input.suspended = {Process::scale, Process::schedule};
  CHECK(world.size() == 4);
}

TEST_CASE("a window's size overrules load, at once") {
  ScaledWorld world(tempered_group(1, 10, {cpu_target(60), always_open(9, std::nullopt, std::nullopt)}));
  know_utc(world);
  world.add_ready(2, 20);
  const ScalingDecision decision = world.decide().decision;
  CHECK(decision.size == 9);
  CHECK(decision.winner == "office");
  world.input.suspended = {Process::schedule};
  CHECK(world.size() == 2);
}

TEST_CASE("a window's floor lifts a group and is named, and its ceiling holds it down") {
  ScaledWorld world(tempered_group(1, 10, {cpu_target(60), always_open(std::nullopt, 5, 6)}));
  know_utc(world);
  world.add_ready(2, 60);
  const ScalingDecision lifted = world.decide().decision;
  CHECK(lifted.size == 5);
  CHECK(lifted.winner == "office");
  ScaledWorld busy(tempered_group(1, 10, {cpu_target(60), always_open(std::nullopt, 5, 6)}));
  know_utc(busy);
  busy.add_ready(5, 150);
  CHECK(busy.size() == 6);
  // An operator is not bound by it.
  busy.input.operator_size = operator_wants(8, minutes{1});
  CHECK(busy.size() == 8);
}

TEST_CASE("an event counts once, and afterwards load has its say again") {
  ScaledWorld world(tempered_group(1, 10, {cpu_target(60), event_at("9 3 * * *", 8)}));
  know_utc(world);
  world.add_ready(2, 60);
  const ScalingOutcome fired = world.decide();
  CHECK(fired.decision.size == 8);
  CHECK(fired.decision.winner == "early");
  CHECK(fired.memory.policies.at("early").fired_at.has_value());
  world.input.now += minutes{1};
  world.input.current = 8;
  CHECK(world.decide(fired.memory).decision.recommendations[1].kind == Says::none);
}

TEST_CASE("an event that something stood against counts at the next tick, while it is fresh") {
  ScaledWorld world(scaled_group(1, 10, {event_at("9 3 * * *", 2)}));
  know_utc(world);
  world.add_ready(4);
  world.input.destroy_limit = 1;
  const ScalingOutcome first = world.decide();
  CHECK(first.decision.size == 3);
  world.input.now += minutes{1};
  world.input.current = 3;
  const ScalingOutcome second = world.decide(first.memory);
  CHECK(second.decision.size == 2);
  world.input.now += seconds{15};
  world.input.current = 2;
  CHECK(world.decide(second.memory).decision.recommendations[0].kind == Says::none);
}

TEST_CASE("a zone that is not known holds, and takes nothing away") {
  ScaledWorld world(scaled_group(1, 10, {cpu_target(60), event_at("9 3 * * *", 2)}));
  world.add_ready(4, 20);
  CHECK(world.size() == 4);
  CHECK(world.decide().decision.recommendations[1].kind == Says::error);
}

TEST_CASE("kinds that are not there yet say nothing") {
  ScaledWorld world(scaled_group(
      1, 10,
      {policy_of(ScalingPolicy::Kind::pending_pods, "pods"), policy_of(ScalingPolicy::Kind::predictive, "season")}));
  world.add_ready(2);
  const ScalingDecision decision = world.decide().decision;
  CHECK(decision.size == 2);
  CHECK(decision.recommendations[0].text == "kind pendingPods is not there yet");
  CHECK(decision.recommendations[1].text == "kind predictive is not there yet");
}

TEST_CASE("a group of 0 comes up by a source or a schedule, and not by what instances use") {
  ScaledWorld by_cpu(scaled_group(0, 10, {cpu_target(60)}));
  CHECK(by_cpu.size() == 0);
  ScaledWorld by_queue(scaled_group(0, 10, {cpu_target(60), queue_target(30)}));
  CHECK(by_queue.answer_queue(61).size() == 3);
  CHECK(by_queue.answer_queue(0).size() == 0);
  CHECK(by_queue.answer_queue(std::nullopt).size() == 0);
  ScaledWorld by_window(scaled_group(0, 10, {always_open(2, std::nullopt, std::nullopt)}));
  know_utc(by_window);
  CHECK(by_window.size() == 2);
}

TEST_CASE("a source takes a group down to 0 where min allows it") {
  ScaledWorld world(scaled_group(0, 10, {queue_target(30)}));
  world.add_ready(2).answer_queue(0);
  CHECK(world.size() == 0);
  world.group().scaling->min = 1;
  CHECK(world.size() == 1);
}

TEST_CASE("one that wants to end goes at once where only capacity says a size, and is not replaced") {
  ScaledWorld world(tempered_group(1, 10, {free_slots(10, 15)}));
  world.add_ready(4).answer_slots(0, 10).answer_slots(1, 10).answer_slots(2, 10).answer_slots(3, 10, true);
  const ScalingDecision decision = world.decide().decision;
  CHECK(decision.size == 3);
  CHECK(decision.terminating == std::vector{web_at(3)});
}

TEST_CASE("one that wants to end is replaced where the size is kept") {
  // Only 10 of 15 are free without it.
  ScaledWorld lacking(tempered_group(1, 10, {free_slots(10, 15)}));
  lacking.add_ready(2).answer_slots(0, 10).answer_slots(1, 10, true);
  CHECK(lacking.decide().decision.size == 2);
  CHECK(lacking.decide().decision.terminating == std::vector{web_at(1)});
  // min holds the size.
  ScaledWorld least(tempered_group(3, 10, {free_slots(10, 15)}));
  least.add_ready(3).answer_slots(0, 10).answer_slots(1, 10).answer_slots(2, 10, true);
  CHECK(least.decide().decision.size == 3);
  CHECK(least.decide().decision.terminating == std::vector{web_at(2)});
  // Another policy has a say: the size is kept as long as its need for less has not lasted.
  ScaledWorld both(tempered_group(1, 10, {free_slots(10, 15), cpu_target(60)}));
  both.add_ready(3, 20).answer_slots(0, 10).answer_slots(1, 10).answer_slots(2, 10, true);
  CHECK(both.decide().decision.size == 3);
  CHECK(both.decide().decision.terminating == std::vector{web_at(2)});
}

TEST_CASE("of those that want to end, only as many go as may go at once") {
  ScaledWorld world(tempered_group(1, 10, {free_slots(10, 5)}));
  world.add_ready(4).answer_slots(0, 10).answer_slots(1, 10, true).answer_slots(2, 10, true).answer_slots(3, 10, true);
  world.input.destroy_limit = 1;
  const ScalingDecision decision = world.decide().decision;
  CHECK(decision.size == 3);
  CHECK(decision.terminating == std::vector{web_at(1)});
}

TEST_CASE("nobody ends while nothing may go, nor to be replaced while nothing may come") {
  ScaledWorld world(tempered_group(2, 10, {free_slots(10, 15)}));
  world.add_ready(2).answer_slots(0, 10).answer_slots(1, 10, true);
  CHECK(world.decide().decision.terminating.size() == 1);
  world.input.suspended = {Process::launch};
  CHECK(world.decide().decision.terminating.empty());
  world.input.suspended = {Process::terminate};
  CHECK(world.decide().decision.terminating.empty());
  world.input.suspended = {};
  world.input.breaker = "5 of 6 are unready";
  CHECK(world.decide().decision.terminating.empty());
}

TEST_CASE("a group that flaps must need less for twice as long") {
  ScaledWorld world(tempered_group(1, 10, {cpu_target(60)}));
  world.group().scaling->cooldown = {};
  world.add_ready(5, 20);
  ScalingMemory memory = wanting(2);
  memory.opinions = {{.from = kNow - minutes{8}, .to = kNow - minutes{1}, .size = 2}};
  CHECK(world.size(memory) == 4);
  memory.changes = {{kNow - minutes{29}, 4, 5},
                    {kNow - minutes{24}, 5, 4},
                    {kNow - minutes{19}, 4, 5},
                    {kNow - minutes{12}, 5, 4},
                    {kNow - minutes{9}, 4, 5}};
  const ScalingOutcome outcome = world.decide(memory);
  CHECK(outcome.decision.size == 5);
  CHECK(outcome.memory.flapping_until == kNow - minutes{9} + hours{1});
  CHECK(layer_of(outcome.decision, Layer::stabilise).text ==
        "at most 5 in the last 10m; flaps: shrinking must be needed for 10m");
}

TEST_CASE("values of a step from before a silence complete no series after it") {
  ScalingPolicy steps = cpu_steps(90, {step_adding(0, std::nullopt, of_instances(1))});
  steps.for_samples = steps.of_samples = 3;
  ScaledWorld world(scaled_group(1, 10, {steps}));
  world.add_ready(2);
  ScalingMemory memory;
  const auto size_after = [&](Duration time) {
    world.input.now += time;
    ScalingOutcome outcome = world.measure(95).decide(memory);
    memory = std::move(outcome.memory);
    return outcome.decision.size;
  };
  // Two on Friday, and one on Monday.
  size_after(minutes{1});
  size_after(minutes{1});
  CHECK(size_after(hours{72}) == 2);
  CHECK(memory.policies.at("burst").beyond == std::vector<bool>{true});
  // The second one is missed, as a host is slow to answer; the next two complete it.
  CHECK(size_after(minutes{2}) == 2);
  CHECK(size_after(minutes{1}) == 3);
}

TEST_CASE("what is said of policies that are gone is forgotten") {
  ScaledWorld world(scaled_group(1, 10, {cpu_steps(90, {step_adding(0, std::nullopt, of_instances(1))})}));
  world.add_ready(2, 50);
  ScalingMemory memory;
  memory.policies["gone"].beyond = {true};
  const ScalingMemory after = world.decide(memory).memory;
  CHECK(after.policies.size() == 1);
  CHECK(after.policies.at("burst").beyond == std::vector<bool>{false});
}

}  // namespace vscale::test
