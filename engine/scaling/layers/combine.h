#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/desired/scaling.h"
#include "engine/scaling/scaling_decision.h"

/// From what all policies say to one size, and the bounds that it is to keep.

namespace vscale {

struct Combined {
  /// What the size stands on.
  enum class Basis {
    nothing,  ///< Nobody has said a size: it is the present one.
    load,     ///< Policies that look at load: it goes through the layers that temper it.
    event,    ///< A schedule's event: at once, within the bounds of windows.
    window,   ///< A schedule's window with a size: at once, within min and max of the file.
  };

  LayerResult result;
  Basis basis = Basis::nothing;
  std::optional<std::size_t> winner{};  ///< Its place among the policies.

  bool operator==(const Combined&) const = default;
};

/// A window's size comes before an event's, and that before those of policies that look at load. Among windows, and
/// among events, the largest counts; among the others `combine` says: the largest, or the first in the file. Those that
/// have nothing to say are not asked further: a burst policy without a burst does not keep a group large. Any error
/// among those that look at load keeps the size from falling below the present one.
/// `recommendations`: one for each policy of `scaling`, in their order.
Combined combine(const Scaling& scaling, const std::vector<Recommendation>& recommendations, int current);

/// How small and how large a group may be, and which policy says so; empty: the file's min and max.
struct SizeBounds {
  int low = 0;
  int high = 0;
  std::string low_by{}, high_by{};

  bool operator==(const SizeBounds&) const = default;
};

/// The file's min and max.
SizeBounds bounds_of_file(const Scaling& scaling);
/// These, narrowed by the windows of schedules that are open: the highest floor, the lowest ceiling. None leads out of
/// min and max; where a floor is above a ceiling, the floor counts.
SizeBounds bounds_of_windows(const Scaling& scaling, const std::vector<Recommendation>& recommendations);

}  // namespace vscale
