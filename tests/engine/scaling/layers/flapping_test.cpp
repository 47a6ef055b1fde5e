#include "engine/scaling/layers/flapping.h"

#include <catch2/catch.hpp>

#include "tests/support/builders.h"

namespace vscale::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

// Changes between 4 and 5, by turns, so many minutes before now.
std::vector<SizeChange> turns_ago(const std::vector<int>& minutes_ago) {
  std::vector<SizeChange> changes;
  int size = 4;
  for (const int ago : minutes_ago) {
    const int to = size == 4 ? 5 : 4;
    changes.push_back({.at = kNow - minutes{ago}, .from = size, .to = to});
    size = to;
  }
  return changes;
}

}  // namespace

TEST_CASE("a reversal is a change against the one before") {
  CHECK(reversals_after({}, kNow - hours{1}) == 0);
  CHECK(reversals_after(turns_ago({40}), kNow - hours{1}) == 0);
  CHECK(reversals_after(turns_ago({40, 20, 10}), kNow - hours{1}) == 2);
  // The first change lies before, and still says which way it went.
  CHECK(reversals_after(turns_ago({40, 20, 10}), kNow - minutes{30}) == 2);
  CHECK(reversals_after({{kNow, 1, 2}, {kNow, 2, 5}, {kNow, 5, 6}}, kNow - hours{1}) == 0);
}

TEST_CASE("three reversals in half an hour make a group flap, until an hour of calm") {
  CHECK_FALSE(flapping_until(std::nullopt, turns_ago({29, 20, 10}), kNow));
  CHECK_FALSE(flapping_until(std::nullopt, turns_ago({45, 40, 20, 10}), kNow));
  // One right half an hour ago is not within the last half hour.
  CHECK_FALSE(flapping_until(std::nullopt, turns_ago({45, 30, 20, 10}), kNow));
  CHECK(flapping_until(std::nullopt, turns_ago({35, 29, 20, 10}), kNow) == kNow - minutes{10} + hours{1});
}

TEST_CASE("a reversal while it flaps puts off the end") {
  const Instant until = kNow + minutes{5};
  CHECK(flapping_until(until, {}, kNow) == until);
  CHECK(flapping_until(until, turns_ago({60, 55}), kNow) == until);
  CHECK(flapping_until(until, turns_ago({60, 2}), kNow) == kNow - minutes{2} + hours{1});
  CHECK_FALSE(flapping_until(kNow, turns_ago({60, 55}), kNow));
}

TEST_CASE("a doubled window is at most an hour, and never shorter than it was") {
  CHECK(doubled_window(minutes{5}) == minutes{10});
  CHECK(doubled_window(minutes{40}) == hours{1});
  CHECK(doubled_window(hours{2}) == hours{2});
  CHECK(doubled_window(minutes{0}) == minutes{0});
}

}  // namespace vscale::test
