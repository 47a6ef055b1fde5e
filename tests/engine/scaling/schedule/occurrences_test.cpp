// When cron expressions come, by the clocks of real zones: each value is derived from the day on which, and the UTC
// time at which, clocks were changed there.

#include "engine/scaling/schedule/occurrences.h"

#include <catch2/catch.hpp>
#include <string>

#include "tests/engine/scaling/schedule/real_zone.h"

namespace vscale::test {

TEST_CASE("an occurrence is at its moment, and the next one after it") {
  const ZoneRules utc = utc_rules();
  CHECK(coming("30 6 * * MON", utc, "2026-11-30T06:29Z", 2) == "2026-11-30T06:30Z 2026-12-07T06:30Z");
  CHECK(coming("30 6 * * MON", utc, "2026-11-30T06:30Z", 1) == "2026-12-07T06:30Z");
  CHECK(past("30 6 * * MON", utc, "2026-11-30T06:30Z", 2) == "2026-11-30T06:30Z 2026-11-23T06:30Z");
  CHECK(past("30 6 * * MON", utc, "2026-11-30T06:29Z", 1) == "2026-11-23T06:30Z");
}

TEST_CASE("occurrences are found to the millisecond") {
  const Instant at = utc_moment("2026-11-30T06:30Z");
  const Cron monday = cron("30 6 * * MON");
  CHECK(next_occurrence(monday, utc_rules(), at - Duration{1}) == at);
  CHECK(next_occurrence(monday, utc_rules(), at) != at);
  CHECK(last_occurrence(monday, utc_rules(), at) == at);
  CHECK(last_occurrence(monday, utc_rules(), at + Duration{1}) == at);
  CHECK(last_occurrence(monday, utc_rules(), at - Duration{1}) == utc_moment("2026-11-23T06:30Z"));
}

TEST_CASE("months that lack the day are left out, and leap days are waited for") {
  CHECK(coming("0 0 31 * *", utc_rules(), "2026-01-31T00:00Z", 3) ==
        "2026-03-31T00:00Z 2026-05-31T00:00Z 2026-07-31T00:00Z");
  CHECK(coming("0 0 29 2 *", utc_rules(), "2024-02-29T00:00Z", 1) == "2028-02-29T00:00Z");
  CHECK(past("0 0 29 2 *", utc_rules(), "2028-02-28T23:59Z", 1) == "2024-02-29T00:00Z");
}

TEST_CASE("what comes less often than in five years is not found, and what never comes ends the search") {
  CHECK(coming("30 2 30 2 *", utc_rules(), "2026-01-01T00:00Z", 1) == "never");
  CHECK(past("30 2 30 2 *", real_zone("Europe/Berlin"), "2026-01-01T00:00Z", 1) == "never");
  // 29 February was a Sunday in 2004 and will be in 2032.
  CHECK(past("0 0 29 2 */7", utc_rules(), "2026-01-01T00:00Z", 1) == "never");
  CHECK(past("0 0 29 2 */7", utc_rules(), "2033-01-01T00:00Z", 1) == "2032-02-29T00:00Z");
  const Instant found = utc_moment("2032-02-29T00:00Z");
  CHECK(last_occurrence(cron("0 0 29 2 */7"), utc_rules(), found + kCronReach) == found);
  CHECK_FALSE(last_occurrence(cron("0 0 29 2 */7"), utc_rules(), found + kCronReach + std::chrono::seconds{1}));
  CHECK(next_occurrence(cron("0 0 29 2 */7"), utc_rules(), found - kCronReach) == found);
  CHECK_FALSE(next_occurrence(cron("0 0 29 2 */7"), utc_rules(), found - kCronReach - std::chrono::seconds{1}));
}

TEST_CASE("in Berlin a time that spring leaves out comes when clocks go on") {
  const ZoneRules berlin = real_zone("Europe/Berlin");
  // At 01:00Z of the last Sunday of March, 02:00 becomes 03:00.
  CHECK(coming("30 2 * * *", berlin, "2024-03-30T02:00Z", 2) == "2024-03-31T01:00Z 2024-04-01T00:30Z");
  CHECK(coming("30 2 * * *", berlin, "2025-03-29T02:00Z", 2) == "2025-03-30T01:00Z 2025-03-31T00:30Z");
  CHECK(coming("30 2 * * *", berlin, "2026-03-28T02:00Z", 2) == "2026-03-29T01:00Z 2026-03-30T00:30Z");
  CHECK(past("30 2 * * *", berlin, "2026-03-29T12:00Z", 2) == "2026-03-29T01:00Z 2026-03-28T01:30Z");
  CHECK(past("30 2 * * *", berlin, "2026-03-29T00:59Z", 1) == "2026-03-28T01:30Z");
}

TEST_CASE("several times that spring leaves out come once, and together with the one at that moment") {
  const ZoneRules berlin = real_zone("Europe/Berlin");
  CHECK(coming("0,15,30 2 * * *", berlin, "2026-03-28T12:00Z", 2) == "2026-03-29T01:00Z 2026-03-30T00:00Z");
  CHECK(coming("0 2,3 * * *", berlin, "2026-03-28T12:00Z", 2) == "2026-03-29T01:00Z 2026-03-30T00:00Z");
  CHECK(coming("30 2,3 * * *", berlin, "2026-03-28T12:00Z", 2) == "2026-03-29T01:00Z 2026-03-29T01:30Z");
  CHECK(past("30 2,3 * * *", berlin, "2026-03-29T02:00Z", 2) == "2026-03-29T01:30Z 2026-03-29T01:00Z");
}

TEST_CASE("in Berlin a time that autumn shows twice comes the first time only") {
  const ZoneRules berlin = real_zone("Europe/Berlin");
  // At 01:00Z of the last Sunday of October, 03:00 becomes 02:00 again.
  CHECK(coming("30 2 * * *", berlin, "2024-10-26T12:00Z", 2) == "2024-10-27T00:30Z 2024-10-28T01:30Z");
  CHECK(coming("30 2 * * *", berlin, "2025-10-25T12:00Z", 2) == "2025-10-26T00:30Z 2025-10-27T01:30Z");
  CHECK(coming("30 2 * * *", berlin, "2026-10-24T12:00Z", 2) == "2026-10-25T00:30Z 2026-10-26T01:30Z");
  CHECK(past("30 2 * * *", berlin, "2026-10-25T23:00Z", 2) == "2026-10-25T00:30Z 2026-10-24T00:30Z");
  CHECK(coming("0 3 * * *", berlin, "2026-10-24T12:00Z", 1) == "2026-10-25T02:00Z");
}

TEST_CASE("in New York the same holds by its own days") {
  const ZoneRules york = real_zone("America/New_York");
  // 07:00Z of the second Sunday of March: 02:00 becomes 03:00. 06:00Z of the first Sunday of November: 02:00 becomes
  // 01:00.
  CHECK(coming("30 2 * * *", york, "2024-03-09T12:00Z", 2) == "2024-03-10T07:00Z 2024-03-11T06:30Z");
  CHECK(coming("30 2 * * *", york, "2025-03-08T12:00Z", 2) == "2025-03-09T07:00Z 2025-03-10T06:30Z");
  CHECK(coming("30 2 * * *", york, "2026-03-07T12:00Z", 2) == "2026-03-08T07:00Z 2026-03-09T06:30Z");
  CHECK(coming("30 1 * * *", york, "2024-11-02T12:00Z", 2) == "2024-11-03T05:30Z 2024-11-04T06:30Z");
  CHECK(coming("30 1 * * *", york, "2025-11-01T12:00Z", 2) == "2025-11-02T05:30Z 2025-11-03T06:30Z");
  CHECK(coming("30 1 * * *", york, "2026-10-31T12:00Z", 2) == "2026-11-01T05:30Z 2026-11-02T06:30Z");
}

TEST_CASE("on Lord Howe Island clocks are changed by half an hour") {
  const ZoneRules howe = real_zone("Australia/Lord_Howe");
  // 2026-10-03T15:30Z: 02:00 (+10:30) becomes 02:30 (+11). 2026-04-04T15:00Z: 02:00 (+11) becomes 01:30 (+10:30).
  CHECK(coming("15 2 * * *", howe, "2026-10-03T00:00Z", 2) == "2026-10-03T15:30Z 2026-10-04T15:15Z");
  CHECK(coming("45 1 * * *", howe, "2026-04-04T00:00Z", 2) == "2026-04-04T14:45Z 2026-04-05T15:15Z");
  CHECK(coming("45 * * * *", howe, "2026-04-04T14:00Z", 3) == "2026-04-04T14:45Z 2026-04-04T15:15Z 2026-04-04T16:15Z");
}

TEST_CASE("zones that are ahead by half hours, and UTC, have no surprises") {
  CHECK(coming("0 7 * * *", real_zone("Asia/Kolkata"), "2026-03-28T12:00Z", 2) ==
        "2026-03-29T01:30Z 2026-03-30T01:30Z");
  CHECK(coming("30 2 * * *", real_zone("UTC"), "2026-03-28T12:00Z", 2) == "2026-03-29T02:30Z 2026-03-30T02:30Z");
}

TEST_CASE("a zone whose law has changed goes by the law of the day") {
  const ZoneRules moscow = real_zone("Europe/Moscow");
  // +3 and +4 in summer until 2011, then +4 for good, and +3 for good from 2014-10-26 on.
  CHECK(coming("0 12 * * *", moscow, "2011-01-15T00:00Z", 1) == "2011-01-15T09:00Z");
  CHECK(coming("0 12 * * *", moscow, "2012-01-15T00:00Z", 1) == "2012-01-15T08:00Z");
  CHECK(coming("0 12 * * *", moscow, "2015-07-15T00:00Z", 1) == "2015-07-15T09:00Z");
  const ZoneRules york = real_zone("America/New_York");
  // Summer began in April until 2006, and begins in March since 2007.
  CHECK(coming("0 12 * * *", york, "2006-03-20T00:00Z", 1) == "2006-03-20T17:00Z");
  CHECK(coming("0 12 * * *", york, "2007-03-20T00:00Z", 1) == "2007-03-20T16:00Z");
}

TEST_CASE("a day that a zone left out comes at its end") {
  const ZoneRules apia = real_zone("Pacific/Apia");
  // Samoa went over the date line: at 2011-12-30T10:00Z, 30 December became 31 December.
  CHECK(coming("0 7 30 12 *", apia, "2011-12-01T00:00Z", 2) == "2011-12-30T10:00Z 2012-12-29T17:00Z");
  CHECK(past("0 7 30 12 *", apia, "2012-06-01T00:00Z", 1) == "2011-12-30T10:00Z");
}

TEST_CASE("clocks that are changed at midnight keep midnight's occurrence to one a day") {
  // Brazil, 2018-11-04T03:00Z: 00:00 becomes 01:00.
  const ZoneRules paulo = real_zone("America/Sao_Paulo");
  CHECK(coming("0 0 * * *", paulo, "2018-11-03T12:00Z", 2) == "2018-11-04T03:00Z 2018-11-05T02:00Z");
  // Newfoundland, 2010-11-07T02:31Z: 00:01 becomes 23:01 of the day before.
  const ZoneRules johns = real_zone("America/St_Johns");
  CHECK(coming("0 0 * * *", johns, "2010-11-06T12:00Z", 2) == "2010-11-07T02:30Z 2010-11-08T03:30Z");
  CHECK(past("30 23 * * *", johns, "2010-11-07T12:00Z", 2) == "2010-11-07T02:00Z 2010-11-06T02:00Z");
}

TEST_CASE("a time that was shown before clocks went back twice in a row does not come again") {
  // Two hours ahead until noon, then one for half an hour, then none: clocks go 14:00 -> 13:00 … 13:30 -> 12:30.
  const ZoneRules twice{"X/Twice",
                        {{utc_moment("2026-01-01T00:00Z"), 7200},
                         {utc_moment("2026-06-01T12:00Z"), 3600},
                         {utc_moment("2026-06-01T12:30Z"), 0}}};
  CHECK(coming("45 13 * * *", twice, "2026-06-01T00:00Z", 2) == "2026-06-01T11:45Z 2026-06-02T13:45Z");
  CHECK(past("45 13 * * *", twice, "2026-06-01T20:00Z", 2) == "2026-06-01T11:45Z 2026-05-31T11:45Z");
}

TEST_CASE("expressions with * as minute or hour run by elapsed time") {
  const ZoneRules berlin = real_zone("Europe/Berlin");
  CHECK(coming("0 * * * *", berlin, "2026-10-24T23:30Z", 3) == "2026-10-25T00:00Z 2026-10-25T01:00Z 2026-10-25T02:00Z");
  CHECK(coming("0 * * * *", berlin, "2026-03-29T00:30Z", 2) == "2026-03-29T01:00Z 2026-03-29T02:00Z");
  CHECK(coming("*/30 2 * * *", berlin, "2026-10-24T12:00Z", 5) ==
        "2026-10-25T00:00Z 2026-10-25T00:30Z 2026-10-25T01:00Z 2026-10-25T01:30Z 2026-10-26T01:00Z");
  CHECK(past("*/30 2 * * *", berlin, "2026-10-25T12:00Z", 2) == "2026-10-25T01:30Z 2026-10-25T01:00Z");
  // The hour is left out on that day, and there is nothing to make up for.
  CHECK(coming("*/30 2 * * *", berlin, "2026-03-28T12:00Z", 1) == "2026-03-30T00:00Z");
}

TEST_CASE("a moment is shown by the zone's clocks") {
  const ZoneRules berlin = real_zone("Europe/Berlin");
  CHECK(show_local(berlin, utc_moment("2026-11-30T06:30Z")) == "Mon 2026-11-30 07:30 Europe/Berlin");
  CHECK(show_local(berlin, utc_moment("2026-03-29T00:59Z")) == "Sun 2026-03-29 01:59 Europe/Berlin");
  CHECK(show_local(berlin, utc_moment("2026-03-29T01:00Z")) == "Sun 2026-03-29 03:00 Europe/Berlin");
  CHECK(show_local(utc_rules(), Instant{} - Duration{1}) == "Wed 1969-12-31 23:59 UTC");
}

}  // namespace vscale::test
