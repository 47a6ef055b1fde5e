#include "cmd/statefile.h"

#include <utility>

namespace vscale {

Result<OpenedState> open_statefile(const std::string& path, OpenMode mode, const StateStoreOptions& options) {
  auto opened = SqliteStateStore::open(path, mode, options);
  if (!opened) return opened.error();
  SqliteStateStore* store = opened->get();
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
                     .force_unlock = [store](const std::string& id) { return store->force_unlock(id); }};
}

}  // namespace vscale
