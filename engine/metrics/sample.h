#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/values/units.h"

/// What instances used, as rates.

namespace vscale {

/// The words of `metric:` in a policy.
enum class Metric { cpu, memory, disk_iops, disk_bytes, network_bytes };

/// What one instance used from `at - over` to `at`. What could not be told is absent, and absent is never zero.
struct Sample {
  Instant at{};
  Duration over{};                       ///< Longer than 0.
  std::optional<double> cpu_percent;     ///< Of its vCPUs that are online: 100 is all of them.
  std::optional<double> memory_percent;  ///< Of what the guest has; by its balloon, as it stood at `at`.
  std::optional<double> disk_iops;       ///< Requests a second, of all its disks.
  std::optional<double> disk_bytes;      ///< A second.
  std::optional<double> network_bytes;   ///< A second, received and sent.

  bool operator==(const Sample&) const = default;
};

/// Samples by the domain's uuid, oldest first: a new incarnation has none of its predecessor's.
using Samples = std::map<std::string, std::vector<Sample>>;

std::optional<double> value_of(const Sample& sample, Metric metric);
/// "cpu", "memory", "diskIops", "diskBytes", "networkBytes", as they are written.
const char* to_string(Metric metric);
std::optional<Metric> metric_from(const std::string& word);

}  // namespace vscale
