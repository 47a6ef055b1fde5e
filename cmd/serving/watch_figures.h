#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/values/units.h"

/// What a running watch counts of itself: plain numbers, that the loop keeps and /metrics shows. What is counted begins
/// at 0 with the program.

namespace vscale {

/// How long the ticks took, by how many took no longer than each of the bounds.
struct TickDurations {
  /// In seconds. The usual tick with a few hosts takes less than the first, one in which guests boot more than the
  /// last.
  static constexpr std::array<double, 10> kBounds_s = {0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300};

  std::array<std::uint64_t, kBounds_s.size()> up_to{};  ///< Those that took no longer than the bound of the same index.
  std::uint64_t count = 0;
  Duration sum{};

  void add(Duration took);
  bool operator==(const TickDurations&) const = default;
};

struct HostFigures {
  std::string host;
  bool up = true;  ///< It answered in the last tick.

  bool operator==(const HostFigures&) const = default;
};

/// Of one group, so that there are as many series as groups, however many instances come and go.
struct GroupFigures {
  std::string group;  ///< As a person says it: `web`
  int wanted = 0;     ///< The size that is wanted now.
  int min = 0, max = 0;
  int there = 0, ready = 0, unready = 0;
  std::map<std::string, int> by_state{};  ///< By the words of `status`, and `unready`: up, and did not answer as it
                                          ///< should the last time. A state without
  ///< instances is left out.
  std::uint64_t scaled_out = 0, scaled_in = 0, left_as_it_was = 0;  ///< Decisions about its size.
  std::uint64_t started = 0, restarted = 0, replaced = 0;           ///< Heals, by what was done.
  std::uint64_t policy_errors = 0;                                  ///< A policy was asked and could not tell.

  bool operator==(const GroupFigures&) const = default;
};

struct WatchFigures {
  std::string version;
  TickDurations ticks{};
  std::uint64_t ticks_overran = 0;     ///< Took longer than watch.interval.
  std::uint64_t plans = 0;             ///< That were made: none while nothing is otherwise than it was.
  std::optional<Instant> last_tick{};  ///< When one was last completed; nothing: none has been.
  bool holds_lock = false;             ///< false: another vscale is at work, and this one waits for it.
  std::vector<HostFigures> hosts{};    ///< In file order, as are the groups.
  std::vector<GroupFigures> groups{};
  std::uint64_t actions_done = 0, actions_failed = 0;

  bool operator==(const WatchFigures&) const = default;
};

}  // namespace vscale
