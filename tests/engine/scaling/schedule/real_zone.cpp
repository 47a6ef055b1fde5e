#include "tests/engine/scaling/schedule/real_zone.h"

#include <catch2/catch.hpp>

#include "engine/scaling/schedule/occurrences.h"
#include "providers/clock/time_zones.h"

namespace vscale::test {

ZoneRules real_zone(const std::string& name) {
  SystemTimeZones zones;
  const Result<ZoneRules> rules = zones.rules(name, utc_moment("1990-01-01T00:00Z"), utc_moment("2036-12-31T00:00Z"));
  INFO((rules.ok() ? "" : to_string(rules.error())));
  REQUIRE(rules.ok());
  return *rules;
}

Instant utc_moment(const std::string& text) {
  const std::optional<Instant> at = instant_from(text.substr(0, text.size() - 1) + ":00.000Z");
  INFO(text);
  REQUIRE(at.has_value());
  return *at;
}

std::string show_moment(Instant at) {
  const std::string text = rfc3339(at);
  return text.ends_with(":00.000Z") ? text.substr(0, text.size() - 8) + "Z" : text;
}

Cron cron(const std::string& text) {
  const std::optional<Cron> read = cron_from(text);
  INFO(text);
  REQUIRE(read.has_value());
  return *read;
}

std::string coming(const std::string& text, const ZoneRules& rules, const std::string& after, int count) {
  std::string shown;
  Instant from = utc_moment(after);
  for (int i = 0; i < count; ++i) {
    const std::optional<Instant> at = next_occurrence(cron(text), rules, from);
    if (!at) return shown + (shown.empty() ? "" : " ") + "never";
    shown += (shown.empty() ? "" : " ") + show_moment(*at);
    from = *at;
  }
  return shown;
}

std::string past(const std::string& text, const ZoneRules& rules, const std::string& at, int count) {
  std::string shown;
  Instant until = utc_moment(at);
  for (int i = 0; i < count; ++i) {
    const std::optional<Instant> last = last_occurrence(cron(text), rules, until);
    if (!last) return shown + (shown.empty() ? "" : " ") + "never";
    shown += (shown.empty() ? "" : " ") + show_moment(*last);
    until = *last - Duration{1};
  }
  return shown;
}

}  // namespace vscale::test
