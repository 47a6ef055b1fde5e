#include "engine/metrics/history.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "engine/values/result.h"

namespace vscale {
namespace {

Instant begin_of_bucket(Instant at, Duration width) {
  const auto since_epoch = at.time_since_epoch();
  const auto over = since_epoch % width;
  return Instant(since_epoch - (over < Duration::zero() ? over + width : over));
}

void add(MetricAggregate& sum, const MetricAggregate& part) {
  const auto weight = static_cast<double>(sum.count), other = static_cast<double>(part.count);
  sum.average = (sum.average * weight + part.average * other) / (weight + other);
  sum.least = std::min(sum.least, part.least);
  sum.most = std::max(sum.most, part.most);
  sum.count += part.count;
}

}  // namespace

std::vector<ThinningStep> thinning_steps(Instant now, Instant keep_since) {
  std::vector<ThinningStep> steps;
  for (const HistoryTier& tier : kHistoryTiers) {
    steps.push_back({tier.width, Instant::min(), keep_since, std::nullopt});
    steps.push_back({tier.width, now + kClockSlack, Instant::max(), std::nullopt});
  }
  for (std::size_t i = 1; i < kHistoryTiers.size(); ++i) {
    const HistoryTier& wider = kHistoryTiers[i];
    steps.push_back(
        {kHistoryTiers[i - 1].width, Instant::min(), begin_of_bucket(now - wider.after, wider.width), wider.width});
  }
  return steps;
}

std::vector<MetricAggregate> widened(const std::vector<MetricAggregate>& aggregates, Duration width) {
  std::map<std::tuple<std::string, Metric, Instant>, MetricAggregate> buckets;
  for (const MetricAggregate& part : aggregates) {
    VSCALE_ASSERT(part.count >= 1 && part.width <= width, "an aggregate that does not fit into a bucket");
    const Instant from = begin_of_bucket(part.from, width);
    const auto [at, is_first] = buckets.try_emplace({part.group, part.metric, from}, part);
    if (!is_first) add(at->second, part);
    at->second.from = from;
    at->second.width = width;
  }
  std::vector<MetricAggregate> all;
  all.reserve(buckets.size());
  for (auto& [key, bucket] : buckets) all.push_back(std::move(bucket));
  return all;
}

}  // namespace vscale
