#pragma once

#include <string>

#include "engine/desired/amount.h"
#include "engine/desired/group.h"

namespace vscale {

/// How far a rolling update may depart from a group's size.
struct RolloutBudget {
  int size = 0;
  int surge = 0;        ///< So many more instances than `size`, for a while.
  int unavailable = 0;  ///< So many fewer available ones. Never more than `size`, which is no bound then.

  [[nodiscard]] int most() const { return size + surge; }
  [[nodiscard]] int least_available() const { return size - unavailable; }

  bool operator==(const RolloutBudget&) const = default;
};

/// As Kubernetes counts (ResolveFenceposts): a percentage is of `size`; of surge it is rounded up, of what may be
/// unavailable down; where both come to nothing, one may be unavailable, or nothing could ever be replaced.
RolloutBudget budget_for(const Update& update, int size);

/// The same where nothing can stand beside what it replaces.
RolloutBudget budget_without_surge(const Update& update, int size);

/// Why instances of the group take the places of those that they replace although the file has a surge, as a person
/// reads it: their names are theirs. Empty: they come beside them.
std::string why_in_place(const Group& group);

/// How many new instances a step goes to: a percentage is of `size`, rounded up, and at least one. Never more than
/// `size`.
int reach_of(const Amount& to, int size);

}  // namespace vscale
