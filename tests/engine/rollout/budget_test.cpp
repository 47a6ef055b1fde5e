#include "engine/rollout/budget.h"

#include <catch2/catch.hpp>

namespace vscale::test {
namespace {

Amount count(int value) {
  return {Amount::Unit::count, value};
}
Amount percent(int value) {
  return {Amount::Unit::percent, value};
}

RolloutBudget budget(Amount surge, Amount unavailable, int size) {
  Update update;
  update.max_surge = surge;
  update.max_unavailable = unavailable;
  return budget_for(update, size);
}

// The table of Kubernetes' ResolveFenceposts, and what it does not have.
TEST_CASE("surge is rounded up, what may be unavailable down, and nothing and nothing make one unavailable") {
  CHECK(budget(count(0), count(0), 1) == RolloutBudget{1, 0, 1});
  CHECK(budget(count(1), count(0), 1) == RolloutBudget{1, 1, 0});
  CHECK(budget(percent(25), percent(25), 1) == RolloutBudget{1, 1, 0});
  CHECK(budget(percent(25), percent(25), 2) == RolloutBudget{2, 1, 0});
  CHECK(budget(percent(25), percent(25), 4) == RolloutBudget{4, 1, 1});
  CHECK(budget(percent(25), percent(25), 10) == RolloutBudget{10, 3, 2});
  CHECK(budget(percent(0), percent(39), 2) == RolloutBudget{2, 0, 1});
  CHECK(budget(percent(0), percent(1), 10) == RolloutBudget{10, 0, 1});
  CHECK(budget(percent(100), percent(100), 3) == RolloutBudget{3, 3, 3});
}

TEST_CASE("no more can be unavailable than the group has") {
  CHECK(budget(count(0), count(7), 3) == RolloutBudget{3, 0, 3});
  CHECK(budget(count(2), count(1), 0) == RolloutBudget{0, 2, 0});
}

TEST_CASE("percentages of large groups do not overflow") {
  CHECK(budget(percent(100), percent(50), 100'000) == RolloutBudget{100'000, 100'000, 50'000});
}

TEST_CASE("where nothing can stand beside what it replaces, one may be unavailable") {
  Update update;
  update.max_surge = count(2);
  update.max_unavailable = count(0);
  CHECK(budget_without_surge(update, 3) == RolloutBudget{3, 0, 1});
  update.max_unavailable = percent(50);
  CHECK(budget_without_surge(update, 5) == RolloutBudget{5, 0, 2});
}

TEST_CASE("a step goes to at least one, percentages are rounded up, and no step goes beyond the size") {
  CHECK(reach_of(count(1), 5) == 1);
  CHECK(reach_of(percent(1), 5) == 1);
  CHECK(reach_of(percent(50), 5) == 3);
  CHECK(reach_of(percent(100), 5) == 5);
  CHECK(reach_of(count(0), 5) == 1);
  CHECK(reach_of(count(9), 5) == 5);
}

}  // namespace
}  // namespace vscale::test
