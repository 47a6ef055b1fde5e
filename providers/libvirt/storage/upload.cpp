#include "providers/libvirt/storage/upload.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

#include "providers/last_system_error.h"
#include "providers/libvirt/link/handle.h"
#include "providers/libvirt/link/libvirt_error.h"

namespace vscale::libvirt {
namespace {

/// What is sent at once. Small packets make a long way slow.
constexpr std::size_t kChunkBytes = 1024 * 1024;

Error file_error(const std::string& path, const char* what) {
  return last_system_error(fmt::format("cannot {} \"{}\"", what, path), "check the file");
}

/// What tells that a file was written to. Another file that took its place is none of our business: the one that was
/// opened stays.
struct Stamp {
  std::int64_t seconds = 0, nanoseconds = 0;
  std::uint64_t size_bytes = 0;

  bool operator==(const Stamp&) const = default;
};

Stamp stamp_of(const struct stat& found) {
  return {.seconds = found.st_mtim.tv_sec,
          .nanoseconds = found.st_mtim.tv_nsec,
          .size_bytes = static_cast<std::uint64_t>(found.st_size)};
}

/// Looks at its file again after every read and before what was read is handed out: of a file that is written to, the
/// last bytes are never sent. What has arrived of it is shorter than the file then, and by that known as incomplete.
class FileSource final : public ByteSource {
 public:
  FileSource(int fd, std::string path, const Stamp& opened)
      : fd_(fd), path_(std::move(path)), opened_(opened), size_(opened.size_bytes) {}
  ~FileSource() override { ::close(fd_); }
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  std::uint64_t size_bytes() const override { return size_; }

  Result<Run> run_at(std::uint64_t offset) override {
    if (Result<void> unchanged = check_unchanged(); !unchanged) return unchanged.error();
    const off_t data = ::lseek(fd_, static_cast<off_t>(offset), SEEK_DATA);
    if (data < 0 && errno == ENXIO) return Run{.data = false, .length_bytes = size_ - offset};
    // A file system without holes: everything is data.
    if (data < 0 && errno == EINVAL) return Run{.data = true, .length_bytes = size_ - offset};
    if (data < 0) return file_error(path_, "look for holes in");
    const auto data_at = static_cast<std::uint64_t>(data);
    if (data_at > offset) return Run{.data = false, .length_bytes = std::min(data_at, size_) - offset};
    const off_t hole = ::lseek(fd_, static_cast<off_t>(offset), SEEK_HOLE);
    if (hole < 0) return file_error(path_, "look for holes in");
    return Run{.data = true, .length_bytes = std::min(static_cast<std::uint64_t>(hole), size_) - offset};
  }

  Result<std::size_t> read(std::uint64_t offset, char* into, std::size_t length) override {
    for (;;) {
      const ssize_t count = ::pread(fd_, into, length, static_cast<off_t>(offset));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return file_error(path_, "read");
      if (count == 0) return was_changed();
      if (Result<void> unchanged = check_unchanged(); !unchanged) return unchanged.error();
      return static_cast<std::size_t>(count);
    }
  }

 private:
  Error was_changed() const {
    return Error{ErrorKind::conflict, fmt::format("\"{}\" was changed while it was being sent", path_), "",
                 "leave it alone while it is used, and plan again"};
  }
  Result<void> check_unchanged() const {
    struct stat now {};
    if (::fstat(fd_, &now) != 0) return file_error(path_, "look at");
    if (stamp_of(now) != opened_) return was_changed();
    return {};
  }

  int fd_;
  std::string path_;
  Stamp opened_;
  std::uint64_t size_;
};

class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::string bytes) : bytes_(std::move(bytes)) {}

  std::uint64_t size_bytes() const override { return bytes_.size(); }
  Result<Run> run_at(std::uint64_t offset) override {
    return Run{.data = true, .length_bytes = bytes_.size() - offset};
  }
  Result<std::size_t> read(std::uint64_t offset, char* into, std::size_t length) override {
    return bytes_.copy(into, length, static_cast<std::size_t>(offset));
  }

 private:
  std::string bytes_;
};

/// A stream that is given up unless it was brought to its end: one that is only freed stays open on the host.
class Upload {
 public:
  Upload(Stream stream, std::string what) : stream_(std::move(stream)), what_(std::move(what)) {}
  ~Upload() {
    if (!finished_) virStreamAbort(stream_.get());
  }
  Upload(const Upload&) = delete;
  Upload& operator=(const Upload&) = delete;

  Result<void> send(const char* bytes, std::size_t length) {
    for (std::size_t sent = 0; sent < length;) {
      const int count = virStreamSend(stream_.get(), bytes + sent, length - sent);
      if (count <= 0) return last_failure().told(what_, "run it again: an upload starts over");
      sent += static_cast<std::size_t>(count);
    }
    return {};
  }
  Result<void> skip(std::uint64_t length) {
    if (virStreamSendHole(stream_.get(), static_cast<long long>(length), 0) == 0) return {};
    return last_failure().told(what_, "run it again: an upload starts over");
  }
  Result<void> finish() {
    finished_ = true;
    if (virStreamFinish(stream_.get()) == 0) return {};
    return last_failure().told(what_, "run it again: an upload starts over");
  }

 private:
  Stream stream_;
  std::string what_;
  bool finished_ = false;
};

Result<void> send_data(Upload& upload, ByteSource& source, std::uint64_t offset, std::uint64_t length,
                       std::vector<char>& buffer, Progress& progress) {
  for (std::uint64_t end = offset + length; offset < end;) {
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(end - offset, buffer.size()));
    Result<std::size_t> got = source.read(offset, buffer.data(), want);
    if (!got) return got.error();
    if (Result<void> sent = upload.send(buffer.data(), *got); !sent) return sent;
    offset += *got;
    progress = offset;
  }
  return {};
}

Result<void> send_zeros(Upload& upload, std::uint64_t offset, std::uint64_t length, std::vector<char>& buffer,
                        Progress& progress) {
  std::fill(buffer.begin(), buffer.end(), '\0');
  for (std::uint64_t end = offset + length; offset < end;) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(end - offset, buffer.size()));
    if (Result<void> sent = upload.send(buffer.data(), count); !sent) return sent;
    offset += count;
    progress = offset;
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<ByteSource>> open_file_source(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return file_error(path, "open");
  struct stat found {};
  if (::fstat(fd, &found) != 0 || !S_ISREG(found.st_mode)) {
    ::close(fd);
    return Error{ErrorKind::invalid, fmt::format("\"{}\" is not a file", path), "", "give the path of an image"};
  }
  return std::shared_ptr<ByteSource>(std::make_shared<FileSource>(fd, path, stamp_of(found)));
}

std::shared_ptr<ByteSource> make_memory_source(std::string bytes) {
  return std::make_shared<MemorySource>(std::move(bytes));
}

Result<void> send_to_volume(virConnectPtr connection, virStorageVolPtr volume, ByteSource& source, Progress& progress,
                            const std::string& what) {
  Stream stream{virStreamNew(connection, 0)};
  if (!stream) return last_failure().told(what);
  bool sparse = true;
  const std::uint64_t size = source.size_bytes();
  if (virStorageVolUpload(volume, stream.get(), 0, size, VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM) != 0) {
    sparse = false;
    if (!last_was_not_known_to_the_driver()) return last_failure().told(what);
    stream.reset(virStreamNew(connection, 0));
    if (!stream || virStorageVolUpload(volume, stream.get(), 0, size, 0) != 0) return last_failure().told(what);
  }

  Upload upload(std::move(stream), what);
  std::vector<char> buffer(kChunkBytes);
  for (std::uint64_t offset = 0; offset < size;) {
    Result<ByteSource::Run> run = source.run_at(offset);
    if (!run) return run.error();
    Result<void> sent = run->data ? send_data(upload, source, offset, run->length_bytes, buffer, progress)
                        : sparse  ? upload.skip(run->length_bytes)
                                  : send_zeros(upload, offset, run->length_bytes, buffer, progress);
    if (!sent) return sent;
    offset += run->length_bytes;
    progress = offset;
  }
  return upload.finish();
}

}  // namespace vscale::libvirt
