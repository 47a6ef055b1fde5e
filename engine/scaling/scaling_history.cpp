#include "engine/scaling/scaling_history.h"

#include <algorithm>

#include "engine/scaling/layers/flapping.h"

namespace vscale {
namespace {

constexpr int kGapsUntilSilence = 2;
constexpr Duration kCronInterval = std::chrono::minutes{1};

// The longest that stabilization may look back.
Duration longest_window(const Scaling& scaling) {
  return std::max(scaling.stabilization.out, doubled_window(scaling.stabilization.in));
}

// The longest that a change may matter: to rates, cooldowns, and the flapping guard.
Duration longest_memory_of_change(const Group& group) {
  const Scaling& scaling = *group.scaling;
  Duration longest = kFlappingPeriod + kFlappingCalm;
  for (const auto* rates : {&scaling.rate_out, &scaling.rate_in}) {
    for (const ScalingRate& rate : *rates) longest = std::max(longest, rate.per);
  }
  return std::max({longest, scaling.cooldown.in, scaling.cooldown.out + group.health.startup_timeout});
}

// One that began before the window stays, and another one: they tell that the window is covered, and how often it was
// looked by then.
void forget_old(std::vector<SizeOpinion>& opinions, Instant since) {
  auto first = opinions.begin();
  while (opinions.end() - first > 2 && (first + 2)->from <= since) ++first;
  opinions.erase(opinions.begin(), first);
}

// Values from before a silence are no neighbours of those after it.
void forget_interrupted_series(ScalingMemory& memory, Duration evaluate_interval, Instant now) {
  const auto& opinions = memory.opinions;
  const Duration before = opinions.empty() ? Duration{0} : gap_before(opinions, opinions.size() - 1);
  const bool goes_on = memory.evaluated_at && *memory.evaluated_at <= now &&
                       !is_silence(now - *memory.evaluated_at, evaluate_interval, before);
  if (goes_on) return;
  for (auto& [name, policy] : memory.policies) policy.beyond.clear();
}

}  // namespace

bool is_silence(Duration gap, Duration evaluate_interval, Duration before) {
  const Duration by_interval = kGapsUntilSilence * std::max(evaluate_interval, kCronInterval);
  const Duration by_looks = before > kFurthestLooks ? Duration{0} : kGapsUntilSilence * before;
  return gap > std::max(by_interval, std::min(by_looks, kFurthestLooks));
}

Duration gap_before(const std::vector<SizeOpinion>& opinions, std::size_t last) {
  const bool is_one_look = opinions[last].from == opinions[last].to;
  return is_one_look && last > 0 ? opinions[last].from - opinions[last - 1].to : Duration{0};
}

ScalingMemory still_of_use(const ScalingMemory& memory, const Group& group, Duration evaluate_interval, Instant now) {
  ScalingMemory kept = memory;
  std::erase_if(kept.opinions, [&](const SizeOpinion& opinion) { return opinion.from > now; });
  for (SizeOpinion& opinion : kept.opinions) opinion.to = std::min(opinion.to, now);
  forget_old(kept.opinions, now - longest_window(*group.scaling));
  const Instant changes_since = now - longest_memory_of_change(group);
  std::erase_if(kept.changes, [&](const SizeChange& change) { return change.at > now || change.at < changes_since; });
  if (kept.out_ready_at && *kept.out_ready_at > now) kept.out_ready_at.reset();
  if (kept.changes.empty()) kept.out_ready_at.reset();
  if (kept.flapping_until && *kept.flapping_until > now + kFlappingCalm) kept.flapping_until = now + kFlappingCalm;
  forget_interrupted_series(kept, evaluate_interval, now);
  return kept;
}

void note_opinion(ScalingMemory& memory, Duration evaluate_interval, int size, Instant now) {
  std::vector<SizeOpinion>& opinions = memory.opinions;
  const bool goes_on =
      !opinions.empty() && opinions.back().size == size && !is_silence(now - opinions.back().to, evaluate_interval);
  if (goes_on) {
    opinions.back().to = now;
    return;
  }
  opinions.push_back({.from = now, .to = now, .size = size});
  if (opinions.size() <= kMostOpinions) return;
  opinions[1].from = opinions[0].from;
  opinions[1].size = std::max(opinions[0].size, opinions[1].size);
  opinions.erase(opinions.begin());
}

void note_ready(ScalingMemory& memory, const Group& group, int ready, int current, Instant now) {
  const auto growth = std::find_if(memory.changes.rbegin(), memory.changes.rend(),
                                   [](const SizeChange& change) { return change.to > change.from; });
  if (growth == memory.changes.rend()) return;
  if (memory.out_ready_at && *memory.out_ready_at >= growth->at) return;
  const Instant at_the_latest = growth->at + group.health.startup_timeout;
  if (now >= at_the_latest) {
    memory.out_ready_at = at_the_latest;
  } else if (ready >= std::min(growth->to, current)) {
    memory.out_ready_at = now;
  }
}

void note_change(ScalingMemory& memory, int from, int to, Instant now) {
  if (from == to) return;
  memory.changes.push_back({.at = now, .from = from, .to = to});
  if (memory.changes.size() > kMostChanges) memory.changes.erase(memory.changes.begin());
}

}  // namespace vscale
