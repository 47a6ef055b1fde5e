#include <catch2/catch.hpp>

#include "providers/clock/system_clock.h"
#include "providers/libvirt/libvirt_hosts.h"
#include "tests/providers/conformance/provider_conformance.h"
#include "tests/providers/libvirt/libvirt_test_world.h"

using namespace vscale;
using namespace vscale::test;

TEST_CASE("libvirt's test driver keeps the promises of the ports") {
  const LibvirtTestWorld world(foreign_domain_xml("by-hand"));
  SystemClock clock;
  LibvirtHosts hosts({{"kvm1", world.uri()}}, LibvirtOptions{}, clock, [&clock] { clock.interrupt(); });
  ProviderUnderTest provider{.domains = hosts,
                             .volumes = hosts,
                             .guests = hosts,
                             .events = hosts,
                             .clock = clock,
                             .host = "kvm1",
                             .foreign_domain = "by-hand",
                             .pool = "vscale",
                             .pool_path = "/var/lib/libvirt/vscale",
                             .run = "t",
                             .can_resize = false,
                             .can_upload = false,
                             .has_counters = false,
                             .has_guests = false,
                             .image_path = {},
                             .guest_address = {}};
  run_provider_conformance(provider);
}
