#include <catch2/catch.hpp>

#include "providers/fake/fake_cluster.h"
#include "providers/fake/virtual_clock.h"
#include "tests/providers/conformance/provider_conformance.h"

using namespace vscale;
using namespace vscale::test;

TEST_CASE("the fake cluster keeps the promises of the ports") {
  VirtualClock clock;
  FakeCluster cluster(1, clock);
  FakeHost host;
  host.name = "kvm1";
  cluster.add_host(host);
  cluster.add_foreign_domain("kvm1", "by-hand", 2, kGiB);
  // Its guests boot and answer, but there is no shell in them: has_guests is about those that have one.
  ProviderUnderTest provider{.domains = cluster,
                             .volumes = cluster,
                             .guests = cluster,
                             .clock = clock,
                             .host = "kvm1",
                             .foreign_domain = "by-hand",
                             .pool = "vscale",
                             .pool_path = "/var/lib/libvirt/vscale",
                             .run = "t",
                             .has_guests = false,
                             .image_path = "/images/guest.qcow2",
                             .image_virtual_size_bytes = 64 * kMiB,
                             .guest_address = {}};
  run_provider_conformance(provider);
}
