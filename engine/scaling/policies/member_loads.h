#pragma once

#include <vector>

#include "engine/scaling/decide_size.h"

/// What the members of a group use, as far as a policy may look at it.

namespace vscale {

/// Which samples are asked for.
struct LoadQuestion {
  Metric metric = Metric::cpu;
  Duration window{};           ///< So far back they are averaged, each member's on their own.
  Duration sample_interval{};  ///< metrics.interval
  int current = 0;             ///< The size that is wanted.
  Instant now{};
};

/// A group's members by what is known of their load. A surge member, one that leaves and one that is off are in none
/// of these: they carry no load of the group, or are not there to carry any.
struct MemberLoads {
  std::vector<double> values{};  ///< Of each ready member with a usable sample: its average in the window.
  int missing = 0;               ///< Ready, and without a usable sample.
  int unknown = 0;               ///< Their hosts do not answer: they may be at work, and nobody knows how hard.
  int coming = 0;                ///< Not ready: starting, or unready, or wanted and not even begun.

  [[nodiscard]] int measured() const { return static_cast<int>(values.size()); }
  [[nodiscard]] double sum() const;

  bool operator==(const MemberLoads&) const = default;
};

/// A member's samples are usable if the newest is no older than two sample intervals. Of cpu only those count that
/// were taken wholly after it became ready: what a boot costs is no load. Those after `now`, and a `ready_at` after
/// `now`, are of a clock that was wrong, and count for nothing. They are averaged by average_over(); a window shorter
/// than the time between samples has the newest one in it.
MemberLoads member_loads(const std::vector<ScalingMember>& members, const LoadQuestion& question);

/// Members that are wanted and that nobody has begun to make: the plan is still to do that.
int not_yet_begun(const std::vector<ScalingMember>& members, int current);

}  // namespace vscale
