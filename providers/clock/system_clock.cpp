#include "providers/clock/system_clock.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <ctime>

namespace vscale {
namespace {

// What each thread has slept through so far. One clock per program is the rule; with two, a thread that changes between
// them returns once too early, which every caller must be ready for.
thread_local std::uint32_t interrupts_seen = 0;

using Steady = std::chrono::steady_clock::time_point;

/// Both clocks are read in whole milliseconds that have passed, so a sleep is this much longer than the difference.
constexpr Duration kRounding{1};

timespec timespec_of(Steady at) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(at.time_since_epoch());
  const std::chrono::nanoseconds rest = at.time_since_epoch() - seconds;
  return {.tv_sec = static_cast<time_t>(seconds.count()), .tv_nsec = static_cast<long>(rest.count())};
}

}  // namespace

Instant SystemClock::now() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

Duration SystemClock::uptime() {
  return std::chrono::floor<Duration>(std::chrono::steady_clock::now().time_since_epoch());
}

void SystemClock::sleep_until(Instant at) {
  // A futex and not a condition variable: interrupt() has to be safe in a signal handler, where no mutex may be taken.
  static_assert(sizeof interrupts_ == sizeof(std::uint32_t) && std::atomic<std::uint32_t>::is_always_lock_free);
  const Duration left = at - now();
  if (left <= Duration{0}) return;
  const Steady end = std::chrono::steady_clock::now() + left + kRounding;
  const timespec deadline = timespec_of(end);
  while (std::chrono::steady_clock::now() < end) {
    const std::uint32_t interrupts = interrupts_.load();
    if (interrupts != interrupts_seen) {
      interrupts_seen = interrupts;
      return;
    }
    const long woken = syscall(SYS_futex, &interrupts_, FUTEX_WAIT_BITSET_PRIVATE, interrupts, &deadline, nullptr,
                               FUTEX_BITSET_MATCH_ANY);
    if (woken != 0 && errno != ETIMEDOUT && errno != EAGAIN && errno != EINTR) return;
  }
}

void SystemClock::interrupt() noexcept {
  const int errno_of_the_interrupted = errno;
  interrupts_.fetch_add(1);
  syscall(SYS_futex, &interrupts_, FUTEX_WAKE_BITSET_PRIVATE, INT_MAX, nullptr, nullptr, FUTEX_BITSET_MATCH_ANY);
  errno = errno_of_the_interrupted;
}

}  // namespace vscale
