#pragma once

#include <memory>
#include <string>

#include "engine/ports/volumes.h"
#include "engine/values/result.h"
#include "providers/libvirt/host.h"
#include "providers/libvirt/storage/upload.h"

/// Pools and volumes of one host. Internal to providers/libvirt.
///
/// libvirt refuses to refresh a pool in which a volume is being made ("has asynchronous jobs running"). So whatever
/// makes, removes or refreshes takes its turn at the pool; the long part of an upload does not, and uploads of one
/// volume take turns among themselves.

namespace vscale::libvirt {

/// The path of a volume on its host. A volume that the pool does not know is looked for again after a refresh, as
/// somebody else may have made it in a shared pool.
Result<std::string> volume_path(LibvirtHost& host, const VolumeRef& volume);

/// Deletes a volume; not there is success.
Result<void> delete_volume(LibvirtHost& host, const VolumeRef& volume);

/// What becomes of a volume that has the name already.
enum class IfThere {
  refuse,            ///< It stays, and the answer is `exists`.
  take_if_complete,  ///< It stays; as long as the source it is success, otherwise `exists`.
  replace,           ///< It is deleted.
};

/// Makes a raw volume with the bytes of `source`. It grows with what arrives: shorter than the source is incomplete.
Result<void> put_volume(LibvirtHost& host, const VolumeRef& volume, const std::shared_ptr<ByteSource>& source,
                        IfThere if_there, const ProgressSink& progress);

/// Lets libvirt look at what is in the pool: new files, their formats and sizes. `conflict` if others keep it busy for
/// pool_busy_timeout.
Result<void> refresh_pool(LibvirtHost& host, const std::string& pool);

}  // namespace vscale::libvirt
