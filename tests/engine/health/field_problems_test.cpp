#include <catch2/catch.hpp>

#include "tests/engine/health/watched_group.h"

/// What people report of healing elsewhere.

namespace vscale::test::health {

TEST_CASE("no grace for those that boot: they are not killed on the way up") {
  WatchedGroup web;
  CHECK(web.group.health.startup_timeout == minutes{5});
  for (int i = 0; i < 20; ++i) CHECK(web.look(several([](int n) { return booting(n, kBegin); }, 3)).heals.empty());
}

TEST_CASE("a bulk creation that takes longer than the startup timeout ends in no loop of deletions") {
  WatchedGroup web;
  // Twenty are created at once, and one every minute gets its turn to start; each needs 4 m from there.
  for (int minute = 0; minute <= 25; ++minute) {
    std::vector<HealthFinding> members;
    for (int i = 0; i < 20; ++i) {
      const Instant start = kBegin + minutes{i / 2};
      const Instant now = kBegin + minutes{minute};
      HealthFinding finding = now < start ? making(i, kBegin) : now < start + minutes{4} ? booting(i, start) : alive(i);
      finding.created_at = kBegin;
      members.push_back(finding);
    }
    web.look_at(kBegin + minutes{minute}, members);
    CHECK(web.heals().empty());
    CHECK(web.held().empty());
  }
}

TEST_CASE("an overload that makes readiness fail everywhere is not answered by killing one after another") {
  WatchedGroup web;
  web.group.health.heal.when = Heal::When::readiness;
  // They fail by turns, three or four of six at any moment.
  for (int i = 0; i < 40; ++i) {
    std::vector<HealthFinding> members;
    for (int n = 0; n < 6; ++n) members.push_back((i / 4 + n) % 6 < 3 || n == 0 ? failing(n) : alive(n));
    web.look(members);
    CHECK(web.heals().empty());
  }
}

TEST_CASE("a stateful instance does not lose its data to a health check") {
  WatchedGroup web;
  web.group.stateful = true;
  for (int i = 0; i < 500; ++i) {
    web.look({failing(0), alive(1), alive(2)});
    for (const Healing& healing : web.last.heals) CHECK(healing.by == Healing::By::restart);
  }
}

TEST_CASE("an agent that is slow under load once in a while is not dead") {
  WatchedGroup web;
  for (int i = 0; i < 100; ++i) CHECK(web.look({i % 3 == 2 ? alive(0) : failing(0)}).heals.empty());
}

TEST_CASE("one that never got ready is replaced at the least size, and not in a loop") {
  WatchedGroup web;
  web.group.scaling = a_scaling();
  web.group.size = 1;
  std::vector<Duration> replaced;
  Instant created = kBegin;
  for (int i = 0; i < 4 * 60 * 4; ++i) {  // four hours
    web.look({with_uuid(making(0, created), rfc3339(created))});
    if (web.last.heals.empty()) continue;
    CHECK(web.heals() == Words{"web-0 replace provision_timeout"});
    replaced.push_back(web.now - created);
    created = web.now;
  }
  // Each waits 15 m, and one interval to be seen past it; the backoff is up to 5, 10, 20 and then 30 m after a heal.
  const Duration timeout = minutes{15} + kInterval;
  REQUIRE(replaced.size() >= 6);
  CHECK(std::vector(replaced.begin(), replaced.begin() + 6) ==
        std::vector<Duration>{timeout, timeout, timeout, timeout, timeout, minutes{20}});
  CHECK(replaced.back() == minutes{30});
}

TEST_CASE("unready ones of one group stop nothing in another") {
  WatchedGroup bad, good;
  bad.group.scaling = good.group.scaling = a_scaling();
  bad.look(3, several(failing, 6));
  good.look(3, together({failing(0)}, several(alive, 5, 1)));
  CHECK_FALSE(bad.last.breaker.empty());
  CHECK(good.last.breaker.empty());
  CHECK(good.heals() == Words{"web-0 replace failing"});
}

TEST_CASE("a breaker that opens and closes clears no count and no timer") {
  WatchedGroup web;
  web.group.scaling = a_scaling();
  web.look({off(0), alive(1), alive(2), alive(3), alive(4)});
  web.look({off(0), alive(1), alive(2), alive(3), alive(4)});
  web.look({off(0), alive(1), alive(2), alive(3), alive(4)});
  const HealthRecord before = *web.record(0);
  REQUIRE(before.retry_at.has_value());
  web.look(2, several(failing, 5));
  CHECK_FALSE(web.last.breaker.empty());
  CHECK(web.failures(1) == 2);
  CHECK(web.record(0)->healed_at == before.healed_at);
  CHECK(web.record(0)->retry_at == before.retry_at);
  web.look({alive(0), failing(1), alive(2), alive(3), alive(4)});
  CHECK(web.last.breaker.empty());
  CHECK(web.last.heals.at(0).text == "3 failures in a row, 3 allowed: no answer");
}

TEST_CASE("a host that does not answer lets nobody on it be taken for dead") {
  WatchedGroup web;
  web.look({failing(0), failing(1), alive(2), alive(3), alive(4)});
  for (int i = 0; i < 1000; ++i) {
    web.look({unknown(0), unknown(1), unknown(2), alive(3), alive(4)});
    CHECK(web.heals().empty());
    CHECK(web.held().empty());
  }
  CHECK(web.last.records.size() == 2);
}

TEST_CASE("a shape that fails again and again is replaced ever less often") {
  WatchedGroup web;
  web.group.health.startup_timeout = minutes{1};
  std::vector<Duration> after;
  Instant started = kBegin;
  for (int i = 0; i < 3 * 60 * 4; ++i) {  // three hours
    web.look({booting(0, started), alive(1), alive(2)});
    if (web.last.heals.empty()) continue;
    after.push_back(web.now - started);
    started = web.now;
  }
  REQUIRE(after.size() > 7);
  CHECK(std::ranges::is_sorted(after));
  CHECK(after.front() == minutes{1} + kInterval);
  CHECK(after.back() == minutes{30});
}

TEST_CASE("a power loss of a host puts all of its instances up again at once") {
  WatchedGroup web;
  web.group.scaling = a_scaling();
  web.look(together(several(unknown, 5), several(alive, 3, 5)));
  CHECK(web.heals().empty());
  web.look(together(several(off, 5), several(alive, 3, 5)));
  CHECK_FALSE(web.last.breaker.empty());
  CHECK(web.last.heals.size() == 5);
  CHECK(web.held().empty());
}

}  // namespace vscale::test::health
