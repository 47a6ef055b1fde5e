#include <catch2/catch.hpp>

#include "engine/health/ill_share.h"
#include "tests/engine/health/watched_group.h"

/// Trouble of many: maxUnhealthy and the breaker.

namespace vscale::test::health {
namespace {

constexpr auto kCount = Amount::Unit::count;
constexpr auto kPercent = Amount::Unit::percent;

}  // namespace

TEST_CASE("maxUnhealthy is rounded down, but a percentage allows at least one") {
  struct Row {
    Amount most;
    int counted, allowed;
  };
  const Row row = GENERATE(values<Row>({
      {{kPercent, 40}, 1, 1},      // 0.4
      {{kPercent, 40}, 3, 1},      // 1.2
      {{kPercent, 40}, 4, 1},      // 1.6
      {{kPercent, 40}, 5, 2},      // 2.0
      {{kPercent, 40}, 7, 2},      // 2.8
      {{kPercent, 40}, 0, 1},      // nobody that could be ill
      {{kPercent, 100}, 3, 3},     // all of them
      {{kPercent, 0}, 100, 0},     // as it is written: nobody is healed
      {{kCount, 2}, 100, 2},       // a number is no share
      {{kCount, 0}, 100, 0},       // as it is written
      {{kPercent, 33}, 100, 33},   // exactly
      {{kPercent, 1}, 10000, 100}  // no overflow on the way
  }));
  INFO(row.most.value << " of " << row.counted);
  CHECK(allowed_unhealthy(row.most, row.counted) == row.allowed);
}

TEST_CASE("more ill ones than maxUnhealthy: nobody is healed, and the numbers say why") {
  WatchedGroup web;
  web.look(3, together(several(failing, 3), several(alive, 2, 3)));
  CHECK(web.heals().empty());
  const std::string why = ": 3 of 5 are ill, 2 allowed (maxUnhealthy 40 %): no answer";
  CHECK(web.held() == Words{"web-0" + why, "web-1" + why, "web-2" + why});
  CHECK(web.last.held[0].figures == Figures{{"ill", 3}, {"counted", 5}, {"allowed", 2}, {"unknown", 0}});
}

TEST_CASE("as many ill ones as maxUnhealthy: they are healed, one at a time") {
  WatchedGroup web;
  web.look(3, together(several(failing, 2), several(alive, 3, 2)));
  CHECK(web.heals() == Words{"web-0 replace failing"});
}

TEST_CASE("a number for maxUnhealthy is shown as one") {
  WatchedGroup web;
  web.group.health.heal.max_unhealthy = {kCount, 1};
  web.look(3, together(several(failing, 2), several(alive, 8, 2)));
  CHECK(web.held().at(0) == "web-0: 2 of 10 are ill, 1 allowed (maxUnhealthy 1): no answer");
}

TEST_CASE("those that begin to fail count as ill before they have failed often enough to be healed") {
  WatchedGroup web;
  web.look(2, {failing(0), alive(1), alive(2), alive(3), alive(4)});
  web.look({failing(0), failing(1), failing(2), alive(3), alive(4)});
  CHECK(web.heals().empty());
  CHECK(web.held() == Words{"web-0: 3 of 5 are ill, 2 allowed (maxUnhealthy 40 %): no answer"});
}

TEST_CASE("those that are unknown, stopped, leaving or not started yet do not thin out the ill ones") {
  WatchedGroup web;
  // Of those that tell something 2 of 3 are ill; of all of them it would be 2 of 7, and 2 allowed.
  web.look(3, {failing(0), failing(1), alive(2), unknown(3), stopped(4), leaving(5), making(6, kBegin)});
  CHECK(web.heals().empty());
  CHECK(web.held().at(0) == "web-0: 2 of 3 are ill, 1 allowed (maxUnhealthy 40 %): no answer");
  CHECK(web.last.held[0].figures == Figures{{"ill", 2}, {"counted", 3}, {"allowed", 1}, {"unknown", 1}});
}

TEST_CASE("those that are off count as ill for others, and are started however many there are") {
  WatchedGroup web;
  web.look(2, {failing(0), alive(1), alive(2), alive(3), alive(4), alive(5)});
  web.look({failing(0), off(1), off(2), off(3), alive(4), alive(5)});
  CHECK(web.heals() == Words{"web-1 start off", "web-2 start off", "web-3 start off"});
  CHECK(web.held() == Words{"web-0: 4 of 6 are ill, 2 allowed (maxUnhealthy 40 %): no answer"});
}

TEST_CASE("those that boot within their time are well, and those past it are ill") {
  WatchedGroup web;
  // The healthy boot is in the count: 2 of 5, as many as may be.
  web.look({booting(0, kBegin - minutes{9}), booting(1, kBegin - minutes{8}), booting(2, kBegin), alive(3), alive(4)});
  CHECK(web.heals() == Words{"web-0 replace startup_timeout"});
  web.look({booting(0, kBegin), booting(1, kBegin - minutes{8}), booting(2, kBegin - minutes{8}),
            booting(3, kBegin - minutes{8}), alive(4)});
  CHECK(web.held().at(0) == "web-1: 3 of 5 are ill, 2 allowed (maxUnhealthy 40 %): not ready 8m 30s after its start");
}

TEST_CASE("the breaker opens with more than atLeast and more than the percentage, and only then") {
  struct Row {
    int unready, ready;
    bool open;
  };
  const Row row = GENERATE(values<Row>({
      {3, 0, false},   // 100 %, but not more than 3
      {4, 0, true},    // 4 and 100 %
      {4, 4, true},    // 50 %
      {4, 5, false},   // 44 %
      {9, 11, false},  // just 45 %
      {10, 12, true},  // 45.5 %
  }));
  INFO(row.unready << " unready, " << row.ready << " ready");
  WatchedGroup web;
  web.group.scaling = a_scaling();
  web.look(together(several(failing, row.unready), several(alive, row.ready, row.unready)));
  CHECK(web.last.breaker.empty() == !row.open);
}

TEST_CASE("the breaker says its numbers, and the file may set them") {
  WatchedGroup web;
  web.group.scaling = a_scaling();
  web.look(together(several(failing, 4), several(alive, 4, 4)));
  CHECK(web.last.breaker == "4 of 8 are unready (50 %), more than 3 and than 45 %");
  web.group.scaling->breaker_unready_percent = 50;
  CHECK(web.look(together(several(failing, 4), several(alive, 4, 4))).breaker.empty());
  web.group.scaling->breaker_unready_percent = 10;
  web.group.scaling->breaker_at_least = 1;
  CHECK(web.look(together(several(failing, 2), several(alive, 6, 2))).breaker ==
        "2 of 8 are unready (25 %), more than 1 and than 10 %");
}

TEST_CASE("what is failing, off, or booting for too long is unready; what is unknown is on neither side") {
  WatchedGroup web;
  web.group.scaling = a_scaling();
  web.look({failing(0), off(1), off(2), booting(3, kBegin - minutes{6}), booting(4, kBegin), alive(5), unknown(6),
            unknown(7), unknown(8)});
  CHECK(web.last.breaker == "4 of 6 are unready (66 %), more than 3 and than 45 %");
  web.look(several(unknown, 9));
  CHECK(web.last.breaker.empty());
}

TEST_CASE("a group without scaling has no breaker: maxUnhealthy alone says how many are too many") {
  WatchedGroup web;
  web.group.health.heal.max_unhealthy = {kPercent, 100};
  web.look(3, several(failing, 8));
  CHECK(web.last.breaker.empty());
  CHECK(web.heals() == Words{"web-0 replace failing"});
}

TEST_CASE("with the breaker open nobody is restarted or replaced, and those that are off are started") {
  WatchedGroup web;
  web.group.scaling = a_scaling();
  web.group.health.heal.max_unhealthy = {kPercent, 100};
  const std::vector<HealthFinding> members = {failing(0), failing(1), failing(2),
                                              failing(3), off(4),     making(5, kBegin - minutes{16})};
  web.look(members);
  web.look(2, {failing(0), failing(1), failing(2), failing(3), booting(4, web.now), members[5]});
  const std::string why = ": breaker: 4 of 5 are unready (80 %), more than 3 and than 45 %: ";
  CHECK(web.held() == Words{"web-0" + why + "no answer", "web-1" + why + "no answer", "web-2" + why + "no answer",
                            "web-3" + why + "no answer",
                            "web-5" + why + "not started 16m 45s after its creation began"});
  web.look({failing(0), failing(1), failing(2), failing(3), off(4), members[5]});
  CHECK(web.heals() == Words{"web-4 start off"});
}

}  // namespace vscale::test::health
