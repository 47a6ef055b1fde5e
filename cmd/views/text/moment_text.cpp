#include "cmd/views/text/moment_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace vscale {
namespace {

constexpr std::size_t kHoursAndMinutes = 5;
constexpr Duration kSaidByTheClock = std::chrono::hours{12};

bool is_said_by_the_clock(Instant at, const TimeWords& words) {
  const Duration ago = words.now - at;
  return words.time_of_day && ago < kSaidByTheClock && ago > -kSaidByTheClock;
}

}  // namespace

std::string moment_text(Instant at, const TimeWords& words) {
  if (is_said_by_the_clock(at, words)) return words.time_of_day(at).substr(0, kHoursAndMinutes);
  const Duration ago = words.now - at;
  return ago < Duration{0} ? "in " + show_duration(-ago) : show_duration(ago) + " ago";
}

std::string until_text(Instant end, const TimeWords& words) {
  if (is_said_by_the_clock(end, words)) return "until " + moment_text(end, words);
  return fmt::format("for {} more", show_duration(std::max(Duration{0}, end - words.now)));
}

}  // namespace vscale
