#include "engine/scaling/schedule/cron.h"

#include <algorithm>
#include <string>

#include "engine/values/text/lower_case.h"

namespace vscale {
namespace {

struct Field {
  int min, max;  // as they are written
  int size;      // so many different values: Sunday is written in two ways
  std::string_view names;
};
constexpr Field kMinute{0, 59, 60, ""};
constexpr Field kHour{0, 23, 24, ""};
constexpr Field kDay{1, 31, 31, ""};
constexpr Field kMonth{1, 12, 12, "janfebmaraprmayjunjulaugsepoctnovdec"};
constexpr Field kWeekday{0, 7, 7, "sunmontuewedthufrisat"};
constexpr std::size_t kNameLength = 3;
constexpr std::size_t kMaxDigits = 2;

// A number of one or two digits.
std::optional<int> number(std::string_view text) {
  if (text.empty() || text.size() > kMaxDigits) return std::nullopt;
  int value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

std::optional<int> value_of(std::string_view text, const Field& field) {
  if (const std::optional<int> value = number(text)) {
    return field.min <= *value && *value <= field.max ? value : std::nullopt;
  }
  const std::size_t found = field.names.find(lower_case(text));
  if (text.size() != kNameLength || found == field.names.npos || found % kNameLength != 0) return std::nullopt;
  return field.min + static_cast<int>(found / kNameLength);
}

// Every `step`-th of `count` values from `first` on; behind the last value of the field comes its first.
template <std::size_t N>
void set_each(std::bitset<N>& values, const Field& field, int first, int count, int step) {
  for (int k = 0; k < count; k += step) {
    const int value = field.min + (first - field.min + k) % field.size;
    values.set(static_cast<std::size_t>(value));
  }
}

// `*`, `5` or `1-5`, and perhaps `/2` behind it.
template <std::size_t N>
bool read_item(std::string_view text, const Field& field, std::bitset<N>& into) {
  std::optional<int> step;
  if (const std::size_t slash = text.find('/'); slash != text.npos) {
    const std::string_view written = text.substr(slash + 1);
    step = number(written);
    if (!step || written.front() == '0') return false;
    text = text.substr(0, slash);
  }
  if (text == "*") {
    set_each(into, field, field.min, field.size, step.value_or(1));
    return true;
  }
  const std::size_t dash = text.find('-');
  const std::optional<int> first = value_of(text.substr(0, dash), field);
  const std::optional<int> last = dash == text.npos ? first : value_of(text.substr(dash + 1), field);
  if (!first || !last) return false;
  const bool is_open = dash == text.npos && step.has_value();
  const int distance = is_open ? field.min + field.size - 1 - *first : *last - *first;
  const bool goes_round = !is_open && distance < 0;
  set_each(into, field, *first, std::max(0, goes_round ? distance + field.size : distance) + 1, step.value_or(1));
  return true;
}

template <std::size_t N>
bool read_field(std::string_view text, const Field& field, std::bitset<N>& into) {
  for (;;) {
    const std::size_t comma = text.find(',');
    if (!read_item(text.substr(0, comma), field, into)) return false;
    if (comma == text.npos) return true;
    text.remove_prefix(comma + 1);
  }
}

// Takes the first field off `text`, with the spaces behind it.
std::string_view take_field(std::string_view& text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view field = text.substr(0, end);
  text.remove_prefix(std::min(text.find_first_not_of(' ', end), text.size()));
  return field;
}

bool names_day(const Cron& cron, unsigned month, unsigned day, unsigned weekday) {
  if (!cron.months.test(month)) return false;
  const bool by_day = cron.days.test(day);
  const bool by_weekday = cron.weekdays.test(weekday);
  return cron.match == Cron::Days::either ? by_day || by_weekday : by_day && by_weekday;
}

// Is there a day for which `test` holds? Any date is on any weekday in some year.
template <class Test>
bool any_day(Test test) {
  constexpr unsigned kLongest[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  for (unsigned month = 1; month <= 12; ++month) {
    for (unsigned day = 1; day <= kLongest[month - 1]; ++day) {
      for (unsigned weekday = 0; weekday < 7; ++weekday) {
        if (test(month, day, weekday)) return true;
      }
    }
  }
  return false;
}

}  // namespace

std::optional<Cron> cron_from(std::string_view text) {
  if (text.ends_with(' ')) return std::nullopt;
  const std::string_view minute = take_field(text);
  const std::string_view hour = take_field(text);
  const std::string_view day = take_field(text);
  const std::string_view month = take_field(text);
  const std::string_view weekday = take_field(text);
  Cron cron;
  const bool ok = text.empty() && read_field(minute, kMinute, cron.minutes) && read_field(hour, kHour, cron.hours) &&
                  read_field(day, kDay, cron.days) && read_field(month, kMonth, cron.months) &&
                  read_field(weekday, kWeekday, cron.weekdays);
  if (!ok) return std::nullopt;
  if (!day.starts_with('*') && !weekday.starts_with('*')) cron.match = Cron::Days::either;
  if (minute.starts_with('*') || hour.starts_with('*')) cron.pace = Cron::Pace::repeated;
  return cron;
}

bool is_on(const Cron& cron, std::chrono::local_days day) {
  const std::chrono::year_month_day date{day};
  return names_day(cron, static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                   std::chrono::weekday{day}.c_encoding());
}

bool never_comes(const Cron& cron) {
  return !any_day([&](unsigned month, unsigned day, unsigned weekday) { return names_day(cron, month, day, weekday); });
}

bool is_within(const Cron& inner, const Cron& outer) {
  if ((inner.minutes & ~outer.minutes).any() || (inner.hours & ~outer.hours).any()) return false;
  return !any_day([&](unsigned month, unsigned day, unsigned weekday) {
    return names_day(inner, month, day, weekday) && !names_day(outer, month, day, weekday);
  });
}

}  // namespace vscale
