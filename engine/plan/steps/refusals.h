#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/plan/planning.h"

/// How it is told that hosts refuse instances. Inside engine/plan/steps only.

namespace vscale {

/// Why every host refused, without the numbers: the same for instances that stand before the same wall.
using Causes = std::vector<std::pair<std::string, Refusal::Cause>>;

/// Instances of one group that find no place for the same reason.
struct Unplaced {
  GroupPlan* plan = nullptr;
  Causes causes;
  std::string first;      ///< The first one's name.
  std::string why;        ///< What each host said to it.
  std::string kept_on{};  ///< Where the disks are that the first one kept; empty: it may go anywhere.
  bool beside = false;    ///< It comes for another one, which is to go only then.
  int count = 0;
};

/// All that are placed of a group, and how many found a place.
struct Tally {
  int asked = 0;
  int placed = 0;
};

/// One that cannot grow where it is.
struct Stuck {
  std::string name;
  Refusal refusal;
};

/// Those that find no place, gathered: one error for a group and a cause.
class Refusals {
 public:
  /// A host that is silent might have taken it: that is a reason to wait, not a mistake.
  void add(Planning& planning, GroupPlan& plan, Decision& decision, const PlacementRequest& request,
           const PlacementAnswer& answer);

  /// Those that have a place and cannot grow there, if there is none where they could, however empty: for the same
  /// reason as those that have no place yet. Returns whether it is so.
  bool add_stuck(const Planning& planning, GroupPlan& plan, const PlacementRequest& of_group,
                 const std::vector<Stuck>& stuck);

  /// `tallies` has one for each group of which something was added.
  void report(Planning& planning, const std::map<const GroupPlan*, Tally>& tallies) const;

 private:
  std::vector<Unplaced> unplaced_;
};

/// Those that have a place, and could grow elsewhere. One error for the group: what each host says, once. `stuck` is
/// not empty.
void report_stuck(Planning& planning, const GroupPlan& plan, const std::vector<Stuck>& stuck);

}  // namespace vscale
