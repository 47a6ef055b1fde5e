#include "providers/image/image_cache.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>

#include "providers/last_system_error.h"

namespace vscale {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPartial = ".part-";
/// Longer than any download may take.
constexpr std::chrono::hours kPartialKept{24};

}  // namespace

PartialFile::~PartialFile() {
  if (!path_.empty()) unlink(path_.c_str());
}

PartialFile::PartialFile(PartialFile&& other) noexcept
    : path_(std::exchange(other.path_, {})), file_(std::move(other.file_)) {}

Result<void> PartialFile::write(const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t written = ::write(file_.number(), bytes, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      return last_system_error(
          fmt::format("the image cache {} cannot be written", fs::path(path_).parent_path().string()),
          "make room there");
    }
    bytes += written;
    size -= static_cast<std::size_t>(written);
  }
  return {};
}

std::string ImageCache::path_of(const std::string& digest) const {
  std::string name = digest;
  for (char& c : name) {
    if (c == ':') c = '-';
  }
  return directory_ + "/" + name;
}

std::optional<std::string> ImageCache::find(const std::string& digest) const {
  std::error_code unreadable;
  if (fs::is_regular_file(path_of(digest), unreadable)) return path_of(digest);
  return std::nullopt;
}

Result<PartialFile> ImageCache::begin() const {
  std::error_code failed;
  const fs::path parent = fs::path(directory_).parent_path();
  fs::create_directories(parent, failed);
  if (mkdir(directory_.c_str(), 0700) != 0 && errno != EEXIST) {
    return last_system_error(fmt::format("the image cache {} cannot be made", directory_),
                             "see to it that this user may write there");
  }
  remove_left_behind();
  std::string path = directory_ + "/" + kPartial + "XXXXXX";
  FileDescriptor file(mkostemp(path.data(), O_CLOEXEC));  // 0600
  if (!file.is_open()) {
    return last_system_error(fmt::format("the image cache {} cannot be written", directory_),
                             "see to it that this user may write there");
  }
  return PartialFile(std::move(path), std::move(file));
}

Result<std::string> ImageCache::keep(PartialFile file, const std::string& digest) const {
  const std::string path = path_of(digest);
  if (fsync(file.file_.number()) != 0 || std::rename(file.path_.c_str(), path.c_str()) != 0) {
    return last_system_error(fmt::format("the image cache {} cannot be written", directory_),
                             "check the disk it is on");
  }
  file.path_.clear();
  return path;
}

void ImageCache::remove_left_behind() const {
  const auto too_old = fs::file_time_type::clock::now() - kPartialKept;
  std::error_code unreadable;
  // By hand: the loop over a range throws where the disk fails in the middle of it.
  for (fs::directory_iterator at(directory_, unreadable); at != fs::directory_iterator(); at.increment(unreadable)) {
    if (!at->path().filename().string().starts_with(kPartial)) continue;
    std::error_code gone;
    if (fs::last_write_time(at->path(), gone) < too_old && !gone) fs::remove(at->path(), gone);
  }
}

}  // namespace vscale
