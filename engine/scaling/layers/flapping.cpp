#include "engine/scaling/layers/flapping.h"

#include <algorithm>

namespace vscale {
namespace {

// When the direction changed, oldest first.
std::vector<Instant> reversals_in(const std::vector<SizeChange>& changes) {
  std::vector<Instant> reversals;
  for (std::size_t i = 1; i < changes.size(); ++i) {
    const bool grew_before = changes[i - 1].to > changes[i - 1].from;
    const bool grows = changes[i].to > changes[i].from;
    if (grows != grew_before) reversals.push_back(changes[i].at);
  }
  return reversals;
}

}  // namespace

int reversals_after(const std::vector<SizeChange>& changes, Instant since) {
  return static_cast<int>(std::ranges::count_if(reversals_in(changes), [&](Instant at) { return at > since; }));
}

std::optional<Instant> flapping_until(const std::optional<Instant>& before, const std::vector<SizeChange>& changes,
                                      Instant now) {
  const bool flaps_already = before && now < *before;
  std::optional<Instant> until = flaps_already ? before : std::nullopt;
  if (!flaps_already && reversals_after(changes, now - kFlappingPeriod) < kFlappingReversals) return until;
  const std::vector<Instant> reversals = reversals_in(changes);
  if (!reversals.empty()) {
    const Instant calm_at = reversals.back() + kFlappingCalm;
    until = until ? std::max(*until, calm_at) : calm_at;
  }
  return until;
}

Duration doubled_window(Duration window) {
  return std::max(window, std::min(2 * window, kLongestDoubledWindow));
}

}  // namespace vscale
