#include "providers/image/seed_iso.h"

#include <archive.h>
#include <archive_entry.h>

#include <cerrno>
#include <memory>

namespace vscale {
namespace {

// Closed first, for free() alone leaks the output's buffer after a failure; closing twice does nothing.
struct EndWriting {
  void operator()(archive* writer) const {
    archive_write_close(writer);
    archive_write_free(writer);
  }
};
struct EndEntry {
  void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};
using Writer = std::unique_ptr<archive, EndWriting>;
using Entry = std::unique_ptr<archive_entry, EndEntry>;

Error error_of(archive* writer) {
  const char* words = archive_error_string(writer);
  return {.kind = archive_errno(writer) == ENOSPC ? ErrorKind::no_capacity : ErrorKind::failed,
          .message = "the seed of a guest could not be made",
          .detail = words == nullptr ? "" : words,
          .hint = "libarchive needs a temporary file of its size: let TMPDIR name a directory with room"};
}

la_ssize_t append(archive*, void* iso, const void* bytes, std::size_t size) {
  static_cast<std::string*>(iso)->append(static_cast<const char*>(bytes), size);
  return static_cast<la_ssize_t>(size);
}

bool begin(archive* writer, std::string& iso) {
  return archive_write_set_format_iso9660(writer) == ARCHIVE_OK &&
         archive_write_set_options(writer, "iso9660:volume-id=cidata,iso9660:rockridge=strict,iso9660:joliet=1") ==
             ARCHIVE_OK &&
         archive_write_open(writer, &iso, nullptr, append, nullptr) == ARCHIVE_OK;
}

bool add(archive* writer, const char* name, const std::string& text) {
  const Entry entry{archive_entry_new()};
  archive_entry_set_pathname(entry.get(), name);
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), 0400);
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(text.size()));
  return archive_write_header(writer, entry.get()) == ARCHIVE_OK &&
         archive_write_data(writer, text.data(), text.size()) == static_cast<la_ssize_t>(text.size());
}

}  // namespace

Result<std::string> make_seed_iso(const SeedFiles& files) {
  std::string iso;
  const Writer writer{archive_write_new()};
  const bool written = begin(writer.get(), iso) && add(writer.get(), "meta-data", files.meta_data) &&
                       add(writer.get(), "user-data", files.user_data) &&
                       add(writer.get(), "network-config", files.network_config) &&
                       (files.vendor_data.empty() || add(writer.get(), "vendor-data", files.vendor_data)) &&
                       archive_write_close(writer.get()) == ARCHIVE_OK;
  if (!written) return error_of(writer.get());
  return iso;
}

}  // namespace vscale
