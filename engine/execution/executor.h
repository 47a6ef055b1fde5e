#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/desired/config.h"
#include "engine/execution/action_runner.h"
#include "engine/execution/run_event.h"
#include "engine/plan/plan.h"
#include "engine/ports/clock.h"
#include "engine/ports/state_store.h"

/// Walks a plan: starts what is ready, within the limits, writes intent before and outcome after every action, and
/// goes on with independent branches when one fails. It decides nothing: order and limits are all it knows.

namespace vscale {

/// A run looks this often whether it is to stop.
constexpr Duration kStopPollInterval{200};

/// And so often, at most, what operators have said of the rollouts that it is at.
constexpr Duration kIntentPollInterval{1000};

/// How hard the user wants the run to stop.
enum class StopRequest { none, finish_running, now };

/// How much may be in flight at once. A slot on a host counts every action of that host; uploads and booting (from
/// domain.start to the end of its gate.wait) count apart, too. Changes of the record and barriers need no slot. With
/// nothing in flight the first action that is ready begins whatever the limits say: no run can stand still.
struct ExecutionLimits {
  int parallel = 10;
  int per_host = 4;
  int per_group = 10;
  int uploads_per_host = 2;
  int booting_per_host = 4;

  bool operator==(const ExecutionLimits&) const = default;
};

struct ExecutorPorts {
  StateStore& store;
  ActionRunner& runner;
  Clock& clock;
  EventSink& sink;
  std::function<StopRequest()> stop_request;  ///< Asked between actions and at least every kStopPollInterval.
};

struct FailedAction {
  int id = 0;
  Error error;

  bool operator==(const FailedAction&) const = default;
};

struct RunSummary {
  std::string run_id;
  int done = 0;
  std::vector<FailedAction> failed;
  std::vector<int> skipped;    ///< Dependants of what failed, and what a stop left undone; ascending.
  std::vector<int> left_open;  ///< Begun and not waited for, after StopRequest::now; ascending.
  bool interrupted = false;    ///< A stop was asked for and left something undone.
  /// Rollouts that came to a rest since an operator said so (pause, abort, undo), by group, in order.
  std::vector<RolloutIntent> held;
  std::optional<Error> state_error;  ///< The statefile could not be written: the run ended at once.
  std::int64_t serial = 0;           ///< Afterwards.

  bool operator==(const RunSummary&) const = default;
};

/// Closes in the journal, as not finished, what runs that died have left open there, as far as `recorded` has it:
/// whoever has planned leaves out of that what the plan did not look at. Nothing more is to be learned from the rest,
/// for what it left on the hosts was seen. execute() begins with it; an apply that finds nothing to do calls it by
/// itself, so that nobody goes on being told about them.
Result<void> close_open_actions(const RecordedState& recorded, StateStore& store, Instant now);

/// Carries out `plan`, which must be well formed and made from `recorded`.
///  - What `recorded` has open in the journal is closed first, as not finished: the plan was made from what it left.
///  - Whatever claims something of a host says which generation of it it stands on, so that what collides with another
///    writer's claim (`conflict`) fails its branch instead of booking twice. Any other failure to write the state ends
///    the run: nothing more begins, what is in flight is finished and told, and tried to be recorded.
///  - What an operator says of a rollout meanwhile (RolloutIntent) is heeded: after pause, abort and undo no further
///    turn of it begins, and what has begun comes to its end; after abort and undo it is not recorded as completed
///    either; undo also ends the waits for new instances; promote ends a timed rest, and the run does not come to the
///    rest that a person would have to end.
///  - StopRequest::finish_running lets what is in flight end, but waits for gates no longer: such an instance stays
///    `started`, and the next run waits for it again.
///  - StopRequest::now returns at once: actions in flight stay open in the journal and the next run finds them.
RunSummary execute(Plan plan, RecordedState recorded, const ExecutionLimits& limits, const std::string& run_id,
                   ExecutorPorts ports);

struct SlotCounts;

/// The same as execute(), step by step, for whoever has several runs go on at once, on one thread. What the ports refer
/// to must outlive it. Runs that share `counts` keep the limits together.
class Execution {
 public:
  Execution(Plan plan, RecordedState recorded, const ExecutionLimits& limits, std::string run_id, ExecutorPorts ports,
            std::shared_ptr<SlotCounts> counts = nullptr);
  ~Execution();
  Execution(Execution&&) noexcept;
  Execution& operator=(Execution&&) = delete;

  [[nodiscard]] const Plan& plan() const;
  /// Begins what may begin, and takes what has ended, until nothing is left to be done or it is `until`. True: it is
  /// over.
  bool advance(Instant until);
  /// Is all that goes on a wait that nothing was done for: of a rolling update, for time to pass or for a person; or
  /// for one whose removal was cut short by an earlier run, to see whether it is well?
  [[nodiscard]] bool is_resting() const;
  /// What came of it. Once, when it is over.
  RunSummary sum_up();

 private:
  class Run;
  std::unique_ptr<Run> run_;
};
/// For runs that keep the limits together.
std::shared_ptr<SlotCounts> shared_slots();

}  // namespace vscale
