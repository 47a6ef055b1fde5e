#pragma once

#include <atomic>

#include "engine/ports/clock.h"

namespace vscale {

/// A clock that passes time only by being slept on: five minutes of waiting cost nothing. Safe from several threads.
class VirtualClock final : public Clock {
 public:
  /// Where every simulation begins unless it says otherwise.
  static constexpr Instant kStart{std::chrono::sys_days{std::chrono::year{2026} / 5 / 4} + std::chrono::hours{14}};

  explicit VirtualClock(Instant start = kStart) : now_(start.time_since_epoch().count()) {}

  Instant now() override { return Instant{Duration{now_.load()}}; }
  /// Time is `at` afterwards; it never goes back.
  void sleep_until(Instant at) override {
    const auto wanted = at.time_since_epoch().count();
    auto seen = now_.load();
    while (seen < wanted && !now_.compare_exchange_weak(seen, wanted)) {
    }
  }
  void advance(Duration by) { now_ += by.count(); }

 private:
  std::atomic<Duration::rep> now_;
};

}  // namespace vscale
