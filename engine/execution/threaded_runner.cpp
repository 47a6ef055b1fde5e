#include "engine/execution/threaded_runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace vscale {

/// What the threads and the runner have in common. Threads that are left behind keep it alive.
struct ThreadedRunner::Shared {
  Shared(const Config& wanted, WorldPorts world, std::shared_ptr<const void> keep)
      : config(wanted), ports(world), owner(std::move(keep)) {}

  struct Job {
    Action action;
    ActionInput input;
  };

  const Config config;
  WorldPorts ports;
  std::shared_ptr<const void> owner;
  std::atomic<bool> waits_cut{false};

  std::mutex mutex;  ///< Guards all below.
  std::condition_variable job_came, something_came;
  std::deque<Job> jobs;
  std::deque<ActionFinished> finished;
  std::map<int, RunEvent> progress;  ///< The newest of each action.
  std::set<int> cut;                 ///< Waits that are to end.
  std::vector<std::thread> threads;
  std::vector<std::thread::id> busy;
  bool closing = false;

  void work();
  std::optional<Job> next_job(std::unique_lock<std::mutex>& lock);
  Result<ActionOutcome> perform_job(const Job& job);
  bool is_cut(int id);
};

std::optional<ThreadedRunner::Shared::Job> ThreadedRunner::Shared::next_job(std::unique_lock<std::mutex>& lock) {
  job_came.wait(lock, [this] { return closing || !jobs.empty(); });
  if (closing) return std::nullopt;
  Job job = std::move(jobs.front());
  jobs.pop_front();
  busy.push_back(std::this_thread::get_id());
  return job;
}

Result<ActionOutcome> ThreadedRunner::Shared::perform_job(const Job& job) {
  const ActionProgressSink keep_newest = [this, id = job.action.id](const RunEvent& event) {
    const std::lock_guard lock(mutex);
    progress.insert_or_assign(id, event);
    something_came.notify_one();
  };
  return perform(job.action, job.input, config, ports, keep_newest, [this, id = job.action.id] { return is_cut(id); });
}

bool ThreadedRunner::Shared::is_cut(int id) {
  if (waits_cut.load()) return true;
  const std::lock_guard lock(mutex);
  return cut.count(id) != 0;
}

void ThreadedRunner::Shared::work() {
  std::unique_lock lock(mutex);
  while (const auto job = next_job(lock)) {
    lock.unlock();
    auto result = perform_job(*job);
    lock.lock();
    busy.erase(std::find(busy.begin(), busy.end(), std::this_thread::get_id()));
    finished.push_back({job->action.id, std::move(result)});
    something_came.notify_one();
  }
}

ThreadedRunner::ThreadedRunner(const Config& config, WorldPorts ports, std::shared_ptr<const void> owner, int threads)
    : shared_(std::make_shared<Shared>(config, ports, std::move(owner))), threads_max_(std::max(threads, 1)) {}

ThreadedRunner::~ThreadedRunner() {
  std::vector<std::thread> idle;
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->closing = true;
    shared_->waits_cut = true;
    const auto& busy = shared_->busy;
    for (auto& thread : shared_->threads) {
      const bool left_behind = std::find(busy.begin(), busy.end(), thread.get_id()) != busy.end();
      if (left_behind) {
        thread.detach();
      } else {
        idle.push_back(std::move(thread));
      }
    }
    shared_->threads.clear();
  }
  shared_->job_came.notify_all();
  for (auto& thread : idle) thread.join();
}

void ThreadedRunner::start(const Action& action, ActionInput input) {
  const std::lock_guard lock(shared_->mutex);
  shared_->jobs.push_back({action, std::move(input)});
  const std::size_t idle = shared_->threads.size() - shared_->busy.size();
  if (idle < shared_->jobs.size() && shared_->threads.size() < static_cast<std::size_t>(threads_max_)) {
    try {
      shared_->threads.emplace_back([shared = shared_] { shared->work(); });
    } catch (const std::system_error& error) {
      if (shared_->threads.empty()) {
        shared_->jobs.pop_back();
        shared_->finished.push_back(
            {action.id,
             Error{ErrorKind::no_capacity, "this machine gives vscale no thread to work on", error.what(), {}}});
      }
    }
  }
  shared_->job_came.notify_one();
}

std::variant<ActionFinished, NothingYet> ThreadedRunner::wait(Instant until, EventSink& sink) {
  Clock& clock = shared_->ports.clock;
  const Duration deadline = clock.uptime() + (until - clock.now());
  std::unique_lock lock(shared_->mutex);
  const auto something = [this] { return !shared_->finished.empty() || !shared_->progress.empty(); };
  for (;;) {
    const Duration left = std::max(deadline - clock.uptime(), Duration{0});
    if (!shared_->something_came.wait_for(lock, left, something)) return NothingYet{};
    const auto progress = std::exchange(shared_->progress, {});
    if (!progress.empty()) {
      lock.unlock();
      for (const auto& [id, event] : progress) sink.on_event(event);
      lock.lock();
      continue;
    }
    ActionFinished finished = std::move(shared_->finished.front());
    shared_->finished.pop_front();
    return finished;
  }
}

void ThreadedRunner::cut_waits_short() {
  shared_->waits_cut = true;
}

void ThreadedRunner::cut_wait_short(int id) {
  const std::lock_guard lock(shared_->mutex);
  shared_->cut.insert(id);
}

}  // namespace vscale
