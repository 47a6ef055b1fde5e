#include "engine/scaling/layers/temper.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <limits>

#include "engine/scaling/policies/numbers.h"
#include "engine/scaling/scaling_history.h"

namespace vscale {
namespace {

using Layer = LayerResult::Layer;

LayerResult unchanged(Layer layer, int before, std::string text = {}) {
  return {.layer = layer, .before = before, .after = before, .text = std::move(text)};
}

// Moves `before` towards `base`, as far as `bound` asks for.
int bounded(int before, int base, int bound) {
  return before > base ? std::max(base, std::min(before, bound)) : std::min(base, std::max(before, bound));
}

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

// Is it known from `since` on what was asked for?
bool is_covered(const std::vector<SizeOpinion>& opinions, Instant since, Duration evaluate_interval) {
  if (opinions.empty() || opinions.front().from > since) return false;
  for (std::size_t i = 1; i < opinions.size(); ++i) {
    const Duration gap = opinions[i].from - opinions[i - 1].to;
    if (opinions[i].from > since && is_silence(gap, evaluate_interval, gap_before(opinions, i - 1))) return false;
  }
  return true;
}

// The sizes that were asked for from `since` on, each up to the next look; the present one stands for what is not
// known.
std::vector<int> sizes_since(Instant since, const std::vector<SizeOpinion>& opinions, int base,
                             Duration evaluate_interval) {
  std::vector<int> sizes;
  for (std::size_t i = 0; i < opinions.size(); ++i) {
    const bool lasted = opinions[i].to >= since || (i + 1 < opinions.size() && opinions[i + 1].from > since);
    if (lasted) sizes.push_back(opinions[i].size);
  }
  if (!is_covered(opinions, since, evaluate_interval)) sizes.push_back(base);
  return sizes;
}

// By how much the group grew, and shrank, within a rate's time.
struct Moved {
  int out = 0;
  int in = 0;
};

Moved moved_after(const std::vector<SizeChange>& changes, Instant since) {
  Moved moved;
  for (const SizeChange& change : changes) {
    if (change.at <= since) continue;
    moved.out += std::max(0, change.to - change.from);
    moved.in += std::max(0, change.from - change.to);
  }
  return moved;
}

int share_up(int size, int percent) {
  return static_cast<int>((static_cast<std::int64_t>(size) * percent + 99) / 100);
}

int share_down(int size, int percent) {
  return static_cast<int>(static_cast<std::int64_t>(size) * percent / 100);
}

// How large the group may be by one rate.
int most_by(const ScalingRate& rate, int begin, int increment) {
  const bool is_percent = rate.amount.unit == Amount::Unit::percent;
  const int step = is_percent ? share_up(begin, rate.amount.value) : rate.amount.value;
  return begin + std::max({step, increment, 1});
}

// How small it may be.
int least_by(const ScalingRate& rate, int begin, int increment) {
  const bool is_percent = rate.amount.unit == Amount::Unit::percent;
  const int left = share_down(begin, std::max(0, 100 - rate.amount.value));
  const int step = is_percent ? begin - left : rate.amount.value;
  return begin - std::max({step, increment, 1});
}

std::string shown(const SizeChange& change) {
  return fmt::format("{} -> {}", change.from, change.to);
}

const SizeChange* last_growth(const std::vector<SizeChange>& changes) {
  for (auto change = changes.rbegin(); change != changes.rend(); ++change) {
    if (change->to > change->from) return &*change;
  }
  return nullptr;
}

LayerResult resting(int before, int base, Instant until, const SizeChange& change, Instant now) {
  if (now >= until) return unchanged(Layer::cooldown, before, fmt::format("rested since {}", shown(change)));
  return {.layer = Layer::cooldown,
          .before = before,
          .after = base,
          .text = fmt::format("rests {} more after {}", show_duration(until - now), shown(change)),
          .figures = {{"left_s", seconds(until - now)}}};
}

}  // namespace

LayerResult stabilise(int before, int base, const std::vector<SizeOpinion>& opinions, const OutIn& windows,
                      Duration evaluate_interval, Instant now) {
  if (before == base) return unchanged(Layer::stabilise, before);
  const bool grows = before > base;
  const Duration window = grows ? windows.out : windows.in;
  if (window <= Duration::zero()) return unchanged(Layer::stabilise, before, "no need to last");
  const std::vector<int> sizes = sizes_since(now - window, opinions, base, evaluate_interval);
  const int bound = sizes.empty() ? base : grows ? std::ranges::min(sizes) : std::ranges::max(sizes);
  LayerResult result = unchanged(Layer::stabilise, before);
  result.after = bounded(before, base, bound);
  result.text = fmt::format("{} {} in the last {}", grows ? "at least" : "at most", bound, show_duration(window));
  result.figures = {{"window_s", seconds(window)}, {grows ? "least" : "most", bound}};
  return result;
}

LayerResult limit_rate(int before, int base, const Scaling& scaling, const std::vector<SizeChange>& changes,
                       Instant now) {
  const bool grows = before > base;
  const std::vector<ScalingRate>& rates = grows ? scaling.rate_out : scaling.rate_in;
  if (before == base || rates.empty()) return unchanged(Layer::rate, before);
  int bound = grows ? std::numeric_limits<int>::min() : std::numeric_limits<int>::max();
  Moved moved;
  Duration per{};
  for (const ScalingRate& rate : rates) {
    const Moved lately = moved_after(changes, now - rate.per);
    const int begin = std::max(0, base - lately.out + lately.in);
    const int by_rate = grows ? most_by(rate, begin, scaling.increment) : least_by(rate, begin, scaling.increment);
    const bool allows_more = grows ? by_rate > bound : by_rate < bound;
    if (!allows_more) continue;
    bound = by_rate;
    moved = lately;
    per = rate.per;
  }
  LayerResult result = unchanged(Layer::rate, before);
  result.after = bounded(before, base, bound);
  const int done = grows ? moved.out : moved.in;
  result.text = fmt::format("{} {} for now, {} {} in the last {}", grows ? "at most" : "at least", std::max(0, bound),
                            done, grows ? "came" : "went", show_duration(per));
  result.figures = {
      {grows ? "most" : "least", std::max(0, bound)}, {grows ? "came" : "went", done}, {"per_s", seconds(per)}};
  return result;
}

LayerResult rest(int before, int base, const OutIn& cooldown, const ScalingMemory& memory, Instant now) {
  if (before == base || memory.changes.empty()) return unchanged(Layer::cooldown, before);
  if (before < base) {
    const SizeChange& last = memory.changes.back();
    return resting(before, base, last.at + cooldown.in, last, now);
  }
  const SizeChange* growth = last_growth(memory.changes);
  if (growth == nullptr || cooldown.out <= Duration::zero()) return unchanged(Layer::cooldown, before);
  if (memory.out_ready_at && *memory.out_ready_at >= growth->at) {
    return resting(before, base, *memory.out_ready_at + cooldown.out, *growth, now);
  }
  return {.layer = Layer::cooldown,
          .before = before,
          .after = base,
          .text = fmt::format("{} is not all ready yet, {} ago", shown(*growth), show_duration(now - growth->at)),
          .figures = {{"since_s", seconds(now - growth->at)}}};
}

LayerResult look_ahead(int before, int base, const std::vector<GroupLoad>& loads, int current) {
  LayerResult result = unchanged(Layer::project, before);
  if (before >= base) return result;
  int bound = 0;
  for (const GroupLoad& load : loads) {
    const double share = 1 - load.tolerance;
    const bool is_idle = load.ratio < kNumberSlack;
    const int needed = is_idle ? 0 : share <= 0 ? base : instances_holding(load.ratio * current / share);
    if (needed <= bound) continue;
    bound = needed;
    result.text = fmt::format("{}: {} would have {} % of the target's load, {} {} %; {} have {} %", load.policy, before,
                              before > 0 ? shown_number(100 * load.ratio * current / before) : "no end of",
                              needed > before ? "over" : "within", shown_number(100 * share), current,
                              shown_number(100 * load.ratio));
    result.figures = {{"ratio", load.ratio}, {"tolerance", load.tolerance}, {"least", needed}};
  }
  result.after = bounded(before, base, bound);
  return result;
}

LayerResult round_to_increment(int before, int base, int increment) {
  LayerResult result = unchanged(Layer::increment, before);
  if (increment <= 1 || before == base) return result;
  const int change = before - base;
  const int rounded = change > 0 ? (change + increment - 1) / increment * increment : change / increment * increment;
  result.after = base + rounded;
  result.text = fmt::format("by multiples of {}", increment);
  result.figures = {{"increment", increment}};
  return result;
}

}  // namespace vscale
