#pragma once

#include <variant>

#include "engine/metrics/counter_reading.h"
#include "engine/metrics/sample.h"

/// Counters become rates: two readings of one domain make a sample, or it is said why they do not.

namespace vscale {

/// Why two readings make no sample. After every one of these but `too_short` the later reading takes the place of the
/// earlier one; after that, the earlier one stays and is compared with the next.
enum class NoSample {
  too_short,     ///< They are too close: somebody looked out of turn.
  too_long,      ///< What happened in between is nobody's knowledge, and its average hides it.
  clock_jumped,  ///< The wall clock was set, or the machine slept: nobody knows how long it was.
  another_boot,  ///< Uptime went back: the earlier reading is from before this machine was started.
  counted_anew,  ///< A counter went back: the domain was started in between, or lost a disk or a card.
};
/// "too short", "clock jumped", …
const char* to_string(NoSample why);

/// By so much wall clock and uptime may differ over one sample: NTP moves the wall clock by 0.5 ms a second at most,
/// and each is read in whole milliseconds.
constexpr Duration kClockTolerance{1'000};
/// What is shorter than this part of the interval between collections is too short: a counter that moves in steps,
/// such as processor time by ticks, would make waves of nothing.
constexpr int kShortestPart = 3;
/// What is longer than so many intervals is too long.
constexpr int kLongestIntervals = 4;

/// What the domain used between two readings, `interval` being metrics.interval, longer than 0. How long that was is
/// told by uptime, which nobody sets. Each metric is absent by itself:
///  - cpu where the processor time was not told twice, or the number of vCPUs has changed in between. It may be a
///  little
///    above 100, since a domain's processor time holds the emulator's own;
///  - memory where the guest has not told of it since the earlier reading: a guest that hung is remembered by its host
///  as
///    it was. The guest tells every 10 s, so that of a shorter interval not every sample has it.
std::variant<Sample, NoSample> sample_between(const CounterReading& before, const CounterReading& now,
                                              Duration interval);

}  // namespace vscale
