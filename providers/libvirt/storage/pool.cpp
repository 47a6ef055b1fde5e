#include "providers/libvirt/storage/pool.h"

#include <fmt/format.h>
#include <libvirt/virterror.h>

#include <chrono>
#include <string_view>
#include <thread>
#include <utility>

#include "engine/values/text/shell_word.h"
#include "providers/libvirt/link/libvirt_error.h"
#include "providers/libvirt/storage/storage_xml.h"

namespace vscale::libvirt {
namespace {

constexpr Duration kBusyPoolInterval{250};

/// Its directory, for messages; "its directory" where nobody knows.
std::string directory_of(virStoragePoolPtr pool) {
  const Text xml{virStoragePoolGetXMLDesc(pool, 0)};
  if (!xml) return "its directory";
  const Result<PoolReading> reading = read_pool_xml(xml.get());
  return reading && !reading->path.empty() ? fmt::format("its directory {}", reading->path) : "its directory";
}

std::string how_to_start(virStoragePoolPtr pool, const std::string& name) {
  return fmt::format("see that {} is there and mounted, then run `virsh pool-start {}` on it", directory_of(pool),
                     shell_word(name));
}

Error pool_is_off(const Failure& failure, virStoragePoolPtr pool, const std::string& host, const std::string& name) {
  return Error{ErrorKind::conflict,
               fmt::format("host \"{}\": pool \"{}\" is off, so nobody knows what is in it", host, name), failure.words,
               how_to_start(pool, name)};
}

/// A pool that should be there, since it has volumes of ours: without it nobody knows what became of them.
Result<StoragePool> find_pool_with_volumes(virConnectPtr connection, const std::string& host, const std::string& pool) {
  Result<StoragePool> found = find_pool(connection, host, pool);
  if (found || found.error().kind != ErrorKind::not_found) return found;
  return Error{
      ErrorKind::conflict,
      fmt::format("host \"{}\": there is no pool \"{}\", so nobody knows what became of its volumes", host, pool),
      found.error().detail, "define and start the pool there again, and run it again"};
}

Error no_room(const VolumeRef& volume, const virStoragePoolInfo& info, std::uint64_t needed_bytes,
              const std::string& detail) {
  return Error{
      ErrorKind::no_capacity,
      fmt::format("host \"{}\": pool \"{}\" is full: {} free of {}, volume \"{}\" needs {}", volume.host, volume.pool,
                  show_bytes(info.available), show_bytes(info.capacity), volume.name, show_bytes(needed_bytes)),
      detail, "free some room in the pool, or choose another storage"};
}

Result<void> check_room_as_known(virConnectPtr connection, const VolumeRef& volume, std::uint64_t needed_bytes) {
  Result<StoragePool> pool = find_pool(connection, volume.host, volume.pool);
  if (!pool) return pool.error();
  virStoragePoolInfo info{};
  if (virStoragePoolGetInfo(pool->get(), &info) != 0) {
    return last_failure().told(fmt::format("host \"{}\": cannot read pool \"{}\"", volume.host, volume.pool));
  }
  if (info.available >= needed_bytes) return {};
  return no_room(volume, info, needed_bytes, {});
}

// ---- Bringing one up ------------------------------------------------------------------------------------------------

constexpr const char* kPoolKinds[] = {"dir", "fs", "netfs"};

Result<PoolReading> read_pool(virStoragePoolPtr pool, const std::string& host, const std::string& name) {
  const Text xml{virStoragePoolGetXMLDesc(pool, 0)};
  if (!xml) return last_failure().told(fmt::format("host \"{}\": cannot read pool \"{}\"", host, name));
  return read_pool_xml(xml.get());
}

Result<void> check_kind(const PoolReading& reading, const std::string& host, const std::string& name) {
  for (const char* kind : kPoolKinds) {
    if (reading.type == kind) return {};
  }
  return Error{
      ErrorKind::unsupported,
      fmt::format("host \"{}\": pool \"{}\" is of type {}, which cannot hold copy-on-write disks; expected dir, "
                  "fs or netfs",
                  host, name, reading.type),
      "", "name a pool of one of these types under `storage:`"};
}

Result<void> activate(virStoragePoolPtr pool, const std::string& host, const std::string& name) {
  if (virStoragePoolIsActive(pool) == 1 || virStoragePoolCreate(pool, 0) == 0) return {};
  const Failure failure = last_failure();
  if (virStoragePoolIsActive(pool) == 1) return {};
  return failure.told(fmt::format("host \"{}\": pool \"{}\" is off and cannot be started", host, name),
                      how_to_start(pool, name));
}

/// Its directory is made along with it. libvirt's test driver makes none, and refuses to be asked.
unsigned with_directory(virConnectPtr connection) {
  const char* driver = virConnectGetType(connection);
  return driver != nullptr && std::string_view(driver) == "TEST" ? 0 : VIR_STORAGE_POOL_CREATE_WITH_BUILD;
}

/// Brings it up with its directory before it defines it: whoever is stopped on the way leaves either a pool that works
/// or, once the host has started again, none. So a pool that is there and off is never one that was half made, and
/// nobody makes an empty directory where somebody's disks are only not mounted.
Result<void> create_dir_pool(virConnectPtr connection, const std::string& host, const std::string& name,
                             const std::string& path) {
  const auto failed = [&](const char* what) {
    return last_failure().told(fmt::format("host \"{}\": cannot {} pool \"{}\" at {}", host, what, name, path));
  };
  Result<std::string> xml = write_dir_pool_xml(name, path);
  if (!xml) return xml.error();
  const StoragePool pool{virStoragePoolCreateXML(connection, xml->c_str(), with_directory(connection))};
  if (!pool) return failed("make");
  const Text with_uuid{virStoragePoolGetXMLDesc(pool.get(), 0)};
  if (!with_uuid) return failed("read");
  const StoragePool defined{virStoragePoolDefineXML(connection, with_uuid.get(), 0)};
  if (!defined) return failed("define");
  if (virStoragePoolSetAutostart(defined.get(), 1) != 0) return failed("make the host start");
  return {};
}

}  // namespace

std::string pool_turn(const std::string& pool) {
  return "pool " + pool;
}

std::string told(const VolumeRef& volume) {
  return fmt::format("host \"{}\": volume \"{}\" in pool \"{}\"", volume.host, volume.name, volume.pool);
}

Result<StoragePool> find_pool(virConnectPtr connection, const std::string& host, const std::string& pool) {
  StoragePool found{virStoragePoolLookupByName(connection, pool.c_str())};
  if (found) return found;
  const Failure failure = last_failure();
  if (failure.kind != ErrorKind::not_found) {
    return failure.told(fmt::format("host \"{}\": could not look for pool \"{}\"", host, pool));
  }
  return failure.told(fmt::format("host \"{}\": there is no pool \"{}\"", host, pool),
                      "create it, or give the storage a `path` so that vscale creates it");
}

Result<StorageVolume> find_volume(virConnectPtr connection, const VolumeRef& volume) {
  Result<StoragePool> pool = find_pool_with_volumes(connection, volume.host, volume.pool);
  if (!pool) return pool.error();
  StorageVolume found{virStorageVolLookupByName(pool->get(), volume.name.c_str())};
  if (found) return found;
  const Failure failure = last_failure();
  if (failure.kind == ErrorKind::conflict && virStoragePoolIsActive(pool->get()) == 0) {
    return pool_is_off(failure, pool->get(), volume.host, volume.pool);
  }
  if (failure.kind != ErrorKind::not_found) return failure.told(told(volume) + " could not be looked for");
  return failure.told(
      fmt::format("host \"{}\": there is no volume \"{}\" in pool \"{}\"", volume.host, volume.name, volume.pool),
      "run `vscale plan` to see what is there now");
}

Result<BusyPool> refresh_now(virConnectPtr connection, const std::string& host, const std::string& pool) {
  Result<StoragePool> found = find_pool_with_volumes(connection, host, pool);
  if (!found) return found.error();
  if (virStoragePoolRefresh(found->get(), 0) == 0) return BusyPool{};
  // "pool has asynchronous jobs running" is an internal error.
  const bool may_be_busy = last_code() == VIR_ERR_INTERNAL_ERROR;
  const Failure failure = last_failure();
  if (virStoragePoolIsActive(found->get()) == 0) return pool_is_off(failure, found->get(), host, pool);
  if (failure.kind == ErrorKind::conflict || may_be_busy) return BusyPool{failure};
  return failure.told(fmt::format("host \"{}\": pool \"{}\" cannot be refreshed", host, pool));
}

Result<void> refresh_until_it_works(LibvirtHost& host, const std::string& pool) {
  const auto deadline = std::chrono::steady_clock::now() + host.options().pool_busy_timeout;
  for (;;) {
    const Result<BusyPool> busy = host.link()->call<BusyPool>(
        "refresh a pool",
        [name = host.name(), pool](virConnectPtr connection) { return refresh_now(connection, name, pool); });
    if (!busy) return busy.error();
    const Failure* why = *busy ? &**busy : nullptr;
    if (why == nullptr) return {};
    if (std::chrono::steady_clock::now() >= deadline) {
      return why->told(fmt::format("host \"{}\": pool \"{}\" could not be refreshed for {}", host.name(), pool,
                                   show_duration(host.options().pool_busy_timeout)),
                       "where volumes are being made in it, wait until nobody else works on it, and run it again");
    }
    std::this_thread::sleep_for(kBusyPoolInterval);
  }
}

Error with_room_looked_at(Error error, virConnectPtr connection, const VolumeRef& volume, std::uint64_t needed_bytes) {
  if (error.kind != ErrorKind::failed && error.kind != ErrorKind::no_capacity) return error;
  // What is free now, not at the last look. A pool that is busy tells the older number.
  static_cast<void>(refresh_now(connection, volume.host, volume.pool));
  const StoragePool pool{virStoragePoolLookupByName(connection, volume.pool.c_str())};
  virStoragePoolInfo info{};
  if (!pool || virStoragePoolGetInfo(pool.get(), &info) != 0) return error;
  if (error.kind == ErrorKind::failed && info.available >= kFullPoolBytes) return error;
  return no_room(volume, info, needed_bytes, error.detail);
}

Result<void> check_room(LibvirtHost& host, const VolumeRef& volume, std::uint64_t needed_bytes) {
  const std::function<Result<void>(virConnectPtr)> as_known = [volume, needed_bytes](virConnectPtr connection) {
    return check_room_as_known(connection, volume, needed_bytes);
  };
  Result<void> room = host.link()->call<void>("tell how full a pool is", as_known);
  if (room || room.error().kind != ErrorKind::no_capacity) return room;
  if (Result<void> refreshed = refresh_until_it_works(host, volume.pool); !refreshed) return refreshed;
  return host.link()->call<void>("tell how full a pool is", as_known);
}

Result<void> ensure_pool_there(virConnectPtr connection, const std::string& host, const std::string& name,
                               const std::string& path) {
  Result<StoragePool> pool = find_pool(connection, host, name);
  if (!pool && pool.error().kind == ErrorKind::not_found && !path.empty()) {
    return create_dir_pool(connection, host, name, path);
  }
  if (!pool) return pool.error();
  const Result<PoolReading> reading = read_pool(pool->get(), host, name);
  if (!reading) return reading.error();
  if (Result<void> kind = check_kind(*reading, host, name); !kind) return kind;
  return activate(pool->get(), host, name);
}

}  // namespace vscale::libvirt
