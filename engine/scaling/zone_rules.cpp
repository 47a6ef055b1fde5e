#include "engine/scaling/zone_rules.h"

#include <fmt/core.h>

#include <algorithm>

#include "engine/values/result.h"

namespace vscale {

ZoneRules utc_rules() {
  return {.zone = "UTC", .offsets = {{.from = Instant{}, .seconds = 0}}};
}

std::chrono::local_seconds local_time(const ZoneRules& rules, Instant at) {
  VSCALE_ASSERT(!rules.offsets.empty(), "a zone has an offset at any time");
  auto next = std::upper_bound(rules.offsets.begin(), rules.offsets.end(), at,
                               [](Instant moment, const ZoneRules::Offset& offset) { return moment < offset.from; });
  if (next != rules.offsets.begin()) --next;
  const auto utc = std::chrono::floor<std::chrono::seconds>(at).time_since_epoch();
  return std::chrono::local_seconds{utc + std::chrono::seconds{next->seconds}};
}

std::string show_local(const ZoneRules& rules, Instant at) {
  static constexpr const char* kWeekdays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  const std::chrono::local_seconds local = local_time(rules, at);
  const auto day = std::chrono::floor<std::chrono::days>(local);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{local - day};
  return fmt::format("{} {}-{:02}-{:02} {:02}:{:02} {}", kWeekdays[std::chrono::weekday{day}.c_encoding()],
                     static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()), time.hours().count(), time.minutes().count(), rules.zone);
}

}  // namespace vscale
