#include "providers/libvirt/storage/upload.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

namespace vscale::test {
namespace {

using namespace vscale::libvirt;

constexpr std::size_t kHalf = 4096;

class LocalFile {
 public:
  LocalFile() {
    std::string name = "/tmp/vscale-upload.XXXXXX";
    REQUIRE(mkdtemp(name.data()) != nullptr);
    directory_ = name;
    write(std::string(2 * kHalf, 'a'));
    was_written(10);
  }
  ~LocalFile() { std::filesystem::remove_all(directory_); }
  LocalFile(const LocalFile&) = delete;
  LocalFile& operator=(const LocalFile&) = delete;

  std::string path() const { return (directory_ / "base.qcow2").string(); }
  void write(const std::string& bytes) const {
    std::fstream(path(), std::ios::out | std::ios::binary | std::ios::trunc) << bytes;
  }
  /// So that no test depends on how finely a file system counts.
  void was_written(long nanoseconds) const {
    const std::array<timespec, 2> times{timespec{1'700'000'000, 0}, timespec{1'700'000'000, nanoseconds}};
    REQUIRE(utimensat(AT_FDCWD, path().c_str(), times.data(), 0) == 0);
  }

 private:
  std::filesystem::path directory_;
};

Result<std::size_t> read_half(ByteSource& source, std::uint64_t offset) {
  std::string half(kHalf, '\0');
  return source.read(offset, half.data(), half.size());
}

}  // namespace

TEST_CASE("a file that is left alone is read from its start to its end") {
  const LocalFile file;
  const auto source = open_file_source(file.path()).value();

  CHECK(read_half(*source, 0).value() == kHalf);
  CHECK(read_half(*source, kHalf).value() == kHalf);
}

TEST_CASE("a file that is written anew while it is being sent is sent no further, though it is as long as before") {
  const LocalFile file;
  const auto source = open_file_source(file.path()).value();
  REQUIRE(read_half(*source, 0).ok());

  file.write(std::string(2 * kHalf, 'b'));
  file.was_written(11);
  const Result<std::size_t> last = read_half(*source, kHalf);

  // The last bytes are never sent: what lies on the host stays shorter than the file, and is never taken for it.
  REQUIRE_FALSE(last.ok());
  CHECK(last.error().kind == ErrorKind::conflict);
  CHECK(last.error().message == "\"" + file.path() + "\" was changed while it was being sent");
  CHECK(source->run_at(kHalf).error().kind == ErrorKind::conflict);
}

TEST_CASE("a file that grows or shrinks while it is being sent is sent no further") {
  const std::size_t bytes = GENERATE(kHalf / 2, 3 * kHalf);
  const LocalFile file;
  const auto source = open_file_source(file.path()).value();
  REQUIRE(read_half(*source, 0).ok());

  file.write(std::string(bytes, 'a'));
  file.was_written(10);

  CHECK(read_half(*source, kHalf).error().kind == ErrorKind::conflict);
}

TEST_CASE("a file that another takes the place of is sent as it was opened") {
  const LocalFile file;
  const auto source = open_file_source(file.path()).value();

  std::filesystem::remove(file.path());
  file.write(std::string(kHalf, 'b'));

  CHECK(read_half(*source, kHalf).value() == kHalf);
}

}  // namespace vscale::test
