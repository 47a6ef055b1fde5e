#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "engine/metrics/sample.h"

/// Samples are kept for as long as somebody looks back, and are averaged over it.

namespace vscale {

/// Puts the sample behind those of its domain. Those that are not before it go: they are from before the wall clock was
/// set back, and would stay in every window until it has come to them again.
void add_sample(Samples& samples, const std::string& uuid, const Sample& sample);

/// Drops what no window sees any more: what is `longest_window` old or older, what is of the future, and all of domains
/// whose uuids are not in `there`. A domain whose host does not answer is there.
void drop_unseen(Samples& samples, Instant now, Duration longest_window,
                 const std::unordered_set<std::string_view>& there);

/// The average of what a domain used in the window that ends `now`, each sample counting for as long as it is; one that
/// began before the window counts like the others. Absent if none of them tells it.
std::optional<double> average_over(const std::vector<Sample>& samples, Metric metric, Instant now, Duration window);

/// What the members of a group used in one minute, in one metric.
struct MinuteAggregate {
  Instant minute{};  ///< Its beginning.
  Metric metric = Metric::cpu;
  double average = 0;  ///< Each sample counts for as long as it is.
  double least = 0, most = 0;
  int count = 0;  ///< Samples that tell it: 1 or more.

  bool operator==(const MinuteAggregate&) const = default;
};

/// Of the minute that `during` is in, by the samples that end in it; in the order of Metric, without those metrics that
/// no sample tells. `members`: each one's samples, none of them null.
std::vector<MinuteAggregate> aggregate_minute(const std::vector<const std::vector<Sample>*>& members, Instant during);

}  // namespace vscale
