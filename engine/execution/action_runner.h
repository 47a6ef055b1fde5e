#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/execution/run_event.h"
#include "engine/plan/plan.h"
#include "engine/ports/guests.h"
#include "engine/ports/known_addresses.h"

/// Carries out single actions for the executor, which only decides in which order.

namespace vscale {

/// What an action found out that has to be recorded.
struct ActionOutcome {
  std::vector<GuestAddress> addresses;  ///< gate.wait: by lease or agent.
  std::string note;                     ///< For the view.
};

/// What an action may need besides its own detail.
struct ActionInput {
  std::string lineage;
  std::string name;  ///< The domain's name as it is recorded; empty where the action is about no instance.
  KnownAddresses known_addresses;     ///< seed.write, and where hooks are run or taken back.
  std::optional<Instant> started_at;  ///< gate.wait: when the domain was started.
  std::vector<GuestNic> nics{};       ///< Likewise for hooks: the instance's cards as they are recorded by now.
};

struct ActionFinished {
  int id = 0;
  Result<ActionOutcome> result;
};
/// Nothing finished before the deadline given, or a stop was asked for.
struct NothingYet {};

/// A port: starts actions and hands back those that have ended, in the manner of ninja's CommandRunner. The real one
/// (threaded_runner.h) performs them on threads; the simulation's on a virtual clock, in an order by seed.
/// Used by one thread.
class ActionRunner {
 public:
  virtual ~ActionRunner() = default;
  virtual void start(const Action& action, ActionInput input) = 0;
  /// The next action that ended, or NothingYet at `until`. Progress reaches `sink` from within this call.
  virtual std::variant<ActionFinished, NothingYet> wait(Instant until, EventSink& sink) = 0;
  /// The run is going to stop: what only waits (a gate.wait) or may be long (a hook's command) ends soon, with
  /// `timed_out`; what else is being done is still finished. Said once, and it holds for all that follows.
  virtual void cut_waits_short() = 0;
  /// Ends one wait (a rollout.watch) soon, likewise with `timed_out`. One that has ended is not an error.
  virtual void cut_wait_short(int id) = 0;
};

}  // namespace vscale
