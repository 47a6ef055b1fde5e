#include "engine/scaling/layers/permit.h"

#include <catch2/catch.hpp>

#include "tests/engine/scaling/scaled_world.h"

namespace vscale::test {
namespace {

using Process = Suspension::Process;

WantedSize size_said(int size, std::optional<Instant> until) {
  WantedSize said;
  said.group = "group.web";
  said.size = size;
  said.owner = WantedSize::Owner::operator_;
  said.by = "anna@ops";
  said.until = until;
  return said;
}

}  // namespace

TEST_CASE("an operator's size holds until its moment, and without one not at all") {
  CHECK(as_said(5, size_said(8, kNow + std::chrono::minutes{20}), kNow).after == 8);
  CHECK(as_said(5, size_said(8, kNow + std::chrono::minutes{20}), kNow).text == "anna@ops holds it at 8 for 20m more");
  CHECK(as_said(5, size_said(8, kNow), kNow).after == 5);
  CHECK(as_said(5, size_said(8, std::nullopt), kNow).after == 5);
  CHECK(as_said(5, std::nullopt, kNow).after == 5);
  WantedSize by_policies = size_said(8, kNow + std::chrono::minutes{20});
  by_policies.owner = WantedSize::Owner::policies;
  CHECK(as_said(5, by_policies, kNow).after == 5);
}

TEST_CASE("a size is brought in between its bounds") {
  CHECK(clamp_to(1, {.low = 3, .high = 10}).after == 3);
  CHECK(clamp_to(11, {.low = 3, .high = 10}).after == 10);
  CHECK(clamp_to(5, {.low = 3, .high = 10}).after == 5);
  CHECK(clamp_to(1, {.low = 3, .high = 10, .low_by = "office"}).text == "min 3 (window office), max 10");
}

TEST_CASE("a group grows as far as there is room, and is not shrunk for want of it") {
  CHECK(fit_room(9, 5, 7).after == 7);
  CHECK(fit_room(9, 5, 3).after == 5);
  CHECK(fit_room(4, 5, 3).after == 4);
  CHECK(fit_room(9, 5, std::nullopt).after == 9);
}

TEST_CASE("what stands against coming, and what against going") {
  const auto held = [](int before, const Obstacles& obstacles) { return hold_back(before, 5, obstacles).after; };
  const Obstacles broken{.breaker = "6 of 8 are unready"};
  CHECK(held(9, broken) == 5);
  CHECK(held(2, broken) == 5);
  const Obstacles rolling{.rolling = true};
  CHECK(held(9, rolling) == 9);
  CHECK(held(2, rolling) == 5);
  const Obstacles going{.scaling_in = true};
  CHECK(held(9, going) == 9);
  CHECK(held(2, going) == 5);
  CHECK(held(9, {.suspended = {Process::launch}}) == 5);
  CHECK(held(2, {.suspended = {Process::launch}}) == 2);
  CHECK(held(9, {.suspended = {Process::terminate}}) == 9);
  CHECK(held(2, {.suspended = {Process::terminate}}) == 5);
  CHECK(held(2, {.suspended = {Process::heal, Process::update}}) == 2);
}

TEST_CASE("members that are protected, or out of reach, stay") {
  ScaledWorld world(scaled_group(0, 10, {}));
  world.add_ready(3).add(1, MemberState::unknown).add(1, MemberState::off);
  world.member(0).protected_from_scale_in = true;
  // Of five, two are ready and may go, and one is off and may go.
  const LayerResult kept = keep_protected(0, 5, world.input.members);
  CHECK(kept.after == 2);
  CHECK(kept.text == "2 may not go: protected, or out of reach");
  CHECK(keep_protected(4, 5, world.input.members).after == 4);
  // Seven are wanted: two are not begun, and cost nobody anything.
  CHECK(keep_protected(0, 7, world.input.members).after == 2);
  CHECK(keep_protected(9, 5, world.input.members).after == 9);
}

TEST_CASE("no more go at once than limits.destroy") {
  CHECK(limit_removal(1, 5, 2).after == 3);
  CHECK(limit_removal(4, 5, 2).after == 4);
  CHECK(limit_removal(1, 5, 0).after == 5);
  CHECK(limit_removal(1, 5, std::nullopt).after == 1);
  CHECK(limit_removal(9, 5, 2).after == 9);
}

}  // namespace vscale::test
