#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/metrics/sample.h"
#include "engine/values/units.h"

/// What groups used, minute by minute, and the coarser the longer it is ago: for plots, and for policies that look
/// back over weeks.

namespace vscale {

/// What the samples of a group came to, for one metric, from `from` to `from + width`.
struct MetricAggregate {
  std::string group;  ///< `group.web`
  Metric metric = Metric::cpu;
  Instant from{};    ///< A multiple of `width` since 1970.
  Duration width{};  ///< One of kHistoryTiers.
  double average = 0, least = 0, most = 0;
  std::int64_t count =
      0;  ///< Samples that had this metric; at least 1: of what was not measured there is no aggregate.

  bool operator==(const MetricAggregate&) const = default;
};

struct HistoryTier {
  Duration after{};  ///< From this age on
  Duration width{};  ///< an aggregate is of so much time.
};

/// By age, each of a width that the next one's is a multiple of. With the default history of 14 days that is at most
/// 1440 + 864 + 168 aggregates for each group and metric.
constexpr std::array<HistoryTier, 3> kHistoryTiers{{{std::chrono::hours{0}, std::chrono::minutes{1}},
                                                    {std::chrono::hours{24}, std::chrono::minutes{10}},
                                                    {std::chrono::days{7}, std::chrono::hours{1}}}};

/// As many aggregates are thinned out by one step of one write, beside as many as it brings: so thinning keeps up with
/// whatever is written, and what has gathered while nobody wrote goes bit by bit.
constexpr std::size_t kThinnedPerWrite = 500;

/// What is stamped later than now by more than this was stamped by a clock that has been set back since.
constexpr Duration kClockSlack{std::chrono::minutes{1}};

/// Aggregates of `width` that begin from `since` on and before `until`
struct ThinningStep {
  Duration width{};
  Instant since{}, until{};
  std::optional<Duration> wider;  ///< become such of this width; nothing: they are dropped.

  bool operator==(const ThinningStep&) const = default;
};

/// What is to be done, in this order, so that what is kept is as coarse as its age allows: what begins before
/// `keep_since`, or later than `now`, goes; the rest moves from tier to tier, a whole wider bucket at a time.
std::vector<ThinningStep> thinning_steps(Instant now, Instant keep_since);

/// `aggregates` put together in buckets of `width`, in order of group, metric and time. It does not matter whether all
/// of a bucket is put together at once: what was put together before may be given again with the rest.
std::vector<MetricAggregate> widened(const std::vector<MetricAggregate>& aggregates, Duration width);

}  // namespace vscale
