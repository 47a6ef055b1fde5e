#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "engine/domain/domain_ref.h"
#include "engine/ports/seed_source.h"
#include "engine/values/result.h"

namespace vscale {

/// A volume of a pool of a host.
struct VolumeRef {
  std::string host, pool, name;

  auto operator<=>(const VolumeRef&) const = default;
};

struct NewVolume {
  VolumeRef volume;
  std::uint64_t capacity_bytes = 0;  ///< As the guest sees it.
  std::string format = "qcow2";      ///< qcow2 | raw
  std::string backing_volume;        ///< Name in the same pool: copy-on-write over it. Empty: none.
  std::string backing_format;
};

/// A local file that is to become a volume.
struct FileUpload {
  VolumeRef volume;
  std::string format;                    ///< qcow2 | raw
  std::uint64_t virtual_size_bytes = 0;  ///< Of the disk inside.
  std::string path;
  /// What lies there under this name is deleted first. Only for somebody who knows that no guest stands on it: those of
  /// all hosts that share the pool count. Otherwise it is not touched.
  bool replace_existing = false;
};

/// Called from time to time with how much is done; may be called from another thread, never concurrently.
using ProgressSink = std::function<void(std::uint64_t done_bytes, std::uint64_t total_bytes)>;

/// A port: the storage of the hosts. A pool that is missing, off or without its directory says nothing of its volumes:
/// what is asked of a volume there fails, and nothing is taken for gone.
class Volumes {
 public:
  virtual ~Volumes() = default;
  /// Makes sure that the pool is there and active; creates a dir pool at `path` if it is missing and path is not empty.
  /// `not_found` with the next step if it is missing otherwise; `unsupported` for a kind that cannot hold overlays.
  virtual Result<void> ensure_pool(const std::string& host, const std::string& pool, const std::string& path) = 0;
  /// Creates the volume. One of this name that is there already is `exists`.
  virtual Result<void> create_volume(const NewVolume& volume) = 0;
  /// Grows the volume to `capacity_bytes`; live through the domain if `up_domain` is given: `denied` if that is not one
  /// of ours. As large already is success; larger is `invalid`: nothing is ever shrunk.
  virtual Result<void> resize_volume(const VolumeRef& volume, std::uint64_t capacity_bytes,
                                     const std::optional<DomainRef>& up_domain) = 0;
  /// Deletes the volume. Not there is success, where its pool says so; `conflict` if the pool is missing or off, since
  /// nobody knows then.
  virtual Result<void> delete_volume(const VolumeRef& volume) = 0;
  /// Sends a local file as a new volume, holes left out. A volume of this name that is there already is deleted first
  /// or, without `replace_existing`, left as it is: taken for the file if it is as long as that, which an upload is
  /// only when it has come to its end, and otherwise `exists`. The volume is complete when this returns success, and
  /// gone or incomplete otherwise.
  virtual Result<void> upload_file(const FileUpload& upload, const ProgressSink& progress) = 0;
  /// Packs the files into an ISO 9660 image named cidata and writes it as a new volume. One of this name that is there
  /// already is `exists`. The volume is complete when this returns success, and gone or incomplete otherwise.
  virtual Result<void> write_seed(const VolumeRef& volume, const SeedFiles& files) = 0;
};

}  // namespace vscale
