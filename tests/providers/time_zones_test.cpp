// What clocks show, as this machine's zone data tell it, against what the C library makes of the same data.

#include "providers/clock/time_zones.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <ctime>
#include <string>

namespace vscale::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

Instant midnight(int year, unsigned month, unsigned day_of_month) {
  return std::chrono::sys_days{std::chrono::year{year} / static_cast<int>(month) / static_cast<int>(day_of_month)};
}

ZoneRules rules_of(const std::string& zone, Instant from, Instant to) {
  SystemTimeZones zones;
  const Result<ZoneRules> rules = zones.rules(zone, from, to);
  INFO((rules.ok() ? zone : to_string(rules.error())));
  REQUIRE(rules.ok());
  return *rules;
}

Error error_of(const std::string& zone) {
  SystemTimeZones zones;
  const Result<ZoneRules> rules = zones.rules(zone, midnight(2026, 1, 1), midnight(2026, 12, 31));
  REQUIRE_FALSE(rules.ok());
  return rules.error();
}

/// The C library's own zone while it lives; what it was comes back afterwards.
class ZoneOfProcess {
 public:
  explicit ZoneOfProcess(const std::string& zone) {
    if (const char* before = std::getenv("TZ")) before_ = before;
    set((":" + zone).c_str());
  }
  ~ZoneOfProcess() { set(before_.empty() ? nullptr : before_.c_str()); }
  ZoneOfProcess(const ZoneOfProcess&) = delete;
  ZoneOfProcess& operator=(const ZoneOfProcess&) = delete;

 private:
  static void set(const char* zone) {
    if (zone == nullptr) unsetenv("TZ");
    if (zone != nullptr) setenv("TZ", zone, 1);
    tzset();
  }
  std::string before_;
};

long offset_by_c_library(Instant at) {
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
  std::tm local{};
  localtime_r(&seconds, &local);
  return local.tm_gmtoff;
}

}  // namespace

TEST_CASE("the rules of a zone say when its clocks are changed") {
  // Summer 2026 in Berlin: 29 March to 25 October, from and to 01:00Z.
  const ZoneRules berlin = rules_of("Europe/Berlin", midnight(2026, 1, 1), midnight(2026, 12, 31));
  CHECK(berlin == ZoneRules{"Europe/Berlin",
                            {{midnight(2026, 1, 1), 3600},
                             {midnight(2026, 3, 29) + hours{1}, 7200},
                             {midnight(2026, 10, 25) + hours{1}, 3600}}});
}

TEST_CASE("a change at the end of what is asked belongs to it, and one after it does not") {
  const Instant change = midnight(2026, 3, 29) + hours{1};
  CHECK(rules_of("Europe/Berlin", midnight(2026, 1, 1), change).offsets.size() == 2);
  CHECK(rules_of("Europe/Berlin", midnight(2026, 1, 1), change - Duration{1}).offsets.size() == 1);
  CHECK(rules_of("Europe/Berlin", change, change).offsets == std::vector<ZoneRules::Offset>{{change, 7200}});
  CHECK(rules_of("Europe/Berlin", change - Duration{1}, change - Duration{1}).offsets[0].seconds == 3600);
}

TEST_CASE("a zone that keeps its clocks has one offset") {
  CHECK(rules_of("Asia/Kolkata", midnight(2000, 1, 1), midnight(2036, 1, 1)).offsets ==
        std::vector<ZoneRules::Offset>{{midnight(2000, 1, 1), 19'800}});
}

TEST_CASE("UTC is always known, and needs no zone data") {
  CHECK(rules_of("UTC", midnight(2026, 1, 1), midnight(2026, 12, 31)) == utc_rules());
}

TEST_CASE("rules agree with the C library in every hour of 2000 to 2036") {
  for (const char* zone :
       {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Etc/UTC", "Europe/Moscow",
        "Africa/Casablanca", "Pacific/Apia", "America/St_Johns", "Asia/Tehran", "Antarctica/Troll", "Europe/Dublin"}) {
    const ZoneOfProcess process(zone);
    const ZoneRules rules = rules_of(zone, midnight(2000, 1, 1), midnight(2036, 12, 31));
    for (Instant at = midnight(2000, 1, 1); at < midnight(2036, 12, 31); at += minutes{30}) {
      const auto ahead =
          local_time(rules, at).time_since_epoch() - std::chrono::floor<std::chrono::seconds>(at).time_since_epoch();
      if (ahead.count() != offset_by_c_library(at)) FAIL(zone << " at " << rfc3339(at));
    }
    for (std::size_t i = 1; i < rules.offsets.size(); ++i) {
      CHECK(rules.offsets[i].seconds != rules.offsets[i - 1].seconds);
      CHECK(rules.offsets[i].from > rules.offsets[i - 1].from);
      CHECK(offset_by_c_library(rules.offsets[i].from - Duration{1}) == rules.offsets[i - 1].seconds);
    }
  }
}

TEST_CASE("a zone that does not exist is not found, with the one that was probably meant") {
  const Error typo = error_of("europe/berlin");
  CHECK(typo.kind == ErrorKind::not_found);
  CHECK(typo.message == "time zone \"europe/berlin\" is not known on this machine");
  CHECK(typo.hint == "did you mean \"Europe/Berlin\"?");
  CHECK(error_of("Kolkata").hint == "did you mean \"Asia/Kolkata\"?");
  CHECK(error_of("CEST").hint.find("Europe/Berlin") != std::string::npos);
  for (const char* zone : {"", "Europe", "Europe/", "../etc/passwd", "/etc/localtime", "zone.tab", "posixrules"}) {
    INFO(zone);
    CHECK(error_of(zone).kind == ErrorKind::not_found);
  }
}

TEST_CASE("what this machine is set to is no zone that means the same elsewhere") {
  CHECK(error_of("localtime").kind == ErrorKind::not_found);
}

}  // namespace vscale::test
