#pragma once

#include <catch2/catch.hpp>
#include <string>

#include "engine/metrics/counter_reading.h"
#include "providers/fake/fake_cluster.h"
#include "providers/fake/virtual_clock.h"

namespace vscale::test {

/// A fake host kvm1 with so many guests of a group "web", two vCPUs each, which have just been started.
class FakeGroup {
 public:
  explicit FakeGroup(int size) {
    FakeHost host;
    host.name = "kvm1";
    cluster.add_host(host);
    for (int ordinal = 0; ordinal < size; ++ordinal) add(ordinal);
  }

  static std::string uuid(int ordinal) { return "c0ffee00-0000-4000-8000-00000000000" + std::to_string(ordinal); }
  static DomainRef ref(int ordinal) { return {"kvm1", uuid(ordinal), kLineage}; }

  HostSnapshot look(const ObserveRequest& request) {
    const auto seen = cluster.observe({{"kvm1", request}});
    REQUIRE(seen.at("kvm1").ok());
    return *seen.at("kvm1");
  }
  std::map<std::string, DomainCounters> counters() {
    ObserveRequest request;
    request.counters = true;
    request.lineage = kLineage;
    return look(request).counters;
  }
  CounterReading reading(int ordinal) {
    const DomainCounters counted = counters().at(uuid(ordinal));
    return {.at = clock.now(), .uptime = clock.uptime(), .counters = counted};
  }

  static constexpr const char* kLineage = "11111111-2222-4333-8444-555555555555";

  VirtualClock clock;
  FakeCluster cluster{1, clock};

 private:
  void add(int ordinal) {
    const VolumeRef root{"kvm1", "default", "root-" + std::to_string(ordinal)};
    REQUIRE(
        cluster.create_volume({.volume = root, .capacity_bytes = kGiB, .backing_volume = {}, .backing_format = {}}));
    DomainSpec spec;
    spec.name = "prod-web-" + std::to_string(ordinal);
    spec.uuid = uuid(ordinal);
    spec.ownership.address = {InstanceAddress::Kind::group, "web", ordinal};
    spec.ownership.lineage = kLineage;
    spec.vcpus = spec.max_vcpus = 2;
    spec.memory_bytes = spec.max_memory_bytes = kGiB;
    spec.disks = {DomainDisk{.pool = root.pool, .volume = root.name, .serial = "root"}};
    REQUIRE(cluster.define_domain("kvm1", spec));
    REQUIRE(cluster.start_domain(ref(ordinal)));
  }
};

}  // namespace vscale::test
