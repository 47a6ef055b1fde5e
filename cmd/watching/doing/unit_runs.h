#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cmd/invocation/invocation.h"
#include "cmd/planning/configuration_files.h"
#include "engine/execution/executor.h"
#include "engine/plan/plan.h"

/// Plans that are being carried out, side by side, each for groups of its own: a slow host or a long drain of one keeps
/// no other waiting.

namespace vscale {

/// So many runs go on at once; what comes later is planned again once there is room.
constexpr std::size_t kRunsAtOnce = 16;

/// For the thread of the loop only: what a run does on threads of its own is behind its ActionRunner.
class UnitRuns {
 public:
  struct Ended {
    std::vector<std::string> groups;
    Plan plan;
    RunSummary summary;
  };

  /// `store` outlives it.
  UnitRuns(Invocation& invocation, StateStore& store);
  ~UnitRuns();

  using MakeView = std::function<std::unique_ptr<EventSink>(const Plan&)>;

  /// Begins to carry out the plan, which is about these groups. `make_view`: what draws it; the plan outlives that.
  void begin(std::vector<std::string> groups, Plan plan, const RecordedState& recorded, const ConfigurationFiles& files,
             const HostPorts& hosts, const MakeView& make_view);
  [[nodiscard]] bool has_room() const { return runs_.size() < kRunsAtOnce; }
  [[nodiscard]] bool is_idle() const { return runs_.empty(); }
  /// Groups that a run is about.
  [[nodiscard]] std::set<std::string> busy_groups() const;
  /// Of them, those of which nothing is done but to wait (Execution::is_resting()), and which have not been superseded.
  [[nodiscard]] std::set<std::string> resting_groups() const;
  /// What they are still to claim: who has no record so far.
  [[nodiscard]] std::vector<InstanceRecord> claims_to_come(const RecordedState& recorded) const;
  /// Is it one of those that go on? What they have open in the journal is theirs to close.
  [[nodiscard]] bool has_run(const std::string& run_id) const;
  /// Is there something in flight, or still to come, about this instance?
  [[nodiscard]] bool is_at(const InstanceAddress& instance) const;
  /// How many the group was to have by the plan that is being carried out; nothing if there is none, or it did not say.
  [[nodiscard]] std::optional<int> size_planned(const std::string& group) const;

  /// The run about this group finishes what it is doing, waits for nothing any more, and ends: what is left is planned
  /// anew. One that has no run is not an error.
  void supersede(const std::string& group);
  void supersede_all();

  /// Goes on with all of them until `until`, or until one has ended or none is left.
  void advance(Instant until);
  /// Those that have ended since the last call.
  std::vector<Ended> take_ended();

 private:
  struct Run;

  Invocation& invocation_;
  StateStore& store_;
  std::shared_ptr<SlotCounts> slots_;
  std::vector<std::unique_ptr<Run>> runs_;
  std::vector<Ended> ended_;
};

}  // namespace vscale
