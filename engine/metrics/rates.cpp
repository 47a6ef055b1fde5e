#include "engine/metrics/rates.h"

#include "engine/values/result.h"

namespace vscale {
namespace {

using Counter = std::optional<std::uint64_t>;

bool went_back(const Counter& before, const Counter& now) {
  return before && now && *now < *before;
}

bool counted_anew(const DomainCounters& before, const DomainCounters& now) {
  return went_back(before.cpu_ns, now.cpu_ns) || went_back(before.disk_requests, now.disk_requests) ||
         went_back(before.disk_bytes, now.disk_bytes) || went_back(before.network_bytes, now.network_bytes);
}

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

std::optional<double> per_second(const Counter& before, const Counter& now, Duration over) {
  if (!before || !now) return std::nullopt;
  return static_cast<double>(*now - *before) / seconds(over);
}

std::optional<double> cpu_percent(const DomainCounters& before, const DomainCounters& now, Duration over) {
  const bool same_vcpus = now.vcpus && before.vcpus == now.vcpus && *now.vcpus > 0;
  const auto ns_per_second = per_second(before.cpu_ns, now.cpu_ns, over);
  if (!same_vcpus || !ns_per_second) return std::nullopt;
  constexpr double kNsPerSecond = 1e9;
  return *ns_per_second / kNsPerSecond / *now.vcpus * 100;
}

std::optional<double> memory_percent(const DomainCounters& before, const DomainCounters& now) {
  const bool told_since = now.memory_told_at_s && before.memory_told_at_s != now.memory_told_at_s;
  if (!told_since || !now.memory_total_bytes || !now.memory_usable_bytes) return std::nullopt;
  if (*now.memory_total_bytes == 0 || *now.memory_usable_bytes > *now.memory_total_bytes) return std::nullopt;
  const auto used = static_cast<double>(*now.memory_total_bytes - *now.memory_usable_bytes);
  return used / static_cast<double>(*now.memory_total_bytes) * 100;
}

}  // namespace

const char* to_string(NoSample why) {
  switch (why) {
    case NoSample::too_short:
      return "too short";
    case NoSample::too_long:
      return "too long";
    case NoSample::clock_jumped:
      return "clock jumped";
    case NoSample::another_boot:
      return "another boot";
    case NoSample::counted_anew:
      return "counted anew";
  }
  VSCALE_ASSERT(false, "a NoSample without a word");
}

std::variant<Sample, NoSample> sample_between(const CounterReading& before, const CounterReading& now,
                                              Duration interval) {
  VSCALE_ASSERT(interval > Duration{0}, "an interval between collections is longer than 0");
  const Duration over = now.uptime - before.uptime;
  const Duration by_wall_clock = now.at - before.at;
  if (over < Duration{0}) return NoSample::another_boot;
  if (std::chrono::abs(by_wall_clock - over) > kClockTolerance) return NoSample::clock_jumped;
  // At once, so that the earlier reading does not stay: it counts from another beginning.
  if (counted_anew(before.counters, now.counters)) return NoSample::counted_anew;
  if (over == Duration{0} || over * kShortestPart < interval) return NoSample::too_short;
  if (over > interval * kLongestIntervals) return NoSample::too_long;
  return Sample{.at = now.at,
                .over = over,
                .cpu_percent = cpu_percent(before.counters, now.counters, over),
                .memory_percent = memory_percent(before.counters, now.counters),
                .disk_iops = per_second(before.counters.disk_requests, now.counters.disk_requests, over),
                .disk_bytes = per_second(before.counters.disk_bytes, now.counters.disk_bytes, over),
                .network_bytes = per_second(before.counters.network_bytes, now.counters.network_bytes, over)};
}

}  // namespace vscale
