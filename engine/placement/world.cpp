#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "engine/placement/placement.h"

/// What hosts have and what is used of it.

namespace vscale {
namespace {

constexpr std::uint64_t kOverheadFixedMib = 64;
constexpr std::uint64_t kOverheadPerVcpuMib = 8;
constexpr std::uint64_t kOverheadMemoryDivisor = 512;
constexpr std::uint64_t kReservedMemoryMinMib = 1024;
constexpr std::uint64_t kReservedMemoryPercent = 5;

/// An older libvirt tags only cards on Open vSwitch, and refuses to start any other guest that has one: see "Setting
/// VLAN tag" in its manual of the domain's XML.
constexpr std::uint64_t kVlanOnBridgeSince = 11'000'000;

std::uint64_t memory_with_overhead_mib(std::uint64_t memory_bytes, int vcpus) {
  const std::uint64_t guest_mib = mib_holding(memory_bytes);
  return guest_mib + kOverheadFixedMib + kOverheadPerVcpuMib * static_cast<std::uint64_t>(vcpus) +
         (guest_mib + kOverheadMemoryDivisor - 1) / kOverheadMemoryDivisor;
}

Inventory vcpus_of(const Host& host, const HostSnapshot& seen) {
  return {.total = static_cast<std::uint64_t>(host.capacity.vcpus.value_or(seen.vcpus)),
          .reserved = static_cast<std::uint64_t>(host.reserved_vcpus),
          .overcommit = host.overcommit_vcpus};
}

Inventory memory_of(const Host& host, const HostSnapshot& seen) {
  const std::uint64_t total = host.capacity.memory_bytes.value_or(seen.memory_bytes) / kMiB;
  const std::uint64_t usual = std::max(kReservedMemoryMinMib, total * kReservedMemoryPercent / 100);
  const std::uint64_t reserved = host.reserved_memory_bytes ? mib_holding(*host.reserved_memory_bytes) : usual;
  return {.total = total, .reserved = reserved, .overcommit = host.overcommit_memory};
}

const LivePool* pool_of(const HostSnapshot& seen, const std::string& name) {
  const auto found =
      std::find_if(seen.pools.begin(), seen.pools.end(), [&](const LivePool& pool) { return pool.name == name; });
  return found == seen.pools.end() ? nullptr : &*found;
}

bool holds_overlays(const LivePool& pool) {
  return pool.type == "dir" || pool.type == "fs" || pool.type == "netfs";
}

/// Why the host cannot use the storage; empty if it can.
std::string why_unusable(const Storage& storage, const LivePool* pool) {
  if (pool == nullptr) {
    if (!storage.path.empty()) return "";
    return fmt::format("storage {}: there is no pool \"{}\", and no `path` to create it at", storage.name,
                       storage.pool);
  }
  if (holds_overlays(*pool)) return "";
  return fmt::format("storage {}: pool \"{}\" is of type {}, which cannot hold overlays; dir, fs and netfs can",
                     storage.name, storage.pool, pool->type);
}

Inventory disk_of(const Storage& storage, const LivePool* pool) {
  Inventory disk{.reserved = gib_holding(storage.reserved_bytes), .overcommit = storage.overcommit};
  // A pool that is not there yet, or not active, says nothing about its size.
  if (pool == nullptr || pool->capacity_bytes == 0) {
    disk.measured = false;
    return disk;
  }
  disk.total = pool->capacity_bytes / kGiB;
  disk.used = gib_holding(pool->capacity_bytes - std::min(pool->available_bytes, pool->capacity_bytes));
  return disk;
}

/// By each further name of a pool: the first one. A pool that is shared under one name only is two to us.
std::map<std::string, std::string> same_storage(const Config& config) {
  std::map<std::pair<std::string, bool>, std::string> first;
  std::map<std::string, std::string> same;
  for (const auto& storage : config.storage) {
    const auto [name, is_first] = first.try_emplace({storage.pool, storage.shared}, storage.name);
    if (!is_first) same.emplace(storage.name, name->second);
  }
  return same;
}

/// Why the host cannot put a card on the network; empty if it can, as far as it tells.
std::string why_unusable(const Network& network, const HostSnapshot& seen) {
  if (!network.network.empty() && seen.networks.count(network.network) == 0) {
    return fmt::format("network {}: it is not active there", network.name);
  }
  if (network.vlan && seen.libvirt_version < kVlanOnBridgeSince) {
    return fmt::format("network {}: VLAN tags on a bridge need libvirt {}, it has {}", network.name,
                       show_version(kVlanOnBridgeSince), show_version(seen.libvirt_version));
  }
  return "";
}

PlacementHost placement_host(const Config& config, const Host& host, const HostSnapshot& seen) {
  PlacementHost result;
  result.name = host.name;
  result.labels = host.labels;
  result.traits = traits_of(host, seen);
  result.vcpus = vcpus_of(host, seen);
  result.memory_mib = memory_of(host, seen);
  result.processors = seen.vcpus;
  for (const auto& storage : config.storage) {
    const LivePool* pool = pool_of(seen, storage.pool);
    if (auto why = why_unusable(storage, pool); !why.empty()) {
      result.unusable_storage[storage.name] = std::move(why);
    } else if (!storage.shared) {
      result.disk_gib[storage.name] = disk_of(storage, pool);
    }
  }
  for (const auto& network : config.networks) {
    if (auto why = why_unusable(network, seen); !why.empty()) result.unusable_networks[network.name] = std::move(why);
  }
  return result;
}

/// Hosts of recorded instances, by uuid.
using RecordedHosts = std::unordered_map<std::string, std::string>;

/// What is on the host and is not recorded there: foreign domains, orphans of our own, and those of ours that somebody
/// moved there and that the record does not follow.
void count_others(PlacementHost& host, const HostSnapshot& seen, const RecordedHosts& recorded) {
  for (const auto& domain : seen.domains) {
    const auto ours = recorded.find(domain.uuid);
    if (ours != recorded.end() && ours->second == host.name) continue;
    const int vcpus = std::max(domain.vcpus, domain.max_vcpus);
    host.vcpus.used += static_cast<std::uint64_t>(vcpus);
    host.memory_mib.used += memory_with_overhead_mib(std::max(domain.memory_bytes, domain.max_memory_bytes), vcpus);
  }
}

/// The pools know what they hold physically, ours included; claims are what it may grow to. What others have is the
/// rest of the former at the least, and not known any closer: `reserved` is for them.
void count_claimed_disk(Inventory& disk, std::uint64_t claimed) {
  disk.used = std::max(disk.used, claimed);
}

PlacementHost* find(PlacementWorld& world, const std::string& name) {
  const auto found = std::find_if(world.hosts.begin(), world.hosts.end(),
                                  [&](const PlacementHost& host) { return host.name == name; });
  return found == world.hosts.end() ? nullptr : &*found;
}

/// What recorded instances take, off or on: off ones are wanted running.
void count_ours(PlacementWorld& world, const RecordedState& recorded) {
  std::map<std::string, PlacementHost*> by_name;
  for (auto& host : world.hosts) by_name[host.name] = &host;
  std::map<std::string, DiskUse> claimed;  // by host
  DiskUse claimed_shared;
  for (const auto& [address, instance] : recorded.instances) {
    const auto host = by_name.find(instance.host);
    for (const auto& [storage, gib] : disk_by_pool(world, instance.claim)) {
      (world.shared_disk_gib.count(storage) != 0 ? claimed_shared : claimed[instance.host])[storage] += gib;
    }
    if (host == by_name.end()) continue;
    host->second->vcpus.used += static_cast<std::uint64_t>(instance.claim.vcpus);
    host->second->memory_mib.used += instance.claim.memory_mib;
    ++host->second->instances[group_address(address)];
  }
  for (auto& host : world.hosts) {
    for (auto& [storage, disk] : host.disk_gib) count_claimed_disk(disk, claimed[host.name][storage]);
  }
  for (auto& [storage, disk] : world.shared_disk_gib) count_claimed_disk(disk, claimed_shared[storage]);
}

/// As the first host sees the pool that has it active: one that does not says nothing of its size.
void add_shared_storage(PlacementWorld& world, const Config& config, const Live& live) {
  for (const auto& storage : config.storage) {
    if (!storage.shared) continue;
    Inventory disk = disk_of(storage, nullptr);
    for (const auto& host : world.hosts) {
      const LivePool* pool = pool_of(*live.at(host.name).snapshot, storage.pool);
      if (pool == nullptr || host.unusable_storage.count(storage.name) != 0) continue;
      disk = disk_of(storage, pool);
      if (disk.measured) break;
    }
    world.shared_disk_gib[storage.name] = disk;
  }
}

void add(std::uint64_t& used, std::uint64_t amount) {
  used += amount;
}
void take(std::uint64_t& used, std::uint64_t amount) {
  used -= std::min(used, amount);
}

void change_use(PlacementWorld& world, const std::string& name, const Claim& claim,
                void (*change)(std::uint64_t&, std::uint64_t)) {
  PlacementHost* host = find(world, name);
  VSCALE_ASSERT(host != nullptr, "only hosts of the world are booked");
  change(host->vcpus.used, static_cast<std::uint64_t>(claim.vcpus));
  change(host->memory_mib.used, claim.memory_mib);
  for (const auto& [storage, gib] : disk_by_pool(world, claim)) {
    const auto local = host->disk_gib.find(storage);
    if (local != host->disk_gib.end()) {
      change(local->second.used, gib);
    } else if (const auto shared = world.shared_disk_gib.find(storage); shared != world.shared_disk_gib.end()) {
      change(shared->second.used, gib);
    }
  }
}

}  // namespace

std::set<std::string> traits_of(const Host& host, const HostSnapshot& seen) {
  std::set<std::string> traits = seen.traits;
  for (const auto& [key, value] : host.labels) {
    traits.insert(key);
    traits.insert(key + "=" + value);
  }
  return traits;
}

std::uint64_t Inventory::capacity() const {
  if (reserved >= total) return 0;
  return static_cast<std::uint64_t>(std::floor(static_cast<double>(total - reserved) * overcommit));
}

DiskUse disk_by_pool(const PlacementWorld& world, const Claim& claim) {
  if (world.same_storage.empty()) return claim.disk_gib;
  DiskUse use;
  for (const auto& [storage, gib] : claim.disk_gib) {
    const auto same = world.same_storage.find(storage);
    use[same == world.same_storage.end() ? storage : same->second] += gib;
  }
  return use;
}

Claim claim_of(const Template& instance, std::uint64_t image_virtual_size_bytes) {
  Claim claim;
  claim.vcpus = std::max(instance.vcpus, instance.max_vcpus);
  claim.memory_mib = memory_with_overhead_mib(std::max(instance.memory_bytes, instance.max_memory_bytes), claim.vcpus);
  const std::uint64_t root = instance.disk_bytes != 0 ? instance.disk_bytes : image_virtual_size_bytes;
  claim.disk_gib[instance.storage] += gib_holding(root);
  for (const auto& disk : instance.disks) claim.disk_gib[disk.storage] += gib_holding(disk.size_bytes);
  return claim;
}

PlacementWorld world_of(const Config& config, const RecordedState& recorded, const Live& live) {
  RecordedHosts ours;
  for (const auto& [address, instance] : recorded.instances) ours.emplace(instance.uuid, instance.host);
  PlacementWorld world;
  world.same_storage = same_storage(config);
  for (const auto& host : config.hosts) {
    const auto view = live.find(host.name);
    if (view == live.end() || !view->second.snapshot) continue;
    world.hosts.push_back(placement_host(config, host, *view->second.snapshot));
    count_others(world.hosts.back(), *view->second.snapshot, ours);
  }
  add_shared_storage(world, config, live);
  count_ours(world, recorded);
  return world;
}

void book(PlacementWorld& world, const std::string& host, const InstanceAddress& address, const Claim& claim) {
  change_use(world, host, claim, add);
  ++find(world, host)->instances[group_address(address)];
}

void give_back(PlacementWorld& world, const std::string& host, const InstanceAddress& address, const Claim& claim) {
  change_use(world, host, claim, take);
  int& count = find(world, host)->instances[group_address(address)];
  count = std::max(0, count - 1);
}

}  // namespace vscale
