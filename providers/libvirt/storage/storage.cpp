#include "providers/libvirt/storage/storage.h"

#include <fmt/format.h>
#include <libvirt/virterror.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <thread>
#include <utility>

#include "providers/image/seed_iso.h"
#include "providers/libvirt/domains/domain_xml.h"
#include "providers/libvirt/impl.h"
#include "providers/libvirt/link/libvirt_error.h"
#include "providers/libvirt/storage/storage_xml.h"

namespace vscale::libvirt {
namespace {

constexpr Duration kBusyPoolInterval{250};
/// What the smallest volume takes: less than that free is a full pool.
constexpr std::uint64_t kFullPoolBytes = kMiB;

std::string pool_turn(const std::string& pool) {
  return "pool " + pool;
}
std::string upload_turn(const std::string& pool) {
  return "upload " + pool;
}

std::string told(const VolumeRef& volume) {
  return fmt::format("host \"{}\": volume \"{}\" in pool \"{}\"", volume.host, volume.name, volume.pool);
}

Result<StoragePool> find_pool(virConnectPtr connection, const std::string& host, const std::string& pool) {
  StoragePool found{virStoragePoolLookupByName(connection, pool.c_str())};
  if (found) return found;
  return last_failure().told(fmt::format("host \"{}\": there is no pool \"{}\"", host, pool),
                             "create it, or give the storage a `path` so that vscale creates it");
}

Result<StorageVolume> find_volume(virConnectPtr connection, const VolumeRef& volume) {
  Result<StoragePool> pool = find_pool(connection, volume.host, volume.pool);
  if (!pool) return pool.error();
  StorageVolume found{virStorageVolLookupByName(pool->get(), volume.name.c_str())};
  if (found) return found;
  return last_failure().told(
      fmt::format("host \"{}\": there is no volume \"{}\" in pool \"{}\"", volume.host, volume.name, volume.pool),
      "run `vscale plan` to see what is there now");
}

/// libvirt has no number for "full" in most of its drivers; the pool itself says how much is left.
Error with_room_looked_at(Error error, virConnectPtr connection, const VolumeRef& volume, std::uint64_t needed_bytes) {
  if (error.kind != ErrorKind::failed && error.kind != ErrorKind::no_capacity) return error;
  const StoragePool pool{virStoragePoolLookupByName(connection, volume.pool.c_str())};
  virStoragePoolInfo info{};
  if (!pool || virStoragePoolGetInfo(pool.get(), &info) != 0) return error;
  if (error.kind == ErrorKind::failed && info.available >= std::max(needed_bytes, kFullPoolBytes)) return error;
  return Error{
      ErrorKind::no_capacity,
      fmt::format("host \"{}\": pool \"{}\" is full: {} free of {}, volume \"{}\" needs {}", volume.host, volume.pool,
                  show_bytes(info.available), show_bytes(info.capacity), volume.name, show_bytes(needed_bytes)),
      error.detail, "free some room in the pool, or choose another storage"};
}

Result<void> refresh_once(LibvirtHost& host, const std::string& pool) {
  return host.link().call<void>("refresh a pool", [name = host.name(), pool](virConnectPtr connection) -> Result<void> {
    Result<StoragePool> found = find_pool(connection, name, pool);
    if (!found) return found.error();
    if (virStoragePoolRefresh(found->get(), 0) == 0) return {};
    return last_failure().told(fmt::format("host \"{}\": cannot refresh pool \"{}\"", name, pool));
  });
}

/// The turn at the pool is the caller's.
Result<void> refresh_until_it_works(LibvirtHost& host, const std::string& pool) {
  const auto deadline = std::chrono::steady_clock::now() + host.options().pool_busy_timeout;
  for (;;) {
    Result<void> refreshed = refresh_once(host, pool);
    const bool final_answer = refreshed.ok() || refreshed.error().kind == ErrorKind::unreachable ||
                              refreshed.error().kind == ErrorKind::not_found;
    if (final_answer) return refreshed;
    if (std::chrono::steady_clock::now() >= deadline) {
      return Error{ErrorKind::conflict,
                   fmt::format("host \"{}\": pool \"{}\" could not be refreshed for {}", host.name(), pool,
                               show_duration(host.options().pool_busy_timeout)),
                   refreshed.error().detail, "wait until nobody else works on the pool, and run it again"};
    }
    std::this_thread::sleep_for(kBusyPoolInterval);
  }
}

template <class T>
using VolumeWork = std::function<Result<T>(virConnectPtr, virStorageVolPtr)>;

/// Does something with a volume; `not_found` only after the pool was looked at anew.
template <class T>
Result<T> with_volume(LibvirtHost& host, const VolumeRef& volume, const std::string& doing, const VolumeWork<T>& work) {
  const std::function<Result<T>(virConnectPtr)> once = [volume, work](virConnectPtr connection) -> Result<T> {
    Result<StorageVolume> found = find_volume(connection, volume);
    if (!found) return found.error();
    return work(connection, found->get());
  };
  Result<T> answer = host.link().call<T>(doing, once);
  if (answer || answer.error().kind != ErrorKind::not_found) return answer;
  if (Result<void> refreshed = refresh_until_it_works(host, volume.pool); !refreshed) return refreshed.error();
  return host.link().call<T>(doing, once);
}

Result<void> delete_found(virStorageVolPtr found, const VolumeRef& volume) {
  if (virStorageVolDelete(found, 0) == 0 || last_code() == VIR_ERR_NO_STORAGE_VOL) return {};
  return last_failure().told(told(volume) + " cannot be deleted", "see who uses it with `virsh vol-info`");
}

/// The turn at the pool is the caller's.
Result<void> delete_in_turn(LibvirtHost& host, const VolumeRef& volume) {
  Result<void> deleted =
      with_volume<void>(host, volume, "delete a volume",
                        [volume](virConnectPtr, virStorageVolPtr found) { return delete_found(found, volume); });
  if (!deleted && deleted.error().kind == ErrorKind::not_found) return {};
  return deleted;
}

Result<void> create_once(virConnectPtr connection, const VolumeRef& volume, const std::string& xml) {
  Result<StoragePool> pool = find_pool(connection, volume.host, volume.pool);
  if (!pool) return pool.error();
  const StorageVolume existing{virStorageVolLookupByName(pool->get(), volume.name.c_str())};
  if (existing) {
    return Error{ErrorKind::exists, told(volume) + " is there already", "", "delete it, or choose another name"};
  }
  const StorageVolume created{virStorageVolCreateXML(pool->get(), xml.c_str(), 0)};
  if (created) return {};
  return with_room_looked_at(last_failure().told(told(volume) + " cannot be created"), connection, volume,
                             kFullPoolBytes);
}

/// The turn at the pool is the caller's. A file that libvirt does not know yet is `exists` as well, and never written
/// over.
Result<void> create_in_turn(LibvirtHost& host, const VolumeRef& volume, const VolumeText& text) {
  Result<std::string> xml = write_volume_xml(text);
  if (!xml) return xml.error();
  const std::function<Result<void>(virConnectPtr)> once = [volume, xml = *xml](virConnectPtr connection) {
    return create_once(connection, volume, xml);
  };
  Result<void> created = host.link().call<void>("create a volume", once);
  if (created || created.error().kind != ErrorKind::conflict) return created;
  if (Result<void> refreshed = refresh_until_it_works(host, volume.pool); !refreshed) return refreshed;
  return host.link().call<void>("create a volume", once);
}

/// The turn at the pool is the caller's. Deletes what is there of that name.
Result<void> create_anew_in_turn(LibvirtHost& host, const VolumeRef& volume, const VolumeText& text) {
  Result<void> created = create_in_turn(host, volume, text);
  if (created || created.error().kind != ErrorKind::exists) return created;
  if (Result<void> deleted = delete_in_turn(host, volume); !deleted) return deleted;
  return create_in_turn(host, volume, text);
}

Result<void> stream_into(LibvirtHost& host, const VolumeRef& volume, const std::shared_ptr<ByteSource>& source,
                         const ProgressSink& progress) {
  const std::uint64_t size = source->size_bytes();
  auto sending = host.link().start<void>(Lane::stream, fmt::format("take volume \"{}\"", volume.name),
                                         [volume, source](virConnectPtr connection, Progress& done) -> Result<void> {
                                           Result<StorageVolume> found = find_volume(connection, volume);
                                           if (!found) return found.error();
                                           Result<void> sent =
                                               send_to_volume(connection, found->get(), *source, done,
                                                              told(volume) + " could not be sent to the end");
                                           if (sent) return sent;
                                           return with_room_looked_at(sent.error(), connection, volume, kFullPoolBytes);
                                         });
  Result<void> sent = sending.wait(host.options().call_timeout, [&](std::uint64_t done) {
    if (progress) progress(done, size);
  });
  if (sent && progress) progress(size, size);
  return sent;
}

Result<void> check_room(LibvirtHost& host, const VolumeRef& volume, std::uint64_t needed_bytes) {
  return host.link().call<void>(
      "tell how full a pool is", [volume, needed_bytes](virConnectPtr connection) -> Result<void> {
        Result<StoragePool> pool = find_pool(connection, volume.host, volume.pool);
        if (!pool) return pool.error();
        virStoragePoolInfo info{};
        if (virStoragePoolGetInfo(pool->get(), &info) != 0) {
          return last_failure().told(fmt::format("host \"{}\": cannot read pool \"{}\"", volume.host, volume.pool));
        }
        if (info.available >= needed_bytes) return {};
        return with_room_looked_at(Error{ErrorKind::no_capacity, {}, {}, {}}, connection, volume, needed_bytes);
      });
}

/// libvirt's number is from its last look at the pool: room that was made by hand since is seen only after another.
Result<void> check_room_anew(LibvirtHost& host, const VolumeRef& volume, std::uint64_t needed_bytes) {
  Result<void> room = check_room(host, volume, needed_bytes);
  if (room || room.error().kind != ErrorKind::no_capacity) return room;
  if (Result<void> refreshed = refresh_until_it_works(host, volume.pool); !refreshed) return refreshed;
  return check_room(host, volume, needed_bytes);
}

/// What the host has to store of a source: its holes cost nothing.
Result<std::uint64_t> data_bytes(ByteSource& source) {
  std::uint64_t data = 0;
  for (std::uint64_t offset = 0; offset < source.size_bytes();) {
    Result<ByteSource::Run> run = source.run_at(offset);
    if (!run) return run.error();
    if (run->data) data += run->length_bytes;
    offset += run->length_bytes;
  }
  return data;
}

// ---- Pools ----------------------------------------------------------------------------------------------------------

constexpr const char* kPoolKinds[] = {"dir", "fs", "netfs"};

Result<void> check_kind(virStoragePoolPtr pool, const std::string& host, const std::string& name) {
  const Text xml{virStoragePoolGetXMLDesc(pool, 0)};
  if (!xml) return last_failure().told(fmt::format("host \"{}\": cannot read pool \"{}\"", host, name));
  Result<PoolReading> reading = read_pool_xml(xml.get());
  if (!reading) return reading.error();
  for (const char* kind : kPoolKinds) {
    if (reading->type == kind) return {};
  }
  return Error{
      ErrorKind::unsupported,
      fmt::format("host \"{}\": pool \"{}\" is of type {}, which cannot hold copy-on-write disks; expected dir, "
                  "fs or netfs",
                  host, name, reading->type),
      "", "name a pool of one of these types under `storage:`"};
}

Result<void> activate(virStoragePoolPtr pool, const std::string& host, const std::string& name) {
  if (virStoragePoolIsActive(pool) == 1 || virStoragePoolCreate(pool, 0) == 0 || virStoragePoolIsActive(pool) == 1)
    return {};
  return last_failure().told(fmt::format("host \"{}\": pool \"{}\" is off and cannot be started", host, name),
                             fmt::format("run `virsh pool-start {}` there", name));
}

Result<void> create_dir_pool(virConnectPtr connection, const std::string& host, const std::string& name,
                             const std::string& path) {
  Result<std::string> xml = write_dir_pool_xml(name, path);
  if (!xml) return xml.error();
  const auto failed = [&](const char* what) {
    return last_failure().told(fmt::format("host \"{}\": cannot {} pool \"{}\" at {}", host, what, name, path));
  };
  const StoragePool pool{virStoragePoolDefineXML(connection, xml->c_str(), 0)};
  if (!pool) return failed("define");
  if (virStoragePoolBuild(pool.get(), 0) != 0 || virStoragePoolCreate(pool.get(), 0) != 0) {
    Error error = failed("start");
    // Half a pool would be in the way of the next attempt.
    static_cast<void>(virStoragePoolUndefine(pool.get()));
    return error;
  }
  if (virStoragePoolSetAutostart(pool.get(), 1) != 0) return failed("make the host start");
  return {};
}

Result<void> ensure_pool_there(virConnectPtr connection, const std::string& host, const std::string& name,
                               const std::string& path) {
  Result<StoragePool> pool = find_pool(connection, host, name);
  if (!pool && pool.error().kind == ErrorKind::not_found && !path.empty()) {
    return create_dir_pool(connection, host, name, path);
  }
  if (!pool) return pool.error();
  if (Result<void> kind = check_kind(pool->get(), host, name); !kind) return kind;
  return activate(pool->get(), host, name);
}

// ---- Sizes ----------------------------------------------------------------------------------------------------------

Result<void> grow_live(virConnectPtr connection, virStorageVolPtr found, const VolumeRef& volume, std::uint64_t bytes,
                       const std::string& uuid) {
  Result<Domain> domain = find_domain(connection, volume.host, uuid);
  if (!domain) return domain.error();
  Result<std::optional<Ownership>> mark = mark_of(domain->get(), volume.host);
  if (!mark) return mark.error();
  if (!mark->has_value()) {
    return Error{ErrorKind::denied,
                 fmt::format("host \"{}\": {} was not made by vscale, so its disk is left alone", volume.host,
                             called(domain->get())),
                 "", ""};
  }
  const Text path{virStorageVolGetPath(found)};
  if (!path) return last_failure().told(told(volume) + " has no path");
  if (virDomainBlockResize(domain->get(), path.get(), bytes, VIR_DOMAIN_BLOCK_RESIZE_BYTES) == 0) return {};
  return last_failure().told(
      fmt::format("{} cannot be grown to {} while {} is up", told(volume), show_bytes(bytes), called(domain->get())));
}

Result<void> grow(virConnectPtr connection, virStorageVolPtr found, const VolumeRef& volume, std::uint64_t bytes,
                  const std::optional<std::string>& up_domain_uuid) {
  virStorageVolInfo info{};
  if (virStorageVolGetInfo(found, &info) != 0) return last_failure().told(told(volume) + ": its size cannot be read");
  if (info.capacity == bytes) return {};
  if (info.capacity > bytes) {
    return Error{ErrorKind::invalid,
                 fmt::format("{} has {} already and is not made smaller ({} wanted)", told(volume),
                             show_bytes(info.capacity), show_bytes(bytes)),
                 "", "ask for at least its size"};
  }
  if (up_domain_uuid) return grow_live(connection, found, volume, bytes, *up_domain_uuid);
  if (virStorageVolResize(found, bytes, 0) == 0) return {};
  return with_room_looked_at(
      last_failure().told(fmt::format("{} cannot be grown to {}", told(volume), show_bytes(bytes))), connection, volume,
      kFullPoolBytes);
}

}  // namespace

Result<std::string> volume_path(LibvirtHost& host, const VolumeRef& volume) {
  const auto path_of = [volume](virConnectPtr, virStorageVolPtr found) -> Result<std::string> {
    const Text path{virStorageVolGetPath(found)};
    if (path) return std::string(path.get());
    return last_failure().told(told(volume) + " has no path");
  };
  Result<HostLink::Turn> turn = host.link().take_turn(pool_turn(volume.pool));
  if (!turn) return turn.error();
  return with_volume<std::string>(host, volume, "find a volume", path_of);
}

Result<void> delete_volume(LibvirtHost& host, const VolumeRef& volume) {
  Result<HostLink::Turn> turn = host.link().take_turn(pool_turn(volume.pool));
  if (!turn) return turn.error();
  return delete_in_turn(host, volume);
}

Result<void> refresh_pool(LibvirtHost& host, const std::string& pool) {
  Result<HostLink::Turn> turn = host.link().take_turn(pool_turn(pool));
  if (!turn) return turn.error();
  return refresh_until_it_works(host, pool);
}

namespace {

using Creation = Result<void>(LibvirtHost&, const VolumeRef&, const VolumeText&);

/// `create` says what becomes of a volume of that name: create_in_turn, or create_anew_in_turn.
Result<void> put_volume_by(Creation& create, LibvirtHost& host, const VolumeRef& volume,
                           const std::shared_ptr<ByteSource>& source, const ProgressSink& progress) {
  {
    Result<HostLink::Turn> turn = host.link().take_turn(pool_turn(volume.pool));
    if (!turn) return turn.error();
    Result<std::uint64_t> needed = data_bytes(*source);
    if (!needed) return needed.error();
    if (Result<void> room = check_room_anew(host, volume, *needed); !room) return room;
    // Raw, since it is the bytes of the file that are sent, whatever they mean. With its final size, all of it a hole:
    // where nothing is written, zeros are read.
    const VolumeText text{.name = volume.name,
                          .capacity_bytes = source->size_bytes(),
                          .format = "raw",
                          .backing_path = {},
                          .backing_format = {}};
    if (Result<void> created = create(host, volume, text); !created) return created;
  }
  Result<void> sent = stream_into(host, volume, source, progress);
  // Best effort: the next attempt deletes it as well.
  if (!sent && sent.error().kind != ErrorKind::unreachable) static_cast<void>(delete_volume(host, volume));
  return sent;
}

/// libvirt says at times that all is well when the pool was full before the last bytes were written. Then nothing is
/// free now, and what arrived is not trusted.
Result<void> refuse_if_cut_short(LibvirtHost& host, const VolumeRef& volume) {
  Result<void> room = check_room(host, volume, kFullPoolBytes);
  if (!room && room.error().kind == ErrorKind::no_capacity) static_cast<void>(delete_volume(host, volume));
  return room;
}

}  // namespace

Result<void> put_volume(LibvirtHost& host, const VolumeRef& volume, const std::shared_ptr<ByteSource>& source,
                        const ProgressSink& progress) {
  return put_volume_by(create_anew_in_turn, host, volume, source, progress);
}

}  // namespace vscale::libvirt

namespace vscale {

using libvirt::HostLink;
using libvirt::LibvirtHost;

Result<void> LibvirtHosts::ensure_pool(const std::string& host, const std::string& pool, const std::string& path) {
  Result<LibvirtHost*> target = impl_->host(host);
  if (!target) return target.error();
  Result<HostLink::Turn> turn = (*target)->link().take_turn(libvirt::pool_turn(pool));
  if (!turn) return turn.error();
  return (*target)->link().call<void>("start a pool", [host, pool, path](virConnectPtr connection) {
    return libvirt::ensure_pool_there(connection, host, pool, path);
  });
}

Result<void> LibvirtHosts::create_volume(const NewVolume& volume) {
  Result<LibvirtHost*> host = impl_->host(volume.volume.host);
  if (!host) return host.error();
  libvirt::VolumeText text{.name = volume.volume.name,
                           .capacity_bytes = volume.capacity_bytes,
                           .format = volume.format,
                           .backing_path = {},
                           .backing_format = volume.backing_format};
  if (!volume.backing_volume.empty()) {
    Result<std::string> backing =
        libvirt::volume_path(**host, VolumeRef{volume.volume.host, volume.volume.pool, volume.backing_volume});
    if (!backing) return backing.error();
    text.backing_path = *backing;
  }
  Result<HostLink::Turn> turn = (*host)->link().take_turn(libvirt::pool_turn(volume.volume.pool));
  if (!turn) return turn.error();
  return libvirt::create_in_turn(**host, volume.volume, text);
}

Result<void> LibvirtHosts::resize_volume(const VolumeRef& volume, std::uint64_t capacity_bytes,
                                         const std::optional<std::string>& up_domain_uuid) {
  Result<LibvirtHost*> host = impl_->host(volume.host);
  if (!host) return host.error();
  Result<HostLink::Turn> turn = (*host)->link().take_turn(libvirt::pool_turn(volume.pool));
  if (!turn) return turn.error();
  return libvirt::with_volume<void>(
      **host, volume, "grow a volume",
      [volume, capacity_bytes, up_domain_uuid](virConnectPtr connection, virStorageVolPtr found) {
        return libvirt::grow(connection, found, volume, capacity_bytes, up_domain_uuid);
      });
}

Result<void> LibvirtHosts::delete_volume(const VolumeRef& volume) {
  Result<LibvirtHost*> host = impl_->host(volume.host);
  if (!host) return host.error();
  return libvirt::delete_volume(**host, volume);
}

Result<void> LibvirtHosts::upload_file(const VolumeRef& volume, const std::string& /*format*/,
                                       std::uint64_t /*virtual_size_bytes*/, const std::string& path,
                                       const ProgressSink& progress) {
  Result<LibvirtHost*> host = impl_->host(volume.host);
  if (!host) return host.error();
  Result<std::shared_ptr<libvirt::ByteSource>> source = libvirt::open_file_source(path);
  if (!source) return source.error();
  Result<HostLink::Turn> turn = (*host)->link().take_turn(libvirt::upload_turn(volume.pool));
  if (!turn) return turn.error();
  if (Result<void> put = libvirt::put_volume(**host, volume, *source, progress); !put) return put;
  // Format and size are in the bytes; a look at them makes libvirt know.
  if (Result<void> refreshed = libvirt::refresh_pool(**host, volume.pool); !refreshed) return refreshed;
  return libvirt::refuse_if_cut_short(**host, volume);
}

Result<void> LibvirtHosts::write_seed(const VolumeRef& volume, const SeedFiles& files) {
  Result<LibvirtHost*> host = impl_->host(volume.host);
  if (!host) return host.error();
  Result<std::string> iso = make_seed_iso(files);
  if (!iso) return iso.error();
  return libvirt::put_volume_by(libvirt::create_in_turn, **host, volume, libvirt::make_memory_source(std::move(*iso)),
                                {});
}

}  // namespace vscale
