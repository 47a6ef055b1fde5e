// How what groups used gets coarser with age.

#include "engine/metrics/history.h"

#include <catch2/catch.hpp>
#include <chrono>

namespace vscale::test {
namespace {

using namespace std::chrono_literals;

constexpr Instant kNoon = std::chrono::sys_days{std::chrono::year{2026} / 5 / 4} + 12h;
constexpr Duration kMinute{1min}, kTenMinutes{10min}, kHour{1h};

MetricAggregate cpu_at(Instant from, double average, std::int64_t count, Duration width = kMinute) {
  return {.group = "group.web",
          .metric = Metric::cpu,
          .from = from,
          .width = width,
          .average = average,
          .least = average - 1,
          .most = average + 1,
          .count = count};
}

}  // namespace

TEST_CASE("minutes are put together by how many samples each has") {
  const auto joined = widened({cpu_at(kNoon, 10, 1), cpu_at(kNoon + 9min, 30, 3)}, kTenMinutes);
  REQUIRE(joined.size() == 1);
  CHECK(joined[0].from == kNoon);
  CHECK(joined[0].width == kTenMinutes);
  CHECK(joined[0].average == 25);  // (10 * 1 + 30 * 3) / 4
  CHECK(joined[0].least == 9);
  CHECK(joined[0].most == 31);
  CHECK(joined[0].count == 4);
}

TEST_CASE("every bucket begins at a multiple of its width") {
  const auto joined = widened({cpu_at(kNoon + 9min, 1, 1), cpu_at(kNoon + 10min, 1, 1)}, kTenMinutes);
  REQUIRE(joined.size() == 2);
  CHECK(joined[0].from == kNoon);
  CHECK(joined[1].from == kNoon + 10min);
}

TEST_CASE("before 1970, too, a bucket begins before what is in it") {
  const Instant before{-1min};
  CHECK(widened({cpu_at(before, 1, 1)}, kTenMinutes)[0].from == Instant{-10min});
}

TEST_CASE("groups and metrics are not put together with each other") {
  MetricAggregate memory = cpu_at(kNoon, 50, 1), other = cpu_at(kNoon, 60, 1);
  memory.metric = Metric::memory;
  other.group = "group.db";
  CHECK(widened({cpu_at(kNoon, 40, 1), memory, other}, kHour).size() == 3);
}

TEST_CASE("what was put together before takes more of the same bucket") {
  const auto once =
      widened({cpu_at(kNoon, 10, 1), cpu_at(kNoon + 1min, 20, 1), cpu_at(kNoon + 2min, 60, 2)}, kTenMinutes);
  auto parts = widened({cpu_at(kNoon, 10, 1), cpu_at(kNoon + 1min, 20, 1)}, kTenMinutes);
  parts.push_back(cpu_at(kNoon + 2min, 60, 2));
  CHECK(widened(parts, kTenMinutes) == once);
}

TEST_CASE("minutes stay for a day and ten minutes for a week, by whole buckets") {
  const Instant now = kNoon + 7min;
  const auto steps = thinning_steps(now, now - 14 * 24h);
  std::vector<ThinningStep> joins;
  for (const ThinningStep& step : steps) {
    if (step.wider) joins.push_back(step);
  }
  // At 12:07, the bucket of 12:00 a day ago is not old enough as a whole.
  CHECK(joins == std::vector<ThinningStep>{{kMinute, Instant::min(), kNoon - 24h, kTenMinutes},
                                           {kTenMinutes, Instant::min(), kNoon - 7 * 24h, kHour}});
}

TEST_CASE("what is older than it is to be kept goes at any width, and so does what has a time to come") {
  const auto steps = thinning_steps(kNoon, kNoon - 2h);
  for (const Duration width : {kMinute, kTenMinutes, kHour}) {
    INFO(width.count());
    CHECK(std::ranges::count(steps, ThinningStep{width, Instant::min(), kNoon - 2h, std::nullopt}) == 1);
    CHECK(std::ranges::count(steps, ThinningStep{width, kNoon + kClockSlack, Instant::max(), std::nullopt}) == 1);
  }
}

}  // namespace vscale::test
