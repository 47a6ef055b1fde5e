#pragma once

#include <libvirt/libvirt.h>

#include <cstdint>
#include <optional>
#include <string>

#include "engine/ports/volumes.h"
#include "engine/values/result.h"
#include "providers/libvirt/host.h"
#include "providers/libvirt/link/handle.h"
#include "providers/libvirt/link/libvirt_error.h"

/// Pools: what they know, how full they are, and how they are brought up. Internal to providers/libvirt.
///
/// libvirt tells of a pool what it saw at its last look, the refresh: free bytes and the list of volumes move only with
/// that, and with what is made and deleted through the same libvirtd. Seen on 9.0 with a dir pool: 1 GiB that is put
/// into the directory, or taken out of it, changes neither virStoragePoolGetInfo nor virStoragePoolListAllVolumes until
/// then; only a single volume's info is read anew each time it is asked for. A refresh reads the header of every volume
/// (28 ms for 2,000 on a local disk), disturbs no guest and no upload, and is refused while a volume is being made. If
/// it cannot read the directory, libvirt turns the pool off.

namespace vscale::libvirt {

/// What the smallest volume takes: less than that free is a full pool.
inline constexpr std::uint64_t kFullPoolBytes = kMiB;

/// The key of the turn that whatever makes, removes or refreshes takes at a pool.
std::string pool_turn(const std::string& pool);

/// The pool of this name, on or off. `not_found` if the host says that there is none.
Result<StoragePool> find_pool(virConnectPtr connection, const std::string& host, const std::string& pool);

/// The volume; `not_found` only if its pool says that there is none. A pool that is missing or off says nothing:
/// `conflict`.
Result<StorageVolume> find_volume(virConnectPtr connection, const VolumeRef& volume);

/// `host "kvm1": volume "a.qcow2" in pool "default"`, for messages.
std::string told(const VolumeRef& volume);

/// Nothing: it was done. Else a volume is being made there just now, or libvirt cannot say why not.
using BusyPool = std::optional<Failure>;
/// Lets libvirt look at what is in the pool. `conflict` if the pool is missing or off, or is now, as it cannot be read.
Result<BusyPool> refresh_now(virConnectPtr connection, const std::string& host, const std::string& pool);

/// The same, and waits up to pool_busy_timeout for the others. The turn at the pool is the caller's.
Result<void> refresh_until_it_works(LibvirtHost& host, const std::string& pool);

/// What libvirt said when it could not write `volume`: `no_capacity` with the numbers if the pool turns out to be full,
/// for which libvirt has no number of its own in most drivers. `needed_bytes` is for the message.
Error with_room_looked_at(Error error, virConnectPtr connection, const VolumeRef& volume, std::uint64_t needed_bytes);

/// `no_capacity` unless the pool has room for so many bytes, also after a new look. The turn is the caller's.
Result<void> check_room(LibvirtHost& host, const VolumeRef& volume, std::uint64_t needed_bytes);

/// Volumes::ensure_pool(). A pool that is there is started, and otherwise left as it is.
Result<void> ensure_pool_there(virConnectPtr connection, const std::string& host, const std::string& name,
                               const std::string& path);

}  // namespace vscale::libvirt
