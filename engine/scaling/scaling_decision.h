#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/values/units.h"

/// One decision about a group's size, with the number of every layer: what `explain` shows and the state keeps.

namespace vscale {

/// Named numbers that a layer stands on: {"value", 92.1}, {"target", 60}. In the order in which they are shown.
using Figures = std::vector<std::pair<std::string, double>>;

/// What one policy says.
struct Recommendation {
  enum class Kind {
    size,    ///< So many.
    bounds,  ///< A schedule's window: only `floor` and `ceiling` mean something.
    none,    ///< It has nothing to say: a step without a match, a window that is not open.
    error,   ///< It cannot tell, as its metric is missing or failing: nothing is removed while that is so.
  };

  std::string policy;
  Kind kind = Kind::none;
  int size = 0;        ///< Kind::size
  bool exact = false;  ///< Kind::size of a schedule: it overrules those that look at load.
  std::optional<int> floor, ceiling;
  std::string text;  ///< For a person: "cpu 92 % of 4 instances, target 60 %: 4 -> 7".
  Figures figures;

  bool operator==(const Recommendation&) const = default;
};
const char* to_string(Recommendation::Kind kind);

/// What came of the size in one layer, in the order in which they follow each other.
struct LayerResult {
  enum class Layer {
    combine,    ///< Of the policies one wins; an error among them takes nothing away.
    hold,       ///< An operator's size, a suspension, the breaker, a rolling update.
    stabilise,  ///< How long the need must last.
    rate,       ///< So many in so much time.
    cooldown,   ///< Rest after a change.
    project,    ///< Would the load of those that go fit on those that stay?
    increment,  ///< By multiples.
    protect,    ///< Members that may not go.
    limit,      ///< limits.destroy: so many at once.
    clamp,      ///< min and max, and the bounds of windows.
    room,       ///< What the hosts and the address pools can hold.
  };

  Layer layer = Layer::combine;
  int before = 0, after = 0;
  std::string text;  ///< For a person; never empty where `after` differs from `before`.
  Figures figures;

  bool operator==(const LayerResult&) const = default;
};
const char* to_string(LayerResult::Layer layer);

struct ScalingDecision {
  std::string group;
  Instant at{};
  int current = 0;                              ///< The size that was wanted before.
  int size = 0;                                 ///< The size that is wanted from here on.
  int ready = 0, there = 0;                     ///< Members that are ready, and all of them.
  std::vector<Recommendation> recommendations;  ///< In the order of the policies in the file.
  std::string winner;                           ///< The policy whose size it is; empty: none, or an operator.
  std::vector<LayerResult> layers;              ///< All of them, also those that changed nothing.
  std::string text;                             ///< "2 -> 4: cpu 92 %, target 60 %", "4: cpu 58 %, target 60 %"

  bool operator==(const ScalingDecision&) const = default;
};

}  // namespace vscale
