#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/providers/conformance/conformance_world.h"

namespace vscale::test {
namespace {

std::string network_config(const DomainSpec& spec, const std::string& address) {
  return "version: 2\nethernets:\n  eth0:\n    match: { macaddress: \"" + spec.nics[0].mac + "\" }\n    addresses: [" +
         address + "/24]\n";
}

bool wait_for_agent(ProviderUnderTest& p, const DomainRef& domain) {
  const Instant deadline = p.clock.now() + p.boot_timeout;
  while (p.clock.now() < deadline) {
    const Result<void> ping = p.guests.ping_agent(domain, kAgentTry);
    if (ping) return true;
    // "Not yet" has one kind.
    if (ping.error().kind != ErrorKind::timed_out) FAIL(to_string(ping.error()));
    p.clock.sleep_until(p.clock.now() + kAgentInterval);
  }
  return false;
}

/// It tells every 10 s, and an emulated guest takes its time.
constexpr Duration kMemoryToldWithin{60'000};

struct BootedGuest {
  DomainSpec spec;
  DomainRef domain;
  VolumeRef root;
};

/// A guest from image, overlay and seed, up and answering.
BootedGuest boot_guest(World& world) {
  ProviderUnderTest& p = world.p;
  const VolumeRef image = world.volume("image.qcow2");
  check_ok(p.volumes.upload_file(world.image_upload(image), {}));
  const VolumeRef root = world.volume("root.qcow2");
  check_ok(p.volumes.create_volume(
      NewVolume{.volume = root, .capacity_bytes = kDisk, .backing_volume = image.name, .backing_format = "qcow2"}));
  DomainSpec spec = world.spec_on(root);
  const VolumeRef seed = world.volume("seed.iso");
  check_ok(p.volumes.write_seed(
      seed, SeedFiles{.meta_data = "instance-id: " + spec.name + "-1\nlocal-hostname: " + spec.name + "\n",
                      .user_data = "#!/bin/sh\n",
                      .network_config = network_config(spec, p.guest_address),
                      .vendor_data = {}}));
  spec.seed = DomainDisk{.pool = seed.pool, .volume = seed.name, .format = "raw", .serial = {}};
  const DomainRef domain = world.started(spec);
  REQUIRE(wait_for_agent(p, domain));
  return BootedGuest{spec, domain, root};
}

DomainCounters counters_of(ProviderUnderTest& p, const BootedGuest& guest) {
  ObserveRequest request;
  request.counters = true;
  request.lineage = guest.domain.lineage;
  const Result<HostSnapshot> seen = p.domains.observe({{p.host, request}}).at(p.host);
  REQUIRE(seen.ok());
  const auto counted = seen->counters.find(guest.spec.uuid);
  return counted == seen->counters.end() ? DomainCounters{} : counted->second;
}

void check_tells_memory(ProviderUnderTest& p, const BootedGuest& guest) {
  const Instant deadline = p.clock.now() + kMemoryToldWithin;
  DomainCounters counters = counters_of(p, guest);
  while (!counters.memory_told_at_s && p.clock.now() < deadline) {
    p.clock.sleep_until(p.clock.now() + kAgentInterval);
    counters = counters_of(p, guest);
  }
  REQUIRE(counters.memory_told_at_s.has_value());
  REQUIRE(counters.memory_total_bytes.has_value());
  REQUIRE(counters.memory_usable_bytes.has_value());
  // By its own count, which its balloon changes.
  CHECK(*counters.memory_total_bytes <= guest.spec.max_memory_bytes);
  CHECK(*counters.memory_total_bytes > kMemory / 2);
  CHECK(*counters.memory_usable_bytes < *counters.memory_total_bytes);
}

/// As one that was defined without it: it is let tell while it runs, and is what it was in all that is compared.
void check_is_let_tell_memory(World& world, const BootedGuest& guest) {
  ProviderUnderTest& p = world.p;
  if (!can_ask(bool{p.by_hand.forget_memory}, "guests that do not tell of their memory")) return;
  CHECK(counters_of(p, guest) == DomainCounters{});  // off, and looked at
  p.by_hand.forget_memory(guest.spec.name);
  check_ok(p.domains.start_domain(guest.domain));
  REQUIRE(wait_for_agent(p, guest.domain));
  CHECK_FALSE(p.by_hand.is_to_tell_memory(guest.spec.name));
  const std::optional<LiveDomain> before = world.seen(guest.spec.name);

  // Once, when it boots, a guest tells without being asked.
  const std::optional<std::int64_t> told_at = counters_of(p, guest).memory_told_at_s;
  const Instant deadline = p.clock.now() + kMemoryToldWithin;
  while (counters_of(p, guest).memory_told_at_s == told_at && p.clock.now() < deadline) {
    p.clock.sleep_until(p.clock.now() + kAgentInterval);
  }

  CHECK(counters_of(p, guest).memory_told_at_s != told_at);
  std::optional<LiveDomain> after = world.seen(guest.spec.name);
  // On a busy machine the balloon is still at work when the agent answers already.
  if (after && before) after->memory_bytes = before->memory_bytes;
  CHECK(after == before);
  CHECK(p.by_hand.is_to_tell_memory(guest.spec.name));
}

void guests(ProviderUnderTest& p) {
  SECTION("an agent of a domain that is off cannot be asked") {
    World world(p);
    const DomainRef domain = world.defined(world.spec());
    check_fails(p.guests.ping_agent(domain, kAgentTry), ErrorKind::conflict);
    const Result<std::vector<GuestAddress>> addresses = p.guests.guest_addresses(domain);
    check_ok(addresses);
    if (addresses) CHECK(addresses->empty());
  }
  if (!can_ask(p.has_guests, "guests that boot")) return;
  SECTION("a guest boots from overlay and seed, obeys, grows and shuts down") {
    World world(p);
    const BootedGuest guest = boot_guest(world);

    const auto run = [&](const std::vector<std::string>& argv, const std::string& input = {}) {
      Result<GuestExit> exit = p.guests.run_in_guest(guest.domain, argv, input, Duration{30'000});
      INFO((exit ? "" : to_string(exit.error())));
      REQUIRE(exit.ok());
      return *exit;
    };
    CHECK(run({"/bin/hostname"}).out == guest.spec.name + "\n");
    CHECK(run({"/bin/sh", "-c", "exit 7"}).code == 7);
    CHECK(run({"/bin/cat"}, "<&'\"; rm -rf\n").out == "<&'\"; rm -rf\n");
    CHECK(run({"/bin/sh", "-c", "echo oops >&2"}).err == "oops\n");
    CHECK(run({"/bin/sh", "-c", "yes | head -c 300000"}).out.size() == kGuestOutputMaxBytes);
    check_fails(p.guests.run_in_guest(guest.domain, {"/bin/sleep", "60"}, {}, Duration{1'500}), ErrorKind::timed_out);
    check_fails(p.guests.run_in_guest(DomainRef{p.host, guest.spec.uuid, kOtherLineage}, {"/bin/true"}, {}, kAgentTry),
                ErrorKind::denied);

    const Result<std::vector<GuestAddress>> addresses = p.guests.guest_addresses(guest.domain);
    check_ok(addresses);
    if (addresses) CHECK(*addresses == std::vector{GuestAddress{guest.spec.nics[0].mac, p.guest_address}});

    check_fails(p.volumes.resize_volume(guest.root, 2 * kDisk, DomainRef{p.host, guest.spec.uuid, kOtherLineage}),
                ErrorKind::denied);
    check_ok(p.volumes.resize_volume(guest.root, 2 * kDisk, guest.domain));
    CHECK(run({"/bin/cat", "/sys/class/block/vda/size"}).out == std::to_string(2 * kDisk / 512) + "\n");

    check_tells_memory(p, guest);

    const Result<StopOutcome> stopped = p.domains.stop_domain(guest.domain, Duration{30'000});
    check_ok(stopped);
    if (stopped) CHECK(*stopped == StopOutcome::shut_down);
    CHECK(world.seen(guest.spec.name)->state == DomainState::shut_off);
    check_fails(p.guests.ping_agent(guest.domain, kAgentTry), ErrorKind::conflict);
    check_is_let_tell_memory(world, guest);
  }
}

}  // namespace

void check_guest_promises(ProviderUnderTest& p) {
  guests(p);
}

}  // namespace vscale::test
