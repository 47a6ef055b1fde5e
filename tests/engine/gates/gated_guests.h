#pragma once

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/gates/gates.h"
#include "providers/fake/fake_cluster.h"
#include "providers/fake/fake_sources.h"
#include "providers/fake/virtual_clock.h"
#include "tests/support/builders.h"

/// Guests of a fake cluster with gates before them, and what is told of these in virtual time.

namespace vscale::test {

inline Gate gate(Gate::Kind kind) {
  Gate gate;
  gate.kind = kind;
  return gate;
}
inline Gate http() {
  Gate gate;
  gate.kind = Gate::Kind::http;
  gate.port = 80;
  gate.path = "/health";
  return gate;
}

/// Hosts and guests: web-3 is domain prod-web-3 at 10.0.0.53.
struct GuestWorld {
  VirtualClock clock;
  FakeCluster cluster{1, clock};
  FakeSeedSource seeds;
  std::function<bool()> stopped = [] { return false; };
  std::vector<GateTry> told;
  std::function<void()> on_tell;  ///< After each.

  static std::string name(int ordinal) { return fmt::format("prod-web-{}", ordinal); }
  static std::string uuid(int ordinal) { return fmt::format("uuid-{}", ordinal); }
  static GuestNic nic(int ordinal) {
    return {"lan", fmt::format("52:54:00:00:00:{:02}", ordinal), fmt::format("10.0.0.{}", 50 + ordinal)};
  }

  void start_guest(int ordinal, const std::string& host, const std::vector<GuestNic>& nics,
                   const GuestBehaviour& behaviour) {
    cluster.behave(name(ordinal), behaviour);
    const VolumeRef root{host, "default", "root-" + name(ordinal)};
    const VolumeRef seed{host, "default", "seed-" + name(ordinal)};
    REQUIRE(
        cluster.create_volume({.volume = root, .capacity_bytes = kGiB, .backing_volume = {}, .backing_format = {}}));
    SeedRequest request;
    request.name = name(ordinal);
    request.nics = nics;
    REQUIRE(cluster.write_seed(seed, seeds.seed_for(request).value()));
    DomainSpec spec;
    spec.name = name(ordinal);
    spec.uuid = uuid(ordinal);
    spec.ownership.lineage = kLineage;
    spec.disks = {{.pool = "default", .volume = root.name, .serial = "root"}};
    spec.seed = DomainDisk{.pool = "default", .volume = seed.name, .serial = "seed"};
    spec.nics = {{.mac = nic(ordinal).mac, .bridge = "br0", .network = {}, .vlan = {}}};
    REQUIRE(cluster.define_domain(host, spec));
    REQUIRE(cluster.start_domain({host, spec.uuid, kLineage}));
  }

  GateTrySink tell() {
    return [this](const GateTry& look) {
      told.push_back(look);
      if (on_tell) on_tell();
    };
  }
};

/// One guest, started a moment ago, with a static address unless told otherwise.
struct OneGuest : GuestWorld {
  std::vector<GuestNic> nics{nic(3)};
  std::optional<Instant> started_at;

  static DomainRef domain() { return {"kvm1", uuid(3), kLineage}; }

  void start(const GuestBehaviour& behaviour = {}) {
    cluster.add_host({.name = "kvm1"});
    start_guest(3, "kvm1", nics, behaviour);
    started_at = clock.now();
  }

  Result<GatesPassed> wait_as(const WaitForGates& wait) {
    return wait_for_gates({"group.web[3]", name(3), domain(), started_at}, wait, {cluster, cluster, cluster, clock},
                          tell(), stopped);
  }
  Result<GatesPassed> wait(const std::vector<Gate>& gates, Duration startup_timeout = std::chrono::minutes{5}) {
    return wait_as(waiting_for(gates, startup_timeout));
  }
  WaitForGates waiting_for(const std::vector<Gate>& gates, Duration startup_timeout = std::chrono::minutes{5}) const {
    return {.uuid = uuid(3), .gates = gates, .startup_timeout = startup_timeout, .nics = nics};
  }
  Duration waited() { return clock.now() - *started_at; }
};

}  // namespace vscale::test
