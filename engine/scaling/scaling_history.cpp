#include "engine/scaling/scaling_history.h"

#include <algorithm>

#include "engine/scaling/layers/flapping.h"

namespace vscale {
namespace {

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

// One that ended before the window began stays: it tells that the window is covered.
void forget_old(std::vector<SizeOpinion>& opinions, Instant since) {
  auto first = opinions.begin();
  while (first != opinions.end() && first + 1 != opinions.end() && (first + 1)->from <= since) ++first;
  opinions.erase(opinions.begin(), first);
}

}  // namespace

ScalingMemory still_of_use(const ScalingMemory& memory, const Group& group, Instant now) {
  ScalingMemory kept = memory;
  std::erase_if(kept.opinions, [&](const SizeOpinion& opinion) { return opinion.from > now; });
  for (SizeOpinion& opinion : kept.opinions) opinion.to = std::min(opinion.to, now);
  forget_old(kept.opinions, now - longest_window(*group.scaling));
  const Instant changes_since = now - longest_memory_of_change(group);
  std::erase_if(kept.changes, [&](const SizeChange& change) { return change.at > now || change.at < changes_since; });
  if (kept.out_ready_at && *kept.out_ready_at > now) kept.out_ready_at.reset();
  if (kept.changes.empty()) kept.out_ready_at.reset();
  if (kept.flapping_until && *kept.flapping_until > now + kFlappingCalm) kept.flapping_until = now + kFlappingCalm;
  return kept;
}

void note_opinion(ScalingMemory& memory, const Scaling& scaling, int size, Instant now) {
  std::vector<SizeOpinion>& opinions = memory.opinions;
  if (!opinions.empty() && now - opinions.back().to > longest_window(scaling)) opinions.clear();
  if (!opinions.empty() && opinions.back().size == size) {
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
