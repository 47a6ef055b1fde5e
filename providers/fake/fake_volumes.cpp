#include <fmt/format.h>

#include <algorithm>

#include "providers/fake/fake_cluster.h"

/// The storage of the fake hosts.

namespace vscale {
namespace {

constexpr Duration kVolumeTakes{100};
constexpr Duration kUploadTakes{2000};
constexpr int kUploadSteps = 4;

}  // namespace

FakePool* FakeCluster::find_pool(Host& host, const std::string& name) {
  const auto found = host.pools.find(name);
  return found == host.pools.end() ? nullptr : &found->second;
}

Result<FakePool*> FakeCluster::active_pool(Host& host, const std::string& name) {
  FakePool* pool = find_pool(host, name);
  if (pool != nullptr && pool->active) return pool;
  if (pool != nullptr)
    return Error{ErrorKind::conflict, fmt::format("{}: pool {} is off", host.spec.name, name), {}, {}};
  return Error{ErrorKind::not_found, fmt::format("{}: no pool {}", host.spec.name, name), {}, {}};
}

Result<FakePool*> FakeCluster::pool_holding(Host& host, const std::string& name) {
  const auto pool = active_pool(host, name);
  if (pool) return pool;
  Error unknown = pool.error();
  unknown.kind = ErrorKind::conflict;
  return unknown;
}

Result<FakePool*> FakeCluster::pool_with_room(Host& host, const std::string& name, std::uint64_t bytes) {
  const auto pool = active_pool(host, name);
  if (!pool) return pool;
  std::uint64_t used = 0;
  for (const auto& [volume, content] : (*pool)->volumes) used += content.capacity_bytes;
  if (used + bytes <= (*pool)->capacity_bytes) return pool;
  return Error{ErrorKind::no_capacity,
               fmt::format("{}: pool {} has {} free, {} wanted", host.spec.name, name,
                           show_bytes((*pool)->capacity_bytes - used), show_bytes(bytes)),
               {},
               {}};
}

Result<void> FakeCluster::ensure_pool(const std::string& host, const std::string& pool, const std::string& path) {
  return change(host, "pool " + pool, kVolumeTakes, [&, this](Host& entry) -> Result<void> {
    const FakePool* found = find_pool(entry, pool);
    if (found == nullptr && path.empty()) {
      return Error{ErrorKind::not_found,
                   fmt::format("{}: no pool {}", host, pool),
                   {},
                   fmt::format("create it, or give storage a path: virsh pool-define-as {} dir …", pool)};
    }
    if (found == nullptr) entry.pools[pool] = FakePool{.name = pool, .type = "dir", .path = path};
    const std::string& type = entry.pools[pool].type;
    if (type == "dir" || type == "fs" || type == "netfs") {
      entry.pools[pool].active = true;
      return {};
    }
    return Error{ErrorKind::unsupported,
                 fmt::format("{}: pool {} is of kind {}, which holds no overlays", host, pool, type),
                 {},
                 {}};
  });
}

Result<void> FakeCluster::create_volume(const NewVolume& wanted) {
  const auto create = [&, this](bool complete) {
    return [&, this, complete](Host& host) -> Result<void> {
      const auto pool = pool_with_room(host, wanted.volume.pool, wanted.capacity_bytes);
      if (!pool) return pool.error();
      auto& volumes = (*pool)->volumes;
      if (volumes.count(wanted.volume.name) != 0) {
        return Error{
            ErrorKind::exists, fmt::format("{}: there is a volume {}", wanted.volume.host, wanted.volume.name), {}, {}};
      }
      if (!wanted.backing_volume.empty() && volumes.count(wanted.backing_volume) == 0) {
        return Error{
            ErrorKind::not_found, fmt::format("{}: no volume {}", wanted.volume.host, wanted.backing_volume), {}, {}};
      }
      volumes[wanted.volume.name] = FakeVolume{.capacity_bytes = wanted.capacity_bytes,
                                               .format = wanted.format,
                                               .backing_volume = wanted.backing_volume,
                                               .complete = complete,
                                               .seed = {}};
      return {};
    };
  };
  return change(wanted.volume.host, "created volume " + wanted.volume.name, kVolumeTakes, create(true), create(false));
}

Result<void> FakeCluster::resize_volume(const VolumeRef& volume, std::uint64_t capacity_bytes,
                                        const std::optional<DomainRef>& up_domain) {
  return change(volume.host, "resized volume " + volume.name, kVolumeTakes, [&, this](Host& host) -> Result<void> {
    const auto pool = pool_holding(host, volume.pool);
    if (!pool) return pool.error();
    const auto found = (*pool)->volumes.find(volume.name);
    if (found == (*pool)->volumes.end()) {
      return Error{ErrorKind::not_found, fmt::format("{}: no volume {}", volume.host, volume.name), {}, {}};
    }
    if (up_domain) {
      if (const auto domain = ours(host, *up_domain); !domain) return domain.error();
    }
    if (found->second.capacity_bytes > capacity_bytes) {
      return Error{ErrorKind::invalid,
                   fmt::format("{}: volume {} has {} already; nothing is shrunk", volume.host, volume.name,
                               show_bytes(found->second.capacity_bytes)),
                   {},
                   {}};
    }
    found->second.capacity_bytes = capacity_bytes;
    return {};
  });
}

Result<void> FakeCluster::delete_volume(const VolumeRef& volume) {
  return change(volume.host, "deleted volume " + volume.name, kVolumeTakes, [&, this](Host& host) -> Result<void> {
    const auto pool = pool_holding(host, volume.pool);
    if (!pool) return pool.error();
    (*pool)->volumes.erase(volume.name);
    return {};
  });
}

Result<void> FakeCluster::upload_file(const FileUpload& file, const ProgressSink& progress) {
  const VolumeRef& volume = file.volume;
  const std::uint64_t size_bytes = file.virtual_size_bytes;
  const auto upload = [&, this](int steps) {
    return [&, this, steps](Host& host) -> Result<void> {
      if (!file.path.ends_with(".qcow2")) {
        return Error{ErrorKind::not_found, fmt::format("no file {}", file.path), {}, {}};
      }
      auto pool = active_pool(host, volume.pool);
      if (!pool) return pool.error();
      const auto there = (*pool)->volumes.find(volume.name);
      if (there != (*pool)->volumes.end() && !file.replace_existing) {
        if (!there->second.complete) {
          return Error{ErrorKind::exists,
                       fmt::format("{}: there is a volume {}, and it is not complete", volume.host, volume.name),
                       {},
                       {}};
        }
        if (progress) progress(size_bytes, size_bytes);
        return {};
      }
      (*pool)->volumes.erase(volume.name);
      pool = pool_with_room(host, volume.pool, size_bytes);
      if (!pool) return pool.error();
      for (int step = 1; step <= steps; ++step) {
        clock_.sleep_until(clock_.now() + kUploadTakes / kUploadSteps);
        if (progress) progress(size_bytes / kUploadSteps * static_cast<unsigned>(step), size_bytes);
      }
      (*pool)->volumes[volume.name] = FakeVolume{.capacity_bytes = size_bytes,
                                                 .format = file.format,
                                                 .backing_volume = {},
                                                 .complete = steps == kUploadSteps,
                                                 .seed = {}};
      return {};
    };
  };
  return change(volume.host, "received " + volume.name, kVolumeTakes, upload(kUploadSteps), upload(kUploadSteps / 2));
}

Result<void> FakeCluster::write_seed(const VolumeRef& volume, const SeedFiles& files) {
  const auto write = [&, this](bool complete) {
    return [&, this, complete](Host& host) -> Result<void> {
      const auto pool = active_pool(host, volume.pool);
      if (!pool) return pool.error();
      if ((*pool)->volumes.count(volume.name) != 0) {
        return Error{ErrorKind::exists, fmt::format("{}: there is a volume {}", volume.host, volume.name), {}, {}};
      }
      if (const auto room = pool_with_room(host, volume.pool, kMiB); !room) return room.error();
      (*pool)->volumes[volume.name] = FakeVolume{
          .capacity_bytes = kMiB, .format = "raw", .backing_volume = {}, .complete = complete, .seed = files};
      return {};
    };
  };
  return change(volume.host, "wrote seed " + volume.name, kVolumeTakes, write(true), write(false));
}

}  // namespace vscale
