#include <catch2/catch.hpp>

#include "tests/engine/health/watched_group.h"

/// Who is ill by what it answers, and what is done about it.

namespace vscale::test::health {

TEST_CASE("three failures in a row are an illness, two are not") {
  WatchedGroup web;
  web.look({alive(0), alive(1), failing(2)});
  web.look({alive(0), alive(1), failing(2)});
  CHECK(web.failures(2) == 2);
  CHECK(web.heals().empty());
  CHECK(web.held().empty());

  web.look({alive(0), alive(1), failing(2)});
  CHECK(web.heals() == Words{"web-2 replace failing"});
  CHECK(web.last.heals[0].text == "3 failures in a row, 3 allowed: no answer");
  CHECK(web.last.heals[0].figures == Figures{{"failures", 3}, {"allowed", 3}});
}

TEST_CASE("as many failures as the file says make an illness") {
  WatchedGroup web;
  web.group.health.failures = GENERATE(1, 2, 5);
  for (int i = 1; i < web.group.health.failures; ++i) CHECK(web.look({alive(0), failing(1)}).heals.empty());
  CHECK(web.look({alive(0), failing(1)}).heals.size() == 1);
}

TEST_CASE("an answer in between begins the count anew") {
  WatchedGroup web;
  web.look(2, {failing(0)});
  web.look({alive(0)});
  CHECK(web.failures(0) == 0);
  web.look(2, {failing(0)});
  CHECK(web.failures(0) == 2);
  CHECK(web.heals().empty());
}

TEST_CASE("what is unknown is neither a failure nor a success") {
  WatchedGroup web;
  web.look(2, {failing(0)});
  web.look(20, {unknown(0)});
  CHECK(web.failures(0) == 2);
  CHECK(web.heals().empty());
  CHECK(web.held().empty());
  web.look({failing(0)});
  CHECK(web.heals() == Words{"web-0 replace failing"});
}

TEST_CASE("nothing is done to an ill one while it is unknown") {
  WatchedGroup web;
  web.healing = true;  // so that it becomes ill and is not healed
  web.look(3, {failing(0)});
  CHECK(web.failures(0) == 3);
  web.healing = false;
  web.look({unknown(0)});
  CHECK(web.heals().empty());
  CHECK(web.held().empty());
}

TEST_CASE("another one in the same place begins with no failures") {
  WatchedGroup web;
  web.look(2, {failing(0)});
  web.look({with_uuid(failing(0), "another")});
  CHECK(web.failures(0) == 1);
  CHECK(web.record(0)->uuid == "another");
  CHECK(web.record(0)->failing_since == web.now);
}

TEST_CASE("a boot begins the count anew") {
  WatchedGroup web;
  web.look(2, {failing(0)});
  web.look({booting(0, web.now)});
  CHECK(web.failures(0) == 0);
  web.look({failing(0)});
  CHECK(web.failures(0) == 1);
}

TEST_CASE("of one that is well nothing is remembered") {
  WatchedGroup web;
  web.look({failing(0), alive(1)});
  CHECK(web.last.records.size() == 1);
  CHECK(web.record(0)->failure == "no answer");
  CHECK(web.record(0)->looked_at == web.now);
  web.look({alive(0), alive(1)});
  CHECK(web.last.records.empty());
}

TEST_CASE("healed by restart where the file says so") {
  WatchedGroup web;
  web.group.health.heal.by = Heal::By::restart;
  web.look(3, {failing(0)});
  CHECK(web.heals() == Words{"web-0 restart failing"});
}

TEST_CASE("a machine is healed as a group of one") {
  Group machine;
  machine.kind = InstanceAddress::Kind::machine;
  machine.name = "db1";
  HealthFinding finding = failing(0);
  finding.address = {InstanceAddress::Kind::machine, "db1", 0};
  HealthOutcome outcome;
  for (int i = 0; i < 3; ++i) {
    outcome = decide_health({.group = &machine, .members = {finding}, .now = kBegin + i * kInterval}, outcome.records);
  }
  REQUIRE(outcome.heals.size() == 1);
  CHECK(to_string(outcome.heals[0].address) == "machine.db1");
  CHECK(outcome.heals[0].by == Healing::By::replace);
}

TEST_CASE("a stateful instance, and one that preventDestroy keeps, is restarted and never replaced") {
  WatchedGroup web;
  const bool stateful = GENERATE(true, false);
  web.group.stateful = stateful;
  web.group.lifecycle.prevent_destroy = !stateful;
  SECTION("for failures") {
    web.look(3, {failing(0)});
    CHECK(web.heals() == Words{"web-0 restart failing"});
  }
  SECTION("that does not come up") {
    HealthFinding finding = booting(0, kBegin - minutes{6});
    finding.was_ready = false;
    web.look({finding});
    CHECK(web.heals() == Words{"web-0 restart startup_timeout"});
  }
  SECTION("that is not started") {
    web.look({making(0, kBegin - minutes{16})});
    CHECK(web.heals() == Words{"web-0 restart provision_timeout"});
  }
}

TEST_CASE("with heal.when never nothing is healed, and failures are counted and shown") {
  WatchedGroup web;
  web.group.health.heal.when = Heal::When::never;
  web.look(4, {failing(0), off(1), alive(2), alive(3), booting(4, kBegin - minutes{6})});
  CHECK(web.heals().empty());
  CHECK(web.failures(0) == 4);
  CHECK(web.held() == Words{"web-0: heal.when is never: no answer", "web-1: heal.when is never: shut off",
                            "web-4: heal.when is never: not ready 7m after its start"});
}

TEST_CASE("nobody is healed while heal is suspended, and failures go on being counted") {
  WatchedGroup web;
  web.suspended = {Suspension::Process::heal};
  web.look(5, {failing(0), alive(1), off(2), alive(3), alive(4)});
  CHECK(web.heals().empty());
  CHECK(web.held() == Words{"web-0: heal is suspended: no answer", "web-2: heal is suspended: shut off"});
  web.suspended.clear();
  web.look({failing(0), alive(1), alive(2), alive(3), alive(4)});
  CHECK(web.last.heals.at(0).text == "6 failures in a row, 3 allowed: no answer");
}

TEST_CASE("nobody is replaced while nothing is created, or nothing destroyed; restarts and starts go on") {
  WatchedGroup web;
  const bool launch = GENERATE(true, false);
  web.suspended = {launch ? Suspension::Process::launch : Suspension::Process::terminate};
  web.look(3, {failing(0), alive(1), alive(2)});
  CHECK(web.held() == Words{std::string("web-0: ") + (launch ? "launch" : "terminate") +
                            " is suspended, and it would be replaced: no answer"});
  web.group.health.heal.by = Heal::By::restart;
  web.look({failing(0), alive(1), alive(2)});
  CHECK(web.heals() == Words{"web-0 restart failing"});
  web.look({alive(0), off(1), alive(2)});
  CHECK(web.heals() == Words{"web-1 start off"});
}

TEST_CASE("other suspensions do not keep anybody from being healed") {
  using enum Suspension::Process;
  WatchedGroup web;
  web.suspended = {scale, schedule, update};
  web.look(3, {failing(0)});
  CHECK(web.heals() == Words{"web-0 replace failing"});
}

TEST_CASE("one that is protected from all is left alone") {
  WatchedGroup web;
  HealthFinding sick = failing(0);
  HealthFinding fallen = off(1);
  sick.protected_from_all = fallen.protected_from_all = true;
  web.look(3, {sick, fallen, alive(2), alive(3), alive(4)});
  CHECK(web.heals().empty());
  CHECK(web.held() == Words{"web-0: protected from all: no answer", "web-1: protected from all: shut off"});
}

TEST_CASE("what an operator has stopped, and what is being removed, is nobody's illness") {
  WatchedGroup web;
  web.look(2, {failing(0), failing(1), alive(2)});
  web.look(5, {stopped(0), leaving(1), alive(2)});
  CHECK(web.heals().empty());
  CHECK(web.held().empty());
  CHECK(web.last.records.empty());
}

}  // namespace vscale::test::health
