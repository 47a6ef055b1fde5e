// What holds of every decision, whatever the group, its load and its history. A failure prints the seed; put it in
// place of the random one to see the same again.

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <random>

#include "engine/scaling/scaling_history.h"
#include "tests/engine/scaling/scaled_world.h"

namespace vscale::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}

  int between(int least, int most) {
    return least + static_cast<int>(random_() % static_cast<std::uint64_t>(most - least + 1));
  }
  bool one_in(int count) { return between(1, count) == 1; }
  double number(double most) { return most * between(0, 1000) / 1000.0; }

 private:
  std::mt19937_64 random_;
};

ScalingPolicy random_window(Dice& dice) {
  ScalingPolicy policy = policy_of(ScalingPolicy::Kind::schedule, "window");
  policy.zone = "UTC";
  policy.start = std::to_string(dice.between(0, 59)) + " * * * *";
  policy.end = std::to_string(dice.between(0, 59)) + " * * * *";
  if (dice.one_in(3)) policy.size = dice.between(0, 12);
  policy.min = dice.between(0, 6);
  if (dice.one_in(2)) policy.max = dice.between(6, 12);
  return policy;
}

ScalingPolicy random_steps(Dice& dice) {
  ScalingPolicy policy =
      cpu_steps(70, {step_adding(0, 10, of_instances(1)), step_adding(10, std::nullopt, of_percent(30)),
                     step_removing(-1e9, -30, of_instances(1))});
  policy.of_samples = dice.between(1, 5);
  policy.for_samples = dice.between(1, policy.of_samples);
  return policy;
}

Group random_group(Dice& dice) {
  const int min = dice.between(0, 4);
  Group group = tempered_group(min, min + dice.between(0, 8), {});
  if (group.scaling->max == 0) group.scaling->max = 1;
  auto& policies = group.scaling->policies;
  if (dice.one_in(2)) policies.push_back(cpu_target(dice.between(20, 90), dice.number(0.3)));
  if (dice.one_in(2)) policies.push_back(queue_target(dice.between(0, 40), dice.one_in(2) ? "group" : "instance"));
  if (dice.one_in(3)) policies.push_back(random_steps(dice));
  if (dice.one_in(3)) policies.push_back(free_slots(dice.between(1, 10), dice.between(0, 30)));
  if (dice.one_in(3)) policies.push_back(random_window(dice));
  if (dice.one_in(3)) group.scaling->increment = dice.between(1, 3);
  if (dice.one_in(4)) group.scaling->combine = Scaling::Combine::first;
  if (dice.one_in(3)) group.scaling->stabilization = {minutes{dice.between(0, 3)}, minutes{dice.between(0, 10)}};
  if (dice.one_in(3)) group.scaling->cooldown = {minutes{dice.between(0, 3)}, minutes{dice.between(0, 10)}};
  if (dice.one_in(4)) group.scaling->rate_in.clear();
  return group;
}

MemberState random_state(Dice& dice) {
  if (!dice.one_in(4)) return MemberState::ready;
  constexpr std::array kStates{MemberState::starting, MemberState::unready, MemberState::off, MemberState::unknown,
                               MemberState::leaving};
  return kStates[static_cast<std::size_t>(dice.between(0, 4))];
}

void answer_at_random(ScaledWorld& world, Dice& dice) {
  if (dice.one_in(5)) {
    world.input.answers.insert_or_assign("queue", Error{ErrorKind::unreachable, "no answer", "", ""});
  } else {
    world.answer_queue(dice.one_in(8) ? std::nullopt : std::optional<double>(dice.number(300)));
  }
  for (const ScalingMember& member : world.input.members) {
    if (dice.one_in(4)) continue;
    world.answer_slots(member.address.ordinal, dice.number(10), dice.one_in(10));
  }
}

// Members, samples, answers and whatever stands against a change, at random.
void fill_at_random(ScaledWorld& world, Dice& dice) {
  const int members = dice.between(0, 12);
  for (int i = 0; i < members; ++i) {
    world.add(1, random_state(dice), dice.one_in(5) ? std::nullopt : std::optional<double>(dice.number(100)));
    world.input.members.back().protected_from_scale_in = dice.one_in(8);
    if (dice.one_in(10)) world.input.members.back().surge = true;
  }
  world.input.current = std::max(0, world.input.current + dice.between(-2, 2));
  answer_at_random(world, dice);
  world.input.zones["UTC"] = {.zone = "UTC", .offsets = {{}}};
  world.input.rolling = dice.one_in(8);
  world.input.scaling_in = dice.one_in(8);
  if (dice.one_in(10)) world.input.breaker = "too many are unready";
  if (dice.one_in(8)) world.input.suspended.insert(static_cast<Suspension::Process>(dice.between(0, 5)));
  if (dice.one_in(4)) world.input.room = dice.between(0, 12);
  if (dice.one_in(4)) world.input.destroy_limit = dice.between(0, 3);
  if (dice.one_in(6)) {
    WantedSize said;
    said.owner = WantedSize::Owner::operator_;
    said.size = dice.between(0, 12);
    said.by = "anna@ops";
    if (dice.one_in(2)) said.until = kNow + minutes{dice.between(-10, 10)};
    world.input.operator_size = said;
  }
}

ScalingMemory random_memory(Dice& dice) {
  ScalingMemory memory;
  int size = dice.between(0, 10);
  for (int ago = dice.between(0, 40); ago > 0; ago -= dice.between(1, 8)) {
    const int to = std::max(0, size + dice.between(-2, 2));
    if (to != size) memory.changes.push_back({kNow - minutes{ago}, size, to});
    size = to;
    memory.opinions.push_back({kNow - minutes{ago}, kNow - minutes{ago - 1}, dice.between(0, 10)});
  }
  if (dice.one_in(2)) memory.evaluated_at = kNow - minutes{dice.between(-1, 5)};
  if (dice.one_in(2)) memory.policies["burst"].beyond = {true, dice.one_in(2), true};
  if (dice.one_in(2)) memory.out_ready_at = kNow - minutes{dice.between(0, 10)};
  if (dice.one_in(5)) memory.flapping_until = kNow + minutes{dice.between(-10, 50)};
  return memory;
}

bool says_an_error(const ScalingDecision& decision) {
  return std::ranges::count(decision.recommendations, Says::error, &Recommendation::kind) > 0;
}

// Has somebody said a size who is not bound by load: a schedule or an operator?
bool is_told(const ScaledWorld& world, const ScalingDecision& decision) {
  const bool by_operator = world.input.operator_size && world.input.operator_size->until > kNow;
  return by_operator || std::ranges::any_of(decision.recommendations,
                                            [](const Recommendation& said) { return said.exact || said.ceiling; });
}

void check_layers(const ScalingDecision& decision) {
  int size = decision.current;
  for (const LayerResult& layer : decision.layers) {
    CHECK(layer.before == size);
    CHECK((layer.after == layer.before || !layer.text.empty()));
    size = layer.after;
  }
  CHECK(decision.size == size);
  CHECK_FALSE(decision.text.empty());
  for (const Recommendation& said : decision.recommendations) CHECK_FALSE(said.text.empty());
}

void check_decision(ScaledWorld& world, const ScalingDecision& decision) {
  const Scaling& scaling = *world.group().scaling;
  const int current = world.input.current;
  check_layers(decision);
  CHECK(decision.size >= std::min(current, scaling.min));
  CHECK(decision.size <= std::max(current, scaling.max));
  if (says_an_error(decision) && !is_told(world, decision)) CHECK(decision.size >= std::min(current, scaling.max));
  if (world.input.rolling || world.input.scaling_in) CHECK(decision.size >= current);
  if (!world.input.breaker.empty()) CHECK(decision.size == current);
  if (world.input.destroy_limit) CHECK(decision.size >= current - *world.input.destroy_limit);
  if (world.input.room) CHECK(decision.size <= std::max(current, *world.input.room));
  for (const InstanceAddress& ending : decision.terminating) {
    CHECK_FALSE(world.member(ending.ordinal).protected_from_scale_in);
  }
}

}  // namespace

TEST_CASE("every decision keeps the bounds, an error takes nothing away, and the same input gives the same outcome") {
  const unsigned seed = std::random_device{}();
  for (unsigned round = 0; round < 4000; ++round) {
    INFO("seed " << seed << " + " << round);
    Dice dice(std::uint64_t{seed} + round);
    ScaledWorld world(random_group(dice));
    fill_at_random(world, dice);
    const ScalingMemory memory = random_memory(dice);
    const ScalingOutcome outcome = world.decide(memory);
    check_decision(world, outcome.decision);
    CHECK(world.decide(memory) == outcome);
    // What is forgotten before a decision would not have changed it.
    CHECK(world.decide(still_of_use(memory, world.group(), world.input.evaluate_interval, kNow)) == outcome);
  }
}

TEST_CASE("without anything against it a group is between its min and its max after one decision") {
  const unsigned seed = std::random_device{}();
  for (unsigned round = 0; round < 1000; ++round) {
    INFO("seed " << seed << " + " << round);
    Dice dice(std::uint64_t{seed} + round);
    ScaledWorld world(random_group(dice));
    world.add_ready(dice.between(0, 20), dice.number(100));
    answer_at_random(world, dice);
    world.input.zones["UTC"] = {.zone = "UTC", .offsets = {{}}};
    const int size = world.size(random_memory(dice));
    CHECK(size >= world.group().scaling->min);
    CHECK(size <= world.group().scaling->max);
  }
}

namespace {

// A day of ticks on a load that wanders. `carry` is what becomes of the memory between two ticks.
template <class Carry>
std::vector<ScalingDecision> day_of_decisions(std::uint64_t seed, const Carry& carry) {
  Dice dice(seed);
  const Group group = random_group(dice);
  std::vector<ScalingDecision> decisions;
  ScalingMemory memory;
  int size = group.scaling->min;
  double load = 200;
  for (int minute = 0; minute < 24 * 60; ++minute) {
    ScaledWorld world(group);
    world.input.now = kNow + minutes{minute};
    load = std::max(0.0, load + dice.number(80) - 40);
    world.add_ready(size, load / std::max(1, size));
    answer_at_random(world, dice);
    world.input.zones["UTC"] = {.zone = "UTC", .offsets = {{}}};
    ScalingOutcome outcome = world.decide(memory);
    memory = carry(outcome.memory, group, world.input.now);
    size = outcome.decision.size;
    decisions.push_back(std::move(outcome.decision));
  }
  return decisions;
}

}  // namespace

TEST_CASE("what is remembered stays small through a day, and a restart at any tick changes no decision") {
  const unsigned seed = std::random_device{}();
  for (unsigned round = 0; round < 8; ++round) {
    INFO("seed " << seed << " + " << round);
    std::size_t most_opinions = 0;
    std::size_t most_changes = 0;
    const auto carried =
        day_of_decisions(std::uint64_t{seed} + round, [&](const ScalingMemory& memory, const Group& group, Instant) {
          most_opinions = std::max(most_opinions, memory.opinions.size());
          most_changes = std::max(most_changes, memory.changes.size());
          CHECK(memory.policies.size() <= group.scaling->policies.size());
          return memory;
        });
    // At most one opinion a minute, and two before, in the longest window of 20 minutes; one change a minute in 90.
    CHECK(most_opinions <= 23);
    CHECK(most_changes <= 91);
    // A program that begins anew has what was written, and drops what is of no use any more.
    const auto restarted =
        day_of_decisions(std::uint64_t{seed} + round, [](const ScalingMemory& memory, const Group& group, Instant now) {
          return still_of_use(memory, group, minutes{1}, now);
        });
    CHECK(restarted == carried);
  }
}

}  // namespace vscale::test
