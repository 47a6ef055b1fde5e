#include "cmd/planning/local_files.h"

#include <fmt/format.h>
#include <stdlib.h>  // NOLINT: mkdtemp
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace fs = std::filesystem;

namespace vscale::test {
namespace {

/// A folder where everybody may write what they like, and nothing is taken from the mode of a new file.
class OpenFolder {
 public:
  OpenFolder() : mask_(::umask(0)) { REQUIRE(::mkdtemp(path_.data()) != nullptr); }
  ~OpenFolder() {
    ::umask(mask_);
    fs::remove_all(path_);
  }
  OpenFolder(const OpenFolder&) = delete;
  OpenFolder& operator=(const OpenFolder&) = delete;

  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }
  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(path_), fs::directory_iterator()));
  }

 private:
  mode_t mask_;
  std::string path_ = (fs::temp_directory_path() / "vscale-files-XXXXXX").string();
};

mode_t mode_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 0777U;
}

TEST_CASE("a private file is its owner's alone whatever the umask says, also in place of one that all may read") {
  const OpenFolder folder;
  const std::string path = folder.file("plan.bin");
  std::ofstream(path) << "an older one";
  REQUIRE(mode_of(path) == 0666);

  REQUIRE(write_private_local_file(path, "secret").ok());

  CHECK(mode_of(path) == 0600);
  CHECK(*read_local_file(path) == "secret");
  CHECK(folder.files() == 1);
}

TEST_CASE("a private file is written into no file that somebody has put in the way") {
  const OpenFolder folder;
  const std::string path = folder.file("plan.bin");
  const std::string theirs = fmt::format("{}.{}.new", path, ::getpid());
  std::ofstream(theirs) << "theirs";

  REQUIRE(write_private_local_file(path, "secret").ok());

  CHECK(*read_local_file(theirs) == "theirs");
  CHECK(mode_of(path) == 0600);
  CHECK(*read_local_file(path) == "secret");
}

TEST_CASE("a private file takes the place of no device") {
  const auto refused = write_private_local_file("/dev/null", "secret");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::exists);
  CHECK(refused.error().message == "/dev/null: is no plain file, and is not replaced");
  CHECK(fs::is_character_file("/dev/null"));
}

TEST_CASE("a private file that cannot be put in place leaves nothing behind") {
  const OpenFolder folder;
  REQUIRE(fs::create_directory(folder.file("plan.bin")));

  const auto written = write_private_local_file(folder.file("plan.bin"), "secret");

  REQUIRE_FALSE(written.ok());
  CHECK(written.error().message == folder.file("plan.bin") + ": is no plain file, and is not replaced");
  CHECK(folder.files() == 1);
}

}  // namespace
}  // namespace vscale::test
