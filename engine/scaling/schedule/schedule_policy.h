#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "engine/desired/scaling.h"
#include "engine/scaling/scaling_decision.h"
#include "engine/scaling/zone_rules.h"
#include "engine/values/units.h"

/// What a policy of kind schedule says of a group's size. It has `at`, and is an event, or `start` and `end`, and is a
/// window. That its expressions can be read and come at all has been checked with the configuration.

namespace vscale {

/// An event counts when it is seen so late, however short `catchUp` is: ticks are not to the second. A memory that is
/// further ahead of the clock than this is of a time when the clock was wrong, and counts for nothing.
constexpr Duration kLateTick = std::chrono::minutes{2};

struct ScheduleOpinion {
  Recommendation recommendation;
  std::optional<Instant> fired_at;  ///< What is to be remembered (PolicyMemory::fired_at). Windows remember nothing.

  bool operator==(const ScheduleOpinion&) const = default;
};

/// An *event* speaks once, in the first evaluation after it has come: `size` is then exactly how many, `min` and `max`
/// the bounds that the size is brought into. From then on others have their say again: to keep bounds up is a window's
/// part, and the group's own min and max are the file's. One that is older than `catchUp` (and kLateTick) when it is
/// seen is passed over; of several that were missed only the newest counts.
///
/// A *window* is open while its last start is later than its last end. So it is closed at the moment of its end, and
/// whether it is open depends on nothing that is remembered. While it is, `size` is exactly how many, `min` the least
/// and `max` the most. One that has never started within kCronReach is closed.
///
/// Recommendation::Kind is `size` where there is a size, `bounds` where there are only bounds, and `none` where neither
/// an event has come nor a window is open; `floor` and `ceiling` are given beside a size too.
///
/// `rules` are those of the policy's zone, from kCronReach before `now` on. `fired_at`: what the last opinion wanted
/// remembered; nothing if there was none. A policy that is not asked, as schedules are suspended, fires afterwards if
/// its event is not too old by then.
ScheduleOpinion schedule_opinion(const ScalingPolicy& policy, const ZoneRules& rules,
                                 const std::optional<Instant>& fired_at, Instant now);

/// Something that a schedule will do, if nothing changes until then.
struct Firing {
  Instant at{};
  std::string what;  ///< "size 8", "window opens: min 6", "window closes"

  bool operator==(const Firing&) const = default;
};

/// The next `count` after `now`, in their order; fewer where no more come within kCronReach. A start while the window
/// is open changes nothing and is none, nor is an end while it is closed. `rules` from kCronReach before `now` to as
/// much after it.
std::vector<Firing> next_firings(const ScalingPolicy& policy, const ZoneRules& rules, Instant now, int count);

}  // namespace vscale
