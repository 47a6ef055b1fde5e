#include "cmd/planning/local_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "providers/file_descriptor.h"
#include "providers/last_system_error.h"

namespace vscale {
namespace {

Result<std::string> read_to_end(const FileDescriptor& file, const std::string& path) {
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

Result<void> write_all(const FileDescriptor& file, const std::string& path, const std::string& text) {
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
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return last_system_error(path + ": cannot be opened");
  return read_to_end(file, path);
}

Result<void> write_private_local_file(const std::string& path, const std::string& text) {
  // What is written takes the place of what was there, and would of a device.
  std::error_code unknown;
  const auto there = std::filesystem::status(path, unknown);
  if (std::filesystem::exists(there) && !std::filesystem::is_regular_file(there)) {
    return Error{ErrorKind::exists, path + ": is no plain file, and is not replaced", {}, "name another file"};
  }
  std::string temporary = path + ".new-XXXXXX";  // nobody can have put a file of that name there
  {
    const FileDescriptor file(::mkostemp(temporary.data(), O_CLOEXEC));  // 0600
    if (!file.is_open()) return last_system_error(path + ": cannot be created");
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
