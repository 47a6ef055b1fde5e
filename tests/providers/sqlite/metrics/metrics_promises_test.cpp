// What every MetricsStore promises, by the one that the program has and the one that tests have.

#include <catch2/catch.hpp>
#include <chrono>
#include <memory>

#include "providers/sqlite/metrics/sqlite_metrics_store.h"
#include "tests/providers/sqlite/metrics/metrics_values.h"
#include "tests/providers/sqlite/state_store_fixture.h"
#include "tests/support/memory_metrics_store.h"

namespace vscale::test {
namespace {

using namespace std::chrono_literals;

/// After restart(), what was written is there for whoever comes next.
class MetricsOnDisk {
 public:
  MetricsOnDisk() { restart(); }
  MetricsStore& store() { return *store_; }
  void restart() { store_ = std::make_unique<SqliteMetricsStore>(directory_ / "vscale-metrics.db"); }

 private:
  TemporaryDirectory directory_;
  std::unique_ptr<SqliteMetricsStore> store_;
};

class MetricsInMemory {
 public:
  MetricsStore& store() { return store_; }
  void restart() {}

 private:
  MemoryMetricsStore store_;
};

constexpr Instant kT0 = kMetricsNoon;

}  // namespace

TEMPLATE_TEST_CASE("a new metrics store has nothing, which is not an error", "", MetricsOnDisk, MetricsInMemory) {
  TestType kept;
  CHECK(must_have(kept.store().samples(Instant::min())).empty());
  CHECK(must_have(kept.store().readings()).empty());
  CHECK(all_of(kept.store(), "group.web", Metric::cpu).empty());
}

TEMPLATE_TEST_CASE("samples come back to the last bit, by group and domain, oldest first", "", MetricsOnDisk,
                   MetricsInMemory) {
  TestType kept;
  const Sample first = full_sample(kT0), second = full_sample(kT0 + 15s, 0.1), other = full_sample(kT0 - 1ms, 0.2);
  MetricsTick tick = tick_at(kT0);
  tick.samples = {{"group.web", {{metrics_uuid(1), {first}}, {metrics_uuid(2), {other}}}},
                  {"group.db", {{metrics_uuid(3), {other}}}}};
  must_write(kept.store(), tick);
  tick = tick_at(kT0 + 15s);
  tick.samples = {{"group.web", {{metrics_uuid(1), {second}}}}};
  must_write(kept.store(), tick);

  kept.restart();

  CHECK(must_have(kept.store().samples(Instant::min())) ==
        std::map<std::string, Samples>{{"group.web", {{metrics_uuid(1), {first, second}}, {metrics_uuid(2), {other}}}},
                                       {"group.db", {{metrics_uuid(3), {other}}}}});
}

TEMPLATE_TEST_CASE("what was not measured comes back as absent, not as zero", "", MetricsOnDisk, MetricsInMemory) {
  TestType kept;
  Sample nothing;
  nothing.at = kT0;
  nothing.over = 15s;
  Sample zero = nothing;
  zero.disk_iops = 0.0;
  MetricsTick tick = tick_at(kT0);
  tick.samples = {{"group.web", {{metrics_uuid(1), {nothing}}, {metrics_uuid(2), {zero}}}}};
  must_write(kept.store(), tick);
  CHECK(must_have(kept.store().samples(kT0)).at("group.web") ==
        Samples{{metrics_uuid(1), {nothing}}, {metrics_uuid(2), {zero}}});
}

TEMPLATE_TEST_CASE("samples are read from a moment on, that moment included", "", MetricsOnDisk, MetricsInMemory) {
  TestType kept;
  MetricsTick tick = tick_at(kT0);
  tick.samples = {{"group.web", {{metrics_uuid(1), {full_sample(kT0 - 1ms), full_sample(kT0)}}}},
                  {"group.db", {{metrics_uuid(2), {full_sample(kT0 - 1ms)}}}}};
  must_write(kept.store(), tick);
  CHECK(must_have(kept.store().samples(kT0)) ==
        std::map<std::string, Samples>{{"group.web", {{metrics_uuid(1), {full_sample(kT0)}}}}});
  CHECK(must_have(kept.store().samples(kT0 + 1ms)).empty());
}

TEMPLATE_TEST_CASE("samples that were written out of order are read in order", "", MetricsOnDisk, MetricsInMemory) {
  TestType kept;
  MetricsTick tick = tick_at(kT0 + 30s);
  tick.samples = {{"group.web", {{metrics_uuid(1), {full_sample(kT0 + 30s)}}}}};
  must_write(kept.store(), tick);
  tick = tick_at(kT0 + 15s);  // the clock was set back a little
  tick.samples = {{"group.web", {{metrics_uuid(1), {full_sample(kT0 + 15s)}}}}};
  must_write(kept.store(), tick);
  CHECK(must_have(kept.store().samples(kT0)).at("group.web").at(metrics_uuid(1)) ==
        std::vector{full_sample(kT0 + 15s), full_sample(kT0 + 30s)});
}

TEMPLATE_TEST_CASE("samples are kept no longer than asked", "", MetricsOnDisk, MetricsInMemory) {
  TestType kept;
  for (const auto after : {0s, 15s, 30s}) {
    MetricsTick tick = tick_at(kT0 + after);
    tick.keep_samples_since = kT0 + after - 15s;
    tick.samples = {{"group.web", {{metrics_uuid(1), {full_sample(kT0 + after)}}}}};
    must_write(kept.store(), tick);
  }
  CHECK(must_have(kept.store().samples(Instant::min())).at("group.web").at(metrics_uuid(1)) ==
        std::vector{full_sample(kT0 + 15s), full_sample(kT0 + 30s)});
}

TEMPLATE_TEST_CASE("what a clock that ran ahead has stamped goes once the clock is right", "", MetricsOnDisk,
                   MetricsInMemory) {
  TestType kept;
  MetricsTick ahead = tick_at(kT0 + 24h);
  ahead.samples = {{"group.web", {{metrics_uuid(1), {full_sample(kT0 + 24h)}}}}};
  ahead.aggregates = {minute("group.web", Metric::cpu, kT0 + 24h, 50)};
  must_write(kept.store(), ahead);
  must_write(kept.store(), tick_at(kT0));
  CHECK(must_have(kept.store().samples(Instant::min())).empty());
  CHECK(all_of(kept.store(), "group.web", Metric::cpu).empty());
}

TEMPLATE_TEST_CASE("readings are those of the last tick, with every counter as it was", "", MetricsOnDisk,
                   MetricsInMemory) {
  TestType kept;
  CounterReading full{.at = kT0 + 7ms, .uptime = 93h, .counters = {}};
  full.counters = {.cpu_ns = ~std::uint64_t{0},
                   .vcpus = 2,
                   .disk_requests = 0,
                   .disk_bytes = 127,
                   .network_bytes = 128,
                   .memory_total_bytes = 2 * kGiB,
                   .memory_usable_bytes = 1,
                   .memory_told_at_s = -3};
  const CounterReading empty{.at = kT0, .uptime = 0ms, .counters = {}};
  MetricsTick tick = tick_at(kT0);
  tick.readings = {{metrics_uuid(1), empty}, {metrics_uuid(2), empty}};
  must_write(kept.store(), tick);
  tick.readings = {{metrics_uuid(1), full}, {metrics_uuid(3), empty}};
  must_write(kept.store(), tick);

  kept.restart();

  CHECK(must_have(kept.store().readings()) == tick.readings);
}

TEMPLATE_TEST_CASE("aggregates are read by group, metric and time, oldest first", "", MetricsOnDisk, MetricsInMemory) {
  TestType kept;
  const auto at_noon = minute("group.web", Metric::cpu, kT0, 61.5),
             later = minute("group.web", Metric::cpu, kT0 + 1min, 3);
  MetricsTick tick = tick_at(kT0 + 2min);
  tick.aggregates = {later, at_noon, minute("group.web", Metric::memory, kT0, 1),
                     minute("group.db", Metric::cpu, kT0, 2)};
  must_write(kept.store(), tick);

  kept.restart();

  CHECK(all_of(kept.store(), "group.web", Metric::cpu) == std::vector{at_noon, later});
  const auto between = [&](Instant from, Instant to) {
    return must_have(kept.store().aggregates("group.web", Metric::cpu, from, to));
  };
  CHECK(between(kT0, kT0 + 1min) == std::vector{at_noon});
  CHECK(between(kT0 + 1ms, kT0 + 1min + 1ms) == std::vector{later});
  CHECK(between(kT0, kT0).empty());
}

TEMPLATE_TEST_CASE("a minute that is written again replaces what was there of it", "", MetricsOnDisk, MetricsInMemory) {
  TestType kept;
  MetricsTick tick = tick_at(kT0);
  tick.aggregates = {minute("group.web", Metric::cpu, kT0, 10, 1)};
  must_write(kept.store(), tick);
  tick.aggregates = {minute("group.web", Metric::cpu, kT0, 20, 2)};
  must_write(kept.store(), tick);
  CHECK(all_of(kept.store(), "group.web", Metric::cpu) == tick.aggregates);
}

TEMPLATE_TEST_CASE("aggregates get coarser with age, and then go", "", MetricsOnDisk, MetricsInMemory) {
  TestType kept;
  MetricsTick tick = tick_at(kT0 + 20min);
  for (int i = 0; i < 20; ++i)
    tick.aggregates.push_back(minute("group.web", Metric::cpu, kT0 + i * 1min, i < 10 ? 8 : 24, 2));
  must_write(kept.store(), tick);
  CHECK(all_of(kept.store(), "group.web", Metric::cpu).size() == 20);

  const auto ten = [](Instant from, double average) {
    return MetricAggregate{"group.web", Metric::cpu, from, 10min, average, average - 2, average + 2, 20};
  };
  must_write(kept.store(), tick_at(kT0 + 24h + 20min));
  CHECK(all_of(kept.store(), "group.web", Metric::cpu) == std::vector{ten(kT0, 8), ten(kT0 + 10min, 24)});

  must_write(kept.store(), tick_at(kT0 + 7 * 24h + 1h));
  CHECK(all_of(kept.store(), "group.web", Metric::cpu) ==
        std::vector{MetricAggregate{"group.web", Metric::cpu, kT0, 1h, 16, 6, 26, 40}});

  must_write(kept.store(), tick_at(kT0 + 14 * 24h + 1ms));
  CHECK(all_of(kept.store(), "group.web", Metric::cpu).empty());
}

TEMPLATE_TEST_CASE("what has gathered while nobody wrote is thinned out bit by bit", "", MetricsOnDisk,
                   MetricsInMemory) {
  TestType kept;
  constexpr int kMinutes = 1200;  // of ten hours, two metrics: more than a write takes, less than three do
  static_assert(kMinutes > 2 * static_cast<int>(kThinnedPerWrite) && kMinutes < 3 * static_cast<int>(kThinnedPerWrite));
  for (int i = 0; i < kMinutes / 2; ++i) {
    MetricsTick tick = tick_at(kT0 + i * 1min);
    for (const Metric metric : {Metric::cpu, Metric::memory}) {
      tick.aggregates.push_back(minute("group.web", metric, tick.at, 50));
    }
    must_write(kept.store(), tick);
  }
  const auto minutes_left = [&] {
    int count = 0;
    for (const Metric metric : {Metric::cpu, Metric::memory}) {
      for (const auto& aggregate : all_of(kept.store(), "group.web", metric)) count += aggregate.width == 1min ? 1 : 0;
    }
    return count;
  };
  const auto samples_counted = [&] {
    std::int64_t count = 0;
    for (const auto& aggregate : all_of(kept.store(), "group.web", Metric::cpu)) count += aggregate.count;
    return count;
  };
  const Instant much_later = kT0 + 3 * 24h;
  for (const int left : {700, 200, 0, 0}) {
    must_write(kept.store(), tick_at(much_later));
    CHECK(minutes_left() == left);
    CHECK(samples_counted() == 4 * kMinutes / 2);
  }
  CHECK(all_of(kept.store(), "group.web", Metric::memory).size() == 60);
}

}  // namespace vscale::test
