#include <catch2/catch.hpp>

#include "tests/engine/health/watched_group.h"

/// Those that do not come up: from when it counts, and what is done.

namespace vscale::test::health {
namespace {

HealthFinding never_ready(HealthFinding finding) {
  finding.was_ready = false;
  return finding;
}

}  // namespace

TEST_CASE("one that boots is not ill within startupTimeout of its start, however often it is asked") {
  WatchedGroup web;
  // 5 m are 20 intervals: the last of these looks is at just 5 m.
  for (int i = 1; i <= 20; ++i) {
    web.look({booting(0, kBegin)});
    CHECK(web.heals().empty());
    CHECK(web.held().empty());
  }
  CHECK(web.last.records.empty());
  web.look({booting(0, kBegin)});
  CHECK(web.heals() == Words{"web-0 replace startup_timeout"});
  CHECK(web.last.heals[0].text == "not ready 5m 15s after its start, startupTimeout 5m: gate agent");
  CHECK(web.last.heals[0].figures == Figures{{"since_start_s", 315}, {"startup_timeout_s", 300}});
}

TEST_CASE("startupTimeout counts from the start, never from the creation") {
  WatchedGroup web;
  HealthFinding queued_for_long = never_ready(booting(0, kBegin));
  queued_for_long.created_at = kBegin - hours{3};
  web.look_at(kBegin + minutes{5}, {queued_for_long});
  CHECK(web.heals().empty());
  web.look({queued_for_long});
  CHECK(web.heals() == Words{"web-0 replace startup_timeout"});
}

TEST_CASE("one that is being made has no startupTimeout, but a provisionTimeout since its creation") {
  WatchedGroup web;
  web.look_at(kBegin + minutes{15}, {alive(0), making(1, kBegin)});
  CHECK(web.heals().empty());
  web.look({alive(0), making(1, kBegin)});
  CHECK(web.heals() == Words{"web-1 replace provision_timeout"});
  CHECK(web.last.heals[0].text == "not started 15m 15s after its creation began, provisionTimeout 15m: volume.create");
  CHECK(web.last.heals[0].figures == Figures{{"since_creation_s", 915}, {"provision_timeout_s", 900}});
}

TEST_CASE("a scaled group says its own provisionTimeout, another one has the same default") {
  CHECK(Scaling{}.provision_timeout == kProvisionTimeout);
  WatchedGroup web;
  web.group.scaling = a_scaling();
  web.group.scaling->provision_timeout = minutes{2};
  web.look_at(kBegin + minutes{2}, {making(0, kBegin)});
  CHECK(web.heals().empty());
  web.look({making(0, kBegin)});
  CHECK(web.heals() == Words{"web-0 replace provision_timeout"});
}

TEST_CASE("one that never got ready within provisionTimeout is replaced, also where heal.by is restart") {
  WatchedGroup web;
  web.group.health.heal.by = Heal::By::restart;
  HealthFinding finding = never_ready(booting(0, kBegin));
  finding.created_at = kBegin;
  web.look_at(kBegin + minutes{6}, {finding});
  CHECK(web.heals() == Words{"web-0 restart startup_timeout"});
  finding.started_at = kBegin + minutes{10};
  web.look_at(kBegin + minutes{16}, {finding});
  CHECK(web.heals() == Words{"web-0 replace startup_timeout"});
}

TEST_CASE("one that was ready before and does not come up after a restart is restarted where the file says so") {
  WatchedGroup web;
  web.group.health.heal.by = Heal::By::restart;
  web.look_at(kBegin + minutes{6}, {booting(0, kBegin)});
  CHECK(web.heals() == Words{"web-0 restart startup_timeout"});
}

TEST_CASE("one that is being made is replaced where heal.by is restart, as there is nothing to restart") {
  WatchedGroup web;
  web.group.health.heal.by = Heal::By::restart;
  web.look({making(0, kBegin - minutes{16})});
  CHECK(web.heals() == Words{"web-0 replace provision_timeout"});
}

TEST_CASE("a moment that is not known lets no timeout pass") {
  WatchedGroup web;
  HealthFinding boots = booting(0, kBegin);
  boots.started_at.reset();
  HealthFinding is_made = making(1, kBegin);
  is_made.created_at.reset();
  web.look_at(kBegin + hours{5}, {boots, is_made});
  CHECK(web.heals().empty());
  CHECK(web.held().empty());
}

TEST_CASE("a start in the future, by a clock that was set back, counts from the first look at it") {
  WatchedGroup web;
  const std::vector<HealthFinding> members = {booting(0, kBegin + hours{20}), alive(1), alive(2)};
  web.look_at(kBegin, members);
  CHECK(web.heals().empty());
  web.look_at(kBegin + minutes{5}, members);
  CHECK(web.heals().empty());
  web.look(members);
  CHECK(web.heals() == Words{"web-0 replace startup_timeout"});
  CHECK(web.last.heals[0].text == "not ready 5m 15s after its start, startupTimeout 5m: gate agent");
}

TEST_CASE("a creation in the future, by a clock that was set back, counts from the first look at it") {
  WatchedGroup web;
  const std::vector<HealthFinding> members = {alive(0), making(1, kBegin + hours{20})};
  web.look_at(kBegin, members);
  web.look_at(kBegin + minutes{15}, members);
  CHECK(web.heals().empty());
  web.look(members);
  CHECK(web.heals() == Words{"web-1 replace provision_timeout"});
}

TEST_CASE("one that is past its timeout by a clock that was set back is ill to the others' healing, too") {
  WatchedGroup web;
  web.group.health.heal.max_unhealthy = {Amount::Unit::count, 1};
  const std::vector<HealthFinding> members = {booting(0, kBegin + hours{20}), booting(1, kBegin + hours{20}), alive(2)};
  web.look_at(kBegin, members);
  web.look_at(kBegin + minutes{6}, members);
  CHECK(web.heals().empty());
  REQUIRE(web.held().size() == 2);
  CHECK(web.held()[0].starts_with("web-0: 2 of 3 are ill, 1 allowed"));
}

TEST_CASE("a start that is no longer in the future counts as any other, and nothing is remembered of it") {
  WatchedGroup web;
  web.look_at(kBegin, {booting(0, kBegin + seconds{10})});
  CHECK(web.last.records.size() == 1);
  web.look({booting(0, kBegin + seconds{10})});
  CHECK(web.last.records.empty());
  web.look_at(kBegin + seconds{310}, {booting(0, kBegin + seconds{10})});
  CHECK(web.heals().empty());
  web.look({booting(0, kBegin + seconds{10})});
  CHECK(web.heals() == Words{"web-0 replace startup_timeout"});
}

}  // namespace vscale::test::health
