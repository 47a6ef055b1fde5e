#include "engine/scaling/layers/combine.h"

#include <catch2/catch.hpp>

#include "tests/engine/scaling/scaled_world.h"

namespace vscale::test {
namespace {

using Basis = Combined::Basis;

ScalingPolicy window_named(const std::string& name) {
  ScalingPolicy policy = policy_of(ScalingPolicy::Kind::schedule, name);
  policy.start = "0 7 * * *";
  policy.end = "0 19 * * *";
  return policy;
}

ScalingPolicy event_named(const std::string& name) {
  ScalingPolicy policy = policy_of(ScalingPolicy::Kind::schedule, name);
  policy.at = "0 7 * * *";
  return policy;
}

Recommendation saying_size(const std::string& policy, int size) {
  return {.policy = policy, .kind = Says::size, .size = size, .text = "because"};
}
Recommendation saying_exactly(const std::string& policy, int size) {
  return {.policy = policy, .kind = Says::size, .size = size, .exact = true, .text = "because"};
}
Recommendation saying(const std::string& policy, Says kind) {
  return {.policy = policy, .kind = kind, .text = "because"};
}
Recommendation saying_bounds(const std::string& policy, std::optional<int> floor, std::optional<int> ceiling) {
  return {.policy = policy, .kind = Says::bounds, .floor = floor, .ceiling = ceiling, .text = "because"};
}

// Policies a, b, c that look at load, and what they say.
Combined combined_of(const std::vector<Recommendation>& said, int current,
                     Scaling::Combine rule = Scaling::Combine::max) {
  std::vector<ScalingPolicy> policies;
  for (const Recommendation& recommendation : said) {
    policies.push_back(cpu_target(60));
    policies.back().name = recommendation.policy;
  }
  Group group = scaled_group(1, 20, policies);
  group.scaling->combine = rule;
  return combine(*group.scaling, said, current);
}

}  // namespace

TEST_CASE("the largest size wins, and of equal ones the first in the file") {
  const Combined most = combined_of({saying_size("a", 3), saying_size("b", 7), saying_size("c", 7)}, 5);
  CHECK(most.result.after == 7);
  CHECK(most.winner == 1U);
  CHECK(most.result.text == "b: the largest of 3");
}

TEST_CASE("combine: first takes the first that says a size") {
  const Combined first =
      combined_of({saying("a", Says::none), saying_size("b", 3), saying_size("c", 7)}, 5, Scaling::Combine::first);
  CHECK(first.result.after == 3);
  CHECK(first.winner == 1U);
}

TEST_CASE("who has nothing to say does not keep a group large") {
  CHECK(combined_of({saying("a", Says::none), saying_size("b", 3)}, 5).result.after == 3);
  const Combined none = combined_of({saying("a", Says::none), saying("b", Says::none)}, 5);
  CHECK(none.result.after == 5);
  CHECK(none.basis == Basis::nothing);
}

TEST_CASE("an error takes nothing away, and lets others grow the group") {
  const Combined shrinking = combined_of({saying("a", Says::error), saying_size("b", 3)}, 5);
  CHECK(shrinking.result.after == 5);
  CHECK_FALSE(shrinking.winner);
  CHECK(combined_of({saying("a", Says::error), saying_size("b", 7)}, 5).result.after == 7);
  CHECK(combined_of({saying("a", Says::error)}, 5).result.after == 5);
  CHECK(combined_of({saying_size("a", 3), saying("b", Says::error)}, 5, Scaling::Combine::first).result.after == 5);
}

TEST_CASE("an open window comes before an event, and that before load") {
  const Group group = scaled_group(1, 20, {cpu_target(60), event_named("early"), window_named("office")});
  const auto of = [&](const Recommendation& event, const Recommendation& window) {
    return combine(*group.scaling, {saying_size("cpu", 12), event, window}, 5);
  };
  const Combined all = of(saying_exactly("early", 8), saying_exactly("office", 6));
  CHECK(all.result.after == 6);
  CHECK(all.basis == Basis::window);
  const Combined event = of(saying_exactly("early", 8), saying("office", Says::none));
  CHECK(event.result.after == 8);
  CHECK(event.basis == Basis::event);
  CHECK(of(saying("early", Says::none), saying("office", Says::none)).result.after == 12);
}

TEST_CASE("a schedule shrinks a group though a metric is missing") {
  const Group group = scaled_group(0, 20, {cpu_target(60), window_named("night")});
  CHECK(combine(*group.scaling, {saying("cpu", Says::error), saying_exactly("night", 0)}, 5).result.after == 0);
}

TEST_CASE("of several windows the largest counts") {
  const Group group = scaled_group(1, 20, {window_named("a"), window_named("b")});
  const Combined both = combine(*group.scaling, {saying_exactly("a", 4), saying_exactly("b", 6)}, 5);
  CHECK(both.result.after == 6);
  CHECK(both.winner == 1U);
}

TEST_CASE("windows narrow min and max, and lead nowhere beyond them") {
  const Group group = scaled_group(2, 10, {window_named("a"), window_named("b")});
  const auto bounds = [&](const Recommendation& a, const Recommendation& b) {
    return bounds_of_windows(*group.scaling, {a, b});
  };
  const Recommendation closed = saying("b", Says::none);
  CHECK(bounds(saying_bounds("a", 6, 8), closed) == SizeBounds{.low = 6, .high = 8, .low_by = "a", .high_by = "a"});
  CHECK(bounds(saying_bounds("a", 6, std::nullopt), saying_bounds("b", 4, std::nullopt)) ==
        SizeBounds{.low = 6, .high = 10, .low_by = "a"});
  CHECK(bounds(saying_bounds("a", 1, 99), closed) == SizeBounds{.low = 2, .high = 10});
  CHECK(bounds(saying_bounds("a", 99, std::nullopt), closed).low == 10);
  CHECK(bounds(saying_bounds("a", std::nullopt, 0), closed).high == 2);
  // A floor of one and a lower ceiling of another: the floor.
  const SizeBounds crossed = bounds(saying_bounds("a", 7, std::nullopt), saying_bounds("b", std::nullopt, 4));
  CHECK(crossed.low == 7);
  CHECK(crossed.high == 7);
}

}  // namespace vscale::test
