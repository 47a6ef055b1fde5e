// Images from files and URLs: what they are known by, what is refused, and what is not read or asked twice.

#include "providers/image/image_library.h"

#include <fmt/format.h>
#include <httplib.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <random>
#include <thread>

#include "engine/values/digest.h"
#include "tests/providers/sqlite/state_store_fixture.h"
#include "tests/support/golden.h"

namespace vscale::test {
namespace {

namespace fs = std::filesystem;

class StoppedClock final : public Clock {
 public:
  Instant now() override { return at_second(0); }
  Duration uptime() override { return {}; }
  void sleep_until(Instant) override {}
};

const std::function<void(std::uint64_t, std::uint64_t)> kQuiet;

void put(std::string& bytes, std::size_t at, std::uint64_t value, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) bytes[at + i] = static_cast<char>(value >> (8 * (count - 1 - i)));
}

constexpr std::size_t kCluster = 65536;

/// A small but whole qcow2: header, refcount table and block, L1, one L2, one cluster of data.
std::string qcow2() {
  std::string bytes(6 * kCluster, '\0');
  bytes.replace(0, 4, "QFI\xfb");
  put(bytes, 4, 3, 4);              // version
  put(bytes, 20, 16, 4);            // cluster bits
  put(bytes, 24, 1 << 20, 8);       // size of the disk
  put(bytes, 36, 1, 4);             // entries of L1
  put(bytes, 40, 3 * kCluster, 8);  // L1
  put(bytes, 48, kCluster, 8);      // refcount table
  put(bytes, 56, 1, 4);             // its clusters
  put(bytes, 96, 4, 4);             // 16 bits each
  put(bytes, 100, 104, 4);          // length of the header
  put(bytes, kCluster, 2 * kCluster, 8);
  for (std::size_t i = 0; i < 6; ++i) put(bytes, 2 * kCluster + 2 * i, 1, 2);
  put(bytes, 3 * kCluster, 4 * kCluster | 1ULL << 63, 8);
  put(bytes, 4 * kCluster, 5 * kCluster | 1ULL << 63, 8);
  bytes.replace(5 * kCluster, 5, "hello");
  return bytes;
}

std::string sha256(const std::string& bytes) {
  return "sha256:" + sha256_hex(bytes);
}

std::string sha512(const std::string& bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_sha512(), nullptr);
  std::string text = "sha512:";
  for (unsigned i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

/// A library with a cache of its own, and the images that are asked of it.
class Library {
 public:
  Library() : Library(ImageLibraryOptions{}) {}
  explicit Library(ImageLibraryOptions options) : library_(clock_, with_cache(std::move(options))) {}

  std::string operator/(const std::string& name) const { return directory_ / name; }
  std::string cache() const { return directory_ / "cache/images"; }
  CachedImageLibrary* operator->() { return &library_; }

  Image file(const std::string& name) const {
    Image image;
    image.name = "debian-12";
    image.source.path = directory_ / name;
    return image;
  }
  static Image url(const std::string& address) {
    Image image;
    image.name = "debian-12";
    image.source.url = address;
    return image;
  }

  Result<ImageLock> resolve(const Image& image, const std::optional<ImageLock>& known = std::nullopt) {
    return library_.resolve(image, known, false, kQuiet);
  }
  ImageLock must_resolve(const Image& image, const std::optional<ImageLock>& known = std::nullopt) {
    auto lock = resolve(image, known);
    INFO((lock ? "" : to_string(lock.error())));
    REQUIRE(lock);
    return *lock;
  }
  /// What a person is told; golden files know nothing of this machine's paths and ports.
  std::string refusal(const Image& image, const std::string& server = "") {
    const auto lock = resolve(image);
    REQUIRE_FALSE(lock);
    std::string text = std::string(to_string(lock.error().kind)) + ": " + to_string(lock.error()) + "\n";
    if (!server.empty()) text = replaced(text, server, "http://SERVER");
    return replaced(text, directory_.path(), "/images");
  }
  int cached() const {
    int files = 0;
    if (!fs::exists(cache())) return 0;
    for ([[maybe_unused]] const auto& entry : fs::directory_iterator(cache())) ++files;
    return files;
  }

 private:
  ImageLibraryOptions with_cache(ImageLibraryOptions options) const {
    options.cache_dir = cache();
    return options;
  }

  TemporaryDirectory directory_;
  StoppedClock clock_;
  CachedImageLibrary library_;
};

/// A web server on a free port of this machine.
template <class Kind = httplib::Server>
class WebServer {
 public:
  template <class... Arguments>
  explicit WebServer(const Arguments&... arguments) : server_(arguments...) {
    server_.set_logger([this](const httplib::Request& request, const httplib::Response&) {
      const std::lock_guard guard(mutex_);
      asked_ += request.path + " ";
      authorization_ = request.get_header_value("Authorization");
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    REQUIRE(port_ > 0);
    thread_ = std::thread([this] { server_.listen_after_bind(); });
  }
  ~WebServer() {
    while (!server_.is_running()) std::this_thread::yield();
    server_.stop();
    thread_.join();
  }
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

  void serve(const std::string& path, const std::string& bytes) {
    server_.Get(path, [bytes](const httplib::Request&, httplib::Response& response) {
      response.set_content(bytes, "application/octet-stream");
    });
  }
  void lead(const std::string& path, const std::string& to) {
    server_.Get(path, [to](const httplib::Request&, httplib::Response& response) { response.set_redirect(to); });
  }
  Kind& operator*() { return server_; }
  int port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::string asked() {
    const std::lock_guard guard(mutex_);
    return asked_;
  }
  std::string authorization() {
    const std::lock_guard guard(mutex_);
    return authorization_;
  }

 private:
  Kind server_;
  int port_ = 0;
  std::mutex mutex_;
  std::string asked_, authorization_;
  std::thread thread_;
};

/// A port on which nobody listens: it was free a moment ago.
int deserted_port() {
  const int probe = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(bind(probe, reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  close(probe);
  return ntohs(address.sin_port);
}

}  // namespace

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
    put(bytes, at, value, count);
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
  CHECK(other.error().hint == "take them: vscale image update debian-12");
  CHECK(library.cached() == 0);
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

TEST_CASE("a download that fails says how, and leaves nothing in the cache") {
  ImageLibraryOptions impatient;
  impatient.idle_timeout = Duration{300};
  Library library(impatient);
  WebServer server;
  server.serve("/page", "<html>not an image</html>" + std::string(500, ' '));
  server.serve("/slow", qcow2());
  for (const int status : {401, 403, 410, 500}) {
    (*server).Get("/" + std::to_string(status),
                  [status](const httplib::Request&, httplib::Response& response) { response.status = status; });
  }
  (*server).Get("/short", [](const httplib::Request&, httplib::Response& response) {
    response.set_content_provider(1000, "application/octet-stream",
                                  [](std::size_t offset, std::size_t, httplib::DataSink& sink) {
                                    if (offset > 0) return false;
                                    return sink.write("only this", 9);
                                  });
  });
  (*server).Get("/stuck", [](const httplib::Request&, httplib::Response& response) {
    response.set_content_provider(1000, "application/octet-stream",
                                  [](std::size_t offset, std::size_t, httplib::DataSink& sink) {
                                    if (offset == 0) return sink.write("only this", 9);
                                    std::this_thread::sleep_for(std::chrono::milliseconds{600});
                                    return false;
                                  });
  });
  std::string texts;
  for (const char* path : {"/missing", "/401", "/403", "/410", "/500", "/short", "/stuck", "/page"}) {
    texts += library.refusal(Library::url(server.url() + path), server.url());
  }
  const std::string nobody = "http://127.0.0.1:" + std::to_string(deserted_port());
  texts += library.refusal(Library::url(nobody + "/a.qcow2"), nobody);

  check_golden("image_library/download.txt", texts);
  CHECK(library.cached() == 0);
}

TEST_CASE("a download as a whole has a bound too") {
  ImageLibraryOptions impatient;
  impatient.download_timeout = Duration{50};
  Library library(impatient);
  WebServer server;
  (*server).Get("/drip", [](const httplib::Request&, httplib::Response& response) {
    response.set_content_provider(1'000'000, "application/octet-stream",
                                  [](std::size_t, std::size_t, httplib::DataSink& sink) {
                                    std::this_thread::sleep_for(std::chrono::milliseconds{5});
                                    return sink.write("x", 1);
                                  });
  });

  const auto lock = library.resolve(Library::url(server.url() + "/drip"));

  REQUIRE_FALSE(lock);
  CHECK(lock.error().kind == ErrorKind::timed_out);
  CHECK(library.cached() == 0);
}

namespace {

/// Answers the first caller by hand, since no web server is as bad as this one: what `speak` sends, for as long as the
/// caller listens or `speak` goes on.
class RudeServer {
 public:
  /// Sends a piece; false once nobody listens any more.
  using Send = std::function<bool(const std::string& piece)>;

  explicit RudeServer(const std::function<void(const Send& send)>& speak)
      : listening_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(bind(listening_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    REQUIRE(listen(listening_, 1) == 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, speak] {
      caller_ = accept(listening_, nullptr, nullptr);
      speak([this](const std::string& piece) {
        const ssize_t count = send(caller_, piece.data(), piece.size(), MSG_NOSIGNAL);
        if (count > 0) sent_ += static_cast<std::size_t>(count);
        return count > 0;
      });
      shutdown(caller_, SHUT_WR);
    });
  }
  ~RudeServer() {
    shutdown(listening_, SHUT_RDWR);
    shutdown(caller_, SHUT_RDWR);  // the kernel lets it wait long for one that has gone without reading everything
    thread_.join();
    close(caller_);
    close(listening_);
  }
  RudeServer(const RudeServer&) = delete;
  RudeServer& operator=(const RudeServer&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::size_t sent() const { return sent_; }

 private:
  int listening_;
  int port_ = 0;
  std::atomic<int> caller_{-1};
  std::atomic<std::size_t> sent_{0};
  std::thread thread_;
};

/// Pieces that never end an answer; after 10 s it ends all the same, so that a test that fails does end.
std::function<void(const RudeServer::Send&)> dripping(const std::string& begin, const std::string& piece) {
  return [begin, piece](const RudeServer::Send& send) {
    send(begin);
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (std::chrono::steady_clock::now() < until && send(piece)) {
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
  };
}

}  // namespace

TEST_CASE("a server that drips anything but an image is left") {
  const auto [begin, piece] = GENERATE(table<std::string, std::string>({
      {"HTTP/1.1 200 ", "O"},                                              // its first line
      {"HTTP/1.1 200 OK\r\n", "X-More: of it\r\n"},                        // headers
      {"HTTP/1.1 200 OK\r\nX-More: ", "of it "},                           // one header
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", "x"},    // what goes before a piece
      {"HTTP/1.1 302 Found\r\nLocation: /on\r\n", "X-More: of it\r\n"},    // headers that lead elsewhere
      {"HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n"},  // answers before the answer
  }));
  ImageLibraryOptions impatient;
  impatient.connect_timeout = Duration{100};
  impatient.idle_timeout = Duration{200};
  Library library(impatient);
  const RudeServer server(dripping(begin, piece));
  const auto started = std::chrono::steady_clock::now();

  const auto lock = library.resolve(Library::url(server.url() + "/drip"));

  CHECK(std::chrono::steady_clock::now() - started < std::chrono::seconds{5});
  REQUIRE_FALSE(lock);
  INFO(to_string(lock.error()));
  CHECK(lock.error().kind == ErrorKind::timed_out);
  CHECK(library.cached() == 0);
}

TEST_CASE("a server that drips what no web server says is left as none") {
  const auto [begin, piece] = GENERATE(table<std::string, std::string>({
      {"", "H"},                                                       // never HTTP/
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1"},  // a length that does not end
  }));
  Library library;
  const RudeServer server(dripping(begin, piece));
  const auto started = std::chrono::steady_clock::now();

  const auto lock = library.resolve(Library::url(server.url() + "/drip"));

  CHECK(std::chrono::steady_clock::now() - started < std::chrono::seconds{5});
  REQUIRE_FALSE(lock);
  INFO(to_string(lock.error()));
  CHECK(lock.error().kind == ErrorKind::invalid);
  CHECK(lock.error().message.find("gave no answer of a web server") != std::string::npos);
  CHECK(library.cached() == 0);
}

TEST_CASE("an answer that ends inside its head is one that was cut off, and no empty image") {
  const std::string said = GENERATE(as<std::string>{}, "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nServer: x\r\n",
                                    "HTTP/1.1 302 Found\r\nLocation: /on\r\n", "HTTP/1.1 100 Continue\r\n\r\n",
                                    "HTTP/1.1 101 Switching Protocols\r\n\r\n");
  CAPTURE(said);
  Library library;
  const RudeServer server([&](const RudeServer::Send& send) { send(said); });

  const auto lock = library.resolve(Library::url(server.url() + "/a.qcow2"));

  REQUIRE_FALSE(lock);
  INFO(to_string(lock.error()));
  CHECK(lock.error().kind == ErrorKind::unreachable);
  CHECK(lock.error().message.ends_with("ended after 0 bytes"));
  CHECK(library.cached() == 0);
}

TEST_CASE("a server that pours without end, and none of it an image, is left before it fills the memory") {
  constexpr std::size_t kPoured_bytes = 512UL * 1024 * 1024;
  const std::string begin = GENERATE(
      as<std::string>{}, "", "HTTP/1.1 200 OK\r\nX-Long: ", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  Library library;
  const RudeServer server([&](const RudeServer::Send& send) {
    const std::string piece(64UL * 1024, '0');
    send(begin);
    for (std::size_t sent = 0; sent < kPoured_bytes && send(piece);) sent += piece.size();
  });

  const auto lock = library.resolve(Library::url(server.url() + "/pour"));

  CHECK(server.sent() < kPoured_bytes);
  REQUIRE_FALSE(lock);
  INFO(to_string(lock.error()));
  CHECK(lock.error().kind == ErrorKind::invalid);
  CHECK(library.cached() == 0);
}

TEST_CASE("what is no answer of a web server is refused, however long its first line") {
  const std::string said =
      GENERATE(as<std::string>{}, "SSH-2.0-OpenSSH_9.2p1\r\n", "HTTP/1.1 200 " + std::string(1'000'000, 'x'),
               "HTTP/1.1 200 " + std::string(1'000'000, 'x') + "\r\n\r\n",
               "HTTP/1.1 200 OK\r\nX-Long: " + std::string(1'000'000, 'x') + "\r\n\r\n",
               "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n");
  Library library;
  const RudeServer server([&](const RudeServer::Send& send) { send(said); });

  const auto lock = library.resolve(Library::url(server.url() + "/a.qcow2"));

  REQUIRE_FALSE(lock);
  INFO(to_string(lock.error()));
  CHECK(lock.error().kind == ErrorKind::invalid);
  CHECK(lock.error().message.find("xxx") == std::string::npos);
  CHECK(library.cached() == 0);
}

TEST_CASE("a redirect is followed to the letter, so that what a URL was signed for stays as it is") {
  const std::string signed_target = "/signed%20by/a%2Bb.qcow2?sig=x%2By%2Fz%3D&at=10%3A00%23";
  Library library;
  WebServer server;
  std::string target;
  server.lead("/release", server.url() + signed_target);
  (*server).Get("/signed.*", [&](const httplib::Request& request, httplib::Response& response) {
    target = request.target;
    response.set_content(qcow2(), "application/octet-stream");
  });

  library.must_resolve(Library::url(server.url() + "/release"));

  CHECK(target == signed_target);
}

TEST_CASE("redirects are followed, but not for ever and not to nowhere") {
  Library library;
  WebServer server;
  server.serve("/d/end.qcow2", qcow2());
  server.lead("/start", "/d/middle");
  server.lead("/d/middle", "end.qcow2");
  server.lead("/circle", "/circle");
  server.lead("/nowhere", "gopher://old.example.lan/");
  CHECK(library.must_resolve(Library::url(server.url() + "/start")).digest == sha256(qcow2()));

  std::string texts;
  texts += library.refusal(Library::url(server.url() + "/circle"), server.url());
  texts += library.refusal(Library::url(server.url() + "/nowhere"), server.url());

  check_golden("image_library/redirects.txt", texts);
}

TEST_CASE("user, password and query reach the server they are for, and nobody else") {
  Library library;
  WebServer server;
  WebServer other;
  server.serve("/a.qcow2", qcow2());
  server.lead("/moved", other.url() + "/a.qcow2");
  other.serve("/a.qcow2", qcow2());
  const std::string secret = replaced(server.url(), "http://", "http://anna:s3cr%23t@");

  const ImageLock lock = library.must_resolve(Library::url(secret + "/a.qcow2?token=t0k3n"));
  CHECK(server.authorization() == httplib::make_basic_authentication_header("anna", "s3cr#t").second);
  CHECK(lock.source == server.url() + "/a.qcow2?sha256:" + sha256_hex("token=t0k3n").substr(0, 8));
  library.must_resolve(Library::url(secret + "/moved"));
  CHECK(other.authorization().empty());

  const std::string text = library.refusal(Library::url(secret + "/missing?token=t0k3n"), server.url());
  CHECK(text == "not_found: image debian-12: http://SERVER/missing answered 404: it is not there; correct the URL\n");
}

TEST_CASE("a full disk ends a download with its name") {
  Library library;
  WebServer server;
  server.serve("/a.qcow2", qcow2());
  const Image image = Library::url(server.url() + "/a.qcow2");
  Child child([&] {
    struct rlimit small {};
    small.rlim_cur = small.rlim_max = 100'000;
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &small) != 0) return std::string("no limit");
    const auto lock = library.resolve(image);
    return lock ? std::string("resolved") : to_string(lock.error().kind) + (": " + to_string(lock.error()));
  });

  CHECK(replaced(child.result(), library.cache(), "/cache") ==
        "no_capacity: the image cache /cache cannot be written [File too large]; make room there");
  CHECK(library.cached() == 0);
}

TEST_CASE("downloads that a crash left behind go after a day, and no sooner") {
  Library library;
  WebServer server;
  server.serve("/a.qcow2", qcow2());
  fs::create_directories(library.cache());
  write_file(library.cache() + "/.part-old", "old");
  write_file(library.cache() + "/.part-new", "new");
  fs::last_write_time(library.cache() + "/.part-old", fs::file_time_type::clock::now() - std::chrono::hours{25});

  library.must_resolve(Library::url(server.url() + "/a.qcow2"));

  CHECK_FALSE(fs::exists(library.cache() + "/.part-old"));
  CHECK(fs::exists(library.cache() + "/.part-new"));
}

namespace {

/// A key, and a certificate for `names` that nobody signed but itself.
struct Identity {
  EVP_PKEY* key = EVP_RSA_gen(2048U);
  X509* certificate = X509_new();

  explicit Identity(const std::string& names = "IP:127.0.0.1") {
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME* name = X509_get_subject_name(certificate);
    const auto* text = reinterpret_cast<const unsigned char*>("localhost");
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    X509_sign(certificate, key, EVP_sha256());
  }
  ~Identity() {
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  Identity(const Identity&) = delete;
  Identity& operator=(const Identity&) = delete;

  std::string pem() const {
    BIO* memory = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(memory, certificate);
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(memory, &bytes);
    std::string text(bytes, static_cast<std::size_t>(size));
    BIO_free(memory);
    return text;
  }
};

/// SSL_CERT_FILE, as long as this lives.
class TrustedFile {
 public:
  explicit TrustedFile(const std::string& path) { setenv("SSL_CERT_FILE", path.c_str(), 1); }
  ~TrustedFile() { unsetenv("SSL_CERT_FILE"); }
  TrustedFile(const TrustedFile&) = delete;
  TrustedFile& operator=(const TrustedFile&) = delete;
};

/// Serves an image by HTTPS.
class SecureServer : public WebServer<httplib::SSLServer> {
 public:
  explicit SecureServer(const Identity& identity) : WebServer(identity.certificate, identity.key) {
    serve("/a.qcow2", qcow2());
  }
  std::string url() const { return "https://127.0.0.1:" + std::to_string(port()); }
};

}  // namespace

TEST_CASE("a server whose certificate nobody vouches for is not believed") {
  Library library;
  SecureServer server{Identity()};

  const std::string text = library.refusal(Library::url(server.url() + "/a.qcow2"), server.url());

  CHECK(
      text ==
      "denied: image debian-12: http://SERVER/a.qcow2 has a certificate that is not trusted here; add its authority to "
      "the system's (update-ca-certificates), or name it by SSL_CERT_FILE\n");
}

TEST_CASE("a server whose certificate SSL_CERT_FILE vouches for is believed") {
  Library library;
  const Identity identity;
  SecureServer server(identity);
  write_file(library / "authority.pem", identity.pem());
  const TrustedFile trusted(library / "authority.pem");

  CHECK(library.must_resolve(Library::url(server.url() + "/a.qcow2")).digest == sha256(qcow2()));
}

TEST_CASE("a certificate for another server is not believed, whoever vouches for it") {
  Library library;
  const Identity identity("IP:127.0.0.2,DNS:images.example.lan");
  SecureServer server(identity);
  write_file(library / "authority.pem", identity.pem());
  const TrustedFile trusted(library / "authority.pem");

  CHECK(library.refusal(Library::url(server.url() + "/a.qcow2"), server.url()) ==
        "denied: image debian-12: http://SERVER/a.qcow2 has a certificate for another name; write the name that the "
        "certificate is for, or correct the server\n");
}

TEST_CASE("an SSL_CERT_FILE that is not there is told by its name") {
  Library library;
  SecureServer server{Identity()};
  const TrustedFile trusted(library / "missing.pem");

  CHECK(library.refusal(Library::url(server.url() + "/a.qcow2"), server.url()) ==
        "denied: image debian-12: http://SERVER/a.qcow2 cannot be trusted: no authorities can be read from "
        "/images/missing.pem; correct SSL_CERT_FILE\n");
}

TEST_CASE("a redirect from https to http is not followed") {
  Library library;
  const Identity identity;
  SecureServer server(identity);
  WebServer plain;
  plain.serve("/a.qcow2", qcow2());
  server.lead("/moved", plain.url() + "/a.qcow2");
  write_file(library / "authority.pem", identity.pem());
  const TrustedFile trusted(library / "authority.pem");

  const auto lock = library.resolve(Library::url(server.url() + "/moved"));

  REQUIRE_FALSE(lock);
  CHECK(lock.error().kind == ErrorKind::denied);
  CHECK(plain.asked().empty());
}

}  // namespace vscale::test
