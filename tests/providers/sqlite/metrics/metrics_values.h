#pragma once

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "engine/ports/metrics/metrics_store.h"

/// Measured values for the tests of metrics stores.

namespace vscale::test {

constexpr Instant kMetricsNoon = std::chrono::sys_days{std::chrono::year{2026} / 5 / 4} + std::chrono::hours{12};

inline std::string metrics_uuid(int number) {
  return fmt::format("00000000-0000-4000-8000-{:012}", number);
}

/// With a value for every metric, that no two samples share.
inline Sample full_sample(Instant at, double salt = 0) {
  return {.at = at,
          .over = std::chrono::milliseconds{14'987},
          .cpu_percent = 61.3 + salt,
          .memory_percent = 0.1 + salt,
          .disk_iops = 1e-3 + salt,
          .disk_bytes = 123'456'789.25 + salt,
          .network_bytes = 7e9 + salt};
}

/// 1 minute of samples of `group` came to this.
inline MetricAggregate minute(const std::string& group, Metric metric, Instant from, double average,
                              std::int64_t count = 4) {
  return {.group = group,
          .metric = metric,
          .from = from,
          .width = std::chrono::minutes{1},
          .average = average,
          .least = average - 2,
          .most = average + 2,
          .count = count};
}

/// Nothing is measured; samples of the last hour and aggregates of the last 14 days are kept.
inline MetricsTick tick_at(Instant at) {
  MetricsTick tick;
  tick.at = at;
  tick.keep_samples_since = at - std::chrono::hours{1};
  tick.keep_aggregates_since = at - std::chrono::days{14};
  return tick;
}

inline void must_write(MetricsStore& store, const MetricsTick& tick) {
  const auto written = store.write(tick);
  INFO((written ? "" : to_string(written.error())));
  REQUIRE(written);
}

template <class Value>
Value must_have(Result<Value> found) {
  INFO((found ? "" : to_string(found.error())));
  REQUIRE(found);
  return std::move(found).value();
}

inline std::vector<MetricAggregate> all_of(MetricsStore& store, const std::string& group, Metric metric) {
  return must_have(store.aggregates(group, metric, Instant::min(), Instant::max()));
}

}  // namespace vscale::test
