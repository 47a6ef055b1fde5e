#pragma once

#include <cstddef>
#include <string>

#include "engine/values/result.h"

/// The files of this machine that commands read and write.

namespace vscale {

/// Larger files are refused: nothing that a person writes is.
constexpr std::size_t kLocalFileMaxBytes = 256UL * 1024 * 1024;

/// The whole file. `not_found`, `denied`, or `failed` with the system's words; a folder is `invalid`.
Result<std::string> read_local_file(const std::string& path);

/// Writes a file that only its owner may read, from its first byte; in place of one that is there, as a whole or not
/// at all.
Result<void> write_private_local_file(const std::string& path, const std::string& text);

}  // namespace vscale
