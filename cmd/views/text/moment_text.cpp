#include "cmd/views/text/moment_text.h"

namespace vscale {
namespace {

constexpr std::size_t kHoursAndMinutes = 5;
constexpr Duration kSaidByTheClock = std::chrono::hours{12};

}  // namespace

std::string moment_text(Instant at, const TimeWords& words) {
  const Duration ago = words.now - at;
  const bool is_near = ago < kSaidByTheClock && ago > -kSaidByTheClock;
  if (is_near && words.time_of_day) return words.time_of_day(at).substr(0, kHoursAndMinutes);
  return ago < Duration{0} ? "in " + show_duration(-ago) : show_duration(ago) + " ago";
}

}  // namespace vscale
