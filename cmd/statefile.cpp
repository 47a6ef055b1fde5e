#include "cmd/statefile.h"

#include <sys/stat.h>

#include <optional>
#include <utility>

namespace vscale {
namespace {

/// Which file it is, whatever it is called.
struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;

  bool operator==(const FileIdentity&) const = default;
};

/// Of the file that the path leads to; nothing where there is none.
std::optional<FileIdentity> identity_of(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return std::nullopt;
  return FileIdentity{.device = found.st_dev, .inode = found.st_ino};
}

}  // namespace

Result<OpenedState> open_statefile(const std::string& path, OpenMode mode, const StateStoreOptions& options) {
  auto opened = SqliteStateStore::open(path, mode, options);
  if (!opened) return opened.error();
  SqliteStateStore* store = opened->get();
  const auto identity = identity_of(path);  // nothing: it is in memory, and stays what it is
  return OpenedState{.store = std::move(*opened),
                     .back_up = [store](Instant at, int keep) -> Result<void> {
                       const auto copy = store->backup(at, keep);
                       if (!copy) return copy.error();
                       return {};
                     },
                     .backed_up_at = [store]() -> Result<std::optional<Instant>> {
                       const auto copies = store->backups();
                       if (!copies) return copies.error();
                       return copies->empty() ? std::nullopt : std::optional(copies->front().at);
                     },
                     .force_unlock = [store](const std::string& id) { return store->force_unlock(id); },
                     .is_still_there = [path, identity] { return identity_of(path) == identity; }};
}

}  // namespace vscale
