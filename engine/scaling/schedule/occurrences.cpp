#include "engine/scaling/schedule/occurrences.h"

#include <algorithm>
#include <vector>

#include "engine/values/result.h"

namespace vscale {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::local_days;
using std::chrono::local_seconds;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_seconds;

// From one change of the clocks to the next, in seconds.
struct Stretch {
  sys_seconds from, to;  // `to` is excluded
  seconds offset{};
  local_seconds shown{};  // All that is before this has come before the stretch.

  [[nodiscard]] local_seconds local(sys_seconds at) const { return local_seconds{at.time_since_epoch() + offset}; }
  [[nodiscard]] sys_seconds moment(local_seconds at) const { return sys_seconds{at.time_since_epoch() - offset}; }
};

// Those that have a part in `from` to `to`, `to` excluded, in order. The first offset holds before its moment too, and
// the last one to the end.
std::vector<Stretch> stretches(const ZoneRules& rules, sys_seconds from, sys_seconds to) {
  VSCALE_ASSERT(!rules.offsets.empty(), "a zone has an offset at any time");
  std::vector<Stretch> found;
  std::optional<local_seconds> shown;
  for (std::size_t i = 0; i < rules.offsets.size(); ++i) {
    const bool is_last = i + 1 == rules.offsets.size();
    const auto begin = std::chrono::floor<seconds>(rules.offsets[i].from);
    const auto end = is_last ? to : std::chrono::floor<seconds>(rules.offsets[i + 1].from);
    Stretch stretch{
        .from = i == 0 ? std::min(begin, from) : begin, .to = end, .offset = seconds{rules.offsets[i].seconds}};
    stretch.shown = shown.value_or(stretch.local(stretch.from));
    shown = std::max(stretch.shown, stretch.local(end));
    if (stretch.from < to && from < stretch.to) found.push_back(stretch);
  }
  return found;
}

// The first time that is named, from `from` on and before `to`, by clocks that nobody changes.
std::optional<local_seconds> first_named(const Cron& cron, local_seconds from, local_seconds to) {
  for (local_days day = std::chrono::floor<days>(from); day < to; day += days{1}) {
    if (!is_on(cron, day)) continue;
    for (std::size_t hour = 0; hour < cron.hours.size(); ++hour) {
      if (!cron.hours.test(hour)) continue;
      for (std::size_t minute = 0; minute < cron.minutes.size(); ++minute) {
        if (!cron.minutes.test(minute)) continue;
        const local_seconds time = day + hours{hour} + minutes{minute};
        if (time >= from) return time < to ? std::optional{time} : std::nullopt;
      }
    }
  }
  return std::nullopt;
}

// The last one.
std::optional<local_seconds> last_named(const Cron& cron, local_seconds from, local_seconds to) {
  for (local_days day = std::chrono::floor<days>(to); day + days{1} > from; day -= days{1}) {
    if (!is_on(cron, day)) continue;
    for (std::size_t hour = cron.hours.size(); hour-- > 0;) {
      if (!cron.hours.test(hour)) continue;
      for (std::size_t minute = cron.minutes.size(); minute-- > 0;) {
        if (!cron.minutes.test(minute)) continue;
        const local_seconds time = day + hours{hour} + minutes{minute};
        if (time < to) return time >= from ? std::optional{time} : std::nullopt;
      }
    }
  }
  return std::nullopt;
}

// Is a time left out where the stretch begins, so that it comes at that moment?
bool makes_up_at_begin(const Cron& cron, const Stretch& stretch) {
  return cron.pace == Cron::Pace::once && first_named(cron, stretch.shown, stretch.local(stretch.from)).has_value();
}

// What clocks show for the first time in the stretch, or, for those that come whenever clocks show it, all of it.
local_seconds begin_of_named(const Cron& cron, const Stretch& stretch) {
  const local_seconds begin = stretch.local(stretch.from);
  return cron.pace == Cron::Pace::once ? std::max(begin, stretch.shown) : begin;
}

}  // namespace

std::optional<Instant> last_occurrence(const Cron& cron, const ZoneRules& rules, Instant at) {
  const auto now = std::chrono::floor<seconds>(at);
  const sys_seconds from = now - kCronReach;
  const sys_seconds to = now + seconds{1};
  std::vector<Stretch> newest_first = stretches(rules, from, to);
  std::reverse(newest_first.begin(), newest_first.end());
  for (const Stretch& stretch : newest_first) {
    const local_seconds begin = std::max(begin_of_named(cron, stretch), stretch.local(from));
    if (const auto named = last_named(cron, begin, stretch.local(std::min(stretch.to, to)))) {
      return stretch.moment(*named);
    }
    if (stretch.from >= from && makes_up_at_begin(cron, stretch)) return stretch.from;
  }
  return std::nullopt;
}

std::optional<Instant> next_occurrence(const Cron& cron, const ZoneRules& rules, Instant after) {
  const sys_seconds from = std::chrono::floor<seconds>(after) + seconds{1};
  const sys_seconds to = from + kCronReach;
  for (const Stretch& stretch : stretches(rules, from, to)) {
    if (stretch.from >= from && makes_up_at_begin(cron, stretch)) return stretch.from;
    const local_seconds begin = std::max(begin_of_named(cron, stretch), stretch.local(from));
    if (const auto named = first_named(cron, begin, stretch.local(std::min(stretch.to, to)))) {
      return stretch.moment(*named);
    }
  }
  return std::nullopt;
}

}  // namespace vscale
