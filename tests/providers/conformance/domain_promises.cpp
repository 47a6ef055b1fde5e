#include <algorithm>
#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/providers/conformance/conformance_world.h"

namespace vscale::test {
namespace {

// ---- Hosts ----------------------------------------------------------------------------------------------------------

void hosts(ProviderUnderTest& p) {
  SECTION("a host tells its size, and when that was seen") {
    World world(p);
    const Instant before = p.clock.now();
    const HostSnapshot host = world.observe();
    CHECK(host.host == p.host);
    CHECK(host.vcpus > 0);
    CHECK(host.memory_bytes >= 64 * kMiB);
    CHECK(host.seen_at >= before);
    CHECK(host.seen_at <= p.clock.now());
    CHECK(std::is_sorted(host.domains.begin(), host.domains.end(),
                         [](const LiveDomain& a, const LiveDomain& b) { return a.name < b.name; }));
  }
  SECTION("looking twice gives the same") {
    World world(p);
    world.defined(world.spec());
    HostSnapshot first = world.observe();
    HostSnapshot second = world.observe();
    first.seen_at = second.seen_at;
    CHECK(first.identity == second.identity);
    CHECK(first.domains == second.domains);
    CHECK(first.traits == second.traits);
    CHECK(first.vcpus == second.vcpus);
  }
  SECTION("a host that is not there is unreachable, and keeps nobody else from being seen") {
    World world(p);
    const auto seen = p.domains.observe({{"nowhere", {}}, {p.host, {}}});
    REQUIRE(seen.size() == 2);
    check_fails(seen.at("nowhere"), ErrorKind::unreachable);
    check_ok(seen.at(p.host));
    check_fails(p.domains.start_domain(DomainRef{"nowhere", kNoSuchUuid, world.lineage()}), ErrorKind::unreachable);
    check_fails(p.volumes.delete_volume(VolumeRef{"nowhere", p.pool, "x"}), ErrorKind::unreachable);
  }
}

// ---- Domains --------------------------------------------------------------------------------------------------------

void definitions(ProviderUnderTest& p) {
  SECTION("a domain that was defined is off and known as ours") {
    World world(p);
    const DomainSpec spec = world.spec();
    const DomainRef domain = world.defined(spec);
    const std::optional<LiveDomain> live = world.seen(spec.name);
    REQUIRE(live.has_value());
    CHECK(live->uuid == spec.uuid);
    CHECK(live->state == DomainState::shut_off);
    CHECK(live->ownership == spec.ownership);
    CHECK(live->vcpus == 1);
    CHECK(live->max_vcpus == 2);
    CHECK(live->memory_bytes == kMemory);
    CHECK(live->max_memory_bytes == 2 * kMemory);
    CHECK(live->nics == std::vector{LiveNic{.mac = spec.nics[0].mac, .source = p.network_bridge}});
    REQUIRE(live->disk_paths.size() == 1);
    CHECK(live->disk_paths[0].ends_with("/" + spec.disks[0].volume));
    const Result<DomainState> state = p.domains.domain_state(domain);
    check_ok(state);
    if (state) CHECK(*state == DomainState::shut_off);
  }
  SECTION("defining it again changes what it is, and nothing else") {
    World world(p);
    DomainSpec spec = world.spec();
    world.defined(spec);
    spec.ownership.revision = 4;
    spec.memory_bytes = 2 * kMemory;
    check_ok(p.domains.define_domain(p.host, spec));
    const std::optional<LiveDomain> live = world.seen(spec.name);
    REQUIRE(live.has_value());
    CHECK(live->ownership == spec.ownership);
    CHECK(live->memory_bytes == 2 * kMemory);
    CHECK(live->state == DomainState::shut_off);
  }
  SECTION("a machine keeps its address") {
    World world(p);
    DomainSpec spec = world.spec();
    spec.ownership.address = {InstanceAddress::Kind::machine, "db1", 0};
    world.defined(spec);
    const std::optional<LiveDomain> live = world.seen(spec.name);
    REQUIRE(live.has_value());
    CHECK(live->ownership == spec.ownership);
  }
  SECTION("a domain whose volume is missing is not defined, and the volume is named") {
    World world(p);
    const DomainSpec spec = world.spec_on(VolumeRef{p.host, p.pool, p.run + "-not-there.qcow2"});
    const Result<void> result = p.domains.define_domain(p.host, spec);
    check_fails(result, ErrorKind::not_found);
    CHECK(result.error().message.find("not-there.qcow2") != std::string::npos);
    CHECK_FALSE(world.seen(spec.name).has_value());
  }
  SECTION("texts that look like markup and commands stay texts") {
    World world(p);
    DomainSpec spec = world.spec();
    spec.name = p.run + "<&'\"; rm -rf";
    spec.ownership.installation = "<&'\"; rm -rf";
    spec.ownership.spec_hash = "]]> <!-- \\ %s ${x} é";
    spec.disks[0].serial = "root";
    world.defined(spec);
    const std::optional<LiveDomain> live = world.seen(spec.name);
    REQUIRE(live.has_value());
    CHECK(live->ownership == spec.ownership);
  }
  SECTION("a control character is refused, since no definition can hold it") {
    World world(p);
    DomainSpec spec = world.spec();
    spec.ownership.installation = std::string("a\x01") + "b";
    check_fails(p.domains.define_domain(p.host, spec), ErrorKind::invalid);
    CHECK_FALSE(world.seen(spec.name).has_value());
  }
}

void lost_definitions(ProviderUnderTest& p) {
  SECTION("a domain that was undefined while it is up is seen to have no definition, and is given one as it runs") {
    if (!can_ask(p.by_hand.undefine != nullptr, "a domain that was undefined while it is up")) return;
    World world(p);
    const DomainSpec spec = world.spec();
    const DomainRef domain = world.started(spec);
    CHECK_FALSE(world.seen(spec.name)->transient);
    p.by_hand.undefine(spec.name);
    const std::optional<LiveDomain> undefined = world.seen(spec.name);
    REQUIRE(undefined.has_value());
    CHECK(undefined->transient);
    CHECK(undefined->ownership == spec.ownership);
    CHECK(undefined->disk_paths.size() == 1);

    check_ok(p.domains.define_domain(p.host, spec));
    const std::optional<LiveDomain> defined = world.seen(spec.name);
    REQUIRE(defined.has_value());
    CHECK_FALSE(defined->transient);
    CHECK(is_up(defined->state));
    CHECK(defined->ownership == spec.ownership);
    check_ok(p.domains.stop_domain(domain, Duration::zero()));
    CHECK(world.seen(spec.name).has_value());
  }
  SECTION("one that is not given one is gone once it is off") {
    if (!can_ask(p.by_hand.undefine != nullptr, "a domain that was undefined while it is up")) return;
    World world(p);
    const DomainSpec spec = world.spec();
    const DomainRef domain = world.started(spec);
    p.by_hand.undefine(spec.name);
    check_ok(p.domains.stop_domain(domain, Duration::zero()));
    CHECK_FALSE(world.seen(spec.name).has_value());
    check_ok(p.domains.undefine_domain(domain));
  }
}

void foreign(ProviderUnderTest& p) {
  SECTION("a foreign domain is counted, carries no mark and is never changed") {
    World world(p);
    const std::optional<LiveDomain> before = world.seen(p.foreign_domain);
    REQUIRE(before.has_value());
    CHECK_FALSE(before->ownership.has_value());
    CHECK(before->vcpus > 0);
    CHECK(before->memory_bytes > 0);

    const DomainRef ref{p.host, before->uuid, world.lineage()};
    check_fails(p.domains.start_domain(ref), ErrorKind::denied);
    check_fails(p.domains.stop_domain(ref, Duration::zero()), ErrorKind::denied);
    check_fails(p.domains.undefine_domain(ref), ErrorKind::denied);
    check_fails(p.domains.change_domain(ref, DomainChange{.vcpus = 1, .memory_bytes = {}, .ownership = {}}),
                ErrorKind::denied);
    DomainSpec spec = world.spec();
    spec.name = p.foreign_domain;
    check_fails(p.domains.define_domain(p.host, spec), ErrorKind::exists);
    spec = world.spec_on(VolumeRef{p.host, p.pool, spec.disks[0].volume});
    spec.uuid = before->uuid;
    check_fails(p.domains.define_domain(p.host, spec), ErrorKind::exists);

    CHECK(world.seen(p.foreign_domain) == before);
  }
  SECTION("a foreign domain that is known as such is still counted") {
    World world(p);
    const std::optional<LiveDomain> before = world.seen(p.foreign_domain);
    REQUIRE(before.has_value());
    CHECK(world.seen(p.foreign_domain, {before->uuid}) == before);
  }
  SECTION("what another state made is left alone") {
    World world(p);
    const DomainSpec spec = world.spec();
    const DomainRef ours = world.defined(spec);
    const std::optional<LiveDomain> before = world.seen(spec.name);
    const DomainRef theirs{p.host, spec.uuid, kOtherLineage};
    check_fails(p.domains.start_domain(theirs), ErrorKind::denied);
    check_fails(p.domains.stop_domain(theirs, Duration::zero()), ErrorKind::denied);
    check_fails(p.domains.undefine_domain(theirs), ErrorKind::denied);
    DomainSpec other = spec;
    other.ownership.lineage = kOtherLineage;
    check_fails(p.domains.define_domain(p.host, other), ErrorKind::exists);
    CHECK(world.seen(spec.name) == before);
  }
  SECTION("a second instance with the name of one of ours is refused") {
    World world(p);
    const DomainSpec first = world.spec(0);
    world.defined(first);
    DomainSpec second = world.spec(1);
    second.name = first.name;
    check_fails(p.domains.define_domain(p.host, second), ErrorKind::exists);
  }
}

void lives(ProviderUnderTest& p) {
  SECTION("starting, stopping and undefining can each be said again") {
    World world(p);
    const DomainSpec spec = world.spec();
    const DomainRef domain = world.defined(spec);
    check_ok(p.domains.start_domain(domain));
    check_ok(p.domains.start_domain(domain));
    REQUIRE(world.seen(spec.name).has_value());
    CHECK(is_up(world.seen(spec.name)->state));

    check_fails(p.domains.undefine_domain(domain), ErrorKind::conflict);
    Result<StopOutcome> stopped = p.domains.stop_domain(domain, Duration::zero());
    check_ok(stopped);
    if (stopped) CHECK(*stopped == StopOutcome::powered_off);
    stopped = p.domains.stop_domain(domain, Duration{1'000});
    check_ok(stopped);
    if (stopped) CHECK(*stopped == StopOutcome::was_off);
    CHECK(world.seen(spec.name)->state == DomainState::shut_off);

    check_ok(p.domains.undefine_domain(domain));
    check_ok(p.domains.undefine_domain(domain));
    CHECK_FALSE(world.seen(spec.name).has_value());
    stopped = p.domains.stop_domain(domain, Duration{1'000});
    check_ok(stopped);
    if (stopped) CHECK(*stopped == StopOutcome::was_off);
    check_fails(p.domains.domain_state(domain), ErrorKind::not_found);
    check_fails(p.domains.start_domain(domain), ErrorKind::not_found);
  }
  SECTION("a domain that is not there can be stopped and undefined, and nothing else") {
    World world(p);
    const DomainRef nothing{p.host, kNoSuchUuid, world.lineage()};
    check_fails(p.domains.start_domain(nothing), ErrorKind::not_found);
    check_fails(p.domains.domain_state(nothing), ErrorKind::not_found);
    check_fails(p.domains.change_domain(nothing, DomainChange{.vcpus = 1, .memory_bytes = {}, .ownership = {}}),
                ErrorKind::not_found);
    check_fails(p.guests.ping_agent(nothing, kAgentTry), ErrorKind::not_found);
    check_ok(p.domains.stop_domain(nothing, Duration::zero()));
    check_ok(p.domains.undefine_domain(nothing));
  }
  SECTION("a domain that is off is changed in its definition") {
    World world(p);
    const DomainSpec spec = world.spec();
    const DomainRef domain = world.defined(spec);
    Ownership mark = spec.ownership;
    mark.revision = 9;
    mark.spec_hash = "<&'\"";
    check_ok(p.domains.change_domain(domain, DomainChange{.vcpus = 2, .memory_bytes = 2 * kMemory, .ownership = mark}));
    const std::optional<LiveDomain> live = world.seen(spec.name);
    REQUIRE(live.has_value());
    CHECK(live->vcpus == 2);
    CHECK(live->memory_bytes == 2 * kMemory);
    CHECK(live->ownership == mark);
  }
  SECTION("a domain that is up takes more vCPUs and a new mark, and no more than its maximum") {
    World world(p);
    const DomainSpec spec = world.spec();
    const DomainRef domain = world.started(spec);
    Ownership mark = spec.ownership;
    mark.revision = 9;
    check_ok(p.domains.change_domain(domain, DomainChange{.vcpus = 2, .memory_bytes = {}, .ownership = mark}));
    check_fails(p.domains.change_domain(domain, DomainChange{.vcpus = 3, .memory_bytes = {}, .ownership = {}}),
                ErrorKind::unsupported);
    check_fails(
        p.domains.change_domain(domain, DomainChange{.vcpus = {}, .memory_bytes = 4 * kMemory, .ownership = {}}),
        ErrorKind::unsupported);
    const std::optional<LiveDomain> live = world.seen(spec.name);
    REQUIRE(live.has_value());
    CHECK(is_up(live->state));
    CHECK(live->vcpus == 2);
    CHECK(live->max_vcpus == 2);
    CHECK(live->ownership == mark);
  }
  SECTION("several threads work on one host at once") {
    constexpr int kThreads = 8;
    World world(p);
    std::vector<DomainSpec> specs;
    std::vector<DomainRef> domains;
    for (int i = 0; i < kThreads; ++i) {
      specs.push_back(world.spec(i));
      domains.push_back(world.ref(specs.back()));
    }
    std::vector<std::string> failures(kThreads);
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        const auto note = [&](const auto& result) {
          if (!result) failures[i] += to_string(result.error()) + "\n";
        };
        note(p.domains.define_domain(p.host, specs[i]));
        note(p.domains.domain_state(domains[i]));
        note(p.volumes.ensure_pool(p.host, p.pool, p.pool_path));
        note(p.domains.undefine_domain(domains[i]));
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const std::string& failure : failures) CHECK(failure.empty());
    for (const DomainSpec& spec : specs) CHECK_FALSE(world.seen(spec.name).has_value());
  }
}

}  // namespace

void check_domain_promises(ProviderUnderTest& p) {
  hosts(p);
  definitions(p);
  lost_definitions(p);
  foreign(p);
  lives(p);
}

}  // namespace vscale::test
