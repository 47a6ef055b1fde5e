#include <catch2/catch.hpp>

#include "tests/engine/gates/gated_guests.h"

/// What each kind of gate takes for an answer.

namespace vscale::test {
namespace {

const std::string kRecovered = "10.0.0.53; cloud-init is done, with recoverable errors";

TEST_CASE("cloud-init is waited for until it is done, and an error of it is told at once") {
  OneGuest guest;
  SECTION("done") {
    guest.start({.cloud_init = Duration{30'000}});
    CHECK(guest.wait({gate(Gate::Kind::cloud_init)}));
    CHECK(guest.waited() >= Duration{30'000});
  }
  SECTION("disabled") {
    guest.start({.cloud_init_status = "disabled"});
    CHECK(guest.wait({gate(Gate::Kind::cloud_init)})->note == "10.0.0.53; cloud-init is disabled");
  }
  SECTION("done, as the older ones call it that had errors on the way") {
    guest.start({.cloud_init_status = "degraded done", .cloud_init_exit = 2});
    CHECK(guest.wait({gate(Gate::Kind::cloud_init)})->note == kRecovered);
  }
  SECTION("done, with nothing but the exit code to tell of errors on the way") {
    guest.start({.cloud_init_status = "done", .cloud_init_exit = 2});
    CHECK(guest.wait({gate(Gate::Kind::cloud_init)})->note == kRecovered);
  }
  SECTION("running, though something went wrong already") {
    guest.start({.cloud_init_status = "degraded running"});
    const auto outcome = guest.wait({gate(Gate::Kind::cloud_init)}, std::chrono::seconds{30});
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().message.find("degraded running, want done") != std::string::npos);
  }
  SECTION("error") {
    const std::string word = GENERATE(as<std::string>{}, "error", "degraded error", "error - running");
    guest.start({.cloud_init_status = word, .cloud_init_exit = 1});
    const auto outcome = guest.wait({gate(Gate::Kind::cloud_init)});
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().kind == ErrorKind::failed);
    CHECK(outcome.error().message == "web-3 on kvm1: cloud-init ended with an error");
    CHECK(guest.waited() < Duration{15'000});
  }
}

TEST_CASE("a degraded system is ready only where that is allowed") {
  OneGuest guest;
  guest.start({.system_state = "degraded"});
  Gate systemd = gate(Gate::Kind::systemd);
  systemd.allow_degraded = true;
  CHECK(guest.wait({systemd}));

  systemd.allow_degraded = false;
  const auto outcome = guest.wait({systemd}, std::chrono::minutes{1});
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().message.find("degraded, want running") != std::string::npos);
}

TEST_CASE("a command in the guest passes by its exit code") {
  OneGuest guest;
  Gate exec = gate(Gate::Kind::exec);
  exec.guest = {{"/usr/bin/test"}, {"-e"}, {"/run/${name}"}};
  SECTION("0") {
    guest.start();
    CHECK(guest.wait({exec}));
  }
  SECTION("another") {
    guest.start({.command_exit = 3});
    CHECK(guest.wait({exec}, std::chrono::minutes{1}).error().message.find("exit 3, want 0") != std::string::npos);
  }
  SECTION("never run, as its text names something unknown") {
    guest.start();
    exec.guest = {{"${nobody}"}};
    CHECK(guest.wait({exec}).error().kind == ErrorKind::invalid);
  }
}

TEST_CASE("a system that has not started yet is waited for") {
  OneGuest guest;
  guest.start({.cloud_init = Duration{30'000}});
  CHECK(guest.wait({gate(Gate::Kind::systemd)}));
  CHECK(guest.told.back().found == "starting, want running");
  CHECK(guest.waited() >= Duration{30'000});
}

TEST_CASE("http passes by the status that its gate wants, and by no other") {
  OneGuest guest;
  guest.start({.http_status = 204});
  Gate wants_204 = http();
  wants_204.status = 204;
  CHECK(guest.wait({wants_204}));
  CHECK_FALSE(guest.wait({http()}, std::chrono::seconds{20}));
  CHECK(guest.told.back().found == "204, want 200");
}

TEST_CASE("a command that names the guest's address is not run before that is known") {
  OneGuest guest;
  guest.nics[0].address.reset();
  guest.start({.boot = Duration{20'000}, .agent = Duration{1000}});
  Gate exec = gate(Gate::Kind::exec);
  exec.guest = {{"/usr/bin/ping"}, {"${address}"}};

  const auto outcome = guest.wait({exec});

  REQUIRE(outcome);
  CHECK(guest.told.front().found == "no address yet");
  CHECK(guest.waited() >= Duration{20'000});
}

TEST_CASE("a try takes no longer than its gate's own timeout") {
  OneGuest guest;
  guest.start({.agent_latency = Duration{9000}});
  Gate impatient = gate(Gate::Kind::agent);
  impatient.timeout = Duration{1500};
  impatient.every = Duration{3000};

  CHECK_FALSE(guest.wait({impatient}, std::chrono::minutes{1}));

  REQUIRE(guest.told.size() > 5);
  const auto last = guest.told.end() - 1;
  const Duration apart = last->waited - (last - 1)->waited;
  CHECK(apart >= Duration{4500});
  CHECK(apart < Duration{4600});
}

TEST_CASE("a gate is not tried before those that stand before it have passed") {
  OneGuest guest;
  guest.start({.boot = Duration{1000}, .agent = Duration{10'000}, .cloud_init = Duration{20'000}, .http_status = 503});

  CHECK_FALSE(guest.wait({gate(Gate::Kind::agent), gate(Gate::Kind::cloud_init), http()}, std::chrono::seconds{40}));

  std::vector<std::string> order;
  for (const auto& look : guest.told) {
    if (order.empty() || order.back() != look.gate) order.push_back(look.gate);
  }
  CHECK(order == std::vector<std::string>{"agent", "cloudInit", "http :80/health"});
}

}  // namespace
}  // namespace vscale::test
