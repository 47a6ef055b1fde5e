#include "engine/metrics/sample.h"

#include <array>

#include "engine/values/result.h"

namespace vscale {
namespace {

constexpr std::array kMetrics{Metric::cpu, Metric::memory, Metric::disk_iops, Metric::disk_bytes,
                              Metric::network_bytes};

}  // namespace

std::optional<double> value_of(const Sample& sample, Metric metric) {
  switch (metric) {
    case Metric::cpu:
      return sample.cpu_percent;
    case Metric::memory:
      return sample.memory_percent;
    case Metric::disk_iops:
      return sample.disk_iops;
    case Metric::disk_bytes:
      return sample.disk_bytes;
    case Metric::network_bytes:
      return sample.network_bytes;
  }
  VSCALE_ASSERT(false, "a Metric without a value");
}

const char* to_string(Metric metric) {
  switch (metric) {
    case Metric::cpu:
      return "cpu";
    case Metric::memory:
      return "memory";
    case Metric::disk_iops:
      return "diskIops";
    case Metric::disk_bytes:
      return "diskBytes";
    case Metric::network_bytes:
      return "networkBytes";
  }
  VSCALE_ASSERT(false, "a Metric without a word");
}

std::optional<Metric> metric_from(const std::string& word) {
  for (const Metric metric : kMetrics) {
    if (word == to_string(metric)) return metric;
  }
  return std::nullopt;
}

}  // namespace vscale
