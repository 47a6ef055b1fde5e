#include "engine/scaling/simulate_scaling.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "tests/engine/scaling/scaled_world.h"

namespace vscale::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

LoadTrace trace_of(std::vector<LoadPoint> points) {
  LoadTrace trace;
  trace.points = std::move(points);
  trace.boot_delay = minutes{2};
  trace.sample_interval = seconds{15};
  trace.evaluate_interval = minutes{1};
  trace.begin = kNow;
  return trace;
}

int size_at(const SimulatedScaling& played, Duration since_begin) {
  int size = 0;
  for (const SimulatedTick& tick : played.ticks) {
    if (tick.at <= kNow + since_begin) size = tick.size;
  }
  return size;
}

// Within `count` ticks from `begin` on.
int reversals_from(const std::vector<SimulatedTick>& ticks, std::size_t begin, std::size_t count) {
  int reversals = 0;
  int last = 0;
  for (std::size_t i = begin + 1; i < std::min(begin + count, ticks.size()); ++i) {
    const int change = ticks[i].size - ticks[i - 1].size;
    if (change * last < 0) ++reversals;
    if (change != 0) last = change;
  }
  return reversals;
}

// Waves of a day with noise, and now and then a burst.
std::vector<LoadPoint> random_load(std::mt19937_64& random, Duration length) {
  std::uniform_real_distribution<double> share(0, 1);
  std::vector<LoadPoint> points;
  const double middle = 200 + 300 * share(random);
  const double swing = middle * share(random);
  const double noise = 0.3 * share(random);
  const double period_h = 1 + 8 * share(random);
  double burst = 0;
  for (Duration at{}; at <= length; at += minutes{1}) {
    const double hour = std::chrono::duration<double, std::ratio<3600>>(at).count();
    if (share(random) < 0.005) burst = 400 * share(random);
    burst *= 0.95;
    const double wave = middle + swing * std::sin(2 * 3.14159 * hour / period_h) + burst;
    points.push_back({.at = at, .load = std::max(0.0, wave * (1 + noise * (share(random) - 0.5)))});
  }
  return points;
}

}  // namespace

TEST_CASE("a simulated group follows a load that rises, once newcomers have booted") {
  Group group = scaled_group(1, 20, {cpu_target(60)});
  group.size = 2;
  // 120 on two is the target; 240 wants four, which are ready two minutes later.
  const auto played = simulate_scaling(group, trace_of({{{}, 120}, {minutes{10}, 240}, {minutes{20}, 240}}));
  REQUIRE(played.ok());
  CHECK(size_at(*played, minutes{9}) == 2);
  CHECK(size_at(*played, minutes{13}) == 4);
  CHECK(played->changes >= 1);
  CHECK(played->reversals == 0);
  // Twenty ticks, one each minute.
  CHECK(played->ticks.size() == 20);
  CHECK(played->ticks[9].load_per_instance == 60.0);
}

TEST_CASE("instance-hours and hours short are counted") {
  Group group = scaled_group(2, 2, {cpu_target(60)});
  group.size = 2;
  // Two instances for two hours; in the second one, 130 is more than the 120 that they carry.
  const auto played = simulate_scaling(group, trace_of({{{}, 120}, {hours{1}, 130}, {hours{2}, 0}}));
  REQUIRE(played.ok());
  CHECK(played->instance_hours == Approx(4));
  CHECK(played->hours_short == Approx(1));
}

TEST_CASE("sources and capacity are simulated as well") {
  Group queue = scaled_group(0, 20, {queue_target(30)});
  queue.size = 0;
  const auto drained = simulate_scaling(queue, trace_of({{{}, 90}, {minutes{10}, 0}, {minutes{15}, 0}}));
  REQUIRE(drained.ok());
  CHECK(drained->ticks.front().size == 3);
  CHECK(drained->ticks.back().size == 0);
  Group slots = scaled_group(1, 20, {free_slots(10, 15)});
  slots.size = 2;
  // 12 are taken: 8 free, 7 lacking, one more; 18 free then.
  const auto seated = simulate_scaling(slots, trace_of({{{}, 12}, {minutes{10}, 12}}));
  REQUIRE(seated.ok());
  CHECK(seated->ticks.front().size == 3);
  CHECK(seated->ticks.back().size == 3);
}

TEST_CASE("a simulation refuses what it cannot play, and says why") {
  const Group group = scaled_group(1, 5, {cpu_target(60)});
  const auto message = [](const Group& of, const LoadTrace& trace) {
    const auto played = simulate_scaling(of, trace);
    return played.ok() ? std::string() : played.error().message;
  };
  Group fixed = group;
  fixed.scaling.reset();
  CHECK(message(fixed, trace_of({{{}, 1}})) == "group \"web\" has no scaling");
  CHECK(message(scaled_group(1, 5, {}), trace_of({{{}, 1}})) == "group \"web\" has no policy that looks at load");
  CHECK(message(group, trace_of({})) == "the trace does not begin at 0");
  CHECK(message(group, trace_of({{{}, 1}, {minutes{2}, 1}, {minutes{1}, 1}})) == "the trace is not in order of time");
  CHECK(message(group, trace_of({{{}, 1}, {hours{24 * 365}, 1}})) == "the trace is longer than 1000000 samples of 15s");
}

TEST_CASE("on random loads a group with the defaults reverses seldom") {
  const unsigned seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 12; ++round) {
    Group group = tempered_group(1, 30, {cpu_target(60)});
    group.size = 5;
    LoadTrace trace = trace_of(random_load(random, hours{24}));
    trace.boot_delay = seconds{30 + random() % 300};
    const auto played = simulate_scaling(group, trace);
    REQUIRE(played.ok());
    INFO("round " << round << ", boot delay " << show_duration(trace.boot_delay));
    // To shrink after growth, five minutes must pass without a need for as many, and ten once three reversals came in
    // half an hour: so three reversals, and then one turn there and back in ten minutes, are the most in an hour.
    for (std::size_t begin = 0; begin < played->ticks.size(); begin += 60) {
      CHECK(reversals_from(played->ticks, begin, 60) <= 3 + 2 * 6);
    }
    CHECK(played->reversals <= 24 * (3 + 2 * 6));
    for (const SimulatedTick& tick : played->ticks) CHECK((tick.size >= 1 && tick.size <= 30));
  }
}

}  // namespace vscale::test
