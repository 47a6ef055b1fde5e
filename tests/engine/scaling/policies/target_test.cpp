#include "engine/scaling/policies/target.h"

#include <catch2/catch.hpp>
#include <limits>

#include "tests/engine/scaling/scaled_world.h"

namespace vscale::test {
namespace {

MemberLoads loads_of(std::vector<double> values, int missing = 0, int unknown = 0, int coming = 0) {
  return {.values = std::move(values), .missing = missing, .unknown = unknown, .coming = coming};
}

int cpu_size(const MemberLoads& loads, int current, double target = 60, double tolerance = 0.1) {
  return target_by_members(cpu_target(target, tolerance), loads, current).recommendation.size;
}

int queue_size(double answer, int current, double target = 30, const std::string& per = "instance", int ready = -1) {
  const Result<std::optional<double>> number{std::optional<double>(answer)};
  return target_by_answer(queue_target(target, per), number, current, ready < 0 ? current : ready).recommendation.size;
}

}  // namespace

TEST_CASE("as many instances as bring the average to its target, rounded up") {
  // q = 90/60 = 1.5: 1.5 * 4 = 6; q = 92/60: 6.13 -> 7; q = 30/60: 2; q = 31/60: 2.07 -> 3
  CHECK(cpu_size(loads_of({90, 90, 90, 90}), 4) == 6);
  CHECK(cpu_size(loads_of({92, 92, 92, 92}), 4) == 7);
  CHECK(cpu_size(loads_of({30, 30, 30, 30}), 4) == 2);
  CHECK(cpu_size(loads_of({31, 31, 31, 31}), 4) == 3);
  // Uneven members count by their average: (100 + 80 + 60)/3 = 80, q = 1.33, 4.
  CHECK(cpu_size(loads_of({100, 80, 60}), 3) == 4);
}

TEST_CASE("what is above a whole number only by the inexactness of doubles is that number") {
  // In doubles 2.5/0.1/11 * 11 is 25.000000000000004, and 2.7/0.1/13 * 13 is 27.000000000000004.
  CHECK(queue_size(2.5, 11, 0.1) == 25);
  CHECK(queue_size(2.7, 13, 0.1) == 27);
  CHECK(cpu_size(loads_of({70, 70, 70, 70, 70, 70}), 6, 35) == 12);
  CHECK(queue_size(0.3, 5, 0.1) == 3);
  // And what is really more is more.
  CHECK(queue_size(30.001, 1, 10) == 4);
}

TEST_CASE("within the tolerance nothing is done, and its edge is within") {
  // 66/60 = 1.1 and 54/60 = 0.9 are the edges of 0.1.
  CHECK(cpu_size(loads_of({66, 66}), 2) == 2);
  CHECK(cpu_size(loads_of({66.1, 66.1}), 2) == 3);
  CHECK(cpu_size(loads_of({54, 54, 54, 54, 54, 54, 54, 54, 54, 54}), 10) == 10);
  // 53.9/60 * 10 = 8.98 -> 9
  CHECK(cpu_size(loads_of({53.9, 53.9, 53.9, 53.9, 53.9, 53.9, 53.9, 53.9, 53.9, 53.9}), 10) == 9);
  // Without a tolerance every bit counts.
  CHECK(cpu_size(loads_of({61, 61}), 2, 60, 0) == 3);
  CHECK(cpu_size(loads_of({60, 60}), 2, 60, 0) == 2);
}

TEST_CASE("members that are not ready take their share of what is too much") {
  // q = 1.5 of 4, two are coming: 6/6 = 1: they are enough.
  CHECK(cpu_size(loads_of({90, 90, 90, 90}, 0, 0, 2), 6) == 6);
  // One is coming: 6/5 = 1.2, 1.2 * 5 = 6 are wanted.
  CHECK(cpu_size(loads_of({90, 90, 90, 90}, 0, 0, 1), 5) == 6);
  // 93 of 60 on four is 6.2 instances' work, on six that is 1.03: within the tolerance.
  CHECK(cpu_size(loads_of({93, 93, 93, 93}, 0, 0, 2), 6) == 6);
  // Three are coming: 6/7 = 0.86 turns the direction round: nothing is done.
  CHECK(cpu_size(loads_of({90, 90, 90, 90}, 0, 0, 3), 7) == 7);
}

TEST_CASE("members that are not ready do not make a group look idle") {
  // q = 0.5 of 4, two are coming: 2 by those that are measured.
  CHECK(cpu_size(loads_of({30, 30, 30, 30}, 0, 0, 2), 6) == 2);
}

TEST_CASE("members without samples count as idle where a group would grow") {
  // (90 + 90 + 0)/3 = 60: nothing to do. (120 * 2 + 0)/3 = 80, q = 1.33, 4.
  CHECK(cpu_size(loads_of({90, 90}, 1), 3) == 3);
  CHECK(cpu_size(loads_of({120, 120}, 1), 3) == 4);
}

TEST_CASE("members without samples count as fully loaded where a group would shrink") {
  // q = 30/60: (30 * 3 + 100)/4 = 47.5, 0.79 * 4 = 3.17 -> 4. With everybody measured it would be 2.
  CHECK(cpu_size(loads_of({30, 30, 30}, 1), 4) == 4);
  CHECK(cpu_size(loads_of({12, 12, 12}, 1), 4) == 3);  // (36 + 100)/4 = 34, 0.57 * 4 = 2.27 -> 3
  // Full is the target where that is above 100 %: (30 * 3 + 150)/4 = 60, 0.4 * 4 = 1.6 -> 2.
  CHECK(cpu_size(loads_of({30, 30, 30}, 1), 4, 150) == 2);
  // One that would turn the direction round stops it: (50 + 100)/2 = 75.
  CHECK(cpu_size(loads_of({50}, 1), 2) == 2);
}

TEST_CASE("members on hosts that do not answer are not taken for idle, nor for help") {
  CHECK(cpu_size(loads_of({30, 30, 30}, 0, 1), 4) == 4);
  // Growing, they count 0: (90 * 3 + 0)/4 = 67.5, 1.125 * 4 = 4.5 -> 5.
  CHECK(cpu_size(loads_of({90, 90, 90}, 0, 1), 4) == 5);
}

TEST_CASE("whoever is not measured counts as idle where a group would grow, whatever the reason") {
  // Nine of ten at 67 of 60 do 10.05 instances' work: of ten that is 1.005, which is within the tolerance.
  const std::vector<double> nine(9, 67.0);
  CHECK(cpu_size(loads_of(nine, 1, 0, 0), 10) == 10);
  CHECK(cpu_size(loads_of(nine, 0, 1, 0), 10) == 10);
  CHECK(cpu_size(loads_of(nine, 0, 0, 1), 10) == 10);
  // At 75 it is 11.25.
  const std::vector<double> busy(9, 75.0);
  CHECK(cpu_size(loads_of(busy, 1, 0, 0), 10) == 12);
  CHECK(cpu_size(loads_of(busy, 0, 1, 0), 10) == 12);
  CHECK(cpu_size(loads_of(busy, 0, 0, 1), 10) == 12);
}

TEST_CASE("a group never grows for being idle, nor shrinks for being busy") {
  // Two of ten are measured: 1.5 * 2 = 3 is no reason to remove seven.
  CHECK(cpu_size(loads_of({90, 90}), 10) == 10);
  // Twelve are there and four are wanted: 0.5 * 12 = 6 is no reason to grow.
  CHECK(cpu_size(loads_of(std::vector<double>(12, 30.0)), 4) == 4);
}

TEST_CASE("nobody measured is an error, and no instance has nothing to say") {
  const TargetOpinion blind = target_by_members(cpu_target(60), loads_of({}, 2, 0, 1), 3);
  CHECK(blind.recommendation.kind == Says::error);
  CHECK(blind.recommendation.text == "cpu: no usable sample of any of 3 instances");
  CHECK_FALSE(blind.load);
  CHECK(target_by_members(cpu_target(60), loads_of({}), 0).recommendation.kind == Says::none);
}

TEST_CASE("the last instance stays, as without one there is nothing to measure") {
  CHECK(cpu_size(loads_of({0, 0, 0}), 3) == 1);
  CHECK(cpu_size(loads_of({0}), 1) == 1);
}

TEST_CASE("percent of full") {
  ScalingPolicy io = cpu_target(80);
  io.name = io.metric = "diskIops";
  io.target_is_percent_of_full = true;
  io.full = 1000;
  // 1200 of 1000 is 120 %: 1.5 * 2 = 3
  const TargetOpinion opinion = target_by_members(io, loads_of({1200, 1200}), 2);
  CHECK(opinion.recommendation.size == 3);
  CHECK(opinion.recommendation.text == "diskIops 120 % of 2 instances, target 80 %");
  // A missing one counts 100 %: (40 + 100)/2 = 70, 0.875 * 2 = 1.75 -> 2
  CHECK(target_by_members(io, loads_of({400}, 1), 2).recommendation.size == 2);
}

TEST_CASE("without a full, one without samples counts as at the target") {
  ScalingPolicy io = cpu_target(500);
  io.metric = "diskIops";
  // q = 0.2: (100 * 3 + 500)/4 = 200, 0.4 * 4 = 1.6 -> 2
  CHECK(target_by_members(io, loads_of({100, 100, 100}, 1), 4).recommendation.size == 2);
  CHECK(target_by_members(io, loads_of({1000}), 1).recommendation.text == "diskIops 1000 of 1 instance, target 500");
}

TEST_CASE("a person is told what a size stands on") {
  const Recommendation said = target_by_members(cpu_target(60), loads_of({92.2, 92, 92}, 1, 1, 2), 7).recommendation;
  CHECK(said.text == "cpu 92 % of 3 instances, target 60 %, 2 without samples, 2 not ready");
  CHECK(said.policy == "cpu");
}

TEST_CASE("a total is shared out") {
  CHECK(queue_size(118, 3) == 4);  // 118/30 = 3.93
  CHECK(queue_size(121, 3) == 5);  // 4.03
  CHECK(queue_size(31, 3) == 2);   // 1.03
  CHECK(queue_size(98, 3) == 3);   // 98/90 = 1.089 is within the tolerance
  CHECK(queue_size(100, 3) == 4);  // 1.11 is not
  CHECK(queue_size(0, 3) == 0);    // a source tells also when there is nobody
  CHECK(queue_size(1e300, 3) > 1000);
}

TEST_CASE("from 0 any load lifts a group") {
  CHECK(queue_size(1, 0) == 1);
  CHECK(queue_size(61, 0) == 3);
  CHECK(queue_size(0, 0) == 0);
  CHECK(queue_size(0.2, 0, 1, "group") == 1);
  CHECK(queue_size(2.5, 0, 1, "group") == 3);
}

TEST_CASE("a ratio is of the ready ones") {
  CHECK(queue_size(1.5, 4, 1, "group") == 6);
  CHECK(queue_size(0.5, 4, 1, "group") == 2);
  CHECK(queue_size(1.05, 4, 1, "group") == 4);
  // Four of six are ready: 1.5 * 4 = 6 are there already.
  CHECK(queue_size(1.5, 6, 1, "group", 4) == 6);
  // None is ready: a low number is no sign of idleness.
  CHECK(queue_size(0.1, 3, 1, "group", 0) == 3);
}

TEST_CASE("a target of 0 drains a queue") {
  CHECK(queue_size(0, 3, 0) == 0);
  CHECK(queue_size(1, 3, 0) == 3);
  CHECK(queue_size(2, 3, 0) == 6);
  CHECK(queue_size(0.5, 4, 0) == 2);
  CHECK(queue_size(4, 0, 0) == 4);
}

TEST_CASE("a source that fails, or has no number, is an error") {
  const auto kind_of = [](const Result<std::optional<double>>& answer) {
    return target_by_answer(queue_target(30), answer, 3, 3).recommendation.kind;
  };
  CHECK(kind_of(Error{ErrorKind::unreachable, "no answer", "", ""}) == Says::error);
  CHECK(kind_of(std::optional<double>()) == Says::error);
  CHECK(kind_of(std::optional<double>(std::numeric_limits<double>::quiet_NaN())) == Says::error);
  CHECK(kind_of(std::optional<double>(std::numeric_limits<double>::infinity())) == Says::error);
  CHECK(kind_of(std::optional<double>(-1)) == Says::error);
  CHECK(kind_of(std::optional<double>(0)) == Says::size);
}

}  // namespace vscale::test
