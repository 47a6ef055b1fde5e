// A seed is an ISO with a label that cloud-init looks for, and what was put in comes out.

#include "providers/image/seed_iso.h"

#include <archive.h>
#include <archive_entry.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "tests/providers/sqlite/state_store_fixture.h"

namespace vscale::test {
namespace {

struct IsoFile {
  std::string text;
  unsigned permissions = 0;

  bool operator==(const IsoFile&) const = default;
};

std::map<std::string, IsoFile> files_in(const std::string& iso) {
  std::map<std::string, IsoFile> files;
  archive* reader = archive_read_new();
  archive_read_support_format_iso9660(reader);
  REQUIRE(archive_read_open_memory(reader, iso.data(), iso.size()) == ARCHIVE_OK);
  archive_entry* entry = nullptr;
  while (archive_read_next_header(reader, &entry) == ARCHIVE_OK) {
    if (archive_entry_filetype(entry) != AE_IFREG) continue;
    IsoFile file;
    file.text.resize(static_cast<std::size_t>(archive_entry_size(entry)));
    CHECK(archive_read_data(reader, file.text.data(), file.text.size()) == static_cast<la_ssize_t>(file.text.size()));
    file.permissions = archive_entry_perm(entry);
    files.emplace(archive_entry_pathname(entry), file);
  }
  archive_read_free(reader);
  return files;
}

/// The label in the volume descriptor of that kind: 1 is the primary one, 2 that of Joliet.
std::string label_in(const std::string& iso, int kind) {
  constexpr std::size_t kSector = 2048;
  for (std::size_t at = 16 * kSector; at + kSector <= iso.size() && iso.compare(at + 1, 5, "CD001") == 0;
       at += kSector) {
    if (iso[at] != kind) continue;
    std::string label = iso.substr(at + 40, 32);
    std::erase(label, '\0');  // Joliet writes two bytes for each letter
    return label.substr(0, label.find_last_not_of(' ') + 1);
  }
  return "";
}

class TemporaryFilesIn {
 public:
  explicit TemporaryFilesIn(const std::string& directory) {
    if (const char* before = std::getenv("TMPDIR")) before_ = before;
    setenv("TMPDIR", directory.c_str(), 1);
  }
  ~TemporaryFilesIn() {
    if (before_.empty()) {
      unsetenv("TMPDIR");
    } else {
      setenv("TMPDIR", before_.c_str(), 1);
    }
  }
  TemporaryFilesIn(const TemporaryFilesIn&) = delete;
  TemporaryFilesIn& operator=(const TemporaryFilesIn&) = delete;

 private:
  std::string before_;
};

}  // namespace

TEST_CASE("a seed holds the files of NoCloud, readable by the guest's root alone") {
  const SeedFiles seed{.meta_data = "instance-id: a\n",
                       .user_data = "#cloud-config\n",
                       .network_config = "version: 2\n",
                       .vendor_data = "#cloud-config\npackages: [qemu-guest-agent]\n"};

  const auto iso = make_seed_iso(seed);

  REQUIRE(iso);
  CHECK(files_in(*iso) == std::map<std::string, IsoFile>{{"meta-data", {seed.meta_data, 0400}},
                                                         {"user-data", {seed.user_data, 0400}},
                                                         {"network-config", {seed.network_config, 0400}},
                                                         {"vendor-data", {seed.vendor_data, 0400}}});
}

TEST_CASE("a seed without vendor data has no such file, and an empty file is there") {
  const auto iso =
      make_seed_iso({.meta_data = "instance-id: a\n", .user_data = "", .network_config = "", .vendor_data = ""});

  REQUIRE(iso);
  const auto files = files_in(*iso);
  CHECK(files.size() == 3);
  CHECK(files.at("user-data").text.empty());
}

TEST_CASE("a seed is labelled so that cloud-init finds it") {
  const auto iso = make_seed_iso({.meta_data = "a", .user_data = "b", .network_config = "c", .vendor_data = ""});

  REQUIRE(iso);
  CHECK(label_in(*iso, 1) == "CIDATA");
  CHECK(label_in(*iso, 2) == "cidata");
}

TEST_CASE("a seed carries any bytes and a megabyte of them") {
  std::string user_data;
  for (int i = 0; i < 1'000'000; ++i) user_data += static_cast<char>(i * 7);

  const auto iso = make_seed_iso({.meta_data = "a", .user_data = user_data, .network_config = "c", .vendor_data = ""});

  REQUIRE(iso);
  CHECK(files_in(*iso).at("user-data").text == user_data);
}

TEST_CASE("making a seed leaves no file behind") {
  const TemporaryDirectory directory;
  const TemporaryFilesIn here(directory.path());

  REQUIRE(make_seed_iso({.meta_data = "a", .user_data = "secret", .network_config = "c", .vendor_data = ""}));

  CHECK(std::filesystem::is_empty(directory.path()));
}

TEST_CASE("a seed that cannot be made says what is missing") {
  const TemporaryFilesIn nowhere("/no/such/directory");

  const auto iso = make_seed_iso({.meta_data = "a", .user_data = "secret", .network_config = "c", .vendor_data = ""});

  REQUIRE_FALSE(iso);
  CHECK(iso.error().kind == ErrorKind::failed);
  CHECK(iso.error().hint == "libarchive needs a temporary file of its size: let TMPDIR name a directory with room");
}

}  // namespace vscale::test
