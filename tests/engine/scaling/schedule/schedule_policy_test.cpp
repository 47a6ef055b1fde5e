// What events and windows say of a size, and what they will do next.

#include "engine/scaling/schedule/schedule_policy.h"

#include <fmt/core.h>

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "engine/scaling/schedule/occurrences.h"
#include "providers/clock/time_zones.h"
#include "tests/engine/scaling/schedule/real_zone.h"

namespace vscale::test {
namespace {

using Kind = Recommendation::Kind;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

ScalingPolicy an_event(const std::string& at, int size, Duration catch_up = Duration{0}) {
  ScalingPolicy policy;
  policy.name = "early";
  policy.kind = ScalingPolicy::Kind::schedule;
  policy.at = at;
  policy.size = size;
  policy.catch_up = catch_up;
  return policy;
}

ScalingPolicy a_window(const std::string& start, const std::string& end, int min) {
  ScalingPolicy policy;
  policy.name = "office";
  policy.kind = ScalingPolicy::Kind::schedule;
  policy.start = start;
  policy.end = end;
  policy.min = min;
  return policy;
}

bool window_is_open(const ScalingPolicy& window, const ZoneRules& rules, const std::string& at) {
  return schedule_opinion(window, rules, {}, utc_moment(at)).recommendation.kind != Kind::none;
}

// "2026-11-30T06:30Z size 8; …"
std::string firings(const ScalingPolicy& policy, const ZoneRules& rules, const std::string& now, int count) {
  std::string shown;
  for (const Firing& firing : next_firings(policy, rules, utc_moment(now), count)) {
    shown += (shown.empty() ? "" : "; ") + show_moment(firing.at) + " " + firing.what;
  }
  return shown;
}

// A Monday, 06:30Z.
constexpr Instant kMondayMorning = std::chrono::sys_days{std::chrono::year{2026} / 11 / 30} + hours{6} + minutes{30};

}  // namespace

TEST_CASE("an event says its size exactly, once") {
  const ScalingPolicy early = an_event("30 6 * * MON", 8);
  const Instant last_week = kMondayMorning - std::chrono::days{7};

  const ScheduleOpinion fired = schedule_opinion(early, utc_rules(), last_week, kMondayMorning + seconds{5});
  const ScheduleOpinion after = schedule_opinion(early, utc_rules(), fired.fired_at, kMondayMorning + seconds{20});

  CHECK(fired.recommendation.policy == "early");
  CHECK(fired.recommendation.kind == Kind::size);
  CHECK(fired.recommendation.exact);
  CHECK(fired.recommendation.size == 8);
  CHECK(fired.recommendation.text == "event of Mon 2026-11-30 06:30 UTC: size 8");
  CHECK(fired.recommendation.figures == Figures{{"size", 8}});
  CHECK(fired.fired_at == kMondayMorning);
  CHECK(after.recommendation.kind == Kind::none);
  CHECK(after.recommendation.text == "no event since Mon 2026-11-30 06:30 UTC");
  CHECK(after.fired_at == kMondayMorning);
}

TEST_CASE("an event is not there before its moment") {
  const ScheduleOpinion before = schedule_opinion(an_event("30 6 * * MON", 8), utc_rules(),
                                                  kMondayMorning - std::chrono::days{7}, kMondayMorning - Duration{1});
  CHECK(before.recommendation.kind == Kind::none);
  CHECK(before.fired_at == kMondayMorning - std::chrono::days{7});
}

TEST_CASE("an event that was missed counts for catchUp, its end included") {
  const ScalingPolicy early = an_event("30 6 * * MON", 8, minutes{10});
  const Instant last_week = kMondayMorning - std::chrono::days{7};
  CHECK(schedule_opinion(early, utc_rules(), last_week, kMondayMorning + minutes{10}).recommendation.kind ==
        Kind::size);

  const ScheduleOpinion late =
      schedule_opinion(early, utc_rules(), last_week, kMondayMorning + minutes{10} + Duration{1});

  CHECK(late.recommendation.kind == Kind::none);
  CHECK(late.recommendation.text == "event of Mon 2026-11-30 06:30 UTC passed over: 10m ago, and it counts for 10m");
  CHECK(late.fired_at == kMondayMorning);
}

TEST_CASE("without catchUp an event counts for the grace of a late tick") {
  const ScalingPolicy early = an_event("30 6 * * MON", 8);
  CHECK(schedule_opinion(early, utc_rules(), {}, kMondayMorning + kLateTick).recommendation.kind == Kind::size);
  CHECK(schedule_opinion(early, utc_rules(), {}, kMondayMorning + kLateTick + Duration{1}).recommendation.kind ==
        Kind::none);
}

TEST_CASE("a program that is started for the first time never fires the past") {
  const ScheduleOpinion first =
      schedule_opinion(an_event("30 6 * * MON", 8), utc_rules(), {}, kMondayMorning + hours{3});
  CHECK(first.recommendation.kind == Kind::none);
  CHECK(first.fired_at == kMondayMorning);
}

TEST_CASE("of several missed events only the newest counts") {
  const ScalingPolicy often = an_event("*/5 6 * * *", 8, hours{1});

  const ScheduleOpinion fired =
      schedule_opinion(often, utc_rules(), kMondayMorning - minutes{20}, kMondayMorning + minutes{7});
  const ScheduleOpinion after = schedule_opinion(often, utc_rules(), fired.fired_at, kMondayMorning + minutes{8});

  CHECK(fired.fired_at == kMondayMorning + minutes{5});
  CHECK(after.recommendation.kind == Kind::none);
}

TEST_CASE("an event that was passed over does not come back when catchUp is made longer") {
  const Instant late = kMondayMorning + minutes{30};
  const ScheduleOpinion passed = schedule_opinion(an_event("30 6 * * MON", 8, minutes{10}), utc_rules(), {}, late);
  CHECK(schedule_opinion(an_event("30 6 * * MON", 8, hours{2}), utc_rules(), passed.fired_at, late + seconds{15})
            .recommendation.kind == Kind::none);
}

TEST_CASE("a clock that is set back a little fires no event twice") {
  const ScalingPolicy early = an_event("30 6 * * MON", 8);
  std::optional<Instant> fired = schedule_opinion(early, utc_rules(), {}, kMondayMorning).fired_at;
  for (const Instant now :
       {kMondayMorning - seconds{30}, kMondayMorning - seconds{15}, kMondayMorning, kMondayMorning + seconds{15}}) {
    const ScheduleOpinion opinion = schedule_opinion(early, utc_rules(), fired, now);
    CHECK(opinion.recommendation.kind == Kind::none);
    fired = opinion.fired_at;
  }
}

TEST_CASE("a clock that was years ahead for a while does not silence events for years") {
  const ScalingPolicy early = an_event("30 6 * * MON", 8);
  const Instant wrong = utc_moment("2031-06-02T06:30Z");
  const ScheduleOpinion mended = schedule_opinion(early, utc_rules(), wrong, kMondayMorning - hours{1});
  CHECK(mended.fired_at == kMondayMorning - std::chrono::days{7});
  CHECK(schedule_opinion(early, utc_rules(), mended.fired_at, kMondayMorning).recommendation.kind == Kind::size);
}

TEST_CASE("an event with bounds brings the size into them once") {
  ScalingPolicy early = an_event("30 6 * * MON", 0);
  early.size.reset();
  early.min = 6;
  early.max = 9;

  const ScheduleOpinion fired = schedule_opinion(early, utc_rules(), {}, kMondayMorning);
  const ScheduleOpinion after = schedule_opinion(early, utc_rules(), fired.fired_at, kMondayMorning + seconds{15});

  CHECK(fired.recommendation.kind == Kind::bounds);
  CHECK_FALSE(fired.recommendation.exact);
  CHECK(fired.recommendation.floor == 6);
  CHECK(fired.recommendation.ceiling == 9);
  CHECK(fired.recommendation.text == "event of Mon 2026-11-30 06:30 UTC: min 6, max 9");
  CHECK(fired.recommendation.figures == Figures{{"min", 6}, {"max", 9}});
  CHECK(after.recommendation.kind == Kind::none);
}

TEST_CASE("an event that has never come says so") {
  const ScheduleOpinion none = schedule_opinion(an_event("0 0 29 2 */7", 8), utc_rules(), {}, kMondayMorning);
  CHECK(none.recommendation.kind == Kind::none);
  CHECK(none.recommendation.text == "no event yet");
  CHECK_FALSE(none.fired_at.has_value());
}

TEST_CASE("a size of nothing is a size") {
  const ScheduleOpinion off = schedule_opinion(an_event("30 6 * * MON", 0), utc_rules(), {}, kMondayMorning);
  CHECK(off.recommendation.kind == Kind::size);
  CHECK(off.recommendation.size == 0);
}

TEST_CASE("a window holds its bounds from its start to its end, the end excluded") {
  const ScalingPolicy office = a_window("0 7 * * *", "0 19 * * *", 6);

  const ScheduleOpinion open = schedule_opinion(office, utc_rules(), {}, utc_moment("2026-11-30T07:00Z"));
  const ScheduleOpinion closed = schedule_opinion(office, utc_rules(), {}, utc_moment("2026-11-30T19:00Z"));

  CHECK(open.recommendation.kind == Kind::bounds);
  CHECK(open.recommendation.floor == 6);
  CHECK_FALSE(open.recommendation.ceiling.has_value());
  CHECK(open.recommendation.text == "window open since Mon 2026-11-30 07:00 UTC: min 6");
  CHECK_FALSE(open.fired_at.has_value());
  CHECK(closed.recommendation.kind == Kind::none);
  CHECK(closed.recommendation.text == "window closed since Mon 2026-11-30 19:00 UTC");
  CHECK(schedule_opinion(office, utc_rules(), {}, utc_moment("2026-11-30T07:00Z") - Duration{1}).recommendation.kind ==
        Kind::none);
  CHECK(schedule_opinion(office, utc_rules(), {}, utc_moment("2026-11-30T19:00Z") - Duration{1}).recommendation.kind ==
        Kind::bounds);
}

TEST_CASE("a window with a size says it exactly, and its bounds beside it") {
  ScalingPolicy night = a_window("0 22 * * *", "0 6 * * *", 0);
  night.size = 2;
  night.max = 3;
  const Recommendation said = schedule_opinion(night, utc_rules(), {}, kMondayMorning - hours{1}).recommendation;
  CHECK(said.kind == Kind::size);
  CHECK(said.exact);
  CHECK(said.size == 2);
  CHECK(said.floor == 0);
  CHECK(said.ceiling == 3);
}

TEST_CASE("a window of the working week is closed all weekend") {
  const ZoneRules berlin = real_zone("Europe/Berlin");
  for (const std::string end : {"0 19 * * MON-FRI", "0 19 * * *"}) {
    INFO(end);
    const ScalingPolicy office = a_window("0 7 * * MON-FRI", end, 6);
    // Friday 27 November 2026, 19:00 in Berlin, to Monday 07:00.
    CHECK(window_is_open(office, berlin, "2026-11-27T17:59Z"));
    for (Instant at = utc_moment("2026-11-27T18:00Z"); at < utc_moment("2026-11-30T06:00Z"); at += minutes{1}) {
      if (schedule_opinion(office, berlin, {}, at).recommendation.kind != Kind::none) FAIL(rfc3339(at));
    }
    CHECK(window_is_open(office, berlin, "2026-11-30T06:00Z"));
  }
}

TEST_CASE("a window may be open over midnight and over a weekend") {
  const ScalingPolicy night = a_window("0 22 * * *", "0 6 * * *", 2);
  CHECK_FALSE(window_is_open(night, utc_rules(), "2026-11-30T21:59Z"));
  CHECK(window_is_open(night, utc_rules(), "2026-11-30T22:00Z"));
  CHECK(window_is_open(night, utc_rules(), "2026-12-01T05:59Z"));
  CHECK_FALSE(window_is_open(night, utc_rules(), "2026-12-01T06:00Z"));
  const ScalingPolicy weekend = a_window("0 18 * * FRI", "0 7 * * MON", 2);
  CHECK(window_is_open(weekend, utc_rules(), "2026-11-29T12:00Z"));
  CHECK_FALSE(window_is_open(weekend, utc_rules(), "2026-11-30T07:00Z"));
}

TEST_CASE("a window over the night in which clocks are changed is an hour shorter or longer") {
  const ZoneRules berlin = real_zone("Europe/Berlin");
  const ScalingPolicy night = a_window("0 1 * * *", "0 4 * * *", 2);
  CHECK(window_is_open(night, berlin, "2026-03-29T00:00Z"));
  CHECK(window_is_open(night, berlin, "2026-03-29T01:59Z"));
  CHECK_FALSE(window_is_open(night, berlin, "2026-03-29T02:00Z"));
  CHECK(window_is_open(night, berlin, "2026-10-24T23:00Z"));
  CHECK(window_is_open(night, berlin, "2026-10-25T02:59Z"));
  CHECK_FALSE(window_is_open(night, berlin, "2026-10-25T03:00Z"));
}

TEST_CASE("a window that begins or ends in the hour that is left out or repeated opens and closes once") {
  const ZoneRules berlin = real_zone("Europe/Berlin");
  const ScalingPolicy from_gap = a_window("30 2 * * *", "0 5 * * *", 2);
  CHECK_FALSE(window_is_open(from_gap, berlin, "2026-03-29T00:59Z"));
  CHECK(window_is_open(from_gap, berlin, "2026-03-29T01:00Z"));
  // 02:10 to 02:40 is not there on that day: it opens and closes at one moment, which is closed.
  const ScalingPolicy in_gap = a_window("10 2 * * *", "40 2 * * *", 2);
  CHECK_FALSE(window_is_open(in_gap, berlin, "2026-03-29T01:00Z"));
  CHECK_FALSE(window_is_open(in_gap, berlin, "2026-03-29T01:20Z"));
  // In autumn it is open in the first of the two hours.
  CHECK(window_is_open(in_gap, berlin, "2026-10-25T00:20Z"));
  CHECK_FALSE(window_is_open(in_gap, berlin, "2026-10-25T00:40Z"));
  CHECK_FALSE(window_is_open(in_gap, berlin, "2026-10-25T01:20Z"));
}

TEST_CASE("a window that has never started is closed") {
  const Recommendation said =
      schedule_opinion(a_window("0 0 29 2 */7", "0 7 * * *", 2), utc_rules(), {}, kMondayMorning).recommendation;
  CHECK(said.kind == Kind::none);
  CHECK(said.text == "window has not opened yet");
}

TEST_CASE("a window whose end has not come yet is open") {
  CHECK(window_is_open(a_window("0 7 * * *", "0 0 29 2 */7", 2), utc_rules(), "2026-11-30T06:30Z"));
}

TEST_CASE("the next firings of an event are its next moments") {
  const ZoneRules berlin = real_zone("Europe/Berlin");
  CHECK(firings(an_event("30 2 * * SUN", 8), berlin, "2026-03-21T00:00Z", 3) ==
        "2026-03-22T01:30Z size 8; 2026-03-29T01:00Z size 8; 2026-04-05T00:30Z size 8");
  CHECK(firings(an_event("0 0 29 2 *", 8), utc_rules(), "2026-01-01T00:00Z", 0).empty());
  // The search begins anew at each: 2028, 2032, 2036.
  CHECK(next_firings(an_event("0 0 29 2 *", 8), utc_rules(), kMondayMorning, 3).size() == 3);
  CHECK(next_firings(an_event("0 0 29 2 */7", 8), utc_rules(), kMondayMorning, 3).empty());
}

TEST_CASE("the next firings of a window are when it opens and closes, and not what changes nothing") {
  const ScalingPolicy office = a_window("0 7 * * MON-FRI", "0 19 * * *", 6);
  CHECK(firings(office, utc_rules(), "2026-11-27T08:00Z", 4) ==
        "2026-11-27T19:00Z window closes; 2026-11-30T07:00Z window opens: min 6; 2026-11-30T19:00Z window closes; "
        "2026-12-01T07:00Z window opens: min 6");
  CHECK(firings(office, utc_rules(), "2026-11-28T08:00Z", 1) == "2026-11-30T07:00Z window opens: min 6");
  CHECK(
      firings(a_window("0 7-12 * * *", "0 19 * * *", 6), utc_rules(), "2026-11-30T06:00Z", 3) ==
      "2026-11-30T07:00Z window opens: min 6; 2026-11-30T19:00Z window closes; 2026-12-01T07:00Z window opens: min 6");
}

TEST_CASE("a start that comes together with an end opens nothing") {
  const ScalingPolicy office = a_window("0 7,19 * * *", "0 19 * * *", 6);
  CHECK_FALSE(window_is_open(office, utc_rules(), "2026-11-30T19:00Z"));
  CHECK(firings(office, utc_rules(), "2026-11-30T18:00Z", 2) ==
        "2026-11-30T19:00Z window closes; 2026-12-01T07:00Z window opens: min 6");
}

TEST_CASE("the search for a start that opens something ends") {
  // Eleven months of minutes are ends too. The first that is not comes after more starts than are looked through.
  CHECK(
      next_firings(a_window("* * * * *", "* * * 1-11 *", 6), utc_rules(), utc_moment("2026-01-01T00:00Z"), 2).empty());
}

// Whoever is asked every 15 seconds for three days, and whoever is restarted in between with nothing but what was to be
// remembered and freshly read zone data, must say the same at every moment; and after a pause, what is left of it.
TEST_CASE("a restart at any moment changes no decision") {
  const unsigned seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  SystemTimeZones zones;
  const ZoneRules always = real_zone("Europe/Berlin");
  for (const ScalingPolicy& policy :
       {an_event("30 2 * * *", 8), an_event("*/20 * * * *", 4, minutes{5}), a_window("30 2 * * *", "0 19 * * *", 6)}) {
    for (const std::string begin : {"2026-03-28T00:00Z", "2026-10-24T00:00Z"}) {
      std::optional<Instant> fired, fired_of_restarted;
      for (Instant now = utc_moment(begin); now < utc_moment(begin) + hours{72}; now += seconds{15}) {
        const bool restarts = random() % 500 == 0;
        const ZoneRules fresh = restarts ? *zones.rules("Europe/Berlin", now - kCronReach, now) : always;
        const ScheduleOpinion opinion = schedule_opinion(policy, always, fired, now);
        const ScheduleOpinion of_restarted = schedule_opinion(policy, fresh, fired_of_restarted, now);
        INFO(rfc3339(now));
        REQUIRE(opinion == of_restarted);
        fired = opinion.fired_at;
        fired_of_restarted = of_restarted.fired_at;
      }
    }
  }
}

TEST_CASE(
    "an event is heeded exactly once if the program is away for less than catchUp, and never twice if for longer") {
  const unsigned seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const ZoneRules berlin = real_zone("Europe/Berlin");
  const ScalingPolicy early = an_event("30 2,14 * * *", 8, minutes{10});
  for (const unsigned longest_s : {600U, 3'000U}) {
    std::optional<Instant> fired;
    std::vector<Instant> heeded;
    const Instant begin = utc_moment("2026-03-20T00:00Z");
    const Instant end = begin + std::chrono::days{20};
    for (Instant now = begin; now < end; now += seconds{1 + random() % longest_s}) {
      const ScheduleOpinion opinion = schedule_opinion(early, berlin, fired, now);
      fired = opinion.fired_at;
      if (opinion.recommendation.kind == Kind::size) heeded.push_back(*opinion.fired_at);
    }
    std::vector<Instant> expected;
    std::optional<Instant> at = next_occurrence(cron(early.at), berlin, begin);
    for (; at && *at < end - minutes{10}; at = next_occurrence(cron(early.at), berlin, *at)) expected.push_back(*at);
    CHECK(std::adjacent_find(heeded.begin(), heeded.end(), std::greater_equal<>{}) == heeded.end());
    if (longest_s == 600) {
      heeded.resize(std::min(heeded.size(), expected.size()));
      CHECK(heeded == expected);
    }
  }
}

}  // namespace vscale::test
