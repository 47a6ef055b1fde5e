#pragma once

#include <atomic>

#include "engine/ports/clock.h"

namespace vscale {

/// A clock that passes time only by being slept on: five minutes of waiting cost nothing. Safe from several threads.
class VirtualClock final : public Clock {
 public:
  /// Where every simulation begins unless it says otherwise.
  static constexpr Instant kStart{std::chrono::sys_days{std::chrono::year{2026} / 5 / 4} + std::chrono::hours{14}};

  explicit VirtualClock(Instant start = kStart) : passed_(start.time_since_epoch().count()) {}

  Instant now() override { return Instant{Duration{passed_.load() + ahead_.load()}}; }
  Duration uptime() override { return Duration{passed_.load()}; }
  /// As much as there is to `at` has passed afterwards; time never goes back.
  void sleep_until(Instant at) override {
    const auto wanted = at.time_since_epoch().count() - ahead_.load();
    auto seen = passed_.load();
    while (seen < wanted && !passed_.compare_exchange_weak(seen, wanted)) {
    }
  }
  void advance(Duration by) { passed_ += by.count(); }
  /// Somebody sets the wall clock, back if `by` is negative; no time passes.
  void set_wall_clock(Duration by) { ahead_ += by.count(); }

 private:
  std::atomic<Duration::rep> passed_;
  std::atomic<Duration::rep> ahead_{0};
};

}  // namespace vscale
