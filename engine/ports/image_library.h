#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "engine/desired/config.h"
#include "engine/recorded/recorded_state.h"
#include "engine/values/result.h"

/// Where disk images come from: local files and URLs, each known by the digest of its bytes.

namespace vscale {

/// A port: finds out what an image's source holds, and gets it onto this machine.
class ImageLibrary {
 public:
  virtual ~ImageLibrary() = default;

  /// What the image stands for now. With a `known` lock a URL is not asked again: only `take_newer` does that. A local
  /// file's digest is taken once and remembered by size and modification time. A given checksum, or one found by
  /// checksumUrl, must match (`invalid` shows both). Not-an-image and truncated files are `invalid`.
  /// May take long: a file is read whole once, a URL is downloaded once into the cache.
  virtual Result<ImageLock> resolve(const Image& image, const std::optional<ImageLock>& known, bool take_newer,
                                    const std::function<void(std::uint64_t, std::uint64_t)>& progress) = 0;

  /// The path of a local file with exactly the bytes of this lock, downloaded again if the cache was emptied. It is
  /// looked for where the lock was taken from, and then at the source that the image has by now. `conflict` if there
  /// are other bytes, `not_found` if there is no such file.
  virtual Result<std::string> local_file(const Image& image, const ImageLock& lock,
                                         const std::function<void(std::uint64_t, std::uint64_t)>& progress) = 0;
};

}  // namespace vscale
