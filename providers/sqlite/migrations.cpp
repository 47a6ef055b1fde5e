#include "providers/sqlite/migrations.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include <array>
#include <string>

#include "engine/values/result.h"
#include "providers/sqlite/schema.h"

namespace vscale {
namespace {

// Under the write lock: another process may have taken the step while this one waited.
void take(SQLite::Database& database, const Migration& step) {
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  const int version = schema_version(database);
  if (version >= step.to) return;
  VSCALE_ASSERT(version == step.to - 1, "migrations of the statefile have a gap");
  database.exec(std::string(step.sql));
  if (SQLite::Statement broken(database, "PRAGMA foreign_key_check"); broken.executeStep()) {
    throw SQLite::Exception("rows without the row that they refer to in table " + broken.getColumn(0).getString(),
                            11 /* SQLITE_CORRUPT */);
  }
  SQLite::Statement note(database, "INSERT INTO schema_version VALUES (?, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))");
  note.bind(1, step.to);
  note.exec();
  database.exec(fmt::format("PRAGMA user_version = {}; PRAGMA application_id = {}", step.to, kStatefileApplicationId));
  transaction.commit();
}

}  // namespace

std::span<const Migration> all_migrations() {
  static const std::array steps{Migration{.to = 1, .sql = kSchemaV1}, Migration{.to = 2, .sql = kSchemaV2},
                                Migration{.to = 3, .sql = kSchemaV3}, Migration{.to = 4, .sql = kSchemaV4},
                                Migration{.to = 5, .sql = kSchemaV5}, Migration{.to = 6, .sql = kSchemaV6},
                                Migration{.to = 7, .sql = kSchemaV7}};
  return steps;
}

int schema_version(SQLite::Database& database) {
  return database.execAndGet("PRAGMA user_version").getInt();
}

void migrate(SQLite::Database& database, std::span<const Migration> steps) {
  // Off, since a step may rebuild a table that others refer to; checked by hand at the end of each step.
  database.exec("PRAGMA foreign_keys = OFF");
  for (const Migration& step : steps) {
    if (schema_version(database) < step.to) take(database, step);
  }
  database.exec("PRAGMA foreign_keys = ON");
}

}  // namespace vscale
