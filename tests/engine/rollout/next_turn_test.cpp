#include "engine/rollout/next_turn.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>

namespace vscale::test {
namespace {

constexpr auto kBeside = Succession::beside;
constexpr auto kInPlace = Succession::in_place;

Allowance turn(const RolloutBudget& budget, const RolloutCounts& counts, Succession succession = kBeside) {
  return next_turn(budget, budget.size, succession, counts);
}

TEST_CASE("with surge 1 and none unavailable one comes before one goes") {
  const RolloutBudget budget{3, 1, 0};
  CHECK(turn(budget, {.old_available = 3}) == Allowance{.comes = 1});
  CHECK(turn(budget, {.fresh_coming = 1, .old_available = 3}).nothing());
  CHECK(turn(budget, {.fresh_available = 1, .old_available = 3}) == Allowance{.goes_available = 1});
  CHECK(turn(budget, {.fresh_available = 1, .old_available = 2, .leaving = 1}).nothing());
  CHECK(turn(budget, {.fresh_available = 1, .old_available = 2}) == Allowance{.comes = 1});
  CHECK(turn(budget, {.fresh_available = 3, .old_available = 1}) == Allowance{.goes_available = 1});
  CHECK(turn(budget, {.fresh_available = 3}).nothing());
}

TEST_CASE("with no surge and one unavailable one goes before one comes") {
  const RolloutBudget budget{3, 0, 1};
  CHECK(turn(budget, {.old_available = 3}, kInPlace) == Allowance{.goes_available = 1});
  CHECK(turn(budget, {.fresh_coming = 1, .old_available = 2}, kInPlace).nothing());
  CHECK(turn(budget, {.fresh_available = 1, .old_available = 2}, kInPlace) == Allowance{.goes_available = 1});
}

TEST_CASE("surge and unavailable together let one come and one go at once") {
  CHECK(turn({4, 1, 1}, {.old_available = 4}) == Allowance{.comes = 1, .goes_available = 1});
}

TEST_CASE("old ones that are not available go first, and only as far as new ones do not fail to come") {
  const RolloutBudget budget{4, 1, 1};
  CHECK(turn(budget, {.old_available = 3, .old_unavailable = 1}) == Allowance{.comes = 1, .goes_unavailable = 1});
  // A new one that does not come up may say that none will.
  CHECK(turn(budget, {.fresh_coming = 1, .old_available = 3, .old_unavailable = 1}) ==
        Allowance{.goes_unavailable = 1});
  CHECK(turn(budget, {.fresh_coming = 2, .old_available = 2, .old_unavailable = 1}).nothing());
}

TEST_CASE("when everybody waits for everybody, one old one that serves nobody is spared") {
  // Nothing may come beside these, and none may be missing; two are unknown.
  const RolloutBudget budget{3, 1, 0};
  const RolloutCounts counts{.old_available = 1, .old_unavailable = 1, .unknown = 2};
  CHECK(turn(budget, counts).goes_unavailable == 1);
  CHECK(turn({3, 0, 1}, {.old_unavailable = 2, .unknown = 1}, kInPlace).goes_unavailable == 1);
}

TEST_CASE("what is unknown is neither available nor gone") {
  const RolloutBudget budget{3, 1, 0};
  CHECK(turn(budget, {.old_available = 2, .unknown = 1}) == Allowance{.comes = 1});
  // It takes the place of the one that is unknown, and no old one may go for it.
  CHECK(turn(budget, {.fresh_available = 1, .old_available = 2, .unknown = 1}).nothing());
}

TEST_CASE("a step lets no more be new than it says, and keeps the rest old") {
  const RolloutBudget budget{5, 2, 0};
  CHECK(next_turn(budget, 1, kBeside, {.old_available = 5}) == Allowance{.comes = 1});
  CHECK(next_turn(budget, 1, kBeside, {.fresh_available = 1, .old_available = 5}) == Allowance{.goes_available = 1});
  CHECK(next_turn(budget, 1, kBeside, {.fresh_available = 1, .old_available = 4}).nothing());
  CHECK(has_reached(budget, 1, {.fresh_available = 1, .old_available = 4}));
  CHECK_FALSE(has_reached(budget, 1, {.fresh_available = 1, .old_available = 5}));
  CHECK_FALSE(has_reached(budget, 1, {.fresh_coming = 1, .old_available = 4}));
  CHECK_FALSE(has_reached(budget, 1, {.fresh_available = 1, .old_available = 4, .leaving = 1}));
  CHECK(next_turn(budget, 3, kBeside, {.fresh_available = 1, .old_available = 4}) == Allowance{.comes = 2});
}

TEST_CASE("what is missing is made beyond the step only once a new one is known to work") {
  const RolloutBudget budget{5, 1, 0};
  CHECK(next_turn(budget, 1, kBeside, {.old_available = 3}) == Allowance{.comes = 1});
  CHECK(next_turn(budget, 1, kBeside, {.fresh_coming = 1, .old_available = 3}).nothing());
  CHECK(next_turn(budget, 1, kBeside, {.fresh_available = 1, .old_available = 3}) == Allowance{.comes = 1});
}

TEST_CASE("a group that grows or shrinks in the middle keeps to its new size") {
  CHECK(turn({5, 1, 0}, {.fresh_available = 1, .old_available = 2}) == Allowance{.comes = 3});
  CHECK(turn({2, 1, 0}, {.fresh_available = 1, .old_available = 3}) == Allowance{.goes_available = 2});
  CHECK(turn({0, 1, 0}, {.old_available = 3}) == Allowance{.goes_available = 3});
}

TEST_CASE("what is held back stays, and nothing is made in its place") {
  const RolloutBudget budget{3, 1, 0};
  CHECK(turn(budget, {.fresh_available = 1, .stuck = 2, .stuck_available = 2}).nothing());
  CHECK(turn(budget, {.old_available = 1, .stuck = 2, .stuck_available = 2}) == Allowance{.comes = 1});
  CHECK_FALSE(has_reached(budget, 3, {.fresh_available = 1, .stuck = 2, .stuck_available = 2}));
}

std::string shown(const RolloutBudget& budget, const RolloutCounts& counts) {
  return fmt::format(
      "size {}, surge {}, unavailable {}; new {}+{}, old {}+{}, stuck {} ({} up), unknown {}, leaving {}", budget.size,
      budget.surge, budget.unavailable, counts.fresh_available, counts.fresh_coming, counts.old_available,
      counts.old_unavailable, counts.stuck, counts.stuck_available, counts.unknown, counts.leaving);
}

/// Everything that could be there, in small numbers.
template <class Check>
void for_all_small(const Check& check) {
  constexpr int kMost = 3;
  struct Left {
    int stuck, stuck_available, unknown, leaving;
  };
  const Left left[] = {{0, 0, 0, 0}, {0, 0, 0, 1}, {1, 0, 0, 0}, {1, 1, 0, 0}, {0, 0, 1, 0}, {1, 1, 1, 1}};
  for (int size = 0; size <= kMost; ++size)
    for (int surge = 0; surge <= 2; ++surge)
      for (int unavailable = surge == 0 ? 1 : 0; unavailable <= std::min(2, size); ++unavailable)
        for (int fresh = 0; fresh <= kMost; ++fresh)
          for (int coming = 0; coming <= 2; ++coming)
            for (int old = 0; old <= kMost; ++old)
              for (int down = 0; down <= 2; ++down)
                for (const Left& one : left)
                  check(RolloutBudget{size, surge, unavailable}, RolloutCounts{.fresh_available = fresh,
                                                                               .fresh_coming = coming,
                                                                               .old_available = old,
                                                                               .old_unavailable = down,
                                                                               .stuck = one.stuck,
                                                                               .stuck_available = one.stuck_available,
                                                                               .unknown = one.unknown,
                                                                               .leaving = one.leaving});
}

TEST_CASE("no turn ever takes more than may be unavailable, or adds more than the surge, however far it is to go") {
  for_all_small([](const RolloutBudget& budget, const RolloutCounts& counts) {
    for (int reach = std::min(1, budget.size); reach <= budget.size; ++reach) {
      const Allowance allowed = next_turn(budget, reach, Succession::beside, counts);
      INFO(shown(budget, counts) << "; to " << reach);
      if (allowed.comes > 0) CHECK(counts.total() + allowed.comes <= budget.most());
      if (allowed.goes_available > 0) CHECK(counts.available() - allowed.goes_available >= budget.least_available());
      CHECK(allowed.goes_unavailable <= counts.old_unavailable);
      CHECK(allowed.goes_available <= counts.old_available);
    }
  });
}

TEST_CASE("with nothing on its way there is always a next turn until all is done") {
  for_all_small([](const RolloutBudget& budget, const RolloutCounts& counts) {
    const bool waits_for_others = counts.fresh_coming + counts.leaving + counts.stuck + counts.unknown != 0;
    if (waits_for_others || counts.fresh_available > budget.size) return;
    INFO(shown(budget, counts));
    CHECK(turn(budget, counts).nothing() == (counts.old() == 0 && counts.fresh_available == budget.size));
  });
}

}  // namespace
}  // namespace vscale::test
