#pragma once

#include <memory>
#include <string>

#include "engine/ports/clock.h"
#include "engine/ports/image_library.h"

/// Images from files and URLs.

namespace vscale {

struct ImageLibraryOptions {
  std::string cache_dir;  ///< Absolute; made, 0700, when the first download needs it.
  Duration connect_timeout{10'000};
  Duration idle_timeout{60'000};         ///< No byte for so long ends a download.
  Duration download_timeout{7'200'000};  ///< And so does this, however it goes.
  int max_redirects = 5;
};

/// Implements ImageLibrary. Downloads are named by their digest in the cache and are complete as soon as they have that
/// name; a download that a crash left behind is removed by a later one after a day. HTTPS certificates are verified
/// against the system's authorities (or SSL_CERT_FILE); a redirect never leads from https to http, and never takes a
/// password along to another server. Messages show a URL without user, password and query. A lock's `source` does too,
/// with the first digits of the query's SHA-256 in its place, `https://HOST/PATH?sha256:1a2b3c4d`: another query is
/// another source.
///
/// A source `{ host, pool, volume }` is `unsupported` for now.
/// Not safe from several threads at once; several processes may share one cache.
class CachedImageLibrary final : public ImageLibrary {
 public:
  /// `clock` must outlive the library; it dates the locks.
  CachedImageLibrary(Clock& clock, ImageLibraryOptions options);
  ~CachedImageLibrary() override;

  Result<ImageLock> resolve(const Image& image, const std::optional<ImageLock>& known, bool take_newer,
                            const std::function<void(std::uint64_t, std::uint64_t)>& progress) override;
  Result<std::string> local_file(const Image& image, const ImageLock& lock,
                                 const std::function<void(std::uint64_t, std::uint64_t)>& progress) override;

 private:
  Clock& clock_;
  ImageLibraryOptions options_;
};

}  // namespace vscale
