#include "cmd/planning/local_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "providers/last_system_error.h"

namespace vscale {
namespace {

/// A file descriptor that is closed with its owner.
class OpenFile {
 public:
  explicit OpenFile(int number) : number_(number) {}
  ~OpenFile() {
    if (number_ >= 0) ::close(number_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  [[nodiscard]] int number() const { return number_; }
  [[nodiscard]] bool ok() const { return number_ >= 0; }

 private:
  int number_;
};

Result<std::string> read_to_end(const OpenFile& file, const std::string& path) {
  std::string text;
  std::array<char, 64UL * 1024> buffer{};
  while (true) {
    const ssize_t count = ::read(file.number(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return last_system_error(path + ": cannot be read");
    if (count == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(count));
    if (text.size() > kLocalFileMaxBytes) {
      return Error{.kind = ErrorKind::invalid,
                   .message = fmt::format("{}: more than {} MiB, which is no text that a person wrote", path,
                                          kLocalFileMaxBytes / (1024 * 1024)),
                   .detail = {},
                   .hint = {}};
    }
  }
}

Result<void> write_all(const OpenFile& file, const std::string& path, const std::string& text) {
  std::size_t written = 0;
  while (written < text.size()) {
    const ssize_t count = ::write(file.number(), text.data() + written, text.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return last_system_error(path + ": cannot be written");
    written += static_cast<std::size_t>(count);
  }
  if (::fsync(file.number()) != 0) return last_system_error(path + ": cannot be written");
  return {};
}

}  // namespace

Result<std::string> read_local_file(const std::string& path) {
  const OpenFile file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.ok()) return last_system_error(path + ": cannot be opened");
  return read_to_end(file, path);
}

Result<void> write_private_local_file(const std::string& path, const std::string& text) {
  const std::string temporary = fmt::format("{}.{}.new", path, ::getpid());
  {
    const OpenFile file(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR));
    if (!file.ok()) return last_system_error(path + ": cannot be created");
    if (auto written = write_all(file, path, text); !written) {
      ::unlink(temporary.c_str());
      return written;
    }
  }
  if (::rename(temporary.c_str(), path.c_str()) == 0) return {};
  Error error = last_system_error(path + ": cannot be written");
  ::unlink(temporary.c_str());
  return error;
}

}  // namespace vscale
