#include "engine/plan/books/volume_book.h"

namespace vscale {

VolumeBook::VolumeBook(const Config& config, const std::vector<VolumeRecord>& recorded, const LiveIndex& live)
    : live_(live) {
  for (const auto& storage : config.storage) {
    if (storage.shared) shared_pools_.insert(storage.pool);
  }
  for (const auto& volume : recorded) {
    by_owner_[volume.owner].push_back(volume);
    // They come in order of (host, pool, name), which is that of the keys but for shared pools.
    owners_.emplace_hint(owners_.end(), key_of(volume.host, volume.pool, volume.name), volume.owner);
  }
}

VolumeBook::Key VolumeBook::key_of(const std::string& host, const std::string& pool, const std::string& name) const {
  return {is_shared(pool) ? std::string() : host, pool, name};
}

void VolumeBook::move(const InstanceAddress& from, const InstanceAddress& to) {
  auto node = by_owner_.extract(from);
  if (node.empty()) return;
  node.key() = to;
  for (auto& volume : node.mapped()) {
    volume.owner = to;
    owners_[key_of(volume.host, volume.pool, volume.name)] = to;
  }
  by_owner_.insert(std::move(node));
}

void VolumeBook::relocate(const VolumeRecord& volume, const std::string& host) {
  for (auto& recorded : by_owner_[volume.owner]) {
    if (recorded == volume) recorded.host = host;
  }
  owners_.emplace(key_of(host, volume.pool, volume.name), volume.owner);
}

void VolumeBook::rename_storage(const VolumeRecord& volume, const std::string& storage) {
  for (auto& recorded : by_owner_[volume.owner]) {
    if (recorded == volume) recorded.storage = storage;
  }
}

const std::vector<VolumeRecord>& VolumeBook::of(const InstanceAddress& owner) const {
  static const std::vector<VolumeRecord> kNone;
  const auto found = by_owner_.find(owner);
  return found == by_owner_.end() ? kNone : found->second;
}

std::vector<InstanceAddress> VolumeBook::owners() const {
  std::vector<InstanceAddress> all;
  for (const auto& [owner, volumes] : by_owner_) all.push_back(owner);
  return all;
}

std::vector<InstanceAddress> VolumeBook::owners_from(const InstanceAddress& first) const {
  std::vector<InstanceAddress> all;
  auto at = by_owner_.lower_bound(first);
  for (; at != by_owner_.end() && at->first.kind == first.kind && at->first.group == first.group; ++at) {
    all.push_back(at->first);
  }
  return all;
}

bool VolumeBook::is_live(const std::string& host, const std::string& pool, const std::string& name) const {
  const LivePool* seen = live_.pool(host, pool);
  return seen != nullptr && seen->volumes.count(name) != 0;
}

bool VolumeBook::is_pool_active(const std::string& host, const std::string& pool) const {
  const LivePool* seen = live_.pool(host, pool);
  return seen != nullptr && seen->active;
}

std::string VolumeBook::host_reaching(const std::string& pool, const std::string& recorded, const std::string& own,
                                      const std::function<bool(const std::string&)>& may_use) const {
  const auto can = [&](const std::string& host) { return is_pool_active(host, pool) && may_use(host); };
  if (!is_shared(pool) || can(recorded)) return recorded;
  if (can(own)) return own;
  for (const auto& host : live_.answering_hosts()) {
    if (can(host)) return host;
  }
  return recorded;
}

std::string VolumeBook::take(const std::string& host, const std::string& pool, const std::string& name,
                             const InstanceAddress& owner) {
  const auto [taken, fresh] = owners_.try_emplace(key_of(host, pool, name), owner);
  if (!fresh) return taken->second == owner ? "" : to_string(taken->second) + " has it";
  return is_live(host, pool, name)
             ? "it is there already, and not recorded: vscale did not make it, or has forgotten it"
             : "";
}

}  // namespace vscale
