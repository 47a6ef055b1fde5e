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

std::optional<Instant> instant_from(std::string_view text) {
  constexpr std::string_view form = "dddd-dd-ddTdd:dd:dd.dddZ";
  if (text.size() != form.size()) return std::nullopt;
  for (std::size_t i = 0; i < form.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (form[i] == 'd' ? !digit : text[i] != form[i]) return std::nullopt;
  }
  const auto number = [&](std::size_t from, std::size_t count) {
    int value = 0;
    for (const char digit : text.substr(from, count)) value = 10 * value + (digit - '0');
    return value;
  };
  const std::chrono::year_month_day date{std::chrono::year{number(0, 4)},
                                         std::chrono::month{static_cast<unsigned>(number(5, 2))},
                                         std::chrono::day{static_cast<unsigned>(number(8, 2))}};
  if (!date.ok() || number(11, 2) > 23 || number(14, 2) > 59 || number(17, 2) > 59) return std::nullopt;
  return std::chrono::sys_days{date} + std::chrono::hours{number(11, 2)} + std::chrono::minutes{number(14, 2)} +
         std::chrono::seconds{number(17, 2)} + std::chrono::milliseconds{number(20, 3)};
}

}  // namespace vscale
