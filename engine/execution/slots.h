#pragma once

#include <map>
#include <set>
#include <string>

#include "engine/execution/executor.h"
#include "engine/plan/plan.h"

/// Who may begin: how much of a plan is in flight, counted against the limits.

namespace vscale {

/// Counts slots in all, per host and per group, uploads per host, and booting per host. A domain.start takes its
/// booting slot along: it is given back when the gate.wait of the same instance has ended (or will never begin), at
/// once if the plan waits for no gates or the start failed. A gate.wait itself needs no booting slot, so it can always
/// follow.
class Slots {
 public:
  /// `plan` must outlive it.
  Slots(const Plan& plan, const ExecutionLimits& limits);

  [[nodiscard]] bool free_for(const Action& action) const;
  /// Takes slots whether or not they are free.
  void take(const Action& action);
  void ended(const Action& action, bool well);
  /// For an action that was never begun and never will be.
  void skipped(const Action& action);

 private:
  void end_booting(int gate_id);

  ExecutionLimits limits_;
  std::map<int, int> gate_of_start_;            ///< Id of a domain.start -> id of the gate.wait of that instance.
  std::map<int, std::string> booting_by_gate_;  ///< Gates whose end gives back a booting slot, with the host.
  std::set<int> gates_gone_;                    ///< Ended or skipped.
  int in_flight_ = 0;
  std::map<std::string, int> on_host_, in_group_, uploading_, booting_;
};

}  // namespace vscale
