#pragma once

#include <libvirt/libvirt.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "engine/values/result.h"
#include "providers/libvirt/link/host_link.h"

/// Sending bytes into a volume by a libvirt stream. Internal to providers/libvirt.

namespace vscale::libvirt {

/// Bytes to be sent, with their holes. Used by one thread at a time.
class ByteSource {
 public:
  /// From an offset on: so many bytes that are all data, or all hole. At least 1.
  struct Run {
    bool data = true;
    std::uint64_t length_bytes = 0;
  };

  virtual ~ByteSource() = default;
  virtual std::uint64_t size_bytes() const = 0;
  /// `offset` is less than the size.
  virtual Result<Run> run_at(std::uint64_t offset) = 0;
  /// Reads up to `length` bytes, at least 1.
  virtual Result<std::size_t> read(std::uint64_t offset, char* into, std::size_t length) = 0;
};

/// A local file. Errors name it: `not_found`, `denied`, `failed`. Written to since it was opened, by its size and its
/// time, it answers `conflict` and hands out no more: never its last bytes.
Result<std::shared_ptr<ByteSource>> open_file_source(const std::string& path);
/// A text in memory, without holes.
std::shared_ptr<ByteSource> make_memory_source(std::string bytes);

/// Writes the source into the volume from its start, and moves `progress` to the number of bytes done. Holes are sent
/// as such where the host can take them, else as zeros. `unsupported` where volumes cannot be written to at all.
Result<void> send_to_volume(virConnectPtr connection, virStorageVolPtr volume, ByteSource& source, Progress& progress,
                            const std::string& what);

}  // namespace vscale::libvirt
