#include "providers/image/disk_format.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include "providers/file_descriptor.h"
#include "providers/last_system_error.h"

namespace vscale {
namespace {

constexpr std::size_t kSector_bytes = 512;
/// Tables of a qcow2 that are followed: enough for 4 TiB with clusters of 64 KiB at 1 in 8 filled.
constexpr std::uint64_t kTablesRead_bytes = 64ULL * 1024 * 1024;
/// qemu's own bound of an L1 table.
constexpr std::uint64_t kMostL1_bytes = 32ULL * 1024 * 1024;
constexpr std::string_view kQcow2Magic{"QFI\xfb", 4};

struct Magic {
  std::string_view bytes;
  const char* name;
  const char* hint;
};

constexpr const char* kConvert = "turn it into qcow2: qemu-img convert -O qcow2 FILE FILE.qcow2";
constexpr const char* kUnpack = "unpack it first";
constexpr std::array kOtherFormats{
    Magic{"KDMV", "a VMDK disk", kConvert},
    Magic{"# Disk DescriptorFile", "a VMDK descriptor", kConvert},
    Magic{"<<< ", "a VDI disk", kConvert},
    Magic{"vhdxfile", "a VHDX disk", kConvert},
    Magic{"conectix", "a VHD disk", kConvert},
    Magic{std::string_view{"QED\0", 4}, "a QED disk", kConvert},
    Magic{"\x1f\x8b", "compressed by gzip", kUnpack},
    Magic{std::string_view{"\xfd\x37zXZ\0", 6}, "compressed by xz", kUnpack},
    Magic{"\x28\xb5\x2f\xfd", "compressed by zstd", kUnpack},
    Magic{"BZh", "compressed by bzip2", kUnpack},
    Magic{"PK\x03\x04", "a ZIP archive", kUnpack},
};

Error not_usable(const std::string& shown, const std::string& found, const std::string& hint) {
  return {.kind = ErrorKind::invalid,
          .message = fmt::format("{} is not a usable disk image: {}", shown, found),
          .detail = "",
          .hint = hint};
}

Error truncated(const std::string& shown, std::uint64_t size, std::uint64_t needed) {
  return not_usable(shown,
                    fmt::format("it ends after {} bytes, and its tables point beyond that, to byte {}", size, needed),
                    "it was cut off on the way: fetch it again");
}

/// The bytes at a place of a file; a file may be read while nothing about it is believed.
class DiskFile {
 public:
  explicit DiskFile(const std::string& path) : file_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    struct stat status {};
    if (file_.is_open() && fstat(file_.number(), &status) == 0 && S_ISREG(status.st_mode)) {
      size_ = static_cast<std::uint64_t>(status.st_size);
      readable_ = true;
    }
  }

  bool is_readable() const { return readable_; }
  std::uint64_t size() const { return size_; }

  /// As many of `count` bytes as there are.
  std::string bytes(std::uint64_t offset, std::size_t count) const {
    std::string bytes(count, '\0');
    std::size_t have = 0;
    while (have < count) {
      const ssize_t got = pread(file_.number(), bytes.data() + have, count - have, static_cast<off_t>(offset + have));
      if (got <= 0) break;
      have += static_cast<std::size_t>(got);
    }
    bytes.resize(have);
    return bytes;
  }

 private:
  FileDescriptor file_;
  std::uint64_t size_ = 0;
  bool readable_ = false;
};

std::uint64_t big_endian(std::string_view bytes, std::size_t offset, std::size_t count) {
  std::uint64_t value = 0;
  for (const char byte : bytes.substr(offset, count)) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

// qcow2
// ----------------------------------------------------------------------------------------------------------------

/// The fields of the header that are looked at. qemu's docs/interop/qcow2.txt says all of them.
struct Qcow2Header {
  std::uint64_t version, backing_file_offset, cluster_bits, size, encryption, l1_entries, l1_offset, refcount_offset,
      refcount_clusters, incompatible;
};

constexpr std::size_t kHeader2_bytes = 72;
constexpr std::size_t kHeader3_bytes = 104;
constexpr std::uint64_t kCorrupt = 1U << 1;
constexpr std::uint64_t kExternalData = 1U << 2;
constexpr std::uint64_t kExtendedL2 = 1U << 4;
constexpr std::uint64_t kKnownFeatures = 0x1f;

Qcow2Header header_of(std::string_view bytes) {
  Qcow2Header header{};
  header.version = big_endian(bytes, 4, 4);
  header.backing_file_offset = big_endian(bytes, 8, 8);
  header.cluster_bits = big_endian(bytes, 20, 4);
  header.size = big_endian(bytes, 24, 8);
  header.encryption = big_endian(bytes, 32, 4);
  header.l1_entries = big_endian(bytes, 36, 4);
  header.l1_offset = big_endian(bytes, 40, 8);
  header.refcount_offset = big_endian(bytes, 48, 8);
  header.refcount_clusters = big_endian(bytes, 56, 4);
  if (header.version >= 3) header.incompatible = big_endian(bytes, 72, 8);
  return header;
}

std::optional<Error> refusal(const Qcow2Header& header, const std::string& shown) {
  constexpr std::uint64_t kLeastClusterBits = 9;
  constexpr std::uint64_t kMostClusterBits = 21;
  if (header.version != 2 && header.version != 3) {
    return not_usable(shown, fmt::format("it is a qcow2 of version {}, known are 2 and 3", header.version), kConvert);
  }
  if (header.backing_file_offset != 0) {
    return not_usable(shown, "it is an overlay on another file",
                      "make it stand alone: qemu-img convert -O qcow2 FILE FILE.qcow2");
  }
  if ((header.incompatible & kExternalData) != 0) {
    return not_usable(shown, "its data lie in another file",
                      "make it stand alone: qemu-img convert -O qcow2 FILE FILE.qcow2");
  }
  if (header.encryption != 0) return not_usable(shown, "it is encrypted", "decrypt it: qemu-img convert");
  if ((header.incompatible & kCorrupt) != 0) {
    return not_usable(shown, "it is marked as corrupt", "fetch it again, or try: qemu-img check -r all FILE");
  }
  if ((header.incompatible & ~kKnownFeatures) != 0) {
    return not_usable(shown, "it uses features of qcow2 that are not known here", kConvert);
  }
  if (header.cluster_bits < kLeastClusterBits || header.cluster_bits > kMostClusterBits ||
      8 * header.l1_entries > kMostL1_bytes) {
    return not_usable(shown, "its header makes no sense", "fetch it again");
  }
  return std::nullopt;
}

/// Offsets stand in bits 9 to 55 of an entry.
constexpr std::uint64_t kOffsetBits = 0x00fffffffffffe00ULL;
constexpr std::uint64_t kCompressedBit = 1ULL << 62;

std::uint64_t data_offset(std::uint64_t entry, std::uint64_t cluster_bits) {
  if ((entry & kCompressedBit) == 0) return entry & kOffsetBits;
  return entry & ((1ULL << (62 - (cluster_bits - 8))) - 1);
}

/// Where something ends; a hostile header may say more than there are numbers.
std::uint64_t end_of(std::uint64_t offset, std::uint64_t bytes) {
  return bytes > std::numeric_limits<std::uint64_t>::max() - offset ? std::numeric_limits<std::uint64_t>::max()
                                                                    : offset + bytes;
}

/// The last place that the tables speak of, as far as they are read: the file must reach beyond it. A cluster itself
/// may be cut short at the end of a file: what is missing reads as zeros, and some tools leave it away.
std::uint64_t furthest_place(const DiskFile& file, const Qcow2Header& header) {
  const std::uint64_t cluster_bytes = 1ULL << header.cluster_bits;
  const std::size_t entry_bytes = (header.incompatible & kExtendedL2) != 0 ? 16 : 8;
  std::uint64_t furthest = 0;
  std::uint64_t read_bytes = 0;
  const std::string l1 = file.bytes(header.l1_offset, static_cast<std::size_t>(8 * header.l1_entries));
  for (std::size_t at = 0; at + 8 <= l1.size(); at += 8) {
    const std::uint64_t l2_offset = big_endian(l1, at, 8) & kOffsetBits;
    if (l2_offset == 0) continue;
    furthest = std::max(furthest, l2_offset + cluster_bytes);
    read_bytes += cluster_bytes;
    if (read_bytes > kTablesRead_bytes) continue;
    const std::string l2 = file.bytes(l2_offset, static_cast<std::size_t>(cluster_bytes));
    for (std::size_t entry = 0; entry + 8 <= l2.size(); entry += entry_bytes) {
      const std::uint64_t offset = data_offset(big_endian(l2, entry, 8), header.cluster_bits);
      if (offset != 0) furthest = std::max(furthest, offset + 1);
    }
  }
  return furthest;
}

Result<DiskFormat> inspect_qcow2(const DiskFile& file, const std::string& shown) {
  const std::string bytes = file.bytes(0, kHeader3_bytes);
  if (bytes.size() < kHeader2_bytes) return truncated(shown, file.size(), kHeader2_bytes);
  const Qcow2Header header = header_of(bytes);
  if (header.version >= 3 && bytes.size() < kHeader3_bytes) return truncated(shown, file.size(), kHeader3_bytes);
  if (auto refused = refusal(header, shown)) return *refused;
  const std::uint64_t cluster_bytes = 1ULL << header.cluster_bits;
  // Before anything is read at these places: a hostile header may claim any size.
  const std::uint64_t tables_end = std::max(end_of(header.l1_offset, 8 * header.l1_entries),
                                            end_of(header.refcount_offset, header.refcount_clusters * cluster_bytes));
  if (tables_end > file.size()) return truncated(shown, file.size(), tables_end);
  if (const std::uint64_t end = furthest_place(file, header); end > file.size())
    return truncated(shown, file.size(), end);
  return DiskFormat{.format = "qcow2", .virtual_size_bytes = header.size};
}

// raw
// ------------------------------------------------------------------------------------------------------------------

bool is_text(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](unsigned char c) {
    return std::isprint(c) != 0 || c == '\n' || c == '\r' || c == '\t' || c >= 0x80;
  });
}

std::string first_line(std::string_view bytes) {
  constexpr std::size_t kShown = 40;
  std::string line(bytes.substr(0, std::min(bytes.find_first_of("\r\n"), kShown)));
  std::erase_if(line, [](unsigned char c) { return std::isprint(c) == 0; });
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

Result<DiskFormat> inspect_raw(const DiskFile& file, const std::string& shown) {
  const std::string head = file.bytes(0, kSector_bytes);
  for (const Magic& other : kOtherFormats) {
    if (head.starts_with(other.bytes)) return not_usable(shown, std::string("it is ") + other.name, other.hint);
  }
  if (is_text(head)) {
    return not_usable(shown, fmt::format("it is text, beginning with \"{}\"", first_line(head)),
                      "the server may have sent an error page: look at what it sends");
  }
  if (file.size() % kSector_bytes != 0) {
    return not_usable(shown,
                      fmt::format("it is not qcow2, and {} bytes are not whole sectors of a raw disk", file.size()),
                      "it may have been cut off on the way: fetch it again");
  }
  return DiskFormat{.format = "raw", .virtual_size_bytes = file.size()};
}

}  // namespace

Result<DiskFormat> inspect_disk(const std::string& path, const std::string& shown) {
  const DiskFile file(path);
  if (!file.is_readable()) return last_system_error(fmt::format("{} cannot be read", shown), "it must be a file");
  if (file.size() == 0) return not_usable(shown, "it is empty", "fetch it again");
  if (file.bytes(0, kQcow2Magic.size()) == kQcow2Magic) return inspect_qcow2(file, shown);
  return inspect_raw(file, shown);
}

}  // namespace vscale
