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
  host.pools = {FakePool{}, FakePool{.name = "small", .path = "/srv/small", .capacity_bytes = 40 * kMiB}};
  cluster.add_host(host);
  cluster.add_foreign_domain("kvm1", "by-hand", 2, kGiB);
  // Its guests boot and answer, but there is no shell in them: has_guests is about those that have one.
  const VolumeRef filler{"kvm1", "small", "filler"};
  const ByHand by_hand{
      .stop_pool = [&] { cluster.stop_pool_by_hand("kvm1", "vscale"); },
      .hide_directory = {},
      .show_directory = {},
      .put_file =
          [&](const std::string& name) {
            cluster.put_file_by_hand({"kvm1", "vscale", name}, kMiB);
          },
      .undefine = [&](const std::string& name) { cluster.undefine_by_hand(name); },
      .cut_short =
          [&](const std::string& name) {
            cluster.cut_short_by_hand({"kvm1", "vscale", name});
          },
      .fill_small_pool = [&](std::uint64_t left_bytes) { cluster.put_file_by_hand(filler, 40 * kMiB - left_bytes); },
      .empty_small_pool = [&] { static_cast<void>(cluster.delete_volume(filler)); },
      .define_bare_pool = {},
      .starts_with_host = {},
      .digest_of = {},
      .start_and_stop =
          [&](const std::string& name) {
            cluster.start_by_hand(name);
            cluster.power_off_by_hand(name);
          },
      .fall_silent = [&] { cluster.fall_silent("kvm1"); },
      .answer_again = [&] { cluster.heal("kvm1"); }};
  ProviderUnderTest provider{.domains = cluster,
                             .volumes = cluster,
                             .guests = cluster,
                             .events = cluster,
                             .clock = clock,
                             .host = "kvm1",
                             .foreign_domain = "by-hand",
                             .pool = "vscale",
                             .pool_path = "/var/lib/libvirt/vscale",
                             .run = "t",
                             .has_guests = false,
                             .by_hand = by_hand,
                             .small_pool = "small",
                             .image_path = "/images/guest.qcow2",
                             .image_virtual_size_bytes = 64 * kMiB,
                             .guest_address = {}};
  run_provider_conformance(provider);
}
