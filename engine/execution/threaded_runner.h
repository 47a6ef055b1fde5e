#pragma once

#include <memory>

#include "engine/desired/config.h"
#include "engine/execution/action_runner.h"
#include "engine/execution/perform.h"

namespace vscale {

/// The real ActionRunner: performs actions on threads of its own, at most `threads` at once; more wait for their turn.
/// Threads are made when they are needed. Progress is kept as the newest of each action, so that a slow view never
/// holds up a transfer and the queue never grows, and told from within wait().
///
/// At its end it waits for no action: a thread that still performs one is left behind and uses `owner`, the ports and
/// a copy of the configuration until its call returns. `owner` is therefore whatever keeps the ports alive. A program
/// that leaves threads behind must end by std::_Exit or std::quick_exit: libraries that they are in take themselves
/// down in exit().
class ThreadedRunner final : public ActionRunner {
 public:
  ThreadedRunner(const Config& config, WorldPorts ports, std::shared_ptr<const void> owner, int threads);
  ~ThreadedRunner() override;
  ThreadedRunner(const ThreadedRunner&) = delete;
  ThreadedRunner& operator=(const ThreadedRunner&) = delete;

  void start(const Action& action, ActionInput input) override;
  std::variant<ActionFinished, NothingYet> wait(Instant until, EventSink& sink) override;
  void cut_waits_short() override;
  void cut_wait_short(int id) override;

 private:
  struct Shared;

  std::shared_ptr<Shared> shared_;
  int threads_max_;
};

}  // namespace vscale
