#include "providers/libvirt/link/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <thread>
#include <utility>

#include "engine/values/result.h"

namespace vscale::libvirt {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// So many sockets are served before timers are looked at again.
constexpr int kServedAtOnce = 16;
/// What the kernel calls the descriptor that wakes us; watches are above it.
constexpr int kWakeUpId = 0;

std::uint32_t kernel_events(int events) {
  std::uint32_t wanted = 0;
  if ((events & VIR_EVENT_HANDLE_READABLE) != 0) wanted |= EPOLLIN;
  if ((events & VIR_EVENT_HANDLE_WRITABLE) != 0) wanted |= EPOLLOUT;
  return wanted;  // Errors and hang-ups are always told.
}

int libvirt_events(std::uint32_t events) {
  int seen = 0;
  if ((events & EPOLLIN) != 0) seen |= VIR_EVENT_HANDLE_READABLE;
  if ((events & EPOLLOUT) != 0) seen |= VIR_EVENT_HANDLE_WRITABLE;
  if ((events & EPOLLERR) != 0) seen |= VIR_EVENT_HANDLE_ERROR;
  if ((events & EPOLLHUP) != 0) seen |= VIR_EVENT_HANDLE_HANGUP;
  return seen;
}

std::optional<std::chrono::milliseconds> interval_of(int interval_ms) {
  if (interval_ms < 0) return std::nullopt;
  return std::chrono::milliseconds(interval_ms);
}

}  // namespace

EventLoop::EventLoop()
    : kernel_set_(::epoll_create1(EPOLL_CLOEXEC)), wake_up_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = kWakeUpId;
  VSCALE_ASSERT(::epoll_ctl(kernel_set_, EPOLL_CTL_ADD, wake_up_, &event) == 0, "no event loop can be made");
}

EventLoop::~EventLoop() {
  ::close(wake_up_);
  ::close(kernel_set_);
}

// ---- Sockets --------------------------------------------------------------------------------------------------------

/// Nothing wanted means out of the kernel's set: there, hang-ups are told whether they are wanted or not.
bool EventLoop::watch(int id, Handle& handle, int events) {
  if (events == handle.events) return true;
  epoll_event event{};
  event.events = kernel_events(events);
  event.data.fd = id;
  const int change = events == 0 ? EPOLL_CTL_DEL : handle.events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  if (::epoll_ctl(kernel_set_, change, handle.fd, &event) != 0) return false;
  handle.events = events;
  return true;
}

int EventLoop::add_handle(int fd, int events, virEventHandleCallback call, void* opaque, virFreeCallback release) {
  const std::scoped_lock lock(mutex_);
  const int id = ++last_id_;
  Handle handle{.fd = fd, .events = 0, .call = call, .opaque = opaque, .release = release};
  if (!watch(id, handle, events)) return -1;
  handles_.emplace(id, handle);
  return id;
}

void EventLoop::update_handle(int watch_id, int events) {
  const std::scoped_lock lock(mutex_);
  if (const auto found = handles_.find(watch_id); found != handles_.end()) watch(watch_id, found->second, events);
}

int EventLoop::remove_handle(int watch_id) {
  const std::scoped_lock lock(mutex_);
  const auto found = handles_.find(watch_id);
  if (found == handles_.end()) return -1;
  watch(watch_id, found->second, 0);
  removed_.push_back({found->second.release, found->second.opaque});
  handles_.erase(found);
  wake_before(SteadyTime::min());
  return 0;
}

// ---- Timers ---------------------------------------------------------------------------------------------------------

int EventLoop::add_timer(int interval_ms, virEventTimeoutCallback call, void* opaque, virFreeCallback release) {
  int id = 0;
  {
    const std::scoped_lock lock(mutex_);
    id = ++last_id_;
    timers_.emplace(id, Timer{.interval = {}, .due = {}, .call = call, .opaque = opaque, .release = release});
  }
  update_timer(id, interval_ms);
  return id;
}

void EventLoop::update_timer(int timer, int interval_ms) {
  const std::scoped_lock lock(mutex_);
  const auto found = timers_.find(timer);
  if (found == timers_.end()) return;
  found->second.interval = interval_of(interval_ms);
  if (!found->second.interval) return;
  found->second.due = SteadyClock::now() + *found->second.interval;
  wake_before(found->second.due);
}

int EventLoop::remove_timer(int timer) {
  const std::scoped_lock lock(mutex_);
  const auto found = timers_.find(timer);
  if (found == timers_.end()) return -1;
  removed_.push_back({found->second.release, found->second.opaque});
  timers_.erase(found);
  wake_before(SteadyTime::min());
  return 0;
}

// ---- The loop -------------------------------------------------------------------------------------------------------

/// The lock is the caller's.
void EventLoop::wake_before(SteadyTime when) {
  if (!asleep_until_ || *asleep_until_ <= when) return;
  asleep_until_.reset();
  const std::uint64_t one = 1;
  static_cast<void>(!::write(wake_up_, &one, sizeof one));  // It fails only where it is awake already.
}

/// For how long there is nothing to do; below 0 for ever.
int EventLoop::sleep_ms() {
  const std::scoped_lock lock(mutex_);
  SteadyTime until = removed_.empty() ? SteadyTime::max() : SteadyTime::min();
  for (const auto& [id, timer] : timers_) {
    if (timer.interval) until = std::min(until, timer.due);
  }
  asleep_until_ = until;
  if (until == SteadyTime::max()) return -1;
  const SteadyTime now = SteadyClock::now();
  if (until <= now) return 0;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now).count();
  return static_cast<int>(std::min<std::int64_t>(left, std::numeric_limits<int>::max()));
}

void EventLoop::call_handle(int id, int events) {
  Handle handle;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = handles_.find(id);
    if (found == handles_.end() || found->second.events == 0) return;
    handle = found->second;
  }
  // What was told before this one in the same round may have changed what this one is watched for.
  events &= handle.events | VIR_EVENT_HANDLE_ERROR | VIR_EVENT_HANDLE_HANGUP;
  if (events == 0) return;
  // Removed at this moment, it is still there: only this thread releases.
  handle.call(id, handle.fd, events, handle.opaque);
}

void EventLoop::call_due_timers() {
  const SteadyTime now = SteadyClock::now();
  std::vector<int> due;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [id, timer] : timers_) {
      if (timer.interval && timer.due <= now) due.push_back(id);
    }
  }
  for (const int id : due) {
    Timer timer;
    {
      const std::scoped_lock lock(mutex_);
      const auto found = timers_.find(id);
      if (found == timers_.end() || !found->second.interval || found->second.due > now) continue;
      found->second.due = now + *found->second.interval;
      timer = found->second;
    }
    timer.call(id, timer.opaque);
  }
}

void EventLoop::release_removed() {
  std::vector<Removed> removed;
  {
    const std::scoped_lock lock(mutex_);
    removed.swap(removed_);
  }
  for (const auto& [release, opaque] : removed) {
    if (release != nullptr) release(opaque);
  }
}

void EventLoop::run_once() {
  std::array<epoll_event, kServedAtOnce> events{};
  const int count = ::epoll_wait(kernel_set_, events.data(), kServedAtOnce, sleep_ms());
  {
    const std::scoped_lock lock(mutex_);
    asleep_until_.reset();
  }
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if (event.data.fd == kWakeUpId) {
      std::uint64_t ignored = 0;
      static_cast<void>(!::read(wake_up_, &ignored, sizeof ignored));
    } else {
      call_handle(event.data.fd, libvirt_events(event.events));
    }
  }
  call_due_timers();
  release_removed();
}

// ---- libvirt's ------------------------------------------------------------------------------------------------------

namespace {

/// Of the process: libvirt's callbacks say nothing of whose they are. Never ended, as the thread that runs it.
EventLoop& the_loop() {
  static auto* const loop = new EventLoop;
  return *loop;
}

}  // namespace

void start_event_loop() {
  // First, since it may fail: libvirt takes a loop once, and for good.
  std::thread([] {
    for (;;) the_loop().run_once();
  }).detach();
  virEventRegisterImpl([](int fd, int events, virEventHandleCallback call, void* opaque,
                          virFreeCallback release) { return the_loop().add_handle(fd, events, call, opaque, release); },
                       [](int watch, int events) { the_loop().update_handle(watch, events); },
                       [](int watch) { return the_loop().remove_handle(watch); },
                       [](int interval_ms, virEventTimeoutCallback call, void* opaque, virFreeCallback release) {
                         return the_loop().add_timer(interval_ms, call, opaque, release);
                       },
                       [](int timer, int interval_ms) { the_loop().update_timer(timer, interval_ms); },
                       [](int timer) { return the_loop().remove_timer(timer); });
}

}  // namespace vscale::libvirt
