#include "engine/values/units.h"

#include <fmt/format.h>

namespace vscale {

std::string show_bytes(std::uint64_t bytes) {
  struct Unit {
    std::uint64_t size;
    const char* name;
  };
  for (const Unit unit : {Unit{kTiB, "TiB"}, Unit{kGiB, "GiB"}, Unit{kMiB, "MiB"}, Unit{kKiB, "KiB"}}) {
    if (bytes < unit.size) continue;
    if (bytes % unit.size == 0) return fmt::format("{} {}", bytes / unit.size, unit.name);
    return fmt::format("{:.1f} {}", static_cast<double>(bytes) / static_cast<double>(unit.size), unit.name);
  }
  return fmt::format("{} B", bytes);
}

std::string show_duration(Duration duration) {
  const auto milliseconds = duration.count();
  if (milliseconds < 0) return "-" + show_duration(-duration);
  if (milliseconds < 1000) return fmt::format("{} ms", milliseconds);
  const auto seconds = milliseconds / 1000;
  struct Unit {
    std::int64_t seconds;
    char name;
  };
  constexpr Unit units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
  auto rest = seconds;
  std::string text;
  int shown = 0;
  for (const auto& unit : units) {
    const auto count = rest / unit.seconds;
    rest %= unit.seconds;
    if (shown == 1 && count == 0) break;  // "2h" and not "2h 5s": the second unit is the next one or none
    if (count == 0) continue;
    text += fmt::format("{}{}{}", shown ? " " : "", count, unit.name);
    if (++shown == 2) break;
  }
  return text;
}

std::string rfc3339(Instant at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{at - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), time.hours().count(),
                     time.minutes().count(), time.seconds().count(), time.subseconds().count());
}

}  // namespace vscale
