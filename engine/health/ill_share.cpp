#include "engine/health/ill_share.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "engine/health/illness.h"

namespace vscale {
namespace {

constexpr int kWhole = 100;

std::int64_t hundredths(int percent, int of) {
  return std::int64_t{percent} * of;
}

void count(IllShare& share, const Group& group, const HealthFinding& finding, const HealthRecord& record, Instant now) {
  switch (finding.state) {
    case HealthFinding::State::alive:
      ++share.counted;
      break;
    case HealthFinding::State::failing:
    case HealthFinding::State::off:
      ++share.counted;
      ++share.ill;
      break;
    case HealthFinding::State::booting:
      ++share.counted;
      if (is_past_startup_timeout(group, finding, record, now)) ++share.ill;
      break;
    case HealthFinding::State::unknown:
      ++share.unknown;
      break;
    case HealthFinding::State::making:
    case HealthFinding::State::stopped:
    case HealthFinding::State::leaving:
      break;
  }
}

}  // namespace

IllShare ill_share(const HealthInput& input, const std::map<InstanceAddress, HealthRecord>& records) {
  IllShare share;
  for (const HealthFinding& finding : input.members) {
    count(share, *input.group, finding, records.at(finding.address), input.now);
  }
  return share;
}

int allowed_unhealthy(const Amount& max_unhealthy, int counted) {
  if (max_unhealthy.unit == Amount::Unit::count || max_unhealthy.value == 0) return max_unhealthy.value;
  return std::max(1, static_cast<int>(hundredths(max_unhealthy.value, counted) / kWhole));
}

std::string why_too_many_ill(const Group& group, const IllShare& share) {
  const Amount& most = group.health.heal.max_unhealthy;
  const int allowed = allowed_unhealthy(most, share.counted);
  if (share.ill <= allowed) return "";
  return fmt::format("{} of {} are ill, {} allowed (maxUnhealthy {}{})", share.ill, share.counted, allowed, most.value,
                     most.unit == Amount::Unit::percent ? " %" : "");
}

std::string why_breaker_open(const Group& group, const IllShare& share) {
  if (!group.scaling) return "";
  const int at_least = group.scaling->breaker_at_least;
  const int percent = group.scaling->breaker_unready_percent;
  const bool is_open = share.ill > at_least && hundredths(kWhole, share.ill) > hundredths(percent, share.counted);
  if (!is_open) return "";
  return fmt::format("{} of {} are unready ({} %), more than {} and than {} %", share.ill, share.counted,
                     hundredths(kWhole, share.ill) / share.counted, at_least, percent);
}

Figures figures_of(const Group& group, const IllShare& share) {
  return {{"ill", share.ill},
          {"counted", share.counted},
          {"allowed", allowed_unhealthy(group.health.heal.max_unhealthy, share.counted)},
          {"unknown", share.unknown}};
}

}  // namespace vscale
