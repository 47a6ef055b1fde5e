#include <catch2/catch.hpp>

#include "tests/engine/health/watched_group.h"

/// A place that is healed again and again.

namespace vscale::test::health {
namespace {

/// It dies again as soon as it is started; how long after kBegin each of the first `count` starts was.
std::vector<Duration> starts_of_one_that_dies(WatchedGroup& web, std::size_t count) {
  std::vector<Duration> starts;
  for (int i = 0; starts.size() < count && i < 2000; ++i) {
    if (!web.look({off(0)}).heals.empty()) starts.push_back(web.now - kBegin);
  }
  return starts;
}

}  // namespace

TEST_CASE("what is off is started at once") {
  WatchedGroup web;
  web.look({off(0), alive(1)});
  CHECK(web.heals() == Words{"web-0 start off"});
  CHECK(web.last.heals[0].text == "shut off");
  CHECK(web.last.heals[0].figures == Figures{{"off_for_s", 0}, {"heals", 0}});
  CHECK(web.record(0)->healed_at == std::vector{web.now});
}

TEST_CASE("one that dies again and again waits 5, 10, 20 and then 30 minutes") {
  WatchedGroup web;
  CHECK(starts_of_one_that_dies(web, 8) == std::vector<Duration>{seconds{15}, seconds{30}, seconds{45},
                                                                 minutes{5} + seconds{45}, minutes{15} + seconds{45},
                                                                 minutes{35} + seconds{45}, minutes{65} + seconds{45},
                                                                 minutes{95} + seconds{45}});
}

TEST_CASE("a crash loop says how often it was healed, and when it will be again") {
  WatchedGroup web;
  starts_of_one_that_dies(web, 3);
  web.look({off(0)});
  CHECK(web.held() == Words{"web-0: crash loop: healed 3 times within 1h, again in 4m 45s"});
  CHECK(web.last.held[0].figures == Figures{{"heals", 3}, {"retry_in_s", 285}});
  starts_of_one_that_dies(web, 1);
  CHECK(web.last.heals[0].text == "shut off, healed 3 times within 1h");
}

TEST_CASE("two heals within an hour, and the third after it, are no crash loop") {
  WatchedGroup web;
  web.look_at(kBegin, {off(0)});
  web.look_at(kBegin + minutes{30}, {off(0)});
  web.look_at(kBegin + minutes{60}, {off(0)});  // the first is an hour ago, and does not count any more
  CHECK(web.last.heals.size() == 1);
  CHECK(web.record(0)->backoff_step == 0);
  CHECK(web.record(0)->healed_at.size() == 2);
  web.look_at(kBegin + minutes{61}, {off(0)});
  CHECK(web.record(0)->backoff_step == 1);
  CHECK(web.record(0)->retry_at == kBegin + minutes{66});
}

TEST_CASE("heals of every kind count for the place, whoever is in it") {
  WatchedGroup web;
  web.look_at(kBegin, {making(0, kBegin - minutes{16})});
  CHECK(web.heals() == Words{"web-0 replace provision_timeout"});
  web.look_at(kBegin + minutes{10}, {with_uuid(booting(0, kBegin + minutes{1}), "b")});
  CHECK(web.heals() == Words{"web-0 replace startup_timeout"});
  web.look_at(kBegin + minutes{20}, {with_uuid(off(0), "c")});
  CHECK(web.heals() == Words{"web-0 start off"});
  web.look_at(kBegin + minutes{21}, {with_uuid(off(0), "d")});
  CHECK(web.held() == Words{"web-0: crash loop: healed 3 times within 1h, again in 4m"});
}

TEST_CASE("a backoff is over after an hour of good health, and not before") {
  WatchedGroup web;
  starts_of_one_that_dies(web, 4);
  REQUIRE(web.record(0)->backoff_step == 2);
  const Instant healthy = web.now + minutes{1};
  web.look_at(healthy, {alive(0)});
  web.look_at(healthy + minutes{60} - kInterval, {alive(0)});
  CHECK(web.record(0)->backoff_step == 2);
  web.look({alive(0)});
  CHECK(web.last.records.empty());
}

TEST_CASE("an illness within the hour begins the hour anew, a single failure does not") {
  WatchedGroup web;
  starts_of_one_that_dies(web, 4);
  const Instant healthy = web.now + minutes{1};
  web.look_at(healthy, {alive(0)});
  const bool ill = GENERATE(true, false);
  web.look_at(healthy + minutes{40}, {ill ? off(0) : failing(0)});
  web.look_at(healthy + minutes{41}, {alive(0)});
  web.look_at(healthy + minutes{61}, {alive(0)});
  CHECK(web.last.records.empty() == !ill);
}

TEST_CASE("an hour in which nobody knew how it was is no hour of good health until it is seen alive") {
  WatchedGroup web;
  starts_of_one_that_dies(web, 4);
  web.look_at(web.now + minutes{1}, {alive(0)});
  web.look_at(web.now + hours{2}, {unknown(0)});
  CHECK(web.record(0)->backoff_step == 2);
  web.look({alive(0)});
  CHECK(web.last.records.empty());
}

TEST_CASE("a place that nobody is in is forgotten within an hour of its last heal") {
  WatchedGroup web;
  starts_of_one_that_dies(web, 4);
  const Instant healed = web.now;
  web.look_at(healed + minutes{59}, {alive(1)});
  CHECK(web.record(0) != nullptr);
  web.look_at(healed + minutes{60}, {alive(1)});
  CHECK(web.record(0) == nullptr);
}

TEST_CASE("while a run goes on that may be about to start it, a start is not asked for again") {
  WatchedGroup web;
  web.look({off(0)});
  web.healing = true;
  web.look({off(0)});
  CHECK(web.heals().empty());
  CHECK(web.held() == Words{"web-0: healed 15s ago, by a run that goes on: shut off"});
  CHECK(web.record(0)->healed_at.size() == 1);
  web.look_at(kBegin + kInterval + minutes{5}, {off(0)});
  CHECK(web.heals() == Words{"web-0 start off"});
}

TEST_CASE("a clock that was set back makes nobody wait longer than the backoff") {
  WatchedGroup web;
  starts_of_one_that_dies(web, 3);
  web.look_at(kBegin - hours{24}, {off(0)});
  CHECK(web.held() == Words{"web-0: crash loop: healed 3 times within 1h, again in 5m"});
  web.look_at(kBegin - hours{24} + minutes{5}, {off(0)});
  CHECK(web.heals() == Words{"web-0 start off"});
}

TEST_CASE("one in a crash loop does not keep others from being healed") {
  WatchedGroup web;
  starts_of_one_that_dies(web, 3);
  web.look(3, {off(0), alive(1), failing(2), alive(3), alive(4)});
  CHECK(web.heals() == Words{"web-2 replace failing"});
}

}  // namespace vscale::test::health
