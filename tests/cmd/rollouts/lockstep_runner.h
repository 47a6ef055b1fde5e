#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "engine/execution/action_runner.h"
#include "engine/execution/perform.h"

namespace vscale::test {

/// Performs one action after the other in virtual time, each on a thread of its own that gives way to the run whenever
/// the run wants to look around: so a long wait is in flight while something is said, and the same things happen every
/// time. Only one of the two threads is ever awake.
class LockstepRunner final : public ActionRunner {
 public:
  LockstepRunner(const Config& config, WorldPorts ports) : config_(config), ports_(ports) {}
  ~LockstepRunner() override {
    if (!thread_.joinable()) return;
    cut_waits_short();
    let_it_work();
    thread_.join();
  }
  LockstepRunner(const LockstepRunner&) = delete;
  LockstepRunner& operator=(const LockstepRunner&) = delete;

  void start(const Action& action, ActionInput input) override { started_.emplace_back(action, std::move(input)); }

  std::variant<ActionFinished, NothingYet> wait(Instant until, EventSink& sink) override {
    if (!thread_.joinable() && started_.empty()) {
      ports_.clock.sleep_until(until);
      return NothingYet{};
    }
    until_ = until;
    sink_ = &sink;
    if (!thread_.joinable()) begin_next();
    let_it_work();
    if (!finished_) return NothingYet{};
    thread_.join();
    ActionFinished finished = *std::exchange(finished_, std::nullopt);
    return finished;
  }

  void cut_waits_short() override { waits_cut_ = true; }
  void cut_wait_short(int id) override { cut_.insert(id); }

 private:
  void begin_next() {
    auto [action, input] = std::move(started_.front());
    started_.pop_front();
    thread_ = std::thread([this, next = std::move(action), told = std::move(input)] {
      wait_for_turn_of_action();
      auto result = perform(
          next, told, config_, ports_, [this](const RunEvent& event) { sink_->on_event(event); },
          [this, id = next.id] { return stopped(id); });
      finished_ = ActionFinished{next.id, std::move(result)};
      hand_over_to_run();
    });
  }

  bool stopped(int id) {
    const auto is_cut = [&] { return waits_cut_ || cut_.count(id) != 0; };
    if (!is_cut() && ports_.clock.now() >= until_) {
      hand_over_to_run();
      wait_for_turn_of_action();
    }
    return is_cut();
  }

  void let_it_work() {
    std::unique_lock lock(mutex_);
    turn_of_action_ = true;
    handed_over_.notify_all();
    handed_over_.wait(lock, [this] { return !turn_of_action_; });
  }
  void wait_for_turn_of_action() {
    std::unique_lock lock(mutex_);
    handed_over_.wait(lock, [this] { return turn_of_action_; });
  }
  void hand_over_to_run() {
    const std::lock_guard lock(mutex_);
    turn_of_action_ = false;
    handed_over_.notify_all();
  }

  const Config config_;
  WorldPorts ports_;
  std::deque<std::pair<Action, ActionInput>> started_;
  std::optional<ActionFinished> finished_;
  bool waits_cut_ = false;
  std::set<int> cut_;
  Instant until_{};
  EventSink* sink_ = nullptr;

  std::mutex mutex_;  ///< Of the turn; whose turn it is may touch the rest.
  std::condition_variable handed_over_;
  bool turn_of_action_ = false;
  std::thread thread_;  ///< Of the action in hand.
};

}  // namespace vscale::test
