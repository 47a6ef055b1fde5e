#pragma once

#include <memory>
#include <string>

#include "engine/values/result.h"
#include "providers/sqlite/metrics/sqlite_metrics_store.h"

namespace SQLite {
class Database;
}

/// The metrics file as a file: how it comes about, is known again, and is put out of the way.

namespace vscale {

/// PRAGMA application_id: "vscm". What we know a metrics file by.
constexpr int kMetricsApplicationId = 0x7673636d;
/// PRAGMA user_version that this program writes. What packed bytes mean (packed.h) goes with it.
constexpr int kMetricsVersion = 1;

/// Opens it, and makes it where there is none. Throws what SQLite throws, and Refused for what is not a metrics file of
/// this version, which stays as it is.
std::unique_ptr<SQLite::Database> open_metrics_file(const std::string& path, const MetricsStoreOptions& options);

/// What went wrong, as an Error. Call it in a catch block, with nothing of ours open on `path`: a metrics file that is
/// damaged is put aside, so that the next opening begins a new one.
Error metrics_file_error(const std::string& path);

}  // namespace vscale
