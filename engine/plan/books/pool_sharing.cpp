#include "engine/plan/books/pool_sharing.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <unordered_map>

#include "engine/plan/images/image_volume.h"

namespace vscale {
namespace {

/// Recorded volumes by name: one name may be recorded in several pools and on several hosts.
using ByName = std::unordered_multimap<std::string_view, const VolumeRecord*>;

class SignReader {
 public:
  SignReader(const RecordedState& recorded, const std::vector<UnrecordedDomain>& unrecorded, const LiveIndex& live)
      : recorded_(recorded), live_(live) {
    for (const auto& volume : recorded.volumes) by_name_.emplace(volume.name, &volume);
    for (const auto& domain : unrecorded) {
      for (const std::string& path : domain.domain->disk_paths) {
        const std::string_view file = std::string_view(path).substr(path.rfind('/') + 1);
        // Of the disks that vscale made for it. What somebody lends to many, such as an ISO image, is no sign.
        if (file.starts_with(domain.domain->name + "-")) used_.emplace(file, &domain);
      }
    }
  }

  void read(const std::string& host, const LivePool& pool, std::vector<SharingSign>& signs) const {
    read_records(host, pool, signs);
    read_unrecorded(host, pool, signs);
  }

 private:
  void read_records(const std::string& host, const LivePool& pool, std::vector<SharingSign>& signs) const {
    for (const auto& name : pool.volumes) {
      const VolumeRecord* elsewhere = recorded_only_elsewhere(host, pool.name, name);
      if (elsewhere == nullptr || is_on(*elsewhere, host) || is_known_gone(*elsewhere)) continue;
      signs.push_back({elsewhere->host, host, pool.name, name});
    }
  }

  /// In which pool the domain's own host has the file does not matter: its name is nobody else's.
  void read_unrecorded(const std::string& host, const LivePool& pool, std::vector<SharingSign>& signs) const {
    if (used_.empty()) return;
    for (const auto& name : pool.volumes) {
      if (name.starts_with(kImageVolumePrefix) || is_recorded_here(host, pool.name, name)) continue;
      const UnrecordedDomain* user = used_only_elsewhere(host, name);
      if (user != nullptr) signs.push_back({*user->host, host, pool.name, name, user->domain->name});
    }
  }

  [[nodiscard]] bool is_recorded_here(const std::string& host, const std::string& pool, const std::string& name) const {
    const auto [begin, end] = by_name_.equal_range(name);
    return std::any_of(begin, end,
                       [&](const auto& entry) { return entry.second->host == host && entry.second->pool == pool; });
  }

  [[nodiscard]] const UnrecordedDomain* used_only_elsewhere(const std::string& host, const std::string& name) const {
    const UnrecordedDomain* user = nullptr;
    for (auto [at, end] = used_.equal_range(name); at != end; ++at) {
      if (*at->second->host == host) return nullptr;
      if (user == nullptr || *at->second->host < *user->host) user = at->second;
    }
    return user;
  }

  [[nodiscard]] const VolumeRecord* recorded_only_elsewhere(const std::string& host, const std::string& pool,
                                                            const std::string& name) const {
    const VolumeRecord* elsewhere = nullptr;
    for (auto [at, end] = by_name_.equal_range(name); at != end; ++at) {
      if (at->second->pool != pool) continue;
      if (at->second->host == host) return nullptr;
      if (elsewhere == nullptr || at->second->host < elsewhere->host) elsewhere = at->second;
    }
    return elsewhere;
  }

  /// Is the volume's instance on the host?
  [[nodiscard]] bool is_on(const VolumeRecord& volume, const std::string& host) const {
    const auto owner = recorded_.instances.find(volume.owner);
    if (owner == recorded_.instances.end()) return false;
    const auto& places = live_.with_uuid(owner->second.uuid);
    return std::any_of(places.begin(), places.end(), [&](const LivePlace& place) { return *place.host == host; });
  }

  [[nodiscard]] bool is_known_gone(const VolumeRecord& volume) const {
    const LivePool* own = live_.pool(volume.host, volume.pool);
    return own != nullptr && own->active && own->volumes.count(volume.name) == 0;
  }

  const RecordedState& recorded_;
  const LiveIndex& live_;
  ByName by_name_;
  std::unordered_multimap<std::string_view, const UnrecordedDomain*> used_;  ///< By the file's name.
};

std::set<std::string> shared_pools(const Config& config) {
  std::set<std::string> pools;
  for (const auto& storage : config.storage) {
    if (storage.shared) pools.insert(storage.pool);
  }
  return pools;
}

}  // namespace

std::vector<SharingSign> signs_of_sharing(const Config& config, const RecordedState& recorded,
                                          const std::vector<UnrecordedDomain>& unrecorded, const LiveIndex& live) {
  const std::set<std::string> shared = shared_pools(config);
  const SignReader reader(recorded, unrecorded, live);
  std::vector<SharingSign> signs;
  for (const auto& host : live.answering_hosts()) {
    for (const LivePool* pool : live.pools(host)) {
      if (shared.count(pool->name) == 0) reader.read(host, *pool, signs);
    }
  }
  return signs;
}

bool looks_shared(const std::vector<SharingSign>& signs, const std::string& host, const std::string& pool) {
  return std::any_of(signs.begin(), signs.end(), [&](const SharingSign& sign) { return sign.is_about(host, pool); });
}

}  // namespace vscale
