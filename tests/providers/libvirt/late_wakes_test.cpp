#include "providers/libvirt/link/late_wakes.h"

#include <algorithm>
#include <catch2/catch.hpp>

namespace vscale::libvirt {
namespace {

using std::chrono::milliseconds;

constexpr int kMostWaits = 10'000;

/// How many short waits it takes to reach a deadline `bound` away, where `late_of(n)` is how late the n-th one ends.
template <class LateOf>
int waits_until(milliseconds bound, LateOf late_of) {
  LateWakes wakes;
  LateWakes::Span now{0};
  LateWakes::Span deadline = bound;
  int waits = 0;
  for (; now < deadline && waits < kMostWaits; ++waits) {
    const auto late = late_of(waits);
    now = std::min<LateWakes::Span>(deadline, now + kProgressInterval) + late;
    deadline += wakes.forgiven(late);
  }
  return waits;
}

}  // namespace

TEST_CASE("a bound on a wait is reached also where every wake-up is late") {
  const milliseconds late{GENERATE(0, 50, 100, 101, 250, 1'500, 60'000)};
  CAPTURE(late.count());
  CHECK(waits_until(milliseconds{3'000}, [&](int) { return late; }) <= 31);
}

TEST_CASE("a bound on a wait is reached also where every second wake-up is late") {
  const int late_ones = GENERATE(0, 1);
  CHECK(waits_until(milliseconds{3'000}, [&](int n) { return milliseconds{n % 2 == late_ones ? 700 : 0}; }) <= 62);
}

TEST_CASE("a program that was stopped in the last moment of a wait has one more to hear what came") {
  LateWakes wakes;
  CHECK(wakes.forgiven(milliseconds{20}) == milliseconds{0});
  CHECK(wakes.forgiven(milliseconds{5'000}) == milliseconds{5'100});
  CHECK(wakes.forgiven(milliseconds{5'000}) == milliseconds{5'000});
  CHECK(wakes.forgiven(milliseconds{20}) == milliseconds{0});
  CHECK(wakes.forgiven(milliseconds{5'000}) == milliseconds{5'100});
}

}  // namespace vscale::libvirt
