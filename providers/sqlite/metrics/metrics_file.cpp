#include "providers/sqlite/metrics/metrics_file.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "providers/last_system_error.h"
#include "providers/sqlite/database_file.h"
#include "providers/sqlite/metrics/aggregate_rows.h"
#include "providers/sqlite/statefile.h"

// SQLiteCpp gives SQLite's codes as numbers and keeps their names to itself.
#include <sqlite3.h>

namespace vscale {
namespace {

namespace fs = std::filesystem;

/// What is left of the -wal after a checkpoint.
constexpr std::uint64_t kWalKept_bytes = 4 * kMiB;

constexpr const char* kSetAside = ".corrupt-";

constexpr const char* kSchema = R"sql(
-- What vscale measured. Begin with
--
--   SELECT * FROM history WHERE of_group = 'group.web' AND metric = 'cpu';     minute by minute, coarser with age

-- Those of one group and one tick, packed: see packed.h of vscale.
CREATE TABLE samples (
  id           INTEGER PRIMARY KEY,
  of_group     TEXT NOT NULL,               -- group.web
  newest_at_ms INTEGER NOT NULL,            -- since 1970; none of them is later
  packed       BLOB NOT NULL
) STRICT;
CREATE INDEX samples_by_age ON samples (newest_at_ms);

-- Every domain's counters as they were read last, packed likewise.
CREATE TABLE readings (
  id     INTEGER PRIMARY KEY CHECK (id = 1),
  packed BLOB NOT NULL
) STRICT;

CREATE TABLE series (
  id       INTEGER PRIMARY KEY,
  of_group TEXT NOT NULL,
  metric   TEXT NOT NULL,                   -- cpu, memory, diskIops, diskBytes, networkBytes
  UNIQUE (of_group, metric)
) STRICT;

CREATE TABLE aggregates (
  series  INTEGER NOT NULL REFERENCES series,
  from_s  INTEGER NOT NULL,                 -- since 1970
  width_s INTEGER NOT NULL CHECK (width_s > 0 AND from_s % width_s = 0),
  count   INTEGER NOT NULL CHECK (count >= 1),
  average REAL NOT NULL,
  least   REAL NOT NULL,
  most    REAL NOT NULL CHECK (least <= most),
  PRIMARY KEY (series, from_s, width_s)
) STRICT, WITHOUT ROWID;
CREATE INDEX aggregates_by_age ON aggregates (width_s, from_s);

CREATE VIEW history AS
SELECT s.of_group, s.metric, datetime(a.from_s, 'unixepoch') AS begins, a.width_s, a.average, a.least, a.most, a.count
  FROM aggregates a JOIN series s ON s.id = a.series
 ORDER BY s.of_group, s.metric, a.from_s;
)sql";

Refused not_ours(const std::string& path, const std::string& found) {
  return Refused({.kind = ErrorKind::invalid,
                  .message = fmt::format("{} is not a metrics file of vscale: it is {}", path, found),
                  .detail = "",
                  .hint = "let metrics.path name another file, or move this one away"});
}

void see_to_a_file(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) == 0) {
    if (S_ISREG(status.st_mode)) return;
    throw not_ours(path, S_ISDIR(status.st_mode) ? "a directory" : "not a regular file");
  }
  if (make_private_file(path)) return;
  throw Refused(last_system_error(fmt::format("metrics file {} cannot be made", path),
                                  "let metrics.path name a file in a directory where this user may write"));
}

/// The version that it has; 0: it is empty. Within a transaction, as another process may be about to fill it.
int version_of(SQLite::Database& database, const std::string& path) {
  const int application = database.execAndGet("PRAGMA application_id").getInt();
  const int version = database.execAndGet("PRAGMA user_version").getInt();
  const int objects = database.execAndGet("SELECT count(*) FROM sqlite_schema").getInt();
  if (application == 0 && version == 0 && objects == 0) return 0;
  if (application != kMetricsApplicationId) {
    throw not_ours(path, fmt::format("another SQLite database, of application_id {}", application));
  }
  if (version < 1) throw DamagedRow("it has no version");
  if (version > kMetricsVersion) {
    throw Refused({.kind = ErrorKind::unsupported,
                   .message = fmt::format("metrics file {} is of version {}, and this vscale knows versions up to {}",
                                          path, version, kMetricsVersion),
                   .detail = "",
                   .hint = "use the vscale that wrote it, or move the file away: a new one is begun"});
  }
  return version;
}

int version_now(SQLite::Database& database, const std::string& path) {
  const SQLite::Transaction one_snapshot(database);
  return version_of(database, path);
}

void fill(SQLite::Database& database, const std::string& path) {
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  if (version_of(database, path) != 0) return;  // another process was first
  database.exec(kSchema);
  database.exec(
      fmt::format("PRAGMA user_version = {}; PRAGMA application_id = {}", kMetricsVersion, kMetricsApplicationId));
  transaction.commit();
}

void make_new(SQLite::Database& database, const std::string& path) {
  // Only a file without pages yet can still be told to give pages back.
  database.exec("PRAGMA auto_vacuum = INCREMENTAL");
  turn_wal_on(database);
  fill(database, path);
  // The header of the file itself is to say whose it is, whatever becomes of the -wal.
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
}

void set_up(SQLite::Database& database, const MetricsStoreOptions& options) {
  const auto page_bytes = static_cast<std::uint64_t>(database.execAndGet("PRAGMA page_size").getInt64());
  database.exec(
      fmt::format("PRAGMA foreign_keys = ON; PRAGMA synchronous = NORMAL; PRAGMA trusted_schema = OFF;"
                  "PRAGMA cell_size_check = ON; PRAGMA journal_size_limit = {}; PRAGMA max_page_count = {}",
                  kWalKept_bytes, options.max_size_bytes / page_bytes));
}

/// By its first bytes, where SQLite cannot tell: our own id in a database's header, or nothing but zeros, as a file
/// system leaves them where the power was cut. Whatever else somebody has named by mistake is theirs.
bool was_a_metrics_file(const std::string& path) {
  constexpr std::size_t kHeaderBytes = 100, kIdAt = 68;
  std::array<char, kHeaderBytes> header{};
  std::ifstream(path, std::ios::binary).read(header.data(), header.size());
  const std::string_view bytes(header.data(), header.size());
  if (bytes.find_first_not_of('\0') == std::string_view::npos) return true;
  std::uint32_t id = 0;
  for (const char byte : bytes.substr(kIdAt, 4)) id = id << 8 | static_cast<unsigned char>(byte);
  return bytes.starts_with("SQLite format 3") && id == static_cast<std::uint32_t>(kMetricsApplicationId);
}

void remove_what_was_set_aside(const fs::path& path) {
  const std::string prefix = path.filename().string() + kSetAside;
  std::error_code ignored;
  std::vector<fs::path> old;
  for (fs::directory_iterator at(path.parent_path(), ignored); at != fs::directory_iterator(); at.increment(ignored)) {
    if (at->path().filename().string().starts_with(prefix)) old.push_back(at->path());
  }
  for (const fs::path& file : old) fs::remove(file, ignored);
}

Error set_aside(const std::string& path, const std::string& damage) {
  std::error_code why, ignored;
  const fs::path file = fs::absolute(path, ignored);
  const auto now = std::chrono::floor<Duration>(std::chrono::system_clock::now());
  const std::string aside = file.string() + kSetAside + name_stamp(now);
  remove_what_was_set_aside(file);
  // The -wal first: beside a new file, it would be taken for that one's.
  fs::rename(file.string() + "-wal", aside + "-wal", ignored);
  fs::rename(file, aside, why);
  fs::remove(file.string() + "-shm", ignored);
  if (why) {
    return {.kind = ErrorKind::invalid,
            .message = fmt::format("metrics file {} is damaged, and cannot be set aside: {}", path, why.message()),
            .detail = damage,
            .hint = "move it away: a new one is begun"};
  }
  return {.kind = ErrorKind::invalid,
          .message = fmt::format("metrics file {} was damaged: it is {} now, and a new one is begun", path, aside),
          .detail = damage,
          .hint = "check the disk it is on; policies look back only as far as the new one goes"};
}

Error damaged(const std::string& path, const std::string& damage) {
  return was_a_metrics_file(path) ? set_aside(path, damage) : not_ours(path, "something else, or damaged").error();
}

Error from_sqlite(const SQLite::Exception& exception, const std::string& path) {
  const ErrorKind kind = kind_of(exception);
  const auto told = [&](const std::string& what, const char* hint) {
    return Error{.kind = kind, .message = what, .detail = exception.what(), .hint = hint};
  };
  switch (kind) {
    case ErrorKind::invalid:
      return damaged(path, exception.what());
    case ErrorKind::no_capacity:
      return told(
          fmt::format("metrics file {} cannot grow: the disk is full, or the bound of its size is reached", path),
          "make room on that file system; measured values are kept in memory meanwhile");
    case ErrorKind::denied:
      return told(fmt::format("metrics file {0}, or {0}-wal or {0}-shm beside it, cannot be written", path),
                  "see to it that this user may write there, or let metrics.path name another file");
    case ErrorKind::conflict:
      return told(fmt::format("metrics file {} stayed locked by another process", path),
                  "see who has it open, with fuser");
    default:
      return told(fmt::format("metrics file {} could not be read or written", path), "check the disk it is on");
  }
}

}  // namespace

std::unique_ptr<SQLite::Database> open_metrics_file(const std::string& path, const MetricsStoreOptions& options) {
  see_to_a_file(path);
  auto database = std::make_unique<SQLite::Database>(path, SQLite::OPEN_READWRITE | SQLite::OPEN_NOMUTEX,
                                                     static_cast<int>(options.busy_timeout.count()));
  const int version = version_now(*database, path);
  close_to_others(path);
  if (version == 0) make_new(*database, path);
  set_up(*database, options);
  forget_unused_series(*database);
  return database;
}

Error metrics_file_error(const std::string& path) {
  try {
    throw;
  } catch (const Refused& refused) {
    return refused.error();
  } catch (const SQLite::Exception& exception) {
    return from_sqlite(exception, path);
  } catch (const DamagedRow& row) {
    return damaged(path, row.what());
  }
}

}  // namespace vscale
