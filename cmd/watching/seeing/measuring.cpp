#include "cmd/watching/seeing/measuring.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <variant>

namespace vscale {
namespace {

/// A tick may come a little before its time.
constexpr Duration kEarly{500};

/// Aggregates of a minute are made of its samples as long as it lasts.
constexpr Duration kKeptForMinutes{std::chrono::minutes{2}};

/// The longest that a policy of any group looks back, and somewhat more.
Duration longest_window(const Config& config) {
  Duration longest = std::max(kKeptForMinutes, config.metrics.interval * 2);
  for (const auto& group : config.groups) {
    if (!group.scaling) continue;
    longest = std::max(longest, group.scaling->window);
    for (const auto& policy : group.scaling->policies) longest = std::max(longest, policy.window.value_or(Duration{}));
  }
  return longest;
}

std::unordered_map<std::string_view, const InstanceAddress*> addresses_by_uuid(const RecordedState& recorded) {
  std::unordered_map<std::string_view, const InstanceAddress*> addresses;
  for (const auto& [address, instance] : recorded.instances) addresses.emplace(instance.uuid, &address);
  return addresses;
}

std::unordered_set<std::string_view> uuids_of(const RecordedState& recorded) {
  std::unordered_set<std::string_view> uuids;
  for (const auto& [address, instance] : recorded.instances) uuids.insert(instance.uuid);
  return uuids;
}

}  // namespace

std::optional<Error> Measuring::open(const Outside& outside, const Config& config, Instant now) {
  if (path_ == config.metrics.path) return std::nullopt;
  path_ = config.metrics.path;
  store_ = outside.open_metrics(path_);
  const auto kept = store_->samples(now - longest_window(config));
  if (!kept) return kept.error();
  for (const auto& [group, samples] : *kept) samples_.insert(samples.begin(), samples.end());
  auto readings = store_->readings();
  if (!readings) return readings.error();
  readings_ = std::move(*readings);
  return std::nullopt;
}

bool Measuring::is_due(const Config& config, Duration uptime) const {
  return !asked_at_ || uptime + kEarly >= *asked_at_ + config.metrics.interval;
}

/// What sample_between() is to take for the interval between collections.
Duration Measuring::interval_between(const CounterReading& before, const CounterReading& now,
                                     const Config& config) const {
  const Duration apart = now.uptime - before.uptime;
  return apart <= usual_gap_ ? std::max(config.metrics.interval, apart) : config.metrics.interval;
}

std::optional<Error> Measuring::take(const Config& config, const RecordedState& recorded, const Live& live, Instant now,
                                     Duration uptime) {
  asked_at_ = uptime;
  const auto addresses = addresses_by_uuid(recorded);
  fresh_.clear();
  Duration latest{};
  for (const auto& [host, view] : live) {
    if (!view.snapshot) continue;
    const Duration after = view.snapshot->counted_after;
    latest = std::max(latest, after);
    for (const auto& [uuid, counters] : view.snapshot->counters) {
      const auto instance = addresses.find(uuid);
      if (instance == addresses.end()) continue;
      const CounterReading reading{now + after, uptime + after, counters};
      const auto before = readings_.find(uuid);
      if (before == readings_.end()) {
        readings_.emplace(uuid, reading);
        continue;
      }
      const auto made = sample_between(before->second, reading, interval_between(before->second, reading, config));
      const auto* why_not = std::get_if<NoSample>(&made);
      if (why_not != nullptr && *why_not == NoSample::too_short) continue;
      before->second = reading;
      if (why_not != nullptr) continue;
      add_sample(samples_, uuid, std::get<Sample>(made));
      fresh_[group_address(*instance->second)].emplace_back(uuid, std::get<Sample>(made));
    }
  }
  const auto there = uuids_of(recorded);
  const Instant told = now + latest;
  drop_unseen(samples_, told, longest_window(config), there);
  std::erase_if(readings_, [&](const auto& entry) { return !there.contains(entry.first); });
  if (store_ == nullptr) return std::nullopt;
  MetricsTick tick = tick_of(config, recorded, told);
  tick.readings = std::move(readings_);  // lent: those of thousands of domains are not copied to be written down
  const auto written = store_->write(tick);
  readings_ = std::move(tick.readings);
  const bool failed_before = std::exchange(is_failing_, !written.ok());
  if (written || failed_before) return std::nullopt;
  return written.error();
}

MetricsTick Measuring::tick_of(const Config& config, const RecordedState& recorded, Instant now) const {
  MetricsTick tick;
  tick.at = now;
  tick.keep_samples_since = now - longest_window(config);
  tick.keep_aggregates_since = now - config.metrics.history;
  for (const auto& [group, samples] : fresh_) {
    for (const auto& [uuid, sample] : samples) tick.samples[group][uuid].push_back(sample);
  }
  std::map<std::string, std::vector<const std::vector<Sample>*>> members;
  for (const auto& [address, instance] : recorded.instances) {
    const auto samples = samples_.find(instance.uuid);
    if (samples != samples_.end()) members[group_address(address)].push_back(&samples->second);
  }
  for (const auto& [group, samples] : members) {
    for (const auto& minute : aggregate_minute(samples, now)) {
      tick.aggregates.push_back({.group = group,
                                 .metric = minute.metric,
                                 .from = minute.minute,
                                 .width = kHistoryTiers.front().width,
                                 .average = minute.average,
                                 .least = minute.least,
                                 .most = minute.most,
                                 .count = minute.count});
    }
  }
  return tick;
}

}  // namespace vscale
