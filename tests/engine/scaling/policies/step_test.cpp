#include "engine/scaling/policies/step.h"

#include <catch2/catch.hpp>

#include "tests/engine/scaling/scaled_world.h"

namespace vscale::test {
namespace {

// At 90: up to 5 above, one more; from 5 above, 30 % more; from 20 to 40 below, one less; further below, two less.
ScalingPolicy four_steps() {
  return cpu_steps(90, {step_adding(0, 5, of_instances(1)), step_adding(5, std::nullopt, of_percent(30)),
                        step_removing(-40, -20, of_instances(1)), step_removing(-1e9, -40, of_instances(2))});
}

int change_at(double value, int current = 10) {
  const StepOpinion opinion = step_by_answer(four_steps(), std::optional<double>(value), current, {});
  return opinion.recommendation.kind == Says::size ? opinion.recommendation.size - current : 0;
}

int percent_of(int value, int current) {
  return instances_of(step_adding(0, std::nullopt, of_percent(value)), current);
}

}  // namespace

TEST_CASE("above the threshold a step has its lower bound in it, and not its upper one") {
  CHECK(change_at(89.9) == 0);
  CHECK(change_at(90) == 1);
  CHECK(change_at(94.9) == 1);
  CHECK(change_at(95) == 3);
  CHECK(change_at(1000) == 3);
}

TEST_CASE("below the threshold a step has its upper bound in it, and not its lower one") {
  CHECK(change_at(70.1) == 0);
  CHECK(change_at(70) == -1);
  CHECK(change_at(50.1) == -1);
  CHECK(change_at(50) == -2);
  CHECK(change_at(0) == -2);
}

TEST_CASE("a bound that doubles only nearly meet is met") {
  // 89.9 and 90.1 are 90 on average, and 0.1 + 0.2 is 0.3.
  CHECK(change_at((89.9 + 90.1) / 2) == 1);
  const ScalingPolicy policy = cpu_steps(0.1, {step_adding(0.2, std::nullopt, of_instances(1))});
  CHECK(step_for(policy, 0.3) != nullptr);
  CHECK(step_for(policy, 0.299) == nullptr);
}

TEST_CASE("right at the threshold the step above comes first") {
  const ScalingPolicy both =
      cpu_steps(50, {step_removing(-10, 0, of_instances(1)), step_adding(0, std::nullopt, of_instances(2))});
  CHECK(step_for(both, 50) == &both.steps[1]);
  const ScalingPolicy below = cpu_steps(50, {step_removing(-10, 0, of_instances(1))});
  CHECK(step_for(below, 50) == &below.steps[0]);
  CHECK(step_for(below, 40) == nullptr);
}

TEST_CASE("a percentage is rounded towards zero, and less than one instance is one") {
  CHECK(percent_of(30, 10) == 3);
  CHECK(percent_of(30, 9) == 2);  // 2.7
  CHECK(percent_of(30, 3) == 1);  // 0.9
  CHECK(percent_of(10, 1) == 1);  // 0.1
  CHECK(percent_of(29, 100) == 29);
  CHECK(percent_of(30, 0) == 0);
  CHECK(percent_of(0, 10) == 0);
}

TEST_CASE("with for 3/5 there is no decision before five values, nor with fewer than three of them beyond") {
  ScalingPolicy policy = cpu_steps(90, {step_adding(0, std::nullopt, of_instances(1))});
  policy.for_samples = 3;
  policy.of_samples = 5;
  std::vector<bool> beyond;
  std::vector<bool> decided;
  for (const double value : {95, 95, 95, 95, 95, 10, 10, 95, 10, 95, 95}) {
    StepOpinion opinion = step_by_answer(policy, std::optional<double>(value), 4, beyond);
    beyond = opinion.beyond;
    decided.push_back(opinion.recommendation.kind == Says::size);
    CHECK(beyond.size() <= 5);
  }
  // The fifth has five of five. After two low ones, the eighth has 95 95 10 10 95: three. The tenth: 10 10 95 10 95.
  // The eleventh: 10 95 10 95 95.
  CHECK(decided == std::vector<bool>{false, false, false, false, true, false, false, true, false, false, true});
}

TEST_CASE("values above do not speak for removing") {
  ScalingPolicy policy = four_steps();
  policy.for_samples = 2;
  policy.of_samples = 3;
  const auto kind_after = [&](std::vector<bool> beyond) {
    return step_by_answer(policy, std::optional<double>(60), 4, std::move(beyond)).recommendation.kind;
  };
  CHECK(kind_after({true, true}) == Says::none);
  CHECK(kind_after({true, false}) == Says::size);
}

TEST_CASE("a value that is missing is an error, and none of the series") {
  const StepOpinion opinion =
      step_by_answer(four_steps(), Error{ErrorKind::timed_out, "no answer within 2s", "", ""}, 4, {true, true});
  CHECK(opinion.recommendation.kind == Says::error);
  CHECK(opinion.beyond == std::vector<bool>{true, true});
  CHECK(step_by_members(four_steps(), {.values = {}, .missing = 3}, 3, {true}).recommendation.kind == Says::error);
}

TEST_CASE("steps by members take the average of those that are measured") {
  const auto size_of = [](std::vector<double> values, int missing, int unknown, int current) {
    const MemberLoads loads{.values = std::move(values), .missing = missing, .unknown = unknown};
    return step_by_members(four_steps(), loads, current, {}).recommendation.size;
  };
  CHECK(size_of({88, 94}, 0, 0, 2) == 3);
  CHECK(size_of({88, 94}, 1, 0, 3) == 4);
  CHECK(size_of({60, 60, 60}, 0, 0, 3) == 2);
  // While the load of some is not known, nobody goes.
  CHECK(size_of({60, 60}, 1, 0, 3) == 3);
  CHECK(size_of({60, 60}, 0, 1, 3) == 3);
  // The last one stays.
  CHECK(size_of({0}, 0, 0, 1) == 1);
  CHECK(step_by_members(four_steps(), {}, 0, {}).recommendation.kind == Says::none);
}

TEST_CASE("a step says what it stands on") {
  ScalingPolicy policy = four_steps();
  policy.for_samples = 1;
  policy.of_samples = 2;
  const StepOpinion opinion = step_by_members(policy, {.values = {96, 97}}, 4, {false});
  CHECK(opinion.recommendation.text == "cpu 96 of 2 instances, threshold 90, 1 of 2 (for 1/2), step +1");
}

}  // namespace vscale::test
