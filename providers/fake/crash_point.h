#pragma once

#include <optional>

namespace vscale {

/// Thrown in the place of kill -9, by tests only. It unwinds everything of vscale; the fake world stays as it is.
struct SimulatedCrash {
  int boundary = 0;
};

/// Where vscale dies. Whatever is done to the outside crosses a boundary before and another one after its effect; they
/// are counted from 0, and at the armed one SimulatedCrash is thrown. One thread.
class CrashPoint {
 public:
  /// Counts from 0 again; nothing: never crash.
  void arm(std::optional<int> boundary) {
    armed_ = boundary;
    crossed_ = 0;
  }
  void cross() {
    const int boundary = crossed_++;
    if (armed_ != boundary) return;
    armed_.reset();
    throw SimulatedCrash{boundary};
  }
  /// How many since arm().
  [[nodiscard]] int crossed() const { return crossed_; }

 private:
  std::optional<int> armed_;
  int crossed_ = 0;
};

}  // namespace vscale
