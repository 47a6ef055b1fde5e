#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "engine/values/result.h"

/// The digests of many bytes, taken while they pass by.

namespace vscale {

using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

/// SHA-256 and SHA-512 of the same bytes in one pass. The second costs a third more, so it is taken only when wanted.
class ByteDigest {
 public:
  enum class Also { nothing, sha512 };

  explicit ByteDigest(Also also);
  ~ByteDigest();
  ByteDigest(ByteDigest&&) noexcept;
  ByteDigest(const ByteDigest&) = delete;
  ByteDigest& operator=(const ByteDigest&) = delete;
  ByteDigest& operator=(ByteDigest&&) = delete;

  void add(const char* bytes, std::size_t size);
  std::uint64_t size() const { return size_; }
  /// `sha256:HEX`. Once, after the last byte.
  std::string sha256();
  /// `sha512:HEX`. Once, after the last byte, and only if it was wanted.
  std::string sha512();

 private:
  struct Context;
  std::unique_ptr<Context> sha256_, sha512_;
  std::uint64_t size_ = 0;
};

/// What the bytes of a file came to.
struct FileDigest {
  std::string sha256;  ///< `sha256:HEX`
  std::string sha512;  ///< `sha512:HEX`, or empty if it was not wanted.
  std::uint64_t size_bytes = 0;
};

/// Reads the whole file once. `not_found`, `denied`, or `failed` as the system says; `conflict` if its size changed
/// meanwhile. `progress` may be empty.
Result<FileDigest> digest_of_file(const std::string& path, ByteDigest::Also also, const Progress& progress);

}  // namespace vscale
