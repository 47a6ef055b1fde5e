#pragma once

#include <fmt/format.h>
#include <openssl/evp.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "engine/values/digest.h"
#include "providers/image/image_library.h"
#include "tests/providers/sqlite/state_store_fixture.h"
#include "tests/support/golden.h"
#include "tests/support/servers/web_server.h"

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

}  // namespace vscale::test
