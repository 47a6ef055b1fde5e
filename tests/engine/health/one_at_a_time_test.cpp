#include <catch2/catch.hpp>

#include "tests/engine/health/watched_group.h"

/// Restarts and replacements come one after another.

namespace vscale::test::health {
namespace {

std::vector<HealthFinding> ten_with(std::vector<HealthFinding> special) {
  const int count = static_cast<int>(special.size());
  return together(std::move(special), several(alive, 10 - count, count));
}

}  // namespace

TEST_CASE("the one that fails longest is healed first, the others wait for it") {
  WatchedGroup web;
  web.look(2, ten_with({alive(0), alive(1), failing(2)}));
  web.group.health.failures = 1;
  web.look(ten_with({failing(0), alive(1), failing(2)}));
  CHECK(web.heals() == Words{"web-2 replace failing"});
  CHECK(web.held() == Words{"web-0: one at a time, web-2 first: no answer"});
}

TEST_CASE("of those that fail equally long the lowest address is first") {
  WatchedGroup web;
  web.look(3, ten_with({failing(0), failing(1), failing(2)}));
  CHECK(web.heals() == Words{"web-0 replace failing"});
  CHECK(web.held() ==
        Words{"web-1: one at a time, web-0 first: no answer", "web-2: one at a time, web-0 first: no answer"});
}

TEST_CASE("nobody is healed while a run heals or makes another one") {
  WatchedGroup web;
  web.healing = true;
  web.look(3, ten_with({failing(0)}));
  CHECK(web.heals().empty());
  CHECK(web.held() == Words{"web-0: one at a time, another one is being healed or made: no answer"});
}

TEST_CASE("nobody is healed until the one before is up again, also where the run that healed it has died") {
  WatchedGroup web;
  web.look(3, ten_with({failing(0), failing(1)}));
  REQUIRE(web.heals() == Words{"web-0 replace failing"});
  const Instant healed = web.now;
  web.healing = false;  // whatever began to replace it was killed

  SECTION("it is being removed") {
    web.look(ten_with({leaving(0), failing(1)}));
  }
  SECTION("nobody is in its place") {
    web.look(together({failing(1)}, several(alive, 8, 2)));
  }
  SECTION("it is being made") {
    web.look(ten_with({with_uuid(making(0, healed), "b"), failing(1)}));
  }
  SECTION("it boots") {
    web.look(ten_with({with_uuid(booting(0, healed), "b"), failing(1)}));
  }
  SECTION("its host fell silent meanwhile") {
    web.look(ten_with({unknown(0), failing(1)}));
  }

  CHECK(web.heals().empty());
  CHECK(web.held() == Words{"web-1: one at a time, web-0 is coming up again: no answer"});
}

TEST_CASE("one that is up again lets the next one be healed") {
  WatchedGroup web;
  web.look(3, ten_with({failing(0), failing(1)}));
  web.look(ten_with({booting(0, web.now), failing(1)}));
  CHECK(web.heals().empty());
  web.look(ten_with({alive(0), failing(1)}));
  CHECK(web.heals() == Words{"web-1 replace failing"});
  CHECK(web.last.heals[0].text == "5 failures in a row, 3 allowed: no answer");
}

TEST_CASE("one that was up again keeps nobody waiting when its host falls silent afterwards") {
  WatchedGroup web;
  web.look(3, ten_with({failing(0), failing(1)}));
  web.healing = true;  // or the other one would be healed before
  web.look(ten_with({alive(0), failing(1)}));
  web.healing = false;
  web.look(ten_with({unknown(0), failing(1)}));
  CHECK(web.heals() == Words{"web-1 replace failing"});
}

TEST_CASE("one that does not come up again within its time keeps nobody waiting any longer") {
  WatchedGroup web;
  web.look(3, ten_with({failing(0), failing(1)}));
  const Instant healed = web.now;
  SECTION("it is still being removed after provisionTimeout") {
    web.look_at(healed + minutes{15} - kInterval, ten_with({leaving(0), failing(1)}));
    CHECK(web.heals().empty());
    web.look(ten_with({leaving(0), failing(1)}));
    CHECK(web.heals() == Words{"web-1 replace failing"});
  }
  SECTION("it is past its startupTimeout: then it is the next patient itself, and has waited less long") {
    web.look_at(healed + minutes{5}, ten_with({booting(0, healed), failing(1)}));
    CHECK(web.heals().empty());
    web.look(ten_with({booting(0, healed), failing(1)}));
    CHECK(web.heals() == Words{"web-1 replace failing"});
    CHECK(web.held().size() == 1);
  }
}

TEST_CASE("starts are not bound to one at a time, and what is started is waited for") {
  WatchedGroup web;
  web.look(2, ten_with({failing(0)}));
  web.look(ten_with({failing(0), off(1), off(2), off(3)}));
  CHECK(web.heals() == Words{"web-1 start off", "web-2 start off", "web-3 start off"});
  const Instant started = web.now;
  web.look(ten_with({failing(0), booting(1, started), booting(2, started), alive(3)}));
  CHECK(web.held() == Words{"web-0: one at a time, web-1 is coming up again: no answer"});
  web.look(ten_with({failing(0), alive(1), alive(2), alive(3)}));
  CHECK(web.heals() == Words{"web-0 replace failing"});
}

TEST_CASE("a start in the same look comes before a replacement") {
  WatchedGroup web;
  web.look(2, ten_with({failing(0)}));
  web.look(ten_with({failing(0), off(1)}));
  CHECK(web.heals() == Words{"web-1 start off"});
  CHECK(web.held() == Words{"web-0: one at a time, web-1 is started first: no answer"});
}

TEST_CASE("those that are off are started although a run heals another one") {
  WatchedGroup web;
  web.healing = true;
  web.look(ten_with({off(0), off(1)}));
  CHECK(web.heals() == Words{"web-0 start off", "web-1 start off"});
}

TEST_CASE("one that was never healed and boots keeps nobody waiting") {
  WatchedGroup web;
  web.look(3, ten_with({failing(0), booting(1, kBegin), making(2, kBegin)}));
  CHECK(web.heals() == Words{"web-0 replace failing"});
}

}  // namespace vscale::test::health
