#pragma once

#include "engine/rollout/budget.h"

/// The heart of rolling updates: from what is there, how many instances may come and how many may go. Level-triggered,
/// as in Kubernetes' deployment controller and Cluster API: it knows nothing of what was done before, so that it goes
/// on rightly after a crash, a change of size or of the template, or a host that was lost.
///
/// Whoever does what it says, in any order and one by one, keeps two promises at every moment:
///   available >= size - unavailable       but for what is lost by itself
///   total <= size + surge                 but for what was more when the size was made smaller

namespace vscale {

/// A group at one moment. Every instance that is there, or may be, is counted once.
struct RolloutCounts {
  int fresh_available = 0;  ///< Of the new revision: its gates have been green for minReady.
  int fresh_coming = 0;     ///< Of the new revision, on the way to that.
  int old_available = 0;
  int old_unavailable = 0;
  int stuck = 0;  ///< Left as they are, whatever becomes of the rollout: held back. `stuck_available` of them are up.
  int stuck_available = 0;
  int unknown = 0;  ///< Nobody knows: their host does not answer. Never counted as available, nor as gone.
  int leaving = 0;  ///< On the way out, and still there.

  [[nodiscard]] int fresh() const { return fresh_available + fresh_coming; }
  [[nodiscard]] int old() const { return old_available + old_unavailable; }
  [[nodiscard]] int available() const { return fresh_available + old_available + stuck_available; }
  [[nodiscard]] int total() const { return fresh() + old() + stuck + unknown + leaving; }
};

/// How many may begin now, on top of what is on its way.
struct Allowance {
  int comes = 0;
  int goes_unavailable = 0;  ///< Old ones that are not available: they go before others, and cost nothing.
  int goes_available = 0;

  [[nodiscard]] int goes() const { return goes_unavailable + goes_available; }
  [[nodiscard]] bool nothing() const { return comes == 0 && goes() == 0; }

  bool operator==(const Allowance&) const = default;
};

/// How the old give way to the new.
enum class Succession {
  beside,    ///< New instances come beside old ones, which go on their own.
  in_place,  ///< An old one goes and its successor takes its place at once: what goes is then on its way to come.
};

/// `reach`: so many new ones the present step goes to; without steps, the size. Beyond it only what is missing is made,
/// and that once a new one is available: then it is known to be worth it.
Allowance next_turn(const RolloutBudget& budget, int reach, Succession succession, const RolloutCounts& counts);

/// Is the step at `reach` done: enough new ones available, no more old ones than belong to it, and nothing on its way?
bool has_reached(const RolloutBudget& budget, int reach, const RolloutCounts& counts);

}  // namespace vscale
