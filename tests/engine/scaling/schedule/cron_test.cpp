// A cron expression as a value: which minutes of which days it names.

#include "engine/scaling/schedule/cron.h"

#include <fmt/core.h>

#include <catch2/catch.hpp>
#include <random>
#include <regex>
#include <string>
#include <vector>

#include "schemas/text/text_form.h"
#include "tests/engine/scaling/schedule/real_zone.h"

namespace vscale::test {
namespace {

template <std::size_t N>
std::vector<int> bits_of(const std::bitset<N>& set) {
  std::vector<int> all;
  for (std::size_t i = 0; i < N; ++i) {
    if (set.test(i)) all.push_back(static_cast<int>(i));
  }
  return all;
}

std::vector<int> minutes_of(const std::string& field) {
  return bits_of(cron(field + " 0 * * *").minutes);
}
std::vector<int> weekdays_of(const std::string& field) {
  return bits_of(cron("0 0 * * " + field).weekdays);
}

bool names(const std::string& text, int year, unsigned month, unsigned day) {
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{month}, std::chrono::day{day}};
  return is_on(cron(text), std::chrono::local_days{date});
}

using Bits = std::vector<int>;

}  // namespace

TEST_CASE("a cron field is a value, a list, a range, all, or every n-th of them") {
  CHECK(minutes_of("5") == Bits{5});
  CHECK(minutes_of("05") == Bits{5});
  CHECK(minutes_of("5,7,7") == Bits{5, 7});
  CHECK(minutes_of("5-8") == Bits{5, 6, 7, 8});
  CHECK(minutes_of("*/20") == Bits{0, 20, 40});
  CHECK(minutes_of("10-20/4,59") == Bits{10, 14, 18, 59});
  CHECK(minutes_of("5/20") == Bits{5, 25, 45});
  CHECK(minutes_of("*").size() == 60);
  CHECK(bits_of(cron("0 0 1,31 JAN-mar,Dec *").months) == Bits{1, 2, 3, 12});
  CHECK(bits_of(cron("0 0 1,31 * *").days) == Bits{1, 31});
}

TEST_CASE("Sunday is 0 and 7, and weekdays have names") {
  CHECK(weekdays_of("0") == Bits{0});
  CHECK(weekdays_of("7") == Bits{0});
  CHECK(weekdays_of("SUN") == Bits{0});
  CHECK(weekdays_of("mon-FRI") == Bits{1, 2, 3, 4, 5});
  CHECK(weekdays_of("5-7") == Bits{0, 5, 6});
  CHECK(weekdays_of("0-7") == Bits{0, 1, 2, 3, 4, 5, 6});
  CHECK(weekdays_of("*/2") == Bits{0, 2, 4, 6});
  CHECK(weekdays_of("3/2") == Bits{3, 5});
}

TEST_CASE("a range may go round the end of its field") {
  CHECK(weekdays_of("FRI-MON") == Bits{0, 1, 5, 6});
  CHECK(weekdays_of("SAT-SUN") == Bits{0, 6});
  CHECK(weekdays_of("7-2") == Bits{0, 1, 2});
  CHECK(minutes_of("58-1") == Bits{0, 1, 58, 59});
  CHECK(bits_of(cron("0 22-4/2 * * *").hours) == Bits{0, 2, 4, 22});
  CHECK(bits_of(cron("0 0 * NOV-FEB *").months) == Bits{1, 2, 11, 12});
  CHECK(bits_of(cron("0 0 30-2 * *").days) == Bits{1, 2, 30, 31});
}

TEST_CASE("a date matches day of the month or weekday where both are restricted, and both of them otherwise") {
  // 2026-11-13 is a Friday, 2026-11-16 a Monday.
  CHECK(names("0 0 13 * MON", 2026, 11, 13));
  CHECK(names("0 0 13 * MON", 2026, 11, 16));
  CHECK_FALSE(names("0 0 13 * MON", 2026, 11, 14));
  CHECK(names("0 0 * * MON", 2026, 11, 16));
  CHECK_FALSE(names("0 0 * * MON", 2026, 11, 13));
  CHECK(names("0 0 13 * *", 2026, 11, 13));
  CHECK_FALSE(names("0 0 13 * *", 2026, 11, 16));
  // */2 begins with *, so it restricts nothing that the other could lift: odd days that are Mondays.
  CHECK_FALSE(names("0 0 */2 * MON", 2026, 11, 16));
  CHECK(names("0 0 */2 * MON", 2026, 11, 23));
  CHECK_FALSE(names("0 0 */2 * MON", 2026, 11, 25));
}

TEST_CASE("what has a fixed minute and hour comes once a day, all else whenever clocks show it") {
  CHECK(cron("30 6 * * *").pace == Cron::Pace::once);
  CHECK(cron("0,30 6-8 * * *").pace == Cron::Pace::once);
  CHECK(cron("*/5 6 * * *").pace == Cron::Pace::repeated);
  CHECK(cron("30 * * * *").pace == Cron::Pace::repeated);
}

TEST_CASE("an expression never comes if no year has its days") {
  CHECK(never_comes(cron("30 2 30 2 *")));
  CHECK(never_comes(cron("0 0 31 2,4,6,9,11 *")));
  CHECK(never_comes(cron("0 0 31 4 */2")));
  CHECK_FALSE(never_comes(cron("0 0 29 2 *")));
  CHECK_FALSE(never_comes(cron("0 0 29 2 */7")));
  CHECK_FALSE(never_comes(cron("0 0 31 4 MON")));
  CHECK_FALSE(never_comes(cron("* * * * *")));
}

TEST_CASE("expressions are within each other by what they name, however they are written") {
  CHECK(is_within(cron("0 7 * * MON-FRI"), cron("00 07 * * 1-5")));
  CHECK(is_within(cron("0 7 * * MON"), cron("0 7 * * *")));
  CHECK(is_within(cron("0 7 * * *"), cron("0 7,19 1-31 1-12 *")));
  CHECK(is_within(cron("0 7 29 2 *"), cron("0 7 28-31 * *")));
  CHECK_FALSE(is_within(cron("0 7 * * *"), cron("0 19 * * *")));
  CHECK_FALSE(is_within(cron("0 7 * * *"), cron("0 7 * * MON-SAT")));
  CHECK_FALSE(is_within(cron("0,1 7 * * *"), cron("0 7 * * *")));
  CHECK_FALSE(is_within(cron("0 7 13 * MON"), cron("0 7 13 * *")));
}

TEST_CASE("what is no cron expression is none") {
  for (const char* text : {"",
                           " ",
                           "* * * *",
                           "* * * * * *",
                           " * * * * *",
                           "* * * * * ",
                           "60 0 * * *",
                           "0 24 * * *",
                           "0 0 0 * *",
                           "0 0 32 * *",
                           "0 0 * 0 *",
                           "0 0 * 13 *",
                           "0 0 * * 8",
                           "0 0 * * mo",
                           "0 0 * * monday",
                           "0 0 * mon *",
                           "a 0 * * *",
                           "0-  0 * * *",
                           "-5 0 * * *",
                           "1--2 0 * * *",
                           "1, 0 * * *",
                           ",1 0 * * *",
                           "*/0 0 * * *",
                           "*/ 0 * * *",
                           "*/100 0 * * *",
                           "*/-1 0 * * *",
                           "*5 0 * * *",
                           "000 0 * * *",
                           "@daily",
                           "0\t0 * * *",
                           "1-2-3 0 * * *"}) {
    INFO(text);
    CHECK_FALSE(cron_from(text).has_value());
  }
}

TEST_CASE("the engine reads exactly the cron lines that the JSON Schema takes") {
  const unsigned seed = std::random_device{}();
  std::mt19937 random(seed);
  const std::regex pattern(forms::kCron.pattern, std::regex::ECMAScript);
  const std::vector<std::string> pieces = {"0", "5",  "7",  "12",  "31",  "59",  "60",  "*",   "*", "-",  "-",
                                           ",", "/",  "/2", "/0",  "mon", "JAN", "Sun", "dec", " ", " ",  " ",
                                           " ", "  ", "00", "099", "1-5", "x",   "MAR", "FRI", "9", "/9", "8/9"};
  int taken = 0;
  for (int i = 0; i < 20'000; ++i) {
    // Half of them are put together from nothing, half are a right one with a piece too many or too few.
    std::string text = i % 2 == 0 ? "" : "5-59/2 1,7 * JAN-MAR 0-7";
    const auto count = 1 + random() % (i % 2 == 0 ? 12 : 2);
    for (unsigned k = 0; k < count; ++k) {
      const std::size_t at = text.empty() ? 0 : random() % text.size();
      if (i % 2 == 1 && random() % 2 == 0) text.erase(at, 1);
      text.insert(i % 2 == 0 ? text.size() : std::min(at, text.size()), pieces[random() % pieces.size()]);
    }
    INFO("seed " << seed << ", text \"" << text << "\"");
    REQUIRE(cron_from(text).has_value() == std::regex_search(text, pattern));
    taken += cron_from(text).has_value() ? 1 : 0;
  }
  CHECK(taken > 100);
}

}  // namespace vscale::test
