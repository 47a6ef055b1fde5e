#include "providers/image/image_library.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <optional>
#include <utility>

#include "engine/values/digest.h"
#include "providers/http/url.h"
#include "providers/image/disk_format.h"
#include "providers/image/download/checksum_file.h"
#include "providers/image/download/http_download.h"
#include "providers/image/file_digest.h"
#include "providers/image/image_cache.h"
#include "providers/last_system_error.h"

namespace vscale {
namespace {

/// A SHA512SUMS of a whole distribution has some 20 KiB.
constexpr std::size_t kMostChecksums_bytes = 1024 * 1024;

std::string called(const Image& image) {
  return "image " + image.name;
}

DownloadBounds bounds_of(const ImageLibraryOptions& options) {
  return {.connect_timeout = options.connect_timeout,
          .idle_timeout = options.idle_timeout,
          .total_timeout = options.download_timeout,
          .max_redirects = options.max_redirects};
}

// Checksums
// ------------------------------------------------------------------------------------------------------------

Error bad_checksum(const Image& image) {
  return {.kind = ErrorKind::invalid,
          .message = fmt::format("{}: checksum \"{}\" is not one", called(image), image.checksum),
          .detail = "",
          .hint = "write sha256: and 64 hexadecimal digits, or sha512: and 128"};
}

Result<std::string> download_text(const Image& image, const Url& url, const ImageLibraryOptions& options) {
  std::string text;
  const BodySink sink = [&](const char* bytes, std::size_t size, std::uint64_t) -> Result<void> {
    text.append(bytes, size);
    if (text.size() <= kMostChecksums_bytes) return {};
    return Error{.kind = ErrorKind::invalid,
                 .message = fmt::format("{}: {} is too large for a list of checksums, over {}", called(image),
                                        show_url(url), show_bytes(kMostChecksums_bytes)),
                 .detail = "",
                 .hint = "let checksumUrl name a SHA256SUMS or SHA512SUMS file"};
  };
  if (auto done = http_download(url, called(image), bounds_of(options), sink); !done) return done.error();
  return text;
}

std::string source_file_name(const Image& image) {
  const auto url = parse_url(image.source.url);
  return url ? file_name_of(*url) : image.source.path.substr(image.source.path.rfind('/') + 1);
}

Error not_a_url(const Image& image, const std::string& key) {
  return {.kind = ErrorKind::invalid,
          .message = fmt::format("{}: its {} is not an http or https URL", called(image), key),
          .detail = "",
          .hint = "write it as https://HOST/PATH"};
}

Result<std::string> published_checksum(const Image& image, const ImageLibraryOptions& options) {
  const auto url = parse_url(image.checksum_url);
  if (!url) return not_a_url(image, "checksumUrl");
  auto text = download_text(image, *url, options);
  if (!text) return text.error();
  const std::string name = source_file_name(image);
  if (auto checksum = checksum_for(*text, name)) return *checksum;
  return Error{.kind = ErrorKind::invalid,
               .message = fmt::format("{}: {} has no SHA-256 or SHA-512 for {}", called(image), show_url(*url), name),
               .detail = "",
               .hint = "let checksumUrl name the list that has it, or give a checksum"};
}

/// What the bytes must come to; empty: nobody says.
Result<std::string> expected_checksum(const Image& image, const ImageLibraryOptions& options) {
  if (!image.checksum.empty()) {
    auto checksum = normal_checksum(image.checksum);
    if (!checksum) return bad_checksum(image);
    return *checksum;
  }
  if (!image.checksum_url.empty()) return published_checksum(image, options);
  return std::string{};
}

ByteDigest::Also also_wanted(const std::string& expected) {
  return expected.starts_with("sha512:") ? ByteDigest::Also::sha512 : ByteDigest::Also::nothing;
}

Result<void> check_digest(const Image& image, const std::string& shown, const FileDigest& digest,
                          const std::string& expected) {
  const std::string& found = expected.starts_with("sha512:") ? digest.sha512 : digest.sha256;
  if (expected.empty() || found == expected) return {};
  return Error{.kind = ErrorKind::invalid,
               .message = fmt::format("{}: {} has {}, expected {}", called(image), shown, found, expected),
               .detail = "",
               .hint = "it is damaged or another version: fetch it again, or correct the checksum"};
}

// Locks
// ----------------------------------------------------------------------------------------------------------------

struct FileStamp {
  std::uint64_t size_bytes = 0;
  std::int64_t modified_ns = 0;

  bool operator==(const FileStamp&) const = default;
};

Result<FileStamp> stamp_of(const Image& image) {
  constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;
  const std::string& path = image.source.path;
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    return last_system_error(fmt::format("{}: file {} cannot be read", called(image), path),
                             "correct images." + image.name + ".source, or put the file there");
  }
  if (!S_ISREG(status.st_mode)) {
    return Error{.kind = ErrorKind::invalid,
                 .message = fmt::format("{}: {} is not a file", called(image), path),
                 .detail = "",
                 .hint = "correct images." + image.name + ".source"};
  }
  return FileStamp{.size_bytes = static_cast<std::uint64_t>(status.st_size),
                   .modified_ns = status.st_mtim.tv_sec * kNanosecondsPerSecond + status.st_mtim.tv_nsec};
}

std::string shown_source(const ImageSource& source) {
  return source.url.empty() ? source.path : show_url(source.url);
}

/// What a lock calls its source: as it is shown, and where a query asks for one image of several, a piece of its digest
/// in its place. Enough to tell two apart, and too little to find a secret out by.
std::string locked_source(const ImageSource& source) {
  constexpr std::size_t kDigits = 8;
  const auto url = parse_url(source.url);
  if (!url || url->query.empty()) return shown_source(source);
  return show_url(*url) + "?sha256:" + sha256_hex(url->query).substr(0, kDigits);
}

/// The image with the source that the lock was taken from: of a revision that a group goes back to, the file may name
/// another by now. A URL with a query is only known by the file.
Image as_locked(const Image& image, const ImageLock& lock) {
  if (lock.source.empty() || lock.source == locked_source(image.source)) return image;
  const auto url = parse_url(lock.source);
  if (url && !url->query.empty()) return image;
  Image locked = image;
  locked.source = {};
  (url ? locked.source.url : locked.source.path) = lock.source;
  return locked;
}

/// Was it taken from this source, and is what the configuration demands of it what was checked then?
bool still_speaks_of(const ImageLock& lock, const Image& image) {
  return lock.source == locked_source(image.source) &&
         (image.checksum.empty() || image.checksum == lock.checksum || image.checksum == lock.digest);
}

Result<ImageLock> lock_of(const Image& image, const FileDigest& digest, const std::string& path, Instant at) {
  auto format = inspect_disk(path, called(image) + ": " + shown_source(image.source));
  if (!format) return format.error();
  ImageLock lock;
  lock.image = image.name;
  lock.source = locked_source(image.source);
  lock.digest = digest.sha256;
  lock.checksum = image.checksum;
  lock.format = format->format;
  lock.size_bytes = digest.size_bytes;
  lock.virtual_size_bytes = format->virtual_size_bytes;
  lock.at = at;
  return lock;
}

Error volumes_not_yet(const Image& image) {
  return {.kind = ErrorKind::unsupported,
          .message =
              fmt::format("{}: a source that is a volume of a pool (here {} in {} on {}) is not there yet",
                          called(image), image.source.volume_name, image.source.volume_pool, image.source.volume_host),
          .detail = "",
          .hint = "save the volume (virsh vol-download) and let the source name the file"};
}

// Local files
// ----------------------------------------------------------------------------------------------------------

Result<ImageLock> read_local(const Image& image, const ImageLibraryOptions& options, const Progress& progress,
                             Instant at) {
  const std::string& path = image.source.path;
  auto before = stamp_of(image);
  if (!before) return before.error();
  auto expected = expected_checksum(image, options);
  if (!expected) return expected.error();
  auto digest = digest_of_file(path, also_wanted(*expected), progress);
  if (!digest) return digest.error();
  if (auto right = check_digest(image, path, *digest, *expected); !right) return right.error();
  auto lock = lock_of(image, *digest, path, at);
  if (!lock) return lock.error();
  auto after = stamp_of(image);
  if (!after) return after.error();
  if (*before != *after) {
    return Error{.kind = ErrorKind::conflict,
                 .message = fmt::format("{}: file {} changed while it was read", called(image), path),
                 .detail = "",
                 .hint = "wait until it is written, and run again"};
  }
  lock->modified_ns = before->modified_ns;
  return lock;
}

bool is_unchanged(const FileStamp& stamp, const ImageLock& lock) {
  return stamp == FileStamp{.size_bytes = lock.size_bytes, .modified_ns = lock.modified_ns};
}

Error has_other_bytes(const Image& image, const std::string& found, const ImageLock& lock) {
  return {.kind = ErrorKind::conflict,
          .message = fmt::format("{}: {} has other bytes by now: {}, and {} was accepted", called(image),
                                 shown_source(image.source), found, lock.digest),
          .detail = "",
          .hint = fmt::format("take them: vscale image update {}; or put the file with the others back", image.name)};
}

// Downloads
// ------------------------------------------------------------------------------------------------------------

struct Download {
  PartialFile file;
  FileDigest digest;
};

Result<Download> download_image(const Image& image, const ImageCache& cache, ByteDigest::Also also,
                                const ImageLibraryOptions& options, const Progress& progress) {
  const auto url = parse_url(image.source.url);
  if (!url) return not_a_url(image, "source");
  auto file = cache.begin();
  if (!file) return file.error();
  ByteDigest digest(also);
  const BodySink sink = [&](const char* bytes, std::size_t size, std::uint64_t total) -> Result<void> {
    digest.add(bytes, size);
    if (progress) progress(digest.size(), total);
    return file->write(bytes, size);
  };
  if (auto done = http_download(*url, called(image), bounds_of(options), sink); !done) return done.error();
  FileDigest found;
  found.size_bytes = digest.size();
  found.sha256 = digest.sha256();
  if (also == ByteDigest::Also::sha512) found.sha512 = digest.sha512();
  return Download{std::move(*file), std::move(found)};
}

/// A download that is wrong or no image never gets a name in the cache.
Result<ImageLock> fetch(const Image& image, const ImageCache& cache, const std::string& expected,
                        const ImageLibraryOptions& options, const Progress& progress, Instant at) {
  auto download = download_image(image, cache, also_wanted(expected), options, progress);
  if (!download) return download.error();
  const FileDigest digest = download->digest;
  if (auto right = check_digest(image, shown_source(image.source), digest, expected); !right) return right.error();
  auto lock = lock_of(image, digest, download->file.path(), at);
  if (!lock) return lock.error();
  if (auto kept = cache.keep(std::move(download->file), digest.sha256); !kept) return kept.error();
  return lock;
}

Result<ImageLock> from_cache(const Image& image, const std::string& path, const std::string& digest, Instant at) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return last_system_error(path + " cannot be read", "remove it, and run again");
  return lock_of(image, {.sha256 = digest, .sha512 = "", .size_bytes = static_cast<std::uint64_t>(status.st_size)},
                 path, at);
}

Result<ImageLock> resolve_download(const Image& image, const ImageLibraryOptions& options, const Progress& progress,
                                   Instant at) {
  auto expected = expected_checksum(image, options);
  if (!expected) return expected.error();
  const ImageCache cache(options.cache_dir);
  // The cache is named by SHA-256 only: what is known by its SHA-512 alone is downloaded to be sure.
  if (expected->starts_with("sha256:")) {
    if (const auto path = cache.find(*expected)) return from_cache(image, *path, *expected, at);
  }
  return fetch(image, cache, *expected, options, progress, at);
}

bool has_size(const std::string& path, std::uint64_t size_bytes) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && static_cast<std::uint64_t>(status.st_size) == size_bytes;
}

Result<std::string> local_copy_of_download(const Image& image, const ImageLock& lock,
                                           const ImageLibraryOptions& options, const Progress& progress) {
  const ImageCache cache(options.cache_dir);
  if (const auto path = cache.find(lock.digest); path && has_size(*path, lock.size_bytes)) return *path;
  auto download = download_image(image, cache, ByteDigest::Also::nothing, options, progress);
  if (!download) return download.error();
  if (download->digest.sha256 != lock.digest) return has_other_bytes(image, download->digest.sha256, lock);
  return cache.keep(std::move(download->file), lock.digest);
}

bool has_source(const Image& image) {
  return !image.source.url.empty() || !image.source.path.empty();
}

/// From the image's own source, whatever the lock says of that.
Result<std::string> file_with(const Image& image, const ImageLock& lock, const ImageLibraryOptions& options,
                              const Progress& progress) {
  if (!image.source.url.empty()) return local_copy_of_download(image, lock, options, progress);
  auto stamp = stamp_of(image);
  if (!stamp) return stamp.error();
  // Of another file the lock does not speak, however much alike they look.
  if (lock.source == image.source.path && is_unchanged(*stamp, lock)) return image.source.path;
  auto digest = digest_of_file(image.source.path, ByteDigest::Also::nothing, progress);
  if (!digest) return digest.error();
  if (digest->sha256 != lock.digest) return has_other_bytes(image, digest->sha256, lock);
  return image.source.path;
}

}  // namespace

CachedImageLibrary::CachedImageLibrary(Clock& clock, ImageLibraryOptions options)
    : clock_(clock), options_(std::move(options)) {}

CachedImageLibrary::~CachedImageLibrary() = default;

Result<ImageLock> CachedImageLibrary::resolve(const Image& image, const std::optional<ImageLock>& known,
                                              bool take_newer, const Progress& progress) {
  if (!image.source.volume_name.empty()) return volumes_not_yet(image);
  const bool known_will_do = known && !take_newer && still_speaks_of(*known, image);
  if (!image.source.url.empty()) {
    if (known_will_do) return *known;
    return resolve_download(image, options_, progress, clock_.now());
  }
  if (known_will_do) {
    auto stamp = stamp_of(image);
    if (!stamp) return stamp.error();
    if (is_unchanged(*stamp, *known)) return *known;
  }
  return read_local(image, options_, progress, clock_.now());
}

Result<std::string> CachedImageLibrary::local_file(const Image& image, const ImageLock& lock,
                                                   const Progress& progress) {
  if (!image.source.volume_name.empty()) return volumes_not_yet(image);
  const Image locked = as_locked(image, lock);
  auto found = file_with(locked, lock, options_, progress);
  if (found || locked.source == image.source || !has_source(image)) return found;
  // The file may only have been moved.
  const auto moved = file_with(image, lock, options_, progress);
  return moved ? moved : found;
}

}  // namespace vscale
