#pragma once

#include <compare>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "engine/execution/executor.h"
#include "engine/plan/plan.h"

/// Who may begin: how much of a plan is in flight, counted against the limits.

namespace vscale {

/// What an action takes a slot for. Actions of one host that take it for the same differ by their groups only.
struct SlotUse {
  enum class What { upload, start, other };

  std::string host;  ///< Empty: of none.
  What what = What::other;

  auto operator<=>(const SlotUse&) const = default;
};

/// What is in flight, of one run or of several that keep the limits together.
struct SlotCounts {
  int in_flight = 0;
  std::map<std::string, int> on_host, in_group, uploading, booting;
};

/// Counts slots in all, per host and per group, uploads per host, and booting per host. A domain.start takes its
/// booting slot along: it is given back when the gate.wait of the same instance has ended (or will never begin), at
/// once if the plan waits for no gates or the start failed. A gate.wait itself needs no booting slot, so it can always
/// follow.
class Slots {
 public:
  Slots(const Plan& plan, const ExecutionLimits& limits, std::shared_ptr<SlotCounts> counts);
  /// Gives back what guests that nobody waits for any more still held.
  ~Slots();
  Slots(const Slots&) = delete;
  Slots& operator=(const Slots&) = delete;

  /// Is there a slot left at all?
  [[nodiscard]] bool any_free() const { return counts_->in_flight < limits_.parallel; }
  /// Is there one on the host and for this, if there is any?
  [[nodiscard]] bool free_for(const SlotUse& use) const;
  /// Likewise, for a group. Empty: no group.
  [[nodiscard]] bool free_in(const std::string& group) const;
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
  std::shared_ptr<SlotCounts> counts_;
};

/// The actions that wait for nothing but a slot. Those that take the same slots stand in one line, so that thousands of
/// them are not asked one by one who may begin.
class ReadyActions {
 public:
  void add(const Action& action);
  /// One that is not here is not an error.
  void remove(const Action& action);
  [[nodiscard]] bool empty() const { return all_.empty(); }
  /// The lowest id, whether or not it may begin. Not of none.
  [[nodiscard]] int first() const { return *all_.begin(); }
  /// The lowest id that may begin now.
  [[nodiscard]] std::optional<int> first_free(const Slots& slots) const;

 private:
  struct Line {
    std::map<std::string, std::set<int>> by_group;
    std::set<std::pair<int, std::string>> first_of_groups;

    [[nodiscard]] std::optional<int> first_free(const Slots& slots) const;
  };

  std::set<int> all_;
  std::set<int> without_slot_;  ///< Those that need none.
  std::map<SlotUse, Line> lines_;
};

}  // namespace vscale
