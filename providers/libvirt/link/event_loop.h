#pragma once

#include <libvirt/libvirt.h>

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

namespace vscale::libvirt {

/// Waits for libvirt's sockets and timers, in place of libvirt's own event loop. That one is woken three times by every
/// answer to a call: whoever waits for it takes the socket out of the loop and puts it back, and the answer moves the
/// timer of the keepalive. With a thousand answers it takes as much time as all of the rest. Here the kernel keeps the
/// set of sockets, so that it changes under a loop that sleeps, and a timer that moves away wakes nobody.
///
/// The promises are those of virEventRegisterImpl: ids are above 0; `release` is called once for each that was removed,
/// by the loop and never from within remove_*; callbacks run on the loop's thread, and may call everything but run().
/// Events and intervals are libvirt's (VIR_EVENT_HANDLE_*; milliseconds, and below 0 never). Safe from several threads.
class EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// -1 if the kernel does not take the descriptor: it is watched already, or is of a kind that is always ready.
  int add_handle(int fd, int events, virEventHandleCallback call, void* opaque, virFreeCallback release);
  void update_handle(int watch, int events);
  int remove_handle(int watch);  ///< -1 if there is no such watch.

  int add_timer(int interval_ms, virEventTimeoutCallback call, void* opaque, virFreeCallback release);
  void update_timer(int timer, int interval_ms);
  int remove_timer(int timer);  ///< -1 if there is no such timer.

  /// Sleeps until something is due, and does it. For one thread.
  void run_once();

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  struct Handle {
    int fd = -1;
    int events = 0;  ///< 0: not among the kernel's.
    virEventHandleCallback call = nullptr;
    void* opaque = nullptr;
    virFreeCallback release = nullptr;
  };
  struct Timer {
    std::optional<std::chrono::milliseconds> interval;
    SteadyTime due{};
    virEventTimeoutCallback call = nullptr;
    void* opaque = nullptr;
    virFreeCallback release = nullptr;
  };
  struct Removed {
    virFreeCallback release = nullptr;
    void* opaque = nullptr;
  };

  bool watch(int id, Handle& handle, int events);
  void wake_before(SteadyTime when);
  int sleep_ms();
  void call_handle(int id, int events);
  void call_due_timers();
  void release_removed();

  const int kernel_set_, wake_up_;
  std::mutex mutex_;
  int last_id_ = 0;
  std::map<int, Handle> handles_;
  std::map<int, Timer> timers_;
  std::vector<Removed> removed_;
  std::optional<SteadyTime> asleep_until_;  ///< Nothing: it is awake, or has been woken.
};

/// Registers such a loop with libvirt and runs it on a thread of its own to the end of the process. To be called once,
/// before the first connection. Throws std::system_error, and has done nothing, if there can be no more threads.
void start_event_loop();

}  // namespace vscale::libvirt
