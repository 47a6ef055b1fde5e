#pragma once

#include <span>
#include <string_view>

namespace SQLite {
class Database;
}

/// How a statefile of an older version becomes one of this version.

namespace vscale {

/// One step: `sql` turns version `to` - 1 into `to`. A step is never changed once it was released.
struct Migration {
  int to = 0;
  std::string_view sql;
};

/// All of them in order: 1, 2, … The last one is the version that this program writes.
std::span<const Migration> all_migrations();

/// The version that the file has: 0 for an empty one.
int schema_version(SQLite::Database& database);

/// Takes the steps that are missing, each in one transaction with its number, so that a crash leaves a whole version.
/// Several processes may do it at once: each step is taken by one. Throws SQLite::Exception.
void migrate(SQLite::Database& database, std::span<const Migration> steps);

}  // namespace vscale
