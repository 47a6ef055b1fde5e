#pragma once

#include <atomic>
#include <cstdint>

#include "engine/ports/clock.h"

/// The one place that reads the time.

namespace vscale {

/// Implements Clock by the clocks of this machine. While the machine is suspended no uptime passes.
class SystemClock final : public Clock {
 public:
  Instant now() override;
  Duration uptime() override;
  void sleep_until(Instant at) override;

  /// Ends the sleep of every thread that sleeps now, and the next sleep of every other thread, once: so an interrupt
  /// just before a sleep is not lost, and a program that goes on after one still sleeps. May be called from a signal
  /// handler.
  void interrupt() noexcept;

 private:
  std::atomic<std::uint32_t> interrupts_{0};
};

}  // namespace vscale
