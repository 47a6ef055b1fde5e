#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

/// Deadlines for a program that does not always run. Internal to providers/libvirt.

namespace vscale::libvirt {

/// How often whoever waits looks at the progress of a long piece of work, and whether the program has run meanwhile.
constexpr std::chrono::milliseconds kProgressInterval{100};

/// What does not count of a long wait, which is made of short ones: a short one that ends much later than it was to was
/// no wait, for the program was stopped (Ctrl-Z), or had no turn. Each short one counts as long as it was to be,
/// however late it ends, so that a deadline is reached also where every one is late. One for each long wait.
class LateWakes {
 public:
  using Span = std::chrono::steady_clock::duration;

  /// By how much the deadline moves on after a short wait that ended `late`. Where the one before was in time, what had
  /// arrived until now is waiting to be read, and gets a moment for it.
  Span forgiven(Span late) {
    if (late < Span{0}) return Span{0};  // woken before its end
    const bool was_late = std::exchange(late_before_, late > kProgressInterval);
    if (!late_before_) return Span{0};
    return was_late ? late : late + kProgressInterval;
  }

 private:
  bool late_before_ = false;
};

/// Waits until `come`, up to `deadline`, which moves on by what does not count. False if it did not come.
template <class Come>
bool wait_until(std::condition_variable& changed, std::unique_lock<std::mutex>& lock,
                std::chrono::steady_clock::time_point& deadline, Come come) {
  using SteadyClock = std::chrono::steady_clock;
  LateWakes wakes;
  for (auto now = SteadyClock::now(); now < deadline; now = SteadyClock::now()) {
    const auto wake = std::min(deadline, now + kProgressInterval);
    if (changed.wait_until(lock, wake, come)) return true;
    deadline += wakes.forgiven(SteadyClock::now() - wake);
  }
  return come();
}

}  // namespace vscale::libvirt
