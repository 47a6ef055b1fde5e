#pragma once

#include <bitset>
#include <chrono>
#include <optional>
#include <string_view>

/// A cron expression of five fields as a value: which minutes of which days it names, by the clocks of some zone. When
/// that is: occurrences.h.

namespace vscale {

/// "30 6 * * MON-FRI": minute, hour, day of the month, month, day of the week.
///
/// - `*` is all of a field, `a-b` a range, `a,b` a list; months and weekdays have names of three letters, in either
///   case; Sunday is 0 and 7.
/// - `/n` takes every n-th of what is before it, and behind a single value every n-th from there to the field's end:
///   minute `5/20` is 5, 25, 45.
/// - A range may go round: FRI-MON is Friday to Monday, hour 22-2 is 22, 23, 0, 1 and 2.
/// - A day of the month or week is restricted where its field does not begin with `*`. If both are, a date counts that
///   matches either; otherwise it has to match both.
struct Cron {
  std::bitset<60> minutes;
  std::bitset<24> hours;
  std::bitset<32> days;     ///< 1 to 31
  std::bitset<13> months;   ///< 1 to 12
  std::bitset<7> weekdays;  ///< 0 is Sunday.

  /// How days of the month and of the week go together.
  enum class Days { both, either } match = Days::both;
  /// What happens where clocks are changed. once: minute and hour are fixed, and each time comes once a day, whatever
  /// the clocks do. repeated: one of them begins with `*`, and it comes whenever clocks show it.
  enum class Pace { once, repeated } pace = Pace::once;

  bool operator==(const Cron&) const = default;
};

/// Nothing for a text that is no cron expression. Takes what the configuration language takes as a "cron line".
std::optional<Cron> cron_from(std::string_view text);

/// Does it name (times of) this day?
bool is_on(const Cron& cron, std::chrono::local_days day);

/// True if no year has a day that it names, as with 30 February.
bool never_comes(const Cron& cron);

/// Is every time that `inner` names also one of `outer`?
bool is_within(const Cron& inner, const Cron& outer);

}  // namespace vscale
