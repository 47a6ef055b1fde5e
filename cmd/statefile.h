#pragma once

#include <string>

#include "cmd/outside.h"

namespace vscale {

/// The SQLite statefile there, as commands work with it. Errors: those of SqliteStateStore::open.
Result<OpenedState> open_statefile(const std::string& path, OpenMode mode, const StateStoreOptions& options);

}  // namespace vscale
