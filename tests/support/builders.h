#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/desired/config.h"
#include "engine/desired/spec_hash.h"
#include "engine/live/host_snapshot.h"
#include "engine/placement/placement.h"
#include "engine/plan/reconcile.h"
#include "engine/recorded/recorded_state.h"

/// Values for tests, with everything filled in that does not matter: a test names only what it is about.
///
///     PlanInput input = input_for(config_with({web(3)}));
///     Plan plan = reconcile(input);

namespace vscale::test {

inline constexpr const char* kLineage = "5f8a1c7e-lineage";
inline const Instant kNow{std::chrono::milliseconds{1'777'777'777'000}};

inline std::uint32_t ipv4(int a, int b, int c, int d) {
  return static_cast<std::uint32_t>(a) << 24 | static_cast<std::uint32_t>(b) << 16 |
         static_cast<std::uint32_t>(c) << 8 | static_cast<std::uint32_t>(d);
}

inline Host a_host(const std::string& name, std::map<std::string, std::string> labels = {}) {
  Host host;
  host.name = name;
  host.uri = "qemu+ssh://root@" + name + "/system";
  host.labels = std::move(labels);
  return host;
}

/// `debian-12`, with an agent, as a qcow2 of 2 GiB inside.
inline Image an_image(const std::string& name = "debian-12") {
  Image image;
  image.name = name;
  image.source.path = "/images/" + name + ".qcow2";
  image.agent = Image::Agent::present;
  return image;
}

/// The digest is 64 times `digit`.
inline ImageLock lock_of(const std::string& image = "debian-12", char digit = 'a') {
  ImageLock lock;
  lock.image = image;
  lock.source = "/images/" + image + ".qcow2";
  lock.digest = "sha256:" + std::string(64, digit);
  lock.format = "qcow2";
  lock.size_bytes = 400 * kMiB;
  lock.virtual_size_bytes = 2 * kGiB;
  lock.at = kNow;
  return lock;
}

inline Storage a_storage(const std::string& name = "local", const std::string& pool = "default") {
  Storage storage;
  storage.name = name;
  storage.pool = pool;
  return storage;
}

/// `lan` on the bridge br0 with 10.0.0.50-10.0.0.99.
inline Network a_network(const std::string& name = "lan") {
  Network network;
  network.name = name;
  network.bridge = "br0";
  network.addresses = {{ipv4(10, 0, 0, 50), ipv4(10, 0, 0, 99)}};
  network.gateway = "10.0.0.1";
  return network;
}

/// 2 vCPUs, 2 GiB, a 20 GiB root disk on `local`, one card on `lan`, ready by the agent.
inline Template a_template() {
  Template instance;
  instance.image = "debian-12";
  instance.vcpus = instance.max_vcpus = 2;
  instance.memory_bytes = instance.max_memory_bytes = 2 * kGiB;
  instance.disk_bytes = 20 * kGiB;
  instance.storage = "local";
  instance.networks = {NicSpec{.network = "lan", .address = std::nullopt, .mac = std::nullopt}};
  return instance;
}

/// Replaced one by one in place, which most tests are not about; rolls_beside() is how a file has it that says nothing.
inline Group a_group(const std::string& name, int size = 1) {
  Group group;
  group.name = name;
  group.size = size;
  group.instance = a_template();
  group.health.gates = {Gate{}};
  group.health.gates[0].kind = Gate::Kind::agent;
  group.update.max_surge = {Amount::Unit::count, 0};
  group.update.max_unavailable = {Amount::Unit::count, 1};
  return group;
}

inline Group rolls_beside(Group group, int surge = 1, int unavailable = 0) {
  group.update.max_surge = {Amount::Unit::count, surge};
  group.update.max_unavailable = {Amount::Unit::count, unavailable};
  return group;
}

inline Group web(int size = 1) {
  return a_group("web", size);
}

inline Group a_machine(const std::string& name) {
  Group machine = a_group(name, 1);
  machine.kind = InstanceAddress::Kind::machine;
  return machine;
}

inline DataDisk a_disk(const std::string& name, std::uint64_t size_bytes = 50 * kGiB, bool keep = false) {
  return {.name = name, .size_bytes = size_bytes, .storage = "local", .keep = keep};
}

/// `prod` with the groups given, hosts kvm1 and kvm2, image debian-12, storage local, network lan.
inline Config config_with(std::vector<Group> groups, const std::vector<std::string>& hosts = {"kvm1", "kvm2"}) {
  Config config;
  config.name = "prod";
  for (const auto& host : hosts) config.hosts.push_back(a_host(host));
  config.images = {an_image()};
  config.storage = {a_storage()};
  config.networks = {a_network()};
  config.groups = std::move(groups);
  return config;
}

inline LivePool a_pool(const std::string& name = "default", std::uint64_t capacity_bytes = 1 * kTiB) {
  LivePool pool;
  pool.name = name;
  pool.type = "dir";
  pool.path = "/var/lib/libvirt/" + name;
  pool.active = true;
  pool.capacity_bytes = pool.available_bytes = capacity_bytes;
  return pool;
}

/// A host with 16 processors, 64 GiB and an active pool `default` of 1 TiB, and nothing on it.
inline HostSnapshot a_snapshot(const std::string& host) {
  HostSnapshot snapshot;
  snapshot.host = host;
  snapshot.seen_at = kNow;
  snapshot.vcpus = 16;
  snapshot.memory_bytes = 64 * kGiB;
  snapshot.kvm = true;
  snapshot.hypervisor = "QEMU";
  snapshot.libvirt_version = 9'000'000;
  snapshot.traits = {"arch:x86_64", "kvm", "machine:q35"};
  snapshot.pools = {a_pool()};
  snapshot.networks = {"default"};
  return snapshot;
}

inline HostView reachable(const HostSnapshot& snapshot) {
  return {.snapshot = snapshot, .failure = std::nullopt};
}

inline HostView unreachable(Instant since = kNow) {
  return {.snapshot = std::nullopt,
          .failure = HostFailure{{ErrorKind::unreachable, "no answer within 10s", "ssh: timed out", ""}, since}};
}

inline Live live_for(const Config& config) {
  Live live;
  for (const auto& host : config.hosts) live[host.name] = reachable(a_snapshot(host.name));
  return live;
}

/// Nothing recorded yet.
inline RecordedState empty_state() {
  RecordedState recorded;
  recorded.lineage = kLineage;
  recorded.serial = 1;
  return recorded;
}

/// Everything that a plan is made from, with nothing recorded and nothing live.
inline PlanInput input_for(Config config) {
  PlanInput input;
  input.live = live_for(config);
  input.recorded = empty_state();
  for (const auto& image : config.images) input.images[image.name] = lock_of(image.name);
  input.config = std::move(config);
  input.now = kNow;
  return input;
}

/// Somebody else's.
inline LiveDomain foreign_domain(const std::string& name, int vcpus = 2, std::uint64_t memory_bytes = 4 * kGiB) {
  LiveDomain domain;
  domain.uuid =
      "f0000000-0000-4000-8000-" + std::string(12 - std::min<std::size_t>(12, name.size()), '0') + name.substr(0, 12);
  domain.name = name;
  domain.state = DomainState::running;
  domain.vcpus = domain.max_vcpus = vcpus;
  domain.memory_bytes = domain.max_memory_bytes = memory_bytes;
  return domain;
}

/// `group.web[ordinal]` as it is recorded once it is ready.
inline InstanceRecord an_instance(const Group& group, int ordinal, const std::string& host,
                                  const ImageLock& lock = lock_of()) {
  InstanceRecord instance;
  instance.address = {group.kind, group.name, ordinal};
  instance.name = domain_name("prod", instance.address);
  instance.uuid = "00000000-0000-8000-8000-" + std::string(11, '0') + static_cast<char>('0' + ordinal % 10);
  instance.host = host;
  instance.spec_hash = spec_hash(group.instance, lock.digest);
  instance.image_digest = lock.digest;
  instance.phase = Phase::ready;
  instance.nics = {{"lan", "52:54:00:00:00:0" + std::string(1, static_cast<char>('0' + ordinal % 10)),
                    show_ipv4(ipv4(10, 0, 0, 50) + static_cast<std::uint32_t>(ordinal))}};
  instance.vcpus = group.instance.vcpus;
  instance.memory_bytes = group.instance.memory_bytes;
  instance.claim = claim_of(group.instance, lock.virtual_size_bytes);
  instance.created_at = instance.started_at = instance.ready_at = kNow;
  instance.after = group.depends_on;
  instance.prevent_destroy = group.lifecycle.prevent_destroy;
  return instance;
}

}  // namespace vscale::test
