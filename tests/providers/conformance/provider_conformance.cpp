#include "tests/providers/conformance/provider_conformance.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <functional>
#include <future>
#include <iostream>
#include <iterator>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "engine/values/digest.h"

namespace vscale::test {
namespace {

constexpr std::uint64_t kMemory = 128 * kMiB;
constexpr std::uint64_t kDisk = 1 * kGiB;
constexpr Duration kAgentTry{5'000};
constexpr Duration kAgentInterval{500};
constexpr const char* kOtherLineage = "00000000-0000-4000-8000-00000000dead";
constexpr const char* kNoSuchUuid = "00000000-0000-4000-8000-000000000404";

/// What is put on the host by one check, and taken away again when it ends, however it ends.
class World {
 public:
  explicit World(ProviderUnderTest& provider) : p(provider) {
    const Result<void> pool = p.volumes.ensure_pool(p.host, p.pool, p.pool_path);
    INFO((pool ? "" : to_string(pool.error())));
    REQUIRE(pool.ok());
  }
  ~World() {
    for (const DomainRef& domain : domains_) {
      static_cast<void>(p.domains.stop_domain(domain, Duration::zero()));
      static_cast<void>(p.domains.undefine_domain(domain));
    }
    // Overlays before what they lie on.
    std::reverse(volumes_.begin(), volumes_.end());
    for (const VolumeRef& volume : volumes_) static_cast<void>(p.volumes.delete_volume(volume));
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  VolumeRef volume(const std::string& name) {
    volumes_.push_back(VolumeRef{p.host, p.pool, p.run + "-" + name});
    return volumes_.back();
  }
  FileUpload image_upload(const VolumeRef& image, bool replace_existing = false) const {
    return FileUpload{.volume = image,
                      .format = "qcow2",
                      .virtual_size_bytes = p.image_virtual_size_bytes,
                      .path = p.image_path,
                      .replace_existing = replace_existing};
  }
  VolumeRef new_volume(const std::string& name, std::uint64_t capacity_bytes = kDisk) {
    const VolumeRef made = volume(name);
    const Result<void> created = p.volumes.create_volume(
        NewVolume{.volume = made, .capacity_bytes = capacity_bytes, .backing_volume = {}, .backing_format = {}});
    INFO((created ? "" : to_string(created.error())));
    REQUIRE(created.ok());
    return made;
  }

  /// A spec whose root disk is there. Each ordinal has its own name, uuid and MAC.
  DomainSpec spec(int ordinal = 0) {
    const VolumeRef root = new_volume("root-" + std::to_string(ordinal) + ".qcow2");
    return spec_on(root, ordinal);
  }
  DomainSpec spec_on(const VolumeRef& root, int ordinal = 0) const {
    const std::string digits = {static_cast<char>('0' + ordinal / 10), static_cast<char>('0' + ordinal % 10)};
    DomainSpec spec;
    spec.name = p.run + "-web-" + std::to_string(ordinal);
    spec.uuid = uuid(ordinal);
    spec.ownership = Ownership{.installation = p.run,
                               .address = {InstanceAddress::Kind::group, "web", ordinal},
                               .revision = 3,
                               .incarnation = 1,
                               .lineage = lineage(),
                               .spec_hash = "0123456789abcdef",
                               .image_digest = "sha256:0123",
                               .addresses = {{"lan", "192.0.2.7"}, {"storage", "198.51.100.7"}}};
    spec.vcpus = 1;
    spec.max_vcpus = 2;
    spec.memory_bytes = kMemory;
    spec.max_memory_bytes = 2 * kMemory;
    spec.disks = {DomainDisk{.pool = root.pool, .volume = root.name, .serial = "root"}};
    spec.nics = {DomainNic{.mac = "52:54:00:c0:ff:" + digits, .bridge = p.network_bridge, .network = {}, .vlan = {}}};
    return spec;
  }
  DomainRef ref(const DomainSpec& spec) {
    domains_.push_back(DomainRef{p.host, spec.uuid, spec.ownership.lineage});
    return domains_.back();
  }
  DomainRef defined(const DomainSpec& spec) {
    const DomainRef domain = ref(spec);
    const Result<void> result = p.domains.define_domain(p.host, spec);
    INFO((result ? "" : to_string(result.error())));
    REQUIRE(result.ok());
    return domain;
  }
  DomainRef started(const DomainSpec& spec) {
    const DomainRef domain = defined(spec);
    const Result<void> result = p.domains.start_domain(domain);
    INFO((result ? "" : to_string(result.error())));
    REQUIRE(result.ok());
    return domain;
  }

  HostSnapshot observe(const std::set<std::string>& known_foreign = {}, bool refresh_pools = false) {
    const auto seen = p.domains.observe({{p.host, ObserveRequest{{p.pool}, known_foreign, refresh_pools}}});
    REQUIRE(seen.size() == 1);
    const Result<HostSnapshot>& host = seen.at(p.host);
    INFO((host ? "" : to_string(host.error())));
    REQUIRE(host.ok());
    return *host;
  }
  std::optional<LiveDomain> seen(const std::string& name, const std::set<std::string>& known_foreign = {}) {
    const HostSnapshot host = observe(known_foreign);
    const auto found = std::find_if(host.domains.begin(), host.domains.end(),
                                    [&](const LiveDomain& domain) { return domain.name == name; });
    return found == host.domains.end() ? std::nullopt : std::optional(*found);
  }
  std::set<std::string> seen_volumes(bool refresh_pools = false) {
    const HostSnapshot host = observe({}, refresh_pools);
    REQUIRE(host.pools.size() == 1);
    CHECK(host.pools.front().name == p.pool);
    CHECK(host.pools.front().active);
    return host.pools.front().volumes;
  }

  std::string lineage() const { return "11111111-2222-4333-8444-555555555555"; }
  static std::string uuid(int ordinal) {
    std::string text = "c0ffee00-0000-4000-8000-000000000000";
    text[34] = static_cast<char>('0' + ordinal / 10);
    text[35] = static_cast<char>('0' + ordinal % 10);
    return text;
  }

  ProviderUnderTest& p;

 private:
  std::vector<DomainRef> domains_;
  std::vector<VolumeRef> volumes_;
};

template <class T>
void check_fails(const Result<T>& result, ErrorKind kind) {
  REQUIRE_FALSE(result.ok());
  INFO(to_string(result.error()));
  CHECK(std::string(to_string(result.error().kind)) == to_string(kind));
  CHECK_FALSE(result.error().message.empty());
}

template <class T>
void check_ok(const Result<T>& result) {
  INFO((result ? "" : to_string(result.error())));
  CHECK(result.ok());
}

/// The words that a person needs to go on.
template <class T>
void check_tells(const Result<T>& result, const std::vector<std::string>& words) {
  REQUIRE_FALSE(result.ok());
  INFO(to_string(result.error()));
  for (const std::string& word : words) CHECK(result.error().message.find(word) != std::string::npos);
}

std::string read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// `possible`; if not, says once for each test case what is left out.
bool can_ask(bool possible, const std::string& what) {
  static std::set<std::string> said;
  const std::string line = "not asked of \"" + Catch::getResultCapture().getCurrentTestName() + "\": " + what;
  if (!possible && said.insert(line).second) std::cerr << line << "\n";
  return possible;
}

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

// ---- Volumes --------------------------------------------------------------------------------------------------------

void volumes(ProviderUnderTest& p) {
  SECTION("a pool that is there stays, one that is missing is made where there is a path") {
    World world(p);
    check_ok(p.volumes.ensure_pool(p.host, p.pool, p.pool_path));
    check_ok(p.volumes.ensure_pool(p.host, p.pool, ""));
    check_fails(p.volumes.ensure_pool(p.host, p.run + "-no-pool", ""), ErrorKind::not_found);
  }
  SECTION("a pool that vscale makes starts with its host") {
    if (!can_ask(p.by_hand.starts_with_host != nullptr, "whether a pool starts with its host")) return;
    World world(p);
    CHECK(p.by_hand.starts_with_host(p.pool));
  }
  SECTION("no directory is made for a pool that somebody has defined: what should be there may only not be mounted") {
    if (!can_ask(p.by_hand.define_bare_pool != nullptr, "a pool that is defined, without a directory")) return;
    World world(p);
    p.by_hand.define_bare_pool();
    const Result<void> ensured = p.volumes.ensure_pool(p.host, p.bare_pool, p.bare_pool_path);
    check_fails(ensured, ErrorKind::failed);
    check_tells(ensured, {p.host, p.bare_pool, "is off and cannot be started"});
    CHECK_FALSE(p.by_hand.starts_with_host(p.bare_pool));
  }
  SECTION("a volume is made once and deleted any number of times") {
    World world(p);
    const VolumeRef volume = world.new_volume("data.qcow2");
    CHECK(world.seen_volumes().contains(volume.name));
    check_fails(p.volumes.create_volume(
                    NewVolume{.volume = volume, .capacity_bytes = kDisk, .backing_volume = {}, .backing_format = {}}),
                ErrorKind::exists);
    check_ok(p.volumes.delete_volume(volume));
    check_ok(p.volumes.delete_volume(volume));
    CHECK_FALSE(world.seen_volumes().contains(volume.name));
  }
  SECTION("an overlay lies on a volume that is there") {
    World world(p);
    const VolumeRef base = world.new_volume("base.qcow2");
    check_ok(p.volumes.create_volume(NewVolume{.volume = world.volume("overlay.qcow2"),
                                               .capacity_bytes = 2 * kDisk,
                                               .backing_volume = base.name,
                                               .backing_format = "qcow2"}));
    const VolumeRef orphan = world.volume("orphan.qcow2");
    const Result<void> result = p.volumes.create_volume(NewVolume{.volume = orphan,
                                                                  .capacity_bytes = kDisk,
                                                                  .backing_volume = p.run + "-nothing.qcow2",
                                                                  .backing_format = "qcow2"});
    check_fails(result, ErrorKind::not_found);
    CHECK(result.error().message.find("nothing.qcow2") != std::string::npos);
    CHECK_FALSE(world.seen_volumes().contains(orphan.name));
  }
  SECTION("a raw volume can be made as well") {
    World world(p);
    const VolumeRef raw = world.volume("disk.raw");
    check_ok(p.volumes.create_volume(NewVolume{
        .volume = raw, .capacity_bytes = 16 * kMiB, .format = "raw", .backing_volume = {}, .backing_format = {}}));
    CHECK(world.seen_volumes().contains(raw.name));
  }
  SECTION("what is asked of a pool that is not there is not found") {
    World world(p);
    const VolumeRef nowhere{p.host, p.run + "-no-pool", "a.qcow2"};
    check_fails(p.volumes.create_volume(
                    NewVolume{.volume = nowhere, .capacity_bytes = kDisk, .backing_volume = {}, .backing_format = {}}),
                ErrorKind::not_found);
  }
  SECTION("a pool that is missing does not say that its volumes are gone") {
    World world(p);
    const Result<void> deleted = p.volumes.delete_volume(VolumeRef{p.host, p.run + "-no-pool", "a.qcow2"});
    check_fails(deleted, ErrorKind::conflict);
    check_tells(deleted, {p.host, p.run + "-no-pool"});
  }
  SECTION("a pool that is off says nothing of its volumes, and has them when it is on again") {
    if (!can_ask(p.by_hand.stop_pool != nullptr, "a pool that was turned off")) return;
    World world(p);
    const VolumeRef volume = world.new_volume("data.qcow2");
    p.by_hand.stop_pool();
    const Result<void> deleted = p.volumes.delete_volume(volume);
    check_fails(deleted, ErrorKind::conflict);
    check_tells(deleted, {p.host, p.pool, "is off"});
    check_fails(
        p.volumes.create_volume(NewVolume{
            .volume = world.volume("b.qcow2"), .capacity_bytes = kDisk, .backing_volume = {}, .backing_format = {}}),
        ErrorKind::conflict);
    const HostSnapshot host = world.observe({}, true);
    REQUIRE(host.pools.size() == 1);
    CHECK_FALSE(host.pools.front().active);
    check_ok(p.volumes.ensure_pool(p.host, p.pool, p.pool_path));
    CHECK(world.seen_volumes().contains(volume.name));
  }
  SECTION("a pool whose directory is gone says nothing of its volumes, and has them when it is back") {
    if (!can_ask(p.by_hand.hide_directory != nullptr, "a pool whose directory is gone")) return;
    World world(p);
    const VolumeRef volume = world.new_volume("data.qcow2");
    p.by_hand.hide_directory();
    const Result<void> deleted = p.volumes.delete_volume(volume);
    const Result<void> ensured = p.volumes.ensure_pool(p.host, p.pool, p.pool_path);
    p.by_hand.show_directory();
    check_fails(deleted, ErrorKind::conflict);
    check_tells(deleted, {p.host, p.pool, "is off"});
    REQUIRE_FALSE(ensured.ok());
    check_tells(ensured, {p.host, p.pool, "cannot be started"});
    check_ok(p.volumes.ensure_pool(p.host, p.pool, p.pool_path));
    CHECK(world.seen_volumes().contains(volume.name));
  }
  SECTION("a file that was put into a pool by hand is seen when the pool is looked at anew") {
    if (!can_ask(p.by_hand.put_file != nullptr, "a file put into a pool by hand")) return;
    World world(p);
    const VolumeRef file = world.volume("by-hand.raw");
    static_cast<void>(world.observe({}, true));
    p.by_hand.put_file(file.name);
    CHECK_FALSE(world.seen_volumes().contains(file.name));
    CHECK(world.seen_volumes(true).contains(file.name));
  }
  SECTION("a volume grows, stays as it is, and never shrinks") {
    if (!can_ask(p.can_resize, "volumes that grow")) return;
    World world(p);
    const VolumeRef volume = world.new_volume("grows.qcow2");
    check_ok(p.volumes.resize_volume(volume, 2 * kDisk, std::nullopt));
    check_ok(p.volumes.resize_volume(volume, 2 * kDisk, std::nullopt));
    check_fails(p.volumes.resize_volume(volume, kDisk, std::nullopt), ErrorKind::invalid);
    check_fails(p.volumes.resize_volume(VolumeRef{p.host, p.pool, "no-such.qcow2"}, kDisk, std::nullopt),
                ErrorKind::not_found);
  }
  SECTION("a disk grows through a domain of ours, and through nobody else's") {
    if (!can_ask(p.can_resize, "disks that grow through a domain")) return;
    World world(p);
    const DomainSpec spec = world.spec();
    const DomainRef ours = world.defined(spec);
    const VolumeRef root{p.host, p.pool, spec.disks[0].volume};
    const DomainRef theirs{p.host, spec.uuid, kOtherLineage};
    for (const std::uint64_t size : {kDisk, 2 * kDisk}) {
      check_fails(p.volumes.resize_volume(root, size, theirs), ErrorKind::denied);
    }
    const DomainRef foreign_domain{p.host, world.seen(p.foreign_domain)->uuid, world.lineage()};
    check_fails(p.volumes.resize_volume(root, 2 * kDisk, foreign_domain), ErrorKind::denied);
    check_fails(p.volumes.resize_volume(root, 2 * kDisk, DomainRef{p.host, kNoSuchUuid, world.lineage()}),
                ErrorKind::not_found);
    check_ok(p.volumes.resize_volume(root, kDisk, ours));
  }
}

void uploads(ProviderUnderTest& p) {
  if (!can_ask(p.can_upload, "uploads and seeds")) return;
  SECTION("a file is sent whole, with its progress, and again in place of the first if that may go") {
    World world(p);
    const VolumeRef image = world.volume("image.qcow2");
    for (int round = 0; round < 2; ++round) {
      std::vector<std::uint64_t> done;
      std::uint64_t total = 0;
      check_ok(p.volumes.upload_file(world.image_upload(image, round == 1),
                                     [&](std::uint64_t done_bytes, std::uint64_t total_bytes) {
                                       done.push_back(done_bytes);
                                       total = total_bytes;
                                     }));
      CHECK(world.seen_volumes().contains(image.name));
      REQUIRE_FALSE(done.empty());
      CHECK(std::is_sorted(done.begin(), done.end()));
      CHECK(done.back() == total);
      if (!can_ask(p.by_hand.digest_of != nullptr, "whether the bytes that arrive are those that were sent")) continue;
      CHECK(p.by_hand.digest_of(image.name) == sha256_hex(read_bytes(p.image_path)));
    }
  }
  SECTION("two files are sent into one pool at the same time") {
    if (!can_ask(p.by_hand.digest_of != nullptr, "two uploads at the same time")) return;
    World world(p);
    const std::vector<VolumeRef> images = {world.volume("one.qcow2"), world.volume("two.qcow2")};
    // Each says how far it is, and does not come back before the other has said so too.
    constexpr std::chrono::seconds kPatience{60};
    std::vector<std::promise<void>> begun(images.size());
    std::vector<std::future<void>> others_begun;
    for (std::size_t i = 0; i < images.size(); ++i) others_begun.push_back(begun[1 - i].get_future());
    std::vector<std::string> failures(images.size());
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < images.size(); ++i) {
      threads.emplace_back([&, i] {
        bool told = false;
        const auto on_progress = [&](std::uint64_t, std::uint64_t) {
          if (std::exchange(told, true)) return;
          begun[i].set_value();
          if (others_begun[i].wait_for(kPatience) != std::future_status::ready) failures[i] += "alone; ";
        };
        const Result<void> sent = p.volumes.upload_file(world.image_upload(images[i]), on_progress);
        if (!sent) failures[i] += to_string(sent.error());
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (std::size_t i = 0; i < images.size(); ++i) {
      CHECK(failures[i] == "");
      CHECK(p.by_hand.digest_of(images[i].name) == sha256_hex(read_bytes(p.image_path)));
    }
  }
  SECTION("a file that is not there is not found, and leaves no volume") {
    World world(p);
    const VolumeRef image = world.volume("none.qcow2");
    FileUpload upload = world.image_upload(image);
    upload.path += ".is-not-there";
    check_fails(p.volumes.upload_file(upload, {}), ErrorKind::not_found);
    CHECK_FALSE(world.seen_volumes().contains(image.name));
  }
  SECTION("a copy that is there is taken as it is if it is complete, and not touched if it is not") {
    if (!can_ask(p.by_hand.cut_short != nullptr, "a copy that is not complete")) return;
    World world(p);
    const VolumeRef image = world.volume("image.qcow2");
    check_ok(p.volumes.upload_file(world.image_upload(image), {}));
    int told = 0;
    const auto count = [&](std::uint64_t done_bytes, std::uint64_t total_bytes) {
      ++told;
      CHECK(done_bytes == total_bytes);
    };
    check_ok(p.volumes.upload_file(world.image_upload(image), count));
    CHECK(told == 1);

    p.by_hand.cut_short(image.name);
    for (int round = 0; round < 2; ++round) {
      const Result<void> refused = p.volumes.upload_file(world.image_upload(image), {});
      check_fails(refused, ErrorKind::exists);
      check_tells(refused, {p.host, image.name});
    }
    check_ok(p.volumes.upload_file(world.image_upload(image, true), {}));
    check_ok(p.volumes.upload_file(world.image_upload(image), {}));
  }
  SECTION("a pool that filled up since it was last looked at takes nothing, and says how full it is") {
    if (!can_ask(p.by_hand.fill_small_pool != nullptr, "a pool that filled up")) return;
    World world(p);
    check_ok(p.volumes.ensure_pool(p.host, p.small_pool, p.small_pool_path));
    const auto in_small_pool = [&](const std::string& name) { return VolumeRef{p.host, p.small_pool, p.run + name}; };
    const VolumeRef image = in_small_pool("-image.qcow2");
    const VolumeRef seed = in_small_pool("-seed.iso");
    const NewVolume disk{.volume = in_small_pool("-disk.qcow2"),
                         .capacity_bytes = 39 * kMiB,
                         .backing_volume = {},
                         .backing_format = {}};
    const SeedFiles files{.meta_data = "instance-id: a\n", .user_data = {}, .network_config = {}, .vendor_data = {}};
    p.by_hand.fill_small_pool(0);
    const std::vector<Result<void>> results = {p.volumes.write_seed(seed, files),
                                               p.volumes.upload_file(world.image_upload(image), {}),
                                               p.volumes.create_volume(disk)};
    const auto seen = p.domains.observe({{p.host, ObserveRequest{{p.small_pool}, {}, true}}});
    p.by_hand.empty_small_pool();
    for (const Result<void>& result : results) {
      check_fails(result, ErrorKind::no_capacity);
      check_tells(result, {p.host, p.small_pool, "free"});
    }
    REQUIRE(seen.at(p.host).ok());
    CHECK(seen.at(p.host)->pools.at(0).available_bytes < kMiB);
    for (const VolumeRef& volume : {image, seed, disk.volume}) {
      CHECK_FALSE(seen.at(p.host)->pools.at(0).volumes.contains(volume.name));
    }
  }
  SECTION("a pool that is full in the middle of an upload says so, and keeps nothing of it") {
    if (!can_ask(p.by_hand.fill_small_pool != nullptr, "a pool that is full in the middle of an upload")) return;
    World world(p);
    check_ok(p.volumes.ensure_pool(p.host, p.small_pool, p.small_pool_path));
    const auto volumes_seen = [&] {
      const auto seen = p.domains.observe({{p.host, ObserveRequest{{p.small_pool}, {}, true}}});
      REQUIRE(seen.at(p.host).ok());
      return seen.at(p.host)->pools.at(0).volumes;
    };
    volumes_seen();  // from here on the host believes that there is room
    const VolumeRef image{p.host, p.small_pool, p.run + "-image.qcow2"};
    p.by_hand.fill_small_pool(4 * kMiB);
    const Result<void> result = p.volumes.upload_file(world.image_upload(image), {});
    p.by_hand.empty_small_pool();
    check_fails(result, ErrorKind::no_capacity);
    check_tells(result, {p.host, p.small_pool, "free"});
    CHECK_FALSE(volumes_seen().contains(image.name));
  }
  SECTION("a seed is written once, and never over what is there already") {
    World world(p);
    const VolumeRef seed = world.volume("seed.iso");
    const SeedFiles files{.meta_data = "instance-id: a\n",
                          .user_data = "#!/bin/sh\n",
                          .network_config = "version: 2\n",
                          .vendor_data = {}};
    check_ok(p.volumes.write_seed(seed, files));
    check_fails(p.volumes.write_seed(seed, files), ErrorKind::exists);
    check_ok(p.volumes.delete_volume(seed));
    check_ok(p.volumes.write_seed(seed, files));
    CHECK(world.seen_volumes().contains(seed.name));
  }
}

// ---- Guests ---------------------------------------------------------------------------------------------------------

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

    const Result<StopOutcome> stopped = p.domains.stop_domain(guest.domain, Duration{30'000});
    check_ok(stopped);
    if (stopped) CHECK(*stopped == StopOutcome::shut_down);
    CHECK(world.seen(guest.spec.name)->state == DomainState::shut_off);
    check_fails(p.guests.ping_agent(guest.domain, kAgentTry), ErrorKind::conflict);
  }
}

}  // namespace

void run_provider_conformance(ProviderUnderTest& under_test) {
  hosts(under_test);
  definitions(under_test);
  foreign(under_test);
  lives(under_test);
  volumes(under_test);
  uploads(under_test);
  guests(under_test);
}

}  // namespace vscale::test
