#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/recorded/operator_words.h"
#include "engine/recorded/scaling_memory.h"
#include "engine/scaling/decide_size.h"
#include "engine/scaling/layers/combine.h"

/// The layers that say what may be, whoever asked for it. All but the first two only move the size `before` them
/// towards the present one.

namespace vscale {

/// An operator's size holds until its moment; one without a moment was only the present size, and says nothing here.
bool is_held(const std::optional<WantedSize>& said, Instant now);
/// That size, where it holds.
LayerResult as_said(int before, const std::optional<WantedSize>& said, Instant now);

/// Into the bounds. A group that is below its min, or above its max, goes there at once.
LayerResult clamp_to(int before, const SizeBounds& bounds);

/// No more than there is room for; what is there already is not removed for it.
LayerResult fit_room(int before, int current, const std::optional<int>& room);

/// What stands against any change of a group, for now.
struct Obstacles {
  std::string breaker{};  ///< Nothing comes and nothing goes.
  std::set<Suspension::Process> suspended{};
  bool rolling = false;     ///< Nothing goes.
  bool scaling_in = false;  ///< Likewise.

  bool operator==(const Obstacles&) const = default;
};
/// Why nobody may be removed; empty: somebody may.
std::string why_nobody_goes(const Obstacles& obstacles);
/// Why nobody may be made; empty: somebody may.
std::string why_nobody_comes(const Obstacles& obstacles);
LayerResult hold_back(int before, int current, const Obstacles& obstacles);

/// Members that are protected, and those that nobody can reach, stay: where only those are left, the group stays so
/// large.
LayerResult keep_protected(int before, int current, const std::vector<ScalingMember>& members);

/// No more than `limit` go at once.
LayerResult limit_removal(int before, int current, const std::optional<int>& limit);

}  // namespace vscale
