#include "engine/scaling/policies/capacity.h"

#include <catch2/catch.hpp>

#include "tests/engine/scaling/scaled_world.h"

namespace vscale::test {
namespace {

// The opinion of the policy "slots" on a world: 10 seats each, 15 to be free.
CapacityOpinion slots_opinion(const ScaledWorld& world, const std::vector<CapacityMemory>& before = {}) {
  const auto answers = world.input.capacity.find("slots");
  return capacity_opinion(free_slots(10, 15), world.input.members,
                          answers == world.input.capacity.end() ? CapacityAnswers{} : answers->second, before,
                          world.input.current, world.input.now);
}

int slots_size(const ScaledWorld& world, const std::vector<CapacityMemory>& before = {}) {
  return slots_opinion(world, before).recommendation.size;
}

Group slots_group() {
  return scaled_group(0, 20, {free_slots(10, 15)});
}

}  // namespace

TEST_CASE("as many more as it takes to have enough free") {
  ScaledWorld world(slots_group());
  world.add_ready(2).answer_slots(0, 3).answer_slots(1, 2);  // 5 free, 10 lacking: one more
  CHECK(slots_size(world) == 3);
  world.answer_slots(1, 1);  // 4 free, 11 lacking: two more
  CHECK(slots_size(world) == 4);
  world.answer_slots(1, 12);  // exactly 15
  CHECK(slots_size(world) == 2);
  CHECK(slots_opinion(world).recommendation.text == "15 free, at least 15");
}

TEST_CASE("those that are on their way count as all that one has") {
  ScaledWorld world(slots_group());
  world.add_ready(1).answer_slots(0, 0).add(1, MemberState::starting);
  CHECK(slots_size(world) == 3);  // 10 free, 5 lacking
  // Two more are wanted and not begun yet: 30 free.
  world.input.current = 4;
  CHECK(slots_size(world) == 4);
}

TEST_CASE("a group of 0 is made large enough") {
  const ScaledWorld world(slots_group());
  CHECK(slots_size(world) == 2);
}

TEST_CASE("one that does not answer counts as what it said last, for three evaluations") {
  ScaledWorld world(slots_group());
  world.add_ready(4).answer_slots(0, 2).answer_slots(1, 2).answer_slots(2, 2).answer_slots(3, 9);
  std::vector<CapacityMemory> memory = slots_opinion(world).memory;
  world.input.capacity["slots"].erase(web_at(3));
  std::vector<int> sizes;
  for (int evaluation = 0; evaluation < 5; ++evaluation) {
    const CapacityOpinion opinion = slots_opinion(world, memory);
    memory = opinion.memory;
    sizes.push_back(opinion.recommendation.size);
  }
  // 15 free with its 9; then 6, 9 lacking.
  CHECK(sizes == std::vector<int>{4, 4, 4, 5, 5});
  CHECK(memory[3].silent == 4);
  CHECK(memory[3].available == 9);
}

TEST_CASE("one that has never answered counts as all that one has, for as long") {
  ScaledWorld world(slots_group());
  world.add_ready(2).answer_slots(0, 5);
  CHECK(slots_size(world) == 2);
  std::vector<CapacityMemory> memory = slots_opinion(world).memory;
  for (int evaluation = 0; evaluation < 3; ++evaluation) memory = slots_opinion(world, memory).memory;
  CHECK(slots_size(world, memory) == 3);
  // Another one in its place has not been silent yet.
  world.member(1).uuid = "another";
  CHECK(slots_size(world, memory) == 2);
}

TEST_CASE("many silent ones at once tell nothing") {
  ScaledWorld world(slots_group());
  world.add_ready(8);
  for (int i = 0; i < 5; ++i) world.answer_slots(i, 0);
  // Three of eight are not more than three, and 37 % not more than 45 %.
  CHECK(slots_opinion(world).recommendation.kind == Says::size);
  // Four of eight are more than both.
  world.input.capacity["slots"].erase(web_at(4));
  const CapacityOpinion opinion = slots_opinion(world);
  CHECK(opinion.recommendation.kind == Says::error);
  CHECK(opinion.recommendation.text == "4 of 8 instances do not answer");
  // Four of nine are 44 %, and three of four are not more than three.
  world.add_ready(1).answer_slots(8, 0);
  CHECK(slots_opinion(world).recommendation.kind == Says::size);
  ScaledWorld small(slots_group());
  small.add_ready(4).answer_slots(0, 0);
  CHECK(slots_opinion(small).recommendation.kind == Says::size);
}

TEST_CASE("all silent for long tell nothing, however few they are") {
  ScaledWorld world(slots_group());
  world.add_ready(2);
  std::vector<CapacityMemory> memory;
  std::vector<Says> kinds;
  for (int evaluation = 0; evaluation < 4; ++evaluation) {
    const CapacityOpinion opinion = slots_opinion(world, memory);
    memory = opinion.memory;
    kinds.push_back(opinion.recommendation.kind);
  }
  CHECK(kinds == std::vector{Says::size, Says::size, Says::size, Says::error});
}

TEST_CASE("an answer that is no amount is silence") {
  ScaledWorld world(slots_group());
  world.add_ready(2).answer_slots(0, 20).answer_slots(1, -4);
  CHECK(slots_opinion(world).memory[1].silent == 1);
}

TEST_CASE("one that wants to end goes, and is not counted as free") {
  ScaledWorld world(slots_group());
  world.add_ready(3).answer_slots(0, 10).answer_slots(1, 10).answer_slots(2, 10, true);
  const CapacityOpinion opinion = slots_opinion(world);  // 20 free without it
  CHECK(opinion.recommendation.size == 2);
  CHECK(opinion.terminating == std::vector{web_at(2)});
  CHECK(opinion.recommendation.text == "20 free, at least 15, 1 to end");
  // 12 free without it: its going and a new one's coming.
  world.answer_slots(0, 2);
  CHECK(slots_size(world) == 3);
}

TEST_CASE("the wish to end is remembered until it is taken back") {
  ScaledWorld world(slots_group());
  world.add_ready(2).answer_slots(0, 15).answer_slots(1, 10, true);
  const CapacityOpinion first = slots_opinion(world);
  CHECK(first.memory[1].terminate_at == kNow);
  world.input.capacity["slots"].erase(web_at(1));
  world.input.now += std::chrono::minutes{1};
  const CapacityOpinion silent = slots_opinion(world, first.memory);
  CHECK(silent.terminating == std::vector{web_at(1)});
  CHECK(silent.memory[1].terminate_at == kNow);
  // It shut down before anybody came for it: it still wants to end.
  world.member(1).state = MemberState::off;
  CHECK(slots_opinion(world, silent.memory).terminating == std::vector{web_at(1)});
  world.member(1).state = MemberState::ready;
  world.answer_slots(1, 10, false);
  CHECK(slots_opinion(world, silent.memory).terminating.empty());
}

TEST_CASE("a protected one, and one out of reach, stay though they want to end") {
  ScaledWorld world(slots_group());
  world.add_ready(2).answer_slots(0, 15).answer_slots(1, 10, true);
  world.member(1).protected_from_scale_in = true;
  CHECK(slots_opinion(world).terminating.empty());
  CHECK(slots_size(world) == 2);
  world.member(1).protected_from_scale_in = false;
  world.member(1).state = MemberState::unknown;
  CHECK(slots_opinion(world).terminating.empty());
}

TEST_CASE("surge members and those that leave are not asked") {
  ScaledWorld world(slots_group());
  world.add_ready(2).answer_slots(0, 15).answer_slots(1, 15);
  world.member(1).surge = true;
  world.input.current = 1;
  world.add(1, MemberState::leaving).answer_slots(2, 15);
  const CapacityOpinion opinion = slots_opinion(world);
  CHECK(opinion.memory.size() == 1);
  CHECK(opinion.recommendation.size == 1);
}

}  // namespace vscale::test
