#pragma once

#include <fmt/format.h>
#include <httplib.h>
#include <openssl/evp.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "engine/values/digest.h"
#include "providers/image/image_library.h"
#include "tests/providers/sqlite/state_store_fixture.h"
#include "tests/support/golden.h"

/// An image library with a cache of its own, disk images that are small but whole, and web servers that have them.

namespace vscale::test {

class StoppedClock final : public Clock {
 public:
  Instant now() override { return at_second(0); }
  Duration uptime() override { return {}; }
  void sleep_until(Instant) override {}
};

inline const std::function<void(std::uint64_t, std::uint64_t)> kQuiet;

inline void put_big_endian(std::string& bytes, std::size_t at, std::uint64_t value, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) bytes[at + i] = static_cast<char>(value >> (8 * (count - 1 - i)));
}

inline constexpr std::size_t kCluster = 65536;

/// A small but whole qcow2: header, refcount table and block, L1, one L2, one cluster of data.
inline std::string qcow2() {
  std::string bytes(6 * kCluster, '\0');
  bytes.replace(0, 4, "QFI\xfb");
  put_big_endian(bytes, 4, 3, 4);              // version
  put_big_endian(bytes, 20, 16, 4);            // cluster bits
  put_big_endian(bytes, 24, 1 << 20, 8);       // size of the disk
  put_big_endian(bytes, 36, 1, 4);             // entries of L1
  put_big_endian(bytes, 40, 3 * kCluster, 8);  // L1
  put_big_endian(bytes, 48, kCluster, 8);      // refcount table
  put_big_endian(bytes, 56, 1, 4);             // its clusters
  put_big_endian(bytes, 96, 4, 4);             // 16 bits each
  put_big_endian(bytes, 100, 104, 4);          // length of the header
  put_big_endian(bytes, kCluster, 2 * kCluster, 8);
  for (std::size_t i = 0; i < 6; ++i) put_big_endian(bytes, 2 * kCluster + 2 * i, 1, 2);
  put_big_endian(bytes, 3 * kCluster, 4 * kCluster | 1ULL << 63, 8);
  put_big_endian(bytes, 4 * kCluster, 5 * kCluster | 1ULL << 63, 8);
  bytes.replace(5 * kCluster, 5, "hello");
  return bytes;
}

inline std::string sha256(const std::string& bytes) {
  return "sha256:" + sha256_hex(bytes);
}

inline std::string sha512(const std::string& bytes) {
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
  /// Why it is not to be had. Nothing of it is left in the cache.
  Error failure(const Image& image) {
    const auto lock = resolve(image);
    REQUIRE_FALSE(lock);
    UNSCOPED_INFO(to_string(lock.error()));
    CHECK(cached() == 0);
    return lock.error();
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
    if (!std::filesystem::exists(cache())) return 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(cache())) ++files;
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

}  // namespace vscale::test
