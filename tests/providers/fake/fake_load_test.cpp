// What the fake cluster counts of its guests.

#include <catch2/catch.hpp>

#include "engine/metrics/rates.h"
#include "tests/providers/fake/fake_group.h"

namespace vscale::test {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration kTick = seconds{15};

}  // namespace

TEST_CASE("the fake cluster counts what its guests use, as time passes") {
  FakeGroup group(1);
  group.cluster.use(
      {.cpu_percent = 50, .memory_percent = 75, .disk_iops = 10, .disk_bytes = 4'000, .network_bytes = 8'000});
  group.clock.advance(minutes{1});
  const CounterReading before = group.reading(0);
  group.clock.advance(kTick);
  const CounterReading now = group.reading(0);

  const auto sample = std::get<Sample>(sample_between(before, now, kTick));

  CHECK(sample.cpu_percent.value() == Approx(50).epsilon(0.01));
  CHECK(sample.memory_percent.value() == Approx(75).epsilon(0.01));
  CHECK(sample.disk_iops.value() == Approx(10).epsilon(0.1));
  CHECK(sample.disk_bytes.value() == Approx(4'000).epsilon(0.01));
  CHECK(sample.network_bytes.value() == Approx(8'000).epsilon(0.01));
}

TEST_CASE("fake counters begin again with every start, and a guest that is off has none") {
  FakeGroup group(1);
  group.cluster.use({.cpu_percent = 100});
  group.clock.advance(minutes{10});
  const CounterReading before = group.reading(0);

  group.cluster.power_off_by_hand("prod-web-0");
  CHECK_FALSE(group.counters().contains(FakeGroup::uuid(0)));
  REQUIRE(group.cluster.start_domain(group.ref(0)));
  group.clock.advance(kTick);

  CHECK(group.reading(0).counters.cpu_ns < before.counters.cpu_ns);
  CHECK(std::get<NoSample>(sample_between(before, group.reading(0), minutes{10})) == NoSample::counted_anew);
}

TEST_CASE("the load of a fake group is shared by those that serve, and none does more than it can") {
  FakeGroup group(3);
  group.cluster.use_by_group("web", 3);
  group.clock.advance(minutes{1});
  const auto cpu_percent = [&](int ordinal) {
    const CounterReading before = group.reading(ordinal);
    group.clock.advance(kTick);
    return std::get<Sample>(sample_between(before, group.reading(ordinal), kTick)).cpu_percent.value();
  };

  // 3 vCPUs are busy on 3 guests of 2.
  CHECK(cpu_percent(0) == Approx(50).epsilon(0.02));
  group.cluster.power_off_by_hand("prod-web-2");
  CHECK(cpu_percent(0) == Approx(75).epsilon(0.02));
  group.cluster.hang_by_hand("prod-web-1");
  CHECK(cpu_percent(0) == Approx(100).epsilon(0.02));
  CHECK(cpu_percent(1) == Approx(0).margin(0.1));
  // One that boots takes its part once its network is up.
  REQUIRE(group.cluster.start_domain(group.ref(2)));
  group.clock.advance(minutes{1});
  CHECK(cpu_percent(2) == Approx(75).epsilon(0.02));
}

TEST_CASE("a fake guest that hangs answers nothing, tells nothing new, and runs on until it is started anew") {
  FakeGroup group(1);
  group.clock.advance(minutes{1});
  REQUIRE(group.cluster.ping_agent(group.ref(0), seconds{5}));
  const DomainCounters before = group.counters().at(FakeGroup::uuid(0));

  group.cluster.hang_by_hand("prod-web-0");
  group.clock.advance(minutes{1});

  CHECK(group.cluster.ping_agent(group.ref(0), seconds{5}).error().kind == ErrorKind::timed_out);
  CHECK(*group.cluster.domain_state(group.ref(0)) == DomainState::running);
  CHECK(group.counters().at(FakeGroup::uuid(0)).memory_told_at_s == before.memory_told_at_s);
  CHECK(*group.cluster.stop_domain(group.ref(0), seconds{5}) == StopOutcome::powered_off);
  REQUIRE(group.cluster.start_domain(group.ref(0)));
  group.clock.advance(minutes{1});
  CHECK(group.cluster.ping_agent(group.ref(0), seconds{5}));
}

TEST_CASE("a fake guest hangs by itself when that is how it behaves") {
  FakeGroup group(1);
  group.cluster.behave_from_now("prod-web-0", {.hangs_after = minutes{5}});
  group.clock.advance(minutes{4});
  CHECK(group.cluster.ping_agent(group.ref(0), seconds{5}));

  group.clock.advance(minutes{1});

  CHECK_FALSE(group.cluster.ping_agent(group.ref(0), seconds{5}));
}

TEST_CASE("a wall clock that is set does not make the fake guests work") {
  FakeGroup group(1);
  group.cluster.use({.cpu_percent = 100});
  group.clock.advance(minutes{1});
  const CounterReading before = group.reading(0);

  group.clock.set_wall_clock(-std::chrono::hours{1});
  group.clock.advance(kTick);

  CHECK(std::get<NoSample>(sample_between(before, group.reading(0), kTick)) == NoSample::clock_jumped);
}

}  // namespace vscale::test
