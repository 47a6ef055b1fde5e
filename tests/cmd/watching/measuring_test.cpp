#include "cmd/watching/seeing/measuring.h"

#include <catch2/catch.hpp>

/// What is made of what the hosts counted.

namespace vscale::test {
namespace {

using std::chrono::seconds;

constexpr Instant kBegan{std::chrono::hours{24 * 365 * 56}};
constexpr const char* kUuid = "0b1d0b1d-0000-4000-8000-000000000001";

RecordedState one_guest() {
  RecordedState recorded;
  InstanceRecord instance;
  instance.address = {InstanceAddress::Kind::group, "web", 0};
  instance.uuid = kUuid;
  recorded.instances.emplace(instance.address, instance);
  return recorded;
}

/// A host that told so long after it was asked what its guest had used until then.
Live told(Duration after, Duration cpu) {
  HostSnapshot snapshot;
  snapshot.host = "kvm1";
  snapshot.counted_after = after;
  DomainCounters counters;
  counters.vcpus = 1;
  counters.cpu_ns = static_cast<std::uint64_t>(cpu.count()) * 1'000'000;
  snapshot.counters.emplace(kUuid, counters);
  return {{"kvm1", HostView{.snapshot = snapshot, .failure = std::nullopt}}};
}

}  // namespace

TEST_CASE("what a host counted that took its time to tell is of when it told") {
  Config config;
  config.metrics.interval = seconds{15};
  const RecordedState recorded = one_guest();
  Measuring measuring;

  // A guest that does nothing but to work: one second of its processor a second.
  CHECK_FALSE(measuring.take(config, recorded, told(seconds{0}, seconds{100}), kBegan, seconds{0}));
  CHECK_FALSE(
      measuring.take(config, recorded, told(seconds{7}, seconds{122}), kBegan + seconds{15}, Duration{seconds{15}}));
  CHECK_FALSE(
      measuring.take(config, recorded, told(seconds{0}, seconds{130}), kBegan + seconds{30}, Duration{seconds{30}}));

  const auto& samples = measuring.samples().at(kUuid);
  REQUIRE(samples.size() == 2);
  CHECK(samples[0].cpu_percent.value() == Approx(100));
  CHECK(samples[1].cpu_percent.value() == Approx(100));
}

}  // namespace vscale::test
