#include "engine/metrics/sample_window.h"

#include <algorithm>

#include "engine/values/result.h"

namespace vscale {
namespace {

constexpr Metric kMetrics[] = {Metric::cpu, Metric::memory, Metric::disk_iops, Metric::disk_bytes,
                               Metric::network_bytes};

/// Values, each with how long it lasted.
class Weighed {
 public:
  void add(const Sample& sample, Metric metric) {
    const std::optional<double> value = value_of(sample, metric);
    if (!value) return;
    const auto weight = static_cast<double>(sample.over.count());
    sum_ += *value * weight;
    weight_ += weight;
    least_ = count_ == 0 ? *value : std::min(least_, *value);
    most_ = count_ == 0 ? *value : std::max(most_, *value);
    ++count_;
  }

  int count() const { return count_; }
  double least() const { return least_; }
  double most() const { return most_; }
  double average() const {
    VSCALE_ASSERT(weight_ > 0, "a sample lasts longer than nothing");
    return sum_ / weight_;
  }

 private:
  double sum_ = 0, weight_ = 0, least_ = 0, most_ = 0;
  int count_ = 0;
};

}  // namespace

void add_sample(Samples& samples, const std::string& uuid, const Sample& sample) {
  std::vector<Sample>& own = samples[uuid];
  std::erase_if(own, [&](const Sample& earlier) { return earlier.at >= sample.at; });
  own.push_back(sample);
}

void drop_unseen(Samples& samples, Instant now, Duration longest_window,
                 const std::unordered_set<std::string_view>& there) {
  for (auto& [uuid, own] : samples) {
    std::erase_if(own, [&](const Sample& sample) { return sample.at <= now - longest_window || sample.at > now; });
  }
  std::erase_if(samples, [&](const auto& entry) { return entry.second.empty() || !there.contains(entry.first); });
}

std::optional<double> average_over(const std::vector<Sample>& samples, Metric metric, Instant now, Duration window) {
  Weighed seen;
  for (const Sample& sample : samples) {
    if (sample.at > now - window && sample.at <= now) seen.add(sample, metric);
  }
  if (seen.count() == 0) return std::nullopt;
  return seen.average();
}

std::vector<MinuteAggregate> aggregate_minute(const std::vector<const std::vector<Sample>*>& members, Instant during) {
  const Instant minute = std::chrono::floor<std::chrono::minutes>(during);
  std::vector<MinuteAggregate> aggregates;
  for (const Metric metric : kMetrics) {
    Weighed seen;
    for (const std::vector<Sample>* samples : members) {
      VSCALE_ASSERT(samples != nullptr, "a member without samples has an empty list of them");
      for (const Sample& sample : *samples) {
        if (std::chrono::floor<std::chrono::minutes>(sample.at) == minute) seen.add(sample, metric);
      }
    }
    if (seen.count() == 0) continue;
    aggregates.push_back({.minute = minute,
                          .metric = metric,
                          .average = seen.average(),
                          .least = seen.least(),
                          .most = seen.most(),
                          .count = seen.count()});
  }
  return aggregates;
}

}  // namespace vscale
