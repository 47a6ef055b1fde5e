// Images from files and URLs: what they are known by, what is refused, and what is not read or asked twice.

#include "providers/image/image_library.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <random>

#include "tests/providers/image/image_library_fixture.h"
#include "tests/providers/sqlite/state_store_fixture.h"
#include "tests/support/golden.h"

namespace vscale::test {
namespace fs = std::filesystem;

TEST_CASE("a local image is known by the digest of its bytes") {
  Library library;
  write_file(library / "a.qcow2", qcow2());

  const ImageLock lock = library.must_resolve(library.file("a.qcow2"));

  CHECK(lock.image == "debian-12");
  CHECK(lock.source == library / "a.qcow2");
  CHECK(lock.digest == sha256(qcow2()));
  CHECK(lock.format == "qcow2");
  CHECK(lock.size_bytes == qcow2().size());
  CHECK(lock.virtual_size_bytes == 1 << 20);
  CHECK(lock.at == at_second(0));
  CHECK(library->local_file(library.file("a.qcow2"), lock, kQuiet).value() == library / "a.qcow2");
}

TEST_CASE("a raw disk is as large inside as outside") {
  Library library;
  write_file(library / "a.raw", std::string(4096, '\1'));

  const ImageLock lock = library.must_resolve(library.file("a.raw"));

  CHECK(lock.format == "raw");
  CHECK(lock.virtual_size_bytes == 4096);
}

TEST_CASE("a local image that has not changed is not read again, and one that has is") {
  Library library;
  write_file(library / "a.qcow2", qcow2());
  ImageLock known = library.must_resolve(library.file("a.qcow2"));
  known.digest = "sha256:remembered";

  CHECK(library.must_resolve(library.file("a.qcow2"), known) == known);

  std::string other = qcow2();
  other[5 * kCluster] = 'j';
  write_file(library / "a.qcow2", other);
  fs::last_write_time(library / "a.qcow2", fs::last_write_time(library / "a.qcow2") + std::chrono::seconds{2});
  CHECK(library.must_resolve(library.file("a.qcow2"), known).digest == sha256(other));
}

TEST_CASE("another source or another checksum is not answered from memory") {
  Library library;
  write_file(library / "a.qcow2", qcow2());
  ImageLock known = library.must_resolve(library.file("a.qcow2"));
  known.digest = "sha256:remembered";
  Image with_checksum = library.file("a.qcow2");
  with_checksum.checksum = sha512(qcow2());

  const ImageLock checked = library.must_resolve(with_checksum, known);
  CHECK(checked.digest == sha256(qcow2()));
  CHECK(library.must_resolve(with_checksum, checked) == checked);

  known.source = "/elsewhere";
  CHECK(library.must_resolve(library.file("a.qcow2"), known).digest == sha256(qcow2()));
}

TEST_CASE("a checksum of either kind is checked, and both digests are shown where it is wrong") {
  Library library;
  write_file(library / "a.qcow2", qcow2());
  Image image = library.file("a.qcow2");
  const auto with = [&](const std::string& checksum) {
    image.checksum = checksum;
    return image;
  };
  CHECK(library.resolve(with(sha256(qcow2()))));
  CHECK(library.resolve(with(sha512(qcow2()))));

  std::string texts;
  texts += library.refusal(with(sha256("other")));
  texts += library.refusal(with(sha512("other")));
  texts += library.refusal(with("md5:d41d8cd98f00b204e9800998ecf8427e"));

  check_golden("image_library/checksum.txt", texts);
}

TEST_CASE("what is no disk is refused, and so is a disk that would read other files") {
  Library library;
  std::string texts;
  const auto refuse = [&](const std::string& name, const std::string& bytes) {
    write_file(library / name, bytes);
    texts += library.refusal(library.file(name));
  };
  const auto changed = [](std::size_t at, std::uint64_t value, std::size_t count) {
    std::string bytes = qcow2();
    put_big_endian(bytes, at, value, count);
    return bytes;
  };
  refuse("empty", "");
  refuse("page.html", "<!DOCTYPE html>\n<html><body>503 Service Unavailable</body></html>\n" + std::string(500, ' '));
  refuse("image.xz", std::string("\xfd"
                                 "7zXZ\0",
                                 6) +
                         std::string(506, '\1'));
  refuse("disk.vmdk", "KDMV" + std::string(508, '\1'));
  refuse("odd.raw", std::string(1000, '\1'));
  refuse("overlay.qcow2", changed(8, 200, 8));
  refuse("external.qcow2", changed(72, 4, 8));
  refuse("corrupt.qcow2", changed(72, 2, 8));
  refuse("encrypted.qcow2", changed(32, 2, 4));
  refuse("version9.qcow2", changed(4, 9, 4));
  refuse("huge_l1.qcow2", changed(36, 0xffffffff, 4));
  refuse("far_l1.qcow2", changed(40, ~0ULL, 8));
  refuse("far_refcounts.qcow2", changed(48, ~0ULL, 8));

  check_golden("image_library/no_disk.txt", texts);
}

TEST_CASE("a qcow2 that was cut off anywhere before its last cluster is refused") {
  Library library;
  for (const std::size_t size : {std::size_t{40}, std::size_t{90}, kCluster, 2 * kCluster, 3 * kCluster + 4,
                                 4 * kCluster, 5 * kCluster - 1, 5 * kCluster}) {
    write_file(library / "cut.qcow2", qcow2().substr(0, size));
    INFO("after " << size << " bytes");
    CHECK(library.refusal(library.file("cut.qcow2")).find("not a usable disk image: it ends after") !=
          std::string::npos);
  }
}

TEST_CASE("whatever bytes a qcow2 is made of, it is judged") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  const auto pick = [&](std::size_t choices) {
    return std::uniform_int_distribution<std::size_t>(0, choices - 1)(random);
  };
  Library library;
  int refused = 0;
  for (int round = 0; round < 300; ++round) {
    std::string bytes = qcow2();
    for (std::size_t i = 0; i <= pick(4); ++i) {
      const std::size_t table = pick(3) == 0 ? 3 * kCluster : pick(2) * 4 * kCluster;
      bytes[table + 4 + pick(76)] = static_cast<char>(pick(256));
    }
    write_file(library / "odd.qcow2", bytes);
    const auto lock = library.resolve(library.file("odd.qcow2"));
    if (!lock) {
      ++refused;
      CHECK(lock.error().kind == ErrorKind::invalid);
    }
  }
  CHECK(refused > 0);
}

TEST_CASE("a file that is not there, not a file or not readable is told with its path") {
  Library library;
  fs::create_directory(library / "folder");
  std::string texts;
  texts += library.refusal(library.file("missing.qcow2"));
  texts += library.refusal(library.file("folder"));
  Image volume;
  volume.name = "debian-12";
  volume.source = {.url = "", .path = "", .volume_host = "kvm1", .volume_pool = "default", .volume_name = "deb.qcow2"};
  texts += library.refusal(volume);
  texts += library.refusal(Library::url("ftp://images.example.lan/a.qcow2"));

  check_golden("image_library/no_file.txt", texts);
}

TEST_CASE("a file that this user may not read is refused") {
  Library library;
  write_file(library / "a.qcow2", qcow2());
  REQUIRE(chmod((library / "a.qcow2").c_str(), 0) == 0);

  const std::string kind = as_nobody([&] {
    const auto lock = library.resolve(library.file("a.qcow2"));
    return std::string(lock ? "read" : to_string(lock.error().kind));
  });

  CHECK(kind == "denied");
}

TEST_CASE("an image of a URL is downloaded once, and kept under its digest") {
  Library library;
  WebServer server;
  server.serve("/debian-12.qcow2", qcow2());
  const Image image = Library::url(server.url() + "/debian-12.qcow2");
  std::uint64_t done = 0;
  std::uint64_t total = 0;

  const auto lock = library->resolve(image, std::nullopt, false, [&](std::uint64_t now, std::uint64_t of) {
    CHECK(now > done);
    done = now;
    total = of;
  });

  REQUIRE(lock);
  CHECK(lock->digest == sha256(qcow2()));
  CHECK(lock->source == image.source.url);
  CHECK(done == qcow2().size());
  CHECK(total == qcow2().size());
  const std::string path = library->local_file(image, *lock, kQuiet).value();
  CHECK(read_file(path) == qcow2());
  struct stat status {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  CHECK(library.cached() == 1);
  CHECK(server.asked() == "/debian-12.qcow2 ");
}

TEST_CASE("what a moving URL gave holds until a newer one is asked for") {
  Library library;
  WebServer server;
  std::string bytes = qcow2();
  (*server).Get("/latest.qcow2", [&](const httplib::Request&, httplib::Response& response) {
    response.set_content(bytes, "application/octet-stream");
  });
  const Image image = Library::url(server.url() + "/latest.qcow2");
  const ImageLock known = library.must_resolve(image);
  bytes[5 * kCluster] = 'j';

  CHECK(library.must_resolve(image, known) == known);
  const auto newer = library->resolve(image, known, true, kQuiet);

  REQUIRE(newer);
  CHECK(newer->digest == sha256(bytes));
}

TEST_CASE("another query asks for another image, and the same query is answered from memory") {
  Library library;
  WebServer server;
  std::string other = qcow2();
  other[5 * kCluster] = 'j';
  (*server).Get("/image", [&](const httplib::Request& request, httplib::Response& response) {
    response.set_content(request.get_param_value("id") == "debian13" ? other : qcow2(), "application/octet-stream");
  });
  const Image old_one = Library::url(server.url() + "/image?id=debian12");
  const Image new_one = Library::url(server.url() + "/image?id=debian13");
  const ImageLock known = library.must_resolve(old_one);

  CHECK(library.must_resolve(old_one, known) == known);
  CHECK(library.must_resolve(new_one, known).digest == sha256(other));
  CHECK(known.source.find("debian12") == std::string::npos);
}

TEST_CASE("a cache that was emptied is filled again, unless the source has other bytes by now") {
  Library library;
  WebServer server;
  std::string bytes = qcow2();
  (*server).Get("/latest.qcow2", [&](const httplib::Request&, httplib::Response& response) {
    response.set_content(bytes, "application/octet-stream");
  });
  const Image image = Library::url(server.url() + "/latest.qcow2");
  const ImageLock lock = library.must_resolve(image);
  fs::remove_all(library.cache());

  CHECK(read_file(library->local_file(image, lock, kQuiet).value()) == bytes);

  fs::remove_all(library.cache());
  bytes[5 * kCluster] = 'j';
  const auto other = library->local_file(image, lock, kQuiet);
  REQUIRE_FALSE(other);
  CHECK(other.error().kind == ErrorKind::conflict);
  CHECK(other.error().hint == "take them: vscale image update debian-12; or put the file with the others back");
  CHECK(library.cached() == 0);
}

TEST_CASE("what is gone back to is read from where it was, though the image has another source by now") {
  Library library;
  write_file(library / "v1.qcow2", qcow2());
  std::string other = qcow2();
  other[5 * kCluster] = 'j';
  write_file(library / "v2.qcow2", other);
  const ImageLock lock = library.must_resolve(library.file("v1.qcow2"));

  CHECK(library->local_file(library.file("v2.qcow2"), lock, kQuiet).value() == library / "v1.qcow2");

  write_file(library / "v1.qcow2", other);
  const auto overwritten = library->local_file(library.file("v2.qcow2"), lock, kQuiet);
  REQUIRE_FALSE(overwritten);
  CHECK(overwritten.error().kind == ErrorKind::conflict);
  CHECK(overwritten.error().message.find((library / "v1.qcow2") + " has other bytes by now") != std::string::npos);
  fs::remove(library / "v1.qcow2");
  CHECK(library->local_file(library.file("v2.qcow2"), lock, kQuiet).error().kind == ErrorKind::not_found);
  write_file(library / "moved.qcow2", qcow2());
  CHECK(library->local_file(library.file("moved.qcow2"), lock, kQuiet).value() == library / "moved.qcow2");
}

TEST_CASE("what the cache has by its checksum is not downloaded") {
  Library library;
  WebServer server;
  server.serve("/a.qcow2", qcow2());
  Image image = Library::url(server.url() + "/a.qcow2");
  image.checksum = sha256(qcow2());
  library.must_resolve(image);

  const ImageLock again = library.must_resolve(image);

  CHECK(again.digest == sha256(qcow2()));
  CHECK(server.asked() == "/a.qcow2 ");
}

TEST_CASE("checksums that a distribution publishes are looked up by the file's name") {
  Library library;
  WebServer server;
  server.serve("/d/debian-12.qcow2", qcow2());
  server.serve("/d/GNU", std::string(64, '0') + "  other.qcow2\n" + sha512(qcow2()).substr(7) + " *debian-12.qcow2\n");
  server.serve("/d/BSD", "SHA256 (debian-12.qcow2) = " + sha256(qcow2()).substr(7) + "\n");
  server.serve("/d/BARE", sha256(qcow2()).substr(7) + "\n");
  server.serve("/d/WRONG", std::string(64, '0') + "  ./debian-12.qcow2\n");
  server.serve("/d/WITHOUT", std::string(64, '0') + "  other.qcow2\n" + std::string(64, '1') + "  more.qcow2\n");
  server.serve("/d/LARGE", std::string(2 << 20, '#'));
  const auto with = [&](const std::string& sums) {
    Image image = Library::url(server.url() + "/d/debian-12.qcow2");
    image.checksum_url = server.url() + "/d/" + sums;
    return image;
  };
  CHECK(library.must_resolve(with("GNU")).digest == sha256(qcow2()));
  CHECK(library.must_resolve(with("BSD")).digest == sha256(qcow2()));
  CHECK(library.must_resolve(with("BARE")).digest == sha256(qcow2()));

  std::string texts;
  for (const char* sums : {"WRONG", "WITHOUT", "LARGE", "MISSING"}) texts += library.refusal(with(sums), server.url());

  check_golden("image_library/checksum_url.txt", texts);
}

}  // namespace vscale::test
