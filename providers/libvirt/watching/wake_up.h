#pragma once

#include <atomic>
#include <functional>

#include "engine/ports/clock.h"

namespace vscale::libvirt {

/// Word, and who sleeps until it comes. However often there is word, it is one until somebody has woken by it. Safe
/// from several threads; one of them sleeps. Internal to providers/libvirt.
class WakeUp {
 public:
  /// `end_sleep` ends the sleep of whoever sleeps on the clock, or else the next one, from any thread.
  explicit WakeUp(std::function<void()> end_sleep);

  void give_word();
  /// As DomainEvents has it.
  bool sleep_between(Clock& clock, Instant earliest, Instant latest);

 private:
  const std::function<void()> end_sleep_;
  std::atomic<bool> word_{false};
  std::atomic<bool> asleep_{false};  ///< Or about to be.
};

}  // namespace vscale::libvirt
