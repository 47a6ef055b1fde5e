#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/values/address.h"
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
  std::optional<int> floor{}, ceiling{};
  std::string text;  ///< For a person, without the size: "cpu 92 % of 4 instances, target 60 %". Never empty.
  Figures figures{};

  bool operator==(const Recommendation&) const = default;
};
const char* to_string(Recommendation::Kind kind);

/// What came of the size in one layer, in the order in which they follow each other. Those up to `increment` say what
/// would be good; those from `clamp` on what may be, and none of them is overruled: but for `clamp`, they only move the
/// size back towards what it was.
struct LayerResult {
  enum class Layer {
    combine,    ///< Of the policies one wins; an error among them takes nothing away.
    said,       ///< An operator's size, so long as it is to stay.
    stabilise,  ///< How long the need must last.
    rate,       ///< So many in so much time.
    cooldown,   ///< Rest after a change.
    project,    ///< Would the load of those that go fit on those that stay?
    increment,  ///< By multiples.
    clamp,      ///< min and max, and the bounds of windows.
    room,       ///< What the hosts and the address pools can hold.
    hold,       ///< The breaker, a suspension, a rolling update, members that are still going.
    protect,    ///< Members that may not go.
    limit,      ///< limits.destroy: so many at once.
  };

  Layer layer = Layer::combine;
  int before = 0, after = 0;
  std::string text{};  ///< For a person; never empty where `after` differs from `before`.
  Figures figures{};

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
  /// Members that have asked to end and may go now: victims before all others where the group gets smaller, and
  /// replaced where it does not. In order of addresses.
  std::vector<InstanceAddress> terminating;
  std::vector<LayerResult> layers;  ///< All that it went through, also those that changed nothing.
  /// "2 -> 4: cpu 92 % of 2 instances, target 60 %"; "4: cpu 58 % …"; "4 -> 5: cpu 92 % …, for 7; rate: …"
  std::string text;

  bool operator==(const ScalingDecision&) const = default;
};

}  // namespace vscale
