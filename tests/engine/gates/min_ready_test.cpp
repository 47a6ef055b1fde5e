#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/engine/gates/gated_guests.h"

/// Ready for a while, and not just once.

namespace vscale::test {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

/// Ready when its http says so, which it does 4 s after its start.
WaitForGates ready_for(const OneGuest& guest, Duration min_ready, const std::vector<Gate>& gates = {http()}) {
  WaitForGates wait = guest.waiting_for(gates);
  wait.min_ready = min_ready;
  return wait;
}

/// Becomes another guest as soon as it has been told that it is ready for `after`.
void turns(OneGuest& guest, Duration after, const GuestBehaviour& behaviour) {
  guest.on_tell = [&guest, after, behaviour, done = false]() mutable {
    const GateTry& look = guest.told.back();
    if (done || !look.gate.empty() || look.waited < after) return;
    done = true;
    guest.cluster.behave_from_now(GuestWorld::name(3), behaviour);
  };
}

/// Of those that told that all was well.
std::vector<std::string> ready_words(const OneGuest& guest) {
  std::vector<std::string> words;
  for (const auto& look : guest.told) {
    if (look.gate.empty()) words.push_back(look.found);
  }
  return words;
}

TEST_CASE("a guest counts as ready when its gates have gone on passing for minReady, and says so meanwhile") {
  OneGuest guest;
  guest.start({.boot = Duration{4000}});

  const auto outcome = guest.wait_as(ready_for(guest, seconds{30}));

  REQUIRE(outcome);
  CHECK(outcome->note == "10.0.0.53");
  CHECK(guest.waited() >= Duration{34'000});
  CHECK(guest.waited() < Duration{40'000});
  const auto words = ready_words(guest);
  CHECK(words.size() >= 25);
  CHECK(std::count(words.begin(), words.end(), "ready for 12s of 30s") == 1);
  CHECK(guest.told.back().limit == Duration{30'000});
}

TEST_CASE("without minReady a guest is ready when the last gate has passed, and none is tried again") {
  OneGuest guest;
  guest.start({.boot = Duration{0}});
  CHECK(guest.wait_as(ready_for(guest, Duration{0})));
  CHECK(guest.told.empty());
  CHECK(guest.waited() < Duration{100});
}

TEST_CASE("a guest that is not ready for a moment begins its minReady anew") {
  OneGuest guest;
  guest.start({.boot = Duration{0}});
  Instant ill{};
  guest.on_tell = [&] {
    const GateTry& look = guest.told.back();
    if (ill == Instant{} && look.waited >= seconds{20}) {
      ill = guest.clock.now();
      guest.cluster.behave_from_now(GuestWorld::name(3), {.boot = Duration{0}, .http_status = 503});
    } else if (look.found == "503, want 200") {
      guest.cluster.behave_from_now(GuestWorld::name(3), {.boot = Duration{0}});
    }
  };

  REQUIRE(guest.wait_as(ready_for(guest, seconds{30})));

  REQUIRE(ill != Instant{});
  CHECK(guest.clock.now() - ill >= seconds{30});
  CHECK(guest.clock.now() - ill < seconds{36});
  CHECK(std::any_of(guest.told.begin(), guest.told.end(), [](const GateTry& look) {
    return look.gate == "http :80/health" && look.found == "503, want 200" && look.tries == 1;
  }));
}

TEST_CASE("a slow answer of an agent while all is well is no dead guest") {
  OneGuest guest;
  guest.start({.boot = Duration{0}, .agent = Duration{0}});
  guest.on_tell = [&] {
    const GateTry& look = guest.told.back();
    const bool once = guest.told.size() == 5;
    if (once) guest.cluster.behave_from_now(GuestWorld::name(3), {.agent = Duration{0}, .agent_latency = minutes{1}});
    if (look.gate == "agent") guest.cluster.behave_from_now(GuestWorld::name(3), {.agent = Duration{0}});
  };

  CHECK(guest.wait_as(ready_for(guest, seconds{20}, {gate(Gate::Kind::agent)})));

  CHECK(std::count_if(guest.told.begin(), guest.told.end(), [](const GateTry& look) { return look.gate == "agent"; }) ==
        1);
}

TEST_CASE("after a gate was lost those behind it have to pass again, and those before it at their turn") {
  OneGuest guest;
  guest.start({.boot = Duration{0}, .agent = Duration{0}});
  Gate seldom = http();
  seldom.every = seconds{60};
  // It loses its agent for three tries, and when that is back http does not answer any more.
  guest.on_tell = [&] {
    const std::string name = GuestWorld::name(3);
    if (guest.told.size() == 5) guest.cluster.behave_from_now(name, {.boot = Duration{0}, .agent = minutes{9}});
    if (guest.told.back().tries != 3) return;
    guest.cluster.behave_from_now(name, {.boot = Duration{0}, .agent = Duration{0}, .http_status = 503});
  };

  const auto outcome = guest.wait_as(ready_for(guest, seconds{300}, {gate(Gate::Kind::agent), seldom}));

  REQUIRE_FALSE(outcome);
  REQUIRE(guest.told.size() > 8);
  for (const int tries : {1, 2, 3}) {
    CHECK(guest.told[4 + static_cast<std::size_t>(tries)].gate == "agent");
    CHECK(guest.told[4 + static_cast<std::size_t>(tries)].tries == tries);
  }
  CHECK(guest.told[8].gate == "http :80/health");
}

TEST_CASE("each gate that has passed is tried again at its own pace, and all of them at the end") {
  OneGuest guest;
  guest.start({.boot = Duration{0}});
  Gate seldom = http();
  seldom.every = minutes{10};
  turns(guest, seconds{10}, {.boot = Duration{0}, .http_status = 503});

  REQUIRE_FALSE(guest.wait_as(ready_for(guest, seconds{30}, {gate(Gate::Kind::domain), seldom})));

  // Ill since 10 s, and that is noticed at the last look, not before.
  const auto ill = std::find_if(guest.told.begin(), guest.told.end(),
                                [](const GateTry& look) { return look.found == "503, want 200"; });
  REQUIRE(ill != guest.told.end());
  CHECK((ill - 1)->found.starts_with("ready for 29s"));
}

TEST_CASE("a guest that crashes or is removed while it has to stay ready fails at once, whichever gates it has") {
  const auto kind = GENERATE(Gate::Kind::agent, Gate::Kind::check_in);
  OneGuest guest;
  guest.start({.boot = Duration{0}, .agent = Duration{0}});
  Gate seldom = gate(kind);
  seldom.every = minutes{10};
  Instant down{};
  const bool removed = GENERATE(false, true);
  guest.on_tell = [&] {
    if (guest.told.size() != 8) return;
    down = guest.clock.now();
    if (removed) guest.cluster.remove_by_hand(GuestWorld::name(3));
    if (!removed) guest.cluster.power_off_by_hand(GuestWorld::name(3));
  };

  const auto outcome = guest.wait_as(ready_for(guest, minutes{1}, {seldom}));

  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().kind == (removed ? ErrorKind::not_found : ErrorKind::failed));
  if (!removed) CHECK(outcome.error().message == "web-3 on kvm1 is shut off, after all its gates had passed");
  CHECK(guest.clock.now() - down < Duration{1500});
}

TEST_CASE("the time that a guest is ready does not count for its startup, and the time that it is not does") {
  OneGuest guest;
  guest.start({.boot = Duration{10'000}});
  WaitForGates wait = ready_for(guest, minutes{5});
  wait.startup_timeout = seconds{30};
  turns(guest, seconds{100}, {.boot = Duration{10'000}, .http_status = 503});

  const auto outcome = guest.wait_as(wait);

  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().kind == ErrorKind::timed_out);
  INFO(outcome.error().message);
  CHECK(outcome.error().message.find("web-3 on kvm1: gate http :80/health has not passed within 30s of its start, not "
                                     "counting 1m 4") == 0);
  CHECK(outcome.error().message.find("in which all had: 503, want 200 (") != std::string::npos);
  CHECK(guest.waited() >= seconds{130});
  CHECK(guest.waited() < seconds{135});
  for (const auto& look : guest.told) CHECK(look.waited <= look.limit);
}

TEST_CASE(
    "one look in vain is forgiven also where a run that died has used the bound up, and a guest that stays ill is "
    "not") {
  const bool recovers = GENERATE(true, false);
  OneGuest guest;
  guest.start({.boot = Duration{0}});
  guest.clock.advance(std::chrono::hours{1});
  guest.on_tell = [&] {
    const bool is_ill = guest.told.size() == 5;
    if (is_ill) guest.cluster.behave_from_now(GuestWorld::name(3), {.boot = Duration{0}, .http_status = 503});
    const bool was_seen = !guest.told.back().gate.empty();
    if (was_seen && recovers) guest.cluster.behave_from_now(GuestWorld::name(3), {.boot = Duration{0}});
  };

  const auto outcome = guest.wait_as(ready_for(guest, seconds{30}));

  CHECK(outcome.ok() == recovers);
  CHECK(guest.waited() < std::chrono::hours{1} + seconds{45});
}

TEST_CASE("a guest that is ready and ill by turns is given up when the times that it was ill fill the bound") {
  OneGuest guest;
  guest.start({.boot = Duration{0}});
  WaitForGates wait = ready_for(guest, seconds{10});
  wait.startup_timeout = seconds{30};
  guest.on_tell = [&] {
    const bool well = guest.told.back().gate.empty();
    guest.cluster.behave_from_now(GuestWorld::name(3), {.boot = Duration{0}, .http_status = well ? 503 : 200});
  };

  const auto outcome = guest.wait_as(wait);

  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().kind == ErrorKind::timed_out);
  CHECK(guest.waited() < minutes{2});
}

TEST_CASE("progressDeadline bounds the whole wait from its beginning") {
  OneGuest guest;
  SECTION("while a gate has not passed") {
    guest.start({.http_status = 503});
    guest.clock.advance(minutes{1});
    WaitForGates wait = ready_for(guest, Duration{0});
    wait.progress_deadline = minutes{2};

    const auto outcome = guest.wait_as(wait);

    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().kind == ErrorKind::timed_out);
    CHECK(
        outcome.error().message.find("web-3 on kvm1: no progress within 2m: gate http :80/health has not passed: 503, "
                                     "want 200 (") == 0);
    CHECK(outcome.error().hint == "look inside: vscale console web-3");
    CHECK(guest.waited() >= minutes{3});
    CHECK(guest.waited() <= minutes{3} + kLastTryTimeout);
  }
  SECTION("while it is ready, and not for long enough") {
    guest.start({.boot = seconds{50}});
    WaitForGates wait = ready_for(guest, seconds{30});
    wait.progress_deadline = minutes{1};

    const auto outcome = guest.wait_as(wait);

    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().kind == ErrorKind::timed_out);
    CHECK(outcome.error().message.find("web-3 on kvm1: no progress within 1m: ready for ") == 0);
    CHECK(outcome.error().message.ends_with("s of 30s"));
    CHECK(guest.waited() >= minutes{1});
    CHECK(guest.waited() <= minutes{1} + kLastTryTimeout);
  }
  SECTION("and says what it was before, where it was not ready in between") {
    guest.start({.boot = Duration{0}});
    guest.on_tell = [&] {
      const bool well = guest.told.back().gate.empty();
      guest.cluster.behave_from_now(GuestWorld::name(3), {.boot = Duration{0}, .http_status = well ? 503 : 200});
    };
    WaitForGates wait = ready_for(guest, seconds{30});
    wait.progress_deadline = seconds{20};

    const auto outcome = guest.wait_as(wait);

    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().message.find("gate http :80/health has not passed: 503, want 200 (1 try)") !=
          std::string::npos);
  }
}

TEST_CASE("a progressDeadline that is not reached changes nothing") {
  OneGuest guest;
  guest.start();
  WaitForGates wait = ready_for(guest, seconds{10});
  wait.progress_deadline = minutes{1};
  CHECK(guest.wait_as(wait));
}

TEST_CASE("asked to stop while a guest has to stay ready, waiting ends soon") {
  OneGuest guest;
  guest.start({.boot = Duration{0}});
  guest.stopped = [&] { return guest.waited() > seconds{12}; };
  Gate seldom = http();
  seldom.every = minutes{10};

  const auto outcome = guest.wait_as(ready_for(guest, minutes{5}, {seldom}));

  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().kind == ErrorKind::timed_out);
  CHECK(outcome.error().message == "web-3 on kvm1: stopped when it was ready for 12s of 5m");
  CHECK(guest.waited() < seconds{13});
}

TEST_CASE("a host that is silent for a moment makes a ready guest begin anew, and does not fail it") {
  OneGuest guest;
  guest.start({.boot = Duration{0}, .agent = Duration{0}});
  guest.on_tell = [&] {
    if (guest.told.size() == 5) guest.cluster.cut("kvm1");
    if (guest.told.back().gate == "agent") guest.cluster.heal("kvm1");
  };

  CHECK(guest.wait_as(ready_for(guest, seconds{20}, {gate(Gate::Kind::agent)})));

  CHECK(guest.waited() >= seconds{24});
}

TEST_CASE("an address that was learned before a guest was lost is still told when it is ready") {
  OneGuest guest;
  guest.nics[0].address.reset();
  guest.start({.boot = Duration{0}});
  const std::string own = guest.cluster.guest_addresses(OneGuest::domain()).value().at(0).address;
  guest.on_tell = [&] {
    const bool ill = guest.told.size() == 5;
    if (ill || !guest.told.back().gate.empty()) {
      guest.cluster.behave_from_now(GuestWorld::name(3), {.boot = Duration{0}, .http_status = ill ? 503 : 200});
    }
  };

  const auto outcome = guest.wait_as(ready_for(guest, seconds{20}));

  REQUIRE(outcome);
  CHECK(outcome->addresses == std::vector<GuestAddress>{{"52:54:00:00:00:03", own}});
}

TEST_CASE("what a gate notes is noted once, however often it is tried") {
  OneGuest guest;
  guest.start({.boot = Duration{0}, .agent = Duration{0}, .cloud_init = Duration{0}, .cloud_init_status = "disabled"});
  CHECK(guest.wait_as(ready_for(guest, seconds{20}, {gate(Gate::Kind::cloud_init)}))->note ==
        "10.0.0.53; cloud-init is disabled");
}

}  // namespace
}  // namespace vscale::test
