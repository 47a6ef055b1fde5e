#include "providers/image/file_digest.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <vector>

#include "providers/file_descriptor.h"
#include "providers/last_system_error.h"

namespace vscale {
namespace {

constexpr std::size_t kChunk_bytes = 1024 * 1024;

}  // namespace

struct ByteDigest::Context {
  explicit Context(const EVP_MD* algorithm) {
    const bool begun = context != nullptr && EVP_DigestInit_ex(context, algorithm, nullptr) == 1;
    VSCALE_ASSERT(begun, "OpenSSL has no SHA-2");
  }
  ~Context() { EVP_MD_CTX_free(context); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  std::string hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    VSCALE_ASSERT(EVP_DigestFinal_ex(context, digest.data(), &size) == 1, "a digest was taken twice");
    std::string text;
    for (unsigned i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
    return text;
  }

  EVP_MD_CTX* context = EVP_MD_CTX_new();
};

ByteDigest::ByteDigest(Also also)
    : sha256_(std::make_unique<Context>(EVP_sha256())),
      sha512_(also == Also::sha512 ? std::make_unique<Context>(EVP_sha512()) : nullptr) {}
ByteDigest::~ByteDigest() = default;
ByteDigest::ByteDigest(ByteDigest&&) noexcept = default;

void ByteDigest::add(const char* bytes, std::size_t size) {
  EVP_DigestUpdate(sha256_->context, bytes, size);
  if (sha512_) EVP_DigestUpdate(sha512_->context, bytes, size);
  size_ += size;
}

std::string ByteDigest::sha256() {
  return "sha256:" + sha256_->hex();
}

std::string ByteDigest::sha512() {
  VSCALE_ASSERT(sha512_ != nullptr, "a digest that nobody wanted");
  return "sha512:" + sha512_->hex();
}

Result<FileDigest> digest_of_file(const std::string& path, ByteDigest::Also also, const Progress& progress) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!file.is_open() || fstat(file.number(), &status) != 0) {
    return last_system_error(fmt::format("image file {} cannot be read", path),
                             "check images.NAME.source and its permissions");
  }
  const auto total = static_cast<std::uint64_t>(status.st_size);
  ByteDigest digest(also);
  std::vector<char> chunk(kChunk_bytes);
  for (;;) {
    const ssize_t got = read(file.number(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return last_system_error(fmt::format("image file {} cannot be read", path), "check the disk it is on");
    if (got == 0) break;
    digest.add(chunk.data(), static_cast<std::size_t>(got));
    if (progress) progress(digest.size(), total);
  }
  if (digest.size() != total) {
    return Error{.kind = ErrorKind::conflict,
                 .message = fmt::format("image file {} changed its size from {} to {} bytes while it was read", path,
                                        total, digest.size()),
                 .detail = "",
                 .hint = "wait until it is written, and run again"};
  }
  return FileDigest{.sha256 = digest.sha256(),
                    .sha512 = also == ByteDigest::Also::sha512 ? digest.sha512() : "",
                    .size_bytes = total};
}

}  // namespace vscale
