#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/ports/metrics/metrics_store.h"

namespace vscale::test {

/// A MetricsStore of a few lines, for tests that look at what is kept, or make keeping it fail. It keeps what a
/// SqliteMetricsStore does, but forgets samples all at once.
class MemoryMetricsStore final : public MetricsStore {
 public:
  std::optional<Error> failure_;  ///< As long as it is set, every call fails with it.
  int writes_ = 0;                ///< Those that did not fail.

  Result<void> write(const MetricsTick& tick) override {
    if (failure_) return *failure_;
    ++writes_;
    std::erase_if(written_, [&](const Written& written) {
      return written.newest < tick.keep_samples_since || written.newest >= tick.at + kClockSlack;
    });
    for (const auto& [group, samples] : tick.samples) remember(group, samples);
    readings_ = tick.readings;
    for (const MetricAggregate& aggregate : tick.aggregates) put(aggregate);
    const std::size_t most = kThinnedPerWrite + tick.aggregates.size();
    for (const ThinningStep& step : thinning_steps(tick.at, tick.keep_aggregates_since)) take(step, most);
    return {};
  }

  Result<std::map<std::string, Samples>> samples(Instant since) override {
    if (failure_) return *failure_;
    std::map<std::string, Samples> found;
    for (const Written& written : written_) {
      for (const auto& [uuid, samples] : written.samples) {
        for (const Sample& sample : samples) {
          if (sample.at >= since) found[written.group][uuid].push_back(sample);
        }
      }
    }
    for (auto& [group, of_group] : found) {
      for (auto& [uuid, samples] : of_group) std::ranges::stable_sort(samples, {}, &Sample::at);
    }
    return found;
  }

  Result<CounterReadings> readings() override {
    if (failure_) return *failure_;
    return readings_;
  }

  Result<std::vector<MetricAggregate>> aggregates(const std::string& group, Metric metric, Instant from,
                                                  Instant to) override {
    if (failure_) return *failure_;
    std::vector<MetricAggregate> found;
    for (const auto& [key, aggregate] : aggregates_) {
      const bool is_asked_for = aggregate.group == group && aggregate.metric == metric;
      if (is_asked_for && aggregate.from >= from && aggregate.from < to) found.push_back(aggregate);
    }
    return found;
  }

 private:
  struct Written {
    std::string group;
    Instant newest = Instant::min();
    Samples samples;
  };
  using Place = std::tuple<Instant, Duration, std::string, Metric>;  // oldest first

  static Place place_of(const MetricAggregate& aggregate) {
    return {aggregate.from, aggregate.width, aggregate.group, aggregate.metric};
  }

  void remember(const std::string& group, const Samples& samples) {
    Written written{.group = group, .samples = samples};
    for (const auto& [uuid, all] : samples) {
      for (const Sample& sample : all) written.newest = std::max(written.newest, sample.at);
    }
    written_.push_back(std::move(written));
  }

  void put(const MetricAggregate& aggregate) { aggregates_[place_of(aggregate)] = aggregate; }

  void take(const ThinningStep& step, std::size_t most) {
    std::vector<MetricAggregate> taken;
    for (const auto& [place, aggregate] : aggregates_) {
      const bool is_meant =
          aggregate.width == step.width && aggregate.from >= step.since && aggregate.from < step.until;
      if (is_meant && taken.size() < most) taken.push_back(aggregate);
    }
    for (const MetricAggregate& aggregate : taken) aggregates_.erase(place_of(aggregate));
    if (!step.wider) return;
    for (const MetricAggregate& bucket : widened(taken, *step.wider)) {
      std::vector<MetricAggregate> parts{bucket};
      if (const auto there = aggregates_.find(place_of(bucket)); there != aggregates_.end()) {
        parts.insert(parts.begin(), there->second);
      }
      put(widened(parts, *step.wider).front());
    }
  }

  std::vector<Written> written_;
  CounterReadings readings_;
  std::map<Place, MetricAggregate> aggregates_;
};

}  // namespace vscale::test
