#pragma once

#include <cstdint>
#include <string>

#include "engine/values/result.h"

/// What a file is, by its first bytes: a disk that a guest can start from, or something else.

namespace vscale {

struct DiskFormat {
  std::string format;                    ///< qcow2 | raw
  std::uint64_t virtual_size_bytes = 0;  ///< Of the disk inside.

  bool operator==(const DiskFormat&) const = default;
};

/// Reads the header and, of a qcow2, the tables that say where everything lies (at most 64 MiB of them). `invalid` for:
/// an empty file; text, such as the error page of a server; a compressed file or another format; an overlay on another
/// file, or one with its data in another file: a guest would read files of the host; an encrypted one; one marked as
/// corrupt; one that is shorter than its tables say. `shown` names the file in messages.
Result<DiskFormat> inspect_disk(const std::string& path, const std::string& shown);

}  // namespace vscale
