#include "engine/scaling/layers/permit.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/scaling/policies/member_loads.h"

namespace vscale {
namespace {

using Layer = LayerResult::Layer;
using Process = Suspension::Process;

LayerResult unmoved(Layer layer, int before, std::string text = {}) {
  return {.layer = layer, .before = before, .after = before, .text = std::move(text)};
}

}  // namespace

bool is_held(const std::optional<WantedSize>& said, Instant now) {
  return said && said->owner == WantedSize::Owner::operator_ && said->until && now < *said->until;
}

LayerResult as_said(int before, const std::optional<WantedSize>& said, Instant now) {
  if (!is_held(said, now)) return unmoved(Layer::said, before);
  LayerResult result = unmoved(Layer::said, before);
  result.after = said->size;
  result.text = fmt::format("{} holds it at {} for {} more", said->by, said->size, show_duration(*said->until - now));
  if (!said->reason.empty()) result.text += ": " + said->reason;
  result.figures = {{"size", said->size}, {"left_s", std::chrono::duration<double>(*said->until - now).count()}};
  return result;
}

LayerResult clamp_to(int before, const SizeBounds& bounds) {
  LayerResult result = unmoved(Layer::clamp, before);
  result.after = std::clamp(before, bounds.low, bounds.high);
  const auto by = [](const std::string& policy) { return policy.empty() ? "" : fmt::format(" (window {})", policy); };
  result.text = fmt::format("min {}{}, max {}{}", bounds.low, by(bounds.low_by), bounds.high, by(bounds.high_by));
  result.figures = {{"min", bounds.low}, {"max", bounds.high}};
  return result;
}

LayerResult fit_room(int before, int current, const std::optional<int>& room) {
  LayerResult result = unmoved(Layer::room, before);
  if (!room || before <= current) return result;
  result.after = std::max(current, std::min(before, *room));
  result.text = fmt::format("hosts and addresses have room for {}", *room);
  result.figures = {{"room", *room}};
  return result;
}

std::string why_nobody_goes(const Obstacles& obstacles) {
  if (!obstacles.breaker.empty()) return obstacles.breaker;
  if (obstacles.suspended.contains(Process::terminate)) return "terminate is suspended: nothing goes";
  if (obstacles.rolling) return "a rolling update goes on: nothing goes";
  if (obstacles.scaling_in) return "members are still going: no further one goes";
  return "";
}

std::string why_nobody_comes(const Obstacles& obstacles) {
  if (!obstacles.breaker.empty()) return obstacles.breaker;
  if (obstacles.suspended.contains(Process::launch)) return "launch is suspended: nothing comes";
  return "";
}

LayerResult hold_back(int before, int current, const Obstacles& obstacles) {
  if (before == current) return unmoved(Layer::hold, before, obstacles.breaker);
  const std::string why = before < current ? why_nobody_goes(obstacles) : why_nobody_comes(obstacles);
  LayerResult result = unmoved(Layer::hold, before, why);
  if (!why.empty()) result.after = current;
  return result;
}

LayerResult keep_protected(int before, int current, const std::vector<ScalingMember>& members) {
  LayerResult result = unmoved(Layer::protect, before);
  if (before >= current) return result;
  int staying = 0;
  int removable = not_yet_begun(members, current);
  for (const ScalingMember& member : members) {
    if (member.surge || member.state == ScalingMember::State::leaving) continue;
    const bool stays = member.protected_from_scale_in || member.state == ScalingMember::State::unknown;
    ++(stays ? staying : removable);
  }
  result.after = std::max(before, current - removable);
  if (staying > 0) result.text = fmt::format("{} may not go: protected, or out of reach", staying);
  result.figures = {{"staying", staying}, {"removable", removable}};
  return result;
}

LayerResult limit_removal(int before, int current, const std::optional<int>& limit) {
  LayerResult result = unmoved(Layer::limit, before);
  if (!limit || before >= current) return result;
  result.after = std::max(before, current - std::max(0, *limit));
  result.text = fmt::format("limits.destroy: {} at once", *limit);
  result.figures = {{"limit", *limit}};
  return result;
}

}  // namespace vscale
