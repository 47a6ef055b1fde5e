#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "tests/providers/conformance/provider_conformance.h"

/// What each check of the suite stands on: a world of its own on the host under test, and words to check with. The
/// checks are in domain_promises.cpp, volume_promises.cpp and guest_promises.cpp, one for each port, and in
/// watch_promises.cpp.

namespace vscale::test {

inline constexpr std::uint64_t kMemory = 128 * kMiB;
inline constexpr std::uint64_t kDisk = 1 * kGiB;
inline constexpr Duration kAgentTry{5'000};
inline constexpr Duration kAgentInterval{500};
inline constexpr const char* kOtherLineage = "00000000-0000-4000-8000-00000000dead";
inline constexpr const char* kNoSuchUuid = "00000000-0000-4000-8000-000000000404";

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
    const auto seen = p.domains.observe(
        {{p.host, {.pools = {p.pool}, .known_foreign = known_foreign, .refresh_pools = refresh_pools}}});
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

inline std::string read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// `possible`; if not, says once for each test case what is left out.
inline bool can_ask(bool possible, const std::string& what) {
  static std::set<std::string> said;
  const std::string line = "not asked of \"" + Catch::getResultCapture().getCurrentTestName() + "\": " + what;
  if (!possible && said.insert(line).second) std::cerr << line << "\n";
  return possible;
}

void check_domain_promises(ProviderUnderTest& p);
void check_volume_promises(ProviderUnderTest& p);
void check_guest_promises(ProviderUnderTest& p);
void check_watch_promises(ProviderUnderTest& p);

}  // namespace vscale::test
