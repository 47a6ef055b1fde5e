#include "engine/gates/gates.h"

#include <catch2/catch.hpp>

#include "engine/gates/gate_tries.h"
#include "tests/engine/gates/gated_guests.h"
#include "tests/support/crowded_guests.h"

namespace vscale::test {
namespace {

/// Guests whose agents tell of their addresses what they are made to tell.
struct ToldGuests : Guests {
  Result<void> ping_agent(const DomainRef&, Duration) override { return {}; }
  Result<GuestExit> run_in_guest(const DomainRef&, const std::vector<std::string>&, const std::string&,
                                 Duration) override {
    return GuestExit{};
  }
  Result<std::vector<GuestAddress>> guest_addresses(const DomainRef&) override {
    ++asked;
    return answer;
  }
  Result<std::vector<GuestAddress>> answer{std::vector<GuestAddress>{}};
  int asked = 0;
};

TEST_CASE("a guest is ready when all its gates have passed, one after another") {
  OneGuest guest;
  guest.start({.boot = Duration{4000}, .agent = Duration{6000}});

  const auto outcome = guest.wait({gate(Gate::Kind::domain), gate(Gate::Kind::agent), http()});

  REQUIRE(outcome);
  CHECK(outcome->note == "10.0.0.53");
  CHECK(guest.waited() >= Duration{6000});
  CHECK(guest.waited() < Duration{9000});
}

TEST_CASE("a guest that is up without gates is ready at once") {
  OneGuest guest;
  guest.start();
  CHECK(guest.wait({}));
  CHECK(guest.waited() == Duration{0});
}

TEST_CASE("while an agent does not answer, progress says just that, and the failure says all of it") {
  OneGuest guest;
  guest.start({.boot = Duration{4000}, .agent = std::chrono::hours{1}});

  const auto outcome = guest.wait({gate(Gate::Kind::agent)}, std::chrono::seconds{20});

  REQUIRE_FALSE(outcome);
  REQUIRE_FALSE(guest.told.empty());
  CHECK(guest.told.back().found == "no answer yet");
  CHECK(outcome.error().message.find("no answer yet") == std::string::npos);
  CHECK(outcome.error().message.find("gate agent has not passed within 20s") != std::string::npos);
}

TEST_CASE("every try that has not passed tells what was found and what is wanted") {
  OneGuest guest;
  guest.start({.http_status = 503});
  Gate eager = http();
  eager.every = Duration{100};

  CHECK_FALSE(guest.wait({eager}, std::chrono::seconds{20}));

  REQUIRE(guest.told.size() > 10);
  CHECK(guest.told.back().gate == "http :80/health");
  CHECK(guest.told.back().found == "503, want 200");
  CHECK(guest.told.back().limit == std::chrono::seconds{20});
  CHECK(guest.told.back().tries == static_cast<int>(guest.told.size()));
  CHECK(guest.told[1].waited - guest.told[0].waited < kGuestGateEvery);
}

TEST_CASE("a guest that never gets ready is given up at the bound, with what was found last") {
  OneGuest guest;
  guest.start({.http_status = 503});

  const auto outcome = guest.wait({http()}, std::chrono::minutes{1});

  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().kind == ErrorKind::timed_out);
  CHECK(outcome.error().message.find(
            "web-3 on kvm1: gate http :80/health has not passed within 1m of its start: 503, want 200") == 0);
  CHECK(outcome.error().hint == "look inside: vscale console web-3");
  CHECK(guest.waited() >= std::chrono::minutes{1});
  CHECK(guest.waited() < std::chrono::minutes{1} + kHttpTryTimeout);
}

TEST_CASE("a gate that cannot be reached says why, in the network's own words") {
  OneGuest guest;
  guest.start({.never_boots = true});

  const auto outcome = guest.wait({http()}, std::chrono::minutes{1});

  REQUIRE_FALSE(outcome);
  INFO(outcome.error().message);
  CHECK(outcome.error().message.find("no connection to 10.0.0.53:80 [No route to host]") != std::string::npos);
}

TEST_CASE("the bound counts from the start of the guest, and a gate is tried once even when it is used up") {
  OneGuest guest;
  guest.start();
  guest.clock.advance(std::chrono::hours{1});
  CHECK(guest.wait({gate(Gate::Kind::agent)}, std::chrono::minutes{5}));

  OneGuest silent;
  silent.start({.never_boots = true});
  silent.clock.advance(std::chrono::hours{1});
  CHECK_FALSE(silent.wait({gate(Gate::Kind::agent)}, std::chrono::minutes{5}));
  CHECK(silent.waited() < std::chrono::hours{1} + std::chrono::seconds{5});
}

TEST_CASE("somebody who sets the wall clock while a guest is waited for neither lengthens nor shortens its bound") {
  const Duration step = GENERATE(Duration{std::chrono::hours{-2}}, Duration{std::chrono::hours{2}});
  OneGuest guest;
  guest.start({.never_boots = true});
  guest.on_tell = [&] {
    if (guest.told.size() == 3) guest.clock.set_wall_clock(step);
  };
  const Duration began = guest.clock.uptime();

  const auto outcome = guest.wait({gate(Gate::Kind::agent)}, std::chrono::minutes{1});

  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().kind == ErrorKind::timed_out);
  CHECK(guest.clock.uptime() - began >= std::chrono::minutes{1});
  CHECK(guest.clock.uptime() - began <= std::chrono::minutes{1} + kLastTryTimeout);
  CHECK(guest.told.size() > 20);
  for (const auto& look : guest.told) CHECK(look.waited <= std::chrono::minutes{1});
}

TEST_CASE("a start that the wall clock puts into the future is taken for one of now") {
  OneGuest guest;
  guest.start({.never_boots = true});
  guest.started_at = guest.clock.now() + std::chrono::hours{2};
  const Duration began = guest.clock.uptime();

  REQUIRE_FALSE(guest.wait({gate(Gate::Kind::agent)}, std::chrono::minutes{1}));

  CHECK(guest.clock.uptime() - began <= std::chrono::minutes{1} + kLastTryTimeout);
  CHECK(guest.told.front().waited < std::chrono::minutes{1});
  CHECK(guest.told.front().waited >= Duration{0});
}

TEST_CASE("a slow agent is not a dead one") {
  OneGuest guest;
  guest.start({.agent_latency = Duration{9000}});
  CHECK(guest.wait({gate(Gate::Kind::agent)}));
}

TEST_CASE("a domain that crashes while it is waited for is told at once, whichever gate it is") {
  const auto kind = GENERATE(Gate::Kind::agent, Gate::Kind::systemd, Gate::Kind::tcp);
  OneGuest guest;
  guest.start({.boot = Duration{60'000}, .agent = Duration{60'000}, .crashes_after = Duration{3000}});

  const auto outcome = guest.wait({gate(Gate::Kind::domain), gate(kind)});

  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().kind == ErrorKind::failed);
  CHECK(outcome.error().message.find("web-3 on kvm1 is crashed, while it was waited for") == 0);
  CHECK(guest.waited() < Duration{10'000});
}

TEST_CASE("a domain that was switched off or removed by hand is told at once") {
  OneGuest guest;
  guest.start({.never_boots = true});
  SECTION("off") {
    guest.cluster.power_off_by_hand("prod-web-3");
    const auto outcome = guest.wait({gate(Gate::Kind::agent)});
    CHECK(outcome.error().kind == ErrorKind::failed);
  }
  SECTION("gone") {
    guest.cluster.remove_by_hand("prod-web-3");
    const auto outcome = guest.wait({gate(Gate::Kind::agent)});
    CHECK(outcome.error().kind == ErrorKind::not_found);
  }
  CHECK(guest.waited() < Duration{1000});
}

TEST_CASE("a host that does not answer for a while is waited for") {
  OneGuest guest;
  guest.start();
  guest.cluster.cut("kvm1");
  guest.stopped = [&] {
    if (guest.waited() > std::chrono::seconds{30}) guest.cluster.heal("kvm1");
    return false;
  };
  CHECK(guest.wait({gate(Gate::Kind::domain), gate(Gate::Kind::agent)}));
  CHECK(guest.waited() > std::chrono::seconds{30});
}

TEST_CASE("a guest that its host has no room to ask is not ready yet, and nothing is known of it") {
  OneGuest guest;
  guest.start();
  CrowdedGuests crowded(guest.cluster);
  crowded.without_room = {GuestWorld::uuid(3)};
  const GateSubject subject{"group.web[3]", GuestWorld::name(3), OneGuest::domain(), guest.started_at};
  const GatePorts ports{guest.cluster, crowded, guest.cluster, guest.clock};
  const Gate::Kind kind = GENERATE(Gate::Kind::agent, Gate::Kind::cloud_init, Gate::Kind::systemd, Gate::Kind::exec);

  const auto answer = GateTries(subject, guest.nics, ports).attempt(gate(kind), Duration::max() / 2);

  const auto* not_yet = std::get_if<GateTries::NotYet>(&answer);
  REQUIRE(not_yet != nullptr);
  CHECK(not_yet->host_silent);
  guest.on_tell = [&] { crowded.without_room.clear(); };
  CHECK(wait_for_gates(subject, guest.waiting_for({gate(kind)}), ports, guest.tell(), guest.stopped));
  CHECK(guest.told.front().found == "host \"kvm1\" had no room");
}

TEST_CASE("asked to stop, waiting ends soon") {
  OneGuest guest;
  guest.start({.never_boots = true});
  guest.stopped = [&] { return guest.waited() > std::chrono::seconds{10}; };

  const auto outcome = guest.wait({gate(Gate::Kind::agent)});

  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().kind == ErrorKind::timed_out);
  CHECK(guest.waited() < std::chrono::seconds{11});
}

TEST_CASE("an address by DHCP is found out, told, and used by the gates") {
  OneGuest guest;
  guest.nics[0].address.reset();
  guest.start();

  const auto outcome = guest.wait({http()});

  REQUIRE(outcome);
  REQUIRE(outcome->addresses.size() == 1);
  CHECK(outcome->addresses[0].mac == "52:54:00:00:00:03");
  CHECK(outcome->note == outcome->addresses[0].address);
}

TEST_CASE("a text that a guest gives for its address is none, and reaches nobody") {
  OneGuest guest;
  guest.nics[0].address.reset();
  guest.start();
  ToldGuests liar;
  liar.answer = std::vector<GuestAddress>{{"52:54:00:00:00:03", "10.0.0.9\n  ProxyCommand touch /tmp/owned"}};
  const WaitForGates wait = guest.waiting_for({gate(Gate::Kind::domain)});

  const auto outcome = wait_for_gates({"group.web[3]", "prod-web-3", guest.domain(), guest.started_at}, wait,
                                      {guest.cluster, liar, guest.cluster, guest.clock}, {}, guest.stopped);

  REQUIRE(outcome);
  CHECK(outcome->addresses.empty());
  CHECK(outcome->note.find("ProxyCommand") == std::string::npos);
}

TEST_CASE("a gate that waits for an address by DHCP says what each source said of it") {
  OneGuest guest;
  guest.nics[0].address.reset();
  guest.start();
  ToldGuests others;
  std::vector<GateTry> told;
  const WaitForGates wait = guest.waiting_for({http()}, std::chrono::seconds{10});
  const auto failure = [&] {
    guest.started_at = guest.clock.now();
    const auto outcome = wait_for_gates(
        {"group.web[3]", "prod-web-3", guest.domain(), guest.started_at}, wait,
        {guest.cluster, others, guest.cluster, guest.clock}, [&](const GateTry& look) { told.push_back(look); },
        guest.stopped);
    REQUIRE_FALSE(outcome);
    return outcome.error().message;
  };

  CHECK(failure().find("no address yet: neither a lease nor the agent tells one") != std::string::npos);

  others.answer = std::vector<GuestAddress>{{"52:54:00:00:00:03", "169.254.7.9"}};
  CHECK(failure().find("no address yet: what is told is link-local, or no address") != std::string::npos);

  others.answer = std::vector<GuestAddress>{{"52:54:00:00:00:99", "10.0.0.9"}};
  CHECK(failure().find("no address yet: what is told is of none of its cards") != std::string::npos);

  others.answer = Error{ErrorKind::failed, "no lease, and the guest agent does not answer", "not connected", "hint"};
  CHECK(failure().find("no address yet: no lease, and the guest agent does not answer [not connected] (") !=
        std::string::npos);
  CHECK(told.back().found == "no address yet");
}

TEST_CASE("an address at which a gate was tried in vain is asked for again, and what is told last counts") {
  const std::string first = GENERATE(as<std::string>{}, "169.254.7.9", "192.168.122.77");
  OneGuest guest;
  guest.nics[0].address.reset();
  guest.start({.boot = Duration{0}});
  const std::string own = guest.cluster.guest_addresses(guest.domain()).value().at(0).address;
  ToldGuests slow;
  slow.answer = std::vector<GuestAddress>{{"52:54:00:00:00:03", first}};
  const WaitForGates wait = guest.waiting_for({http()}, std::chrono::minutes{5});
  int tries = 0;

  const auto outcome = wait_for_gates(
      {"group.web[3]", "prod-web-3", guest.domain(), guest.started_at}, wait,
      {guest.cluster, slow, guest.cluster, guest.clock},
      [&](const GateTry&) {
        if (++tries == 3) slow.answer.value().at(0).address = own;
      },
      guest.stopped);

  REQUIRE(outcome);
  CHECK(outcome->addresses == std::vector<GuestAddress>{{"52:54:00:00:00:03", own}});
  CHECK(slow.asked == 4);
}

TEST_CASE("an address that no gate needs is waited for a little, and its absence is no failure") {
  OneGuest guest;
  guest.nics[0].address.reset();
  guest.start({.never_boots = true});

  const auto outcome = guest.wait({gate(Gate::Kind::domain)});

  REQUIRE(outcome);
  CHECK(outcome->addresses.empty());
  CHECK(guest.waited() <= kAddressGrace + kHostGateEvery);
}

TEST_CASE("gates that nobody asks yet say so") {
  OneGuest guest;
  guest.start();
  CHECK(guest.wait({gate(Gate::Kind::check_in)})->note == "10.0.0.53; checkIn not asked");
}

}  // namespace
}  // namespace vscale::test
