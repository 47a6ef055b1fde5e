#include <algorithm>
#include <catch2/catch.hpp>
#include <map>

#include "tests/engine/gates/gated_guests.h"

/// While a rollout rests, its new instances are looked after.

namespace vscale::test {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

const GuestBehaviour kWell{.boot = Duration{0}, .agent = Duration{0}};
const GuestBehaviour kIll{.boot = Duration{0}, .agent = Duration{0}, .http_status = 503};
const GuestBehaviour kHangs{.boot = Duration{0}, .agent = Duration{0}, .agent_latency = std::chrono::hours{1}};

/// New instances on kvm1 and kvm2, all well so far, and their rollout about to rest.
struct RestingRollout : GuestWorld {
  WatchRollout watch{.step = 0, .lasts = minutes{5}, .watched = {}, .gates = {http()}, .failures = 3};
  Duration began{};

  RestingRollout() {
    cluster.add_host({.name = "kvm1"});
    cluster.add_host({.name = "kvm2"});
  }
  void add(int ordinal, const std::string& host, const GuestBehaviour& behaviour = kWell) {
    start_guest(ordinal, host, {nic(ordinal)}, behaviour);
    watch.watched.push_back(
        {fmt::format("group.web[{}]", ordinal), host, uuid(ordinal), name(ordinal), {nic(ordinal)}});
  }
  void becomes(int ordinal, const GuestBehaviour& behaviour) { cluster.behave_from_now(name(ordinal), behaviour); }

  Result<void> rest() {
    began = clock.uptime();
    return watch_rollout(watch, kLineage, {cluster, cluster, cluster, clock}, tell(), stopped);
  }
  Duration rested() { return clock.uptime() - began; }
  /// Does something at the first thing told so long after the rest began, and not again.
  void at(Duration when, const std::function<void()>& then) {
    on_tell = [this, when, then, done = false]() mutable {
      if (done || rested() < when) return;
      done = true;
      then();
    };
  }
  [[nodiscard]] bool was_told(const std::string& found) const {
    return std::any_of(told.begin(), told.end(), [&](const GateTry& look) { return look.found == found; });
  }
};

TEST_CASE("a rollout rests as long as it is to, looks all the while, and says how long it still rests") {
  RestingRollout rollout;
  rollout.add(3, "kvm2");
  rollout.add(4, "kvm1");

  REQUIRE(rollout.rest());

  CHECK(rollout.rested() >= minutes{5});
  CHECK(rollout.rested() < minutes{5} + seconds{1});
  CHECK(std::ssize(rollout.told) == minutes{5} / kWatchEvery);
  CHECK(rollout.told.front().gate.empty());
  CHECK(rollout.told.front().found == "rests for 4m 59s more");
  CHECK(rollout.told.back().waited > minutes{4});
  CHECK(rollout.told.back().limit == minutes{5});
}

TEST_CASE("a rollout that watches nobody only rests") {
  RestingRollout rollout;
  CHECK(rollout.rest());
  CHECK(rollout.rested() == minutes{5});
}

TEST_CASE("a new instance that is not ready so many times in a row fails the rollout, and each time is told") {
  RestingRollout rollout;
  rollout.add(3, "kvm2");
  rollout.at(seconds{60}, [&] { rollout.becomes(3, kIll); });

  const auto outcome = rollout.rest();

  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().kind == ErrorKind::failed);
  CHECK(outcome.error().message ==
        "web-3 on kvm2: gate http :80/health has not passed 3 times in a row: 503, want 200");
  CHECK(outcome.error().hint == "look inside: vscale console web-3");
  CHECK(rollout.was_told("web-3: 503, want 200 (1 of 3)"));
  CHECK(rollout.was_told("web-3: 503, want 200 (2 of 3)"));
  CHECK(rollout.rested() >= seconds{70});
  CHECK(rollout.rested() < seconds{80});
}

TEST_CASE("times that are not in a row do not fail a rollout") {
  RestingRollout rollout;
  rollout.add(3, "kvm2", kIll);
  int bad = 0;
  rollout.on_tell = [&] {
    const bool was_bad = !rollout.told.back().gate.empty();
    bad += was_bad ? 1 : 0;
    const bool twice = rollout.told.back().tries == 2;
    if (twice) rollout.becomes(3, kWell);
    if (!was_bad) rollout.becomes(3, kIll);
    if (rollout.rested() > minutes{4}) rollout.becomes(3, kWell);
  };

  CHECK(rollout.rest());

  CHECK(bad > 20);
}

TEST_CASE("failures that different gates tell of count together, and the last is named") {
  RestingRollout rollout;
  rollout.watch.gates = {gate(Gate::Kind::agent), http()};
  rollout.add(3, "kvm2", kHangs);
  rollout.on_tell = [&] { rollout.becomes(3, kIll); };

  const auto outcome = rollout.rest();

  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().message ==
        "web-3 on kvm2: its gates have not passed 3 times in a row, the last of them http :80/health: 503, want 200");
}

TEST_CASE("a new instance that goes off, crashes or disappears fails its rollout at once") {
  const bool knows_by_gate = GENERATE(true, false);
  RestingRollout rollout;
  if (!knows_by_gate) rollout.watch.gates = {gate(Gate::Kind::check_in)};
  rollout.add(3, "kvm2");
  SECTION("off") {
    rollout.at(seconds{60}, [&] { rollout.cluster.power_off_by_hand(GuestWorld::name(3)); });
    const auto outcome = rollout.rest();
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().kind == ErrorKind::failed);
    CHECK(outcome.error().message == "web-3 on kvm2 is shut off, while its rollout rested");
  }
  SECTION("crashed") {
    rollout.at(seconds{60}, [&] {
      GuestBehaviour crashes = kWell;
      crashes.crashes_after = Duration{0};
      rollout.becomes(3, crashes);
    });
    const auto outcome = rollout.rest();
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().message == "web-3 on kvm2 is crashed, while its rollout rested");
  }
  SECTION("gone") {
    rollout.at(seconds{60}, [&] { rollout.cluster.remove_by_hand(GuestWorld::name(3)); });
    const auto outcome = rollout.rest();
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().kind == ErrorKind::failed);
  }
  CHECK(rollout.rested() >= seconds{60});
  CHECK(rollout.rested() < seconds{66});
}

TEST_CASE("a host that does not answer for a while is no failure of a rollout, and no success either") {
  RestingRollout rollout;
  rollout.add(3, "kvm2", kIll);
  SECTION("failures before and after it are in a row") {
    rollout.on_tell = [&] {
      if (rollout.told.back().tries == 2) rollout.cluster.cut("kvm2");
      if (rollout.rested() > minutes{2}) rollout.cluster.heal("kvm2");
    };
    const auto outcome = rollout.rest();
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().kind == ErrorKind::failed);
    CHECK(rollout.rested() > minutes{2});
    CHECK(rollout.was_told("nothing is known of web-3: kvm2 does not answer [simulated]"));
  }
  SECTION("back before the end, with all well, the rest ends well") {
    rollout.becomes(3, kWell);
    rollout.cluster.cut("kvm2");
    rollout.on_tell = [&] {
      if (rollout.rested() > minutes{4}) rollout.cluster.heal("kvm2");
    };
    CHECK(rollout.rest());
    CHECK(rollout.rested() < minutes{5} + seconds{1});
  }
  SECTION("back a little after the end, it is looked at once more") {
    rollout.becomes(3, kWell);
    rollout.on_tell = [&] {
      if (rollout.rested() > minutes{4}) rollout.cluster.cut("kvm2");
      if (rollout.rested() > minutes{5} + seconds{20}) rollout.cluster.heal("kvm2");
    };
    CHECK(rollout.rest());
    CHECK(rollout.rested() > minutes{5} + seconds{20});
    CHECK(rollout.rested() < minutes{5} + seconds{30});
  }
  SECTION("not back in time, the rest ends without an answer") {
    rollout.becomes(3, kWell);
    rollout.at(minutes{1}, [&] { rollout.cluster.cut("kvm2"); });
    const auto outcome = rollout.rest();
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().kind == ErrorKind::unreachable);
    CHECK(outcome.error().message.find("web-3 on kvm2: nothing is known of it") == 0);
    CHECK(outcome.error().hint == "apply again when kvm2 answers");
    CHECK(rollout.rested() >= minutes{5} + kWatchOverrun);
    CHECK(rollout.rested() < minutes{5} + kWatchOverrun + kWatchEvery + seconds{1});
  }
}

TEST_CASE("a host that does not answer is asked once a round, whatever is on it, and the other hosts are watched") {
  RestingRollout rollout;
  for (const int ordinal : {3, 4, 5}) rollout.add(ordinal, "kvm2");
  rollout.add(6, "kvm1");
  rollout.cluster.cut("kvm2");
  rollout.at(seconds{60}, [&] { rollout.becomes(6, kIll); });

  const auto outcome = rollout.rest();

  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().message.find("web-6 on kvm1: gate http") == 0);
  for (const auto& look : rollout.told) CHECK(look.found.find("web-4") == std::string::npos);
}

TEST_CASE(
    "a rest does not end well on an old look: what is ill at its end is looked at until it is well or has failed") {
  const bool recovers = GENERATE(true, false);
  RestingRollout rollout;
  rollout.watch.lasts = seconds{12};
  rollout.add(3, "kvm2");
  rollout.on_tell = [&] {
    if (rollout.rested() >= seconds{10}) rollout.becomes(3, kIll);
    if (recovers && rollout.told.back().tries == 2) rollout.becomes(3, kWell);
  };

  const auto outcome = rollout.rest();

  CHECK(outcome.ok() == recovers);
  CHECK(rollout.rested() >= seconds{12} + 2 * kWatchEvery);
  CHECK(rollout.rested() < seconds{12} + 3 * kWatchEvery);
}

TEST_CASE("a short rest is looked at when it begins and when it ends") {
  RestingRollout rollout;
  rollout.watch.lasts = seconds{2};
  rollout.add(3, "kvm2");
  rollout.at(Duration{0}, [&] { rollout.becomes(3, kIll); });

  CHECK_FALSE(rollout.rest());

  REQUIRE(rollout.told.size() == 3);
  CHECK(rollout.told[1].found == "web-3: 503, want 200 (1 of 3)");
  CHECK(rollout.told[1].waited < seconds{3});
}

TEST_CASE("instances that hang keep nobody else from being looked at") {
  RestingRollout rollout;
  rollout.watch.gates = {gate(Gate::Kind::agent), http()};
  rollout.watch.failures = 10;
  for (const int ordinal : {3, 4, 5}) rollout.add(ordinal, "kvm2", kHangs);
  rollout.add(6, "kvm1");
  std::map<std::string, int> times;
  rollout.on_tell = [&] {
    const std::string& found = rollout.told.back().found;
    ++times[found.substr(0, found.find(':'))];
    if (rollout.told.size() == 4) rollout.becomes(6, {.boot = Duration{0}, .agent = Duration{0}, .http_status = 503});
  };

  const auto outcome = rollout.rest();

  REQUIRE_FALSE(outcome);
  CHECK(times["web-6"] >= 8);
  CHECK(times["web-3"] - times["web-6"] <= 2);
  // Each of the three costs a round one try of its agent, and nothing else.
  CHECK(rollout.rested() < 10 * (3 * kAgentTryTimeout + seconds{2}));
}

TEST_CASE("a rest outlasts its end by one look at each of those that hang, and no more") {
  RestingRollout rollout;
  rollout.watch.gates = {gate(Gate::Kind::agent)};
  rollout.watch.lasts = seconds{30};
  const GuestBehaviour slow{.agent = Duration{0}, .agent_latency = kAgentTryTimeout - Duration{100}};
  for (const int ordinal : {3, 4, 5, 6, 7}) rollout.add(ordinal, "kvm2", slow);

  CHECK(rollout.rest());

  // The first round goes beyond the end; those that were looked at before it are looked at again.
  CHECK(rollout.rested() >= 8 * slow.agent_latency);
  CHECK(rollout.rested() < 9 * kAgentTryTimeout);
}

TEST_CASE("no gate is tried more often while its rollout rests than it says") {
  RestingRollout rollout;
  rollout.watch.gates.front().every = seconds{60};
  rollout.add(3, "kvm2");
  CHECK(rollout.rest());
  CHECK(rollout.told.size() == 5);
}

TEST_CASE("what no waiting can mend fails a rollout that rests at once") {
  RestingRollout rollout;
  rollout.watch.gates = {gate(Gate::Kind::cloud_init)};
  GuestBehaviour broken = kWell;
  broken.cloud_init = Duration{0};
  broken.cloud_init_status = "error";
  rollout.add(3, "kvm2", broken);

  const auto outcome = rollout.rest();

  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().message == "web-3 on kvm2: cloud-init ended with an error");
  CHECK(rollout.rested() < seconds{1});
}

TEST_CASE("asked to stop, a rollout's rest ends soon") {
  const auto where = GENERATE(Gate::Kind::http, Gate::Kind::agent);
  RestingRollout rollout;
  rollout.watch.gates = {where == Gate::Kind::http ? http() : gate(where)};
  for (const int ordinal : {3, 4, 5}) rollout.add(ordinal, "kvm2", where == Gate::Kind::http ? kWell : kHangs);
  rollout.stopped = [&] { return rollout.rested() > seconds{12}; };

  const auto outcome = rollout.rest();

  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().kind == ErrorKind::timed_out);
  CHECK(outcome.error().message.find("stopped while the rollout rested, after ") == 0);
  CHECK(rollout.rested() < seconds{12} + kAgentTryTimeout);
  if (where == Gate::Kind::http) CHECK(rollout.rested() < seconds{13});
}

}  // namespace
}  // namespace vscale::test
