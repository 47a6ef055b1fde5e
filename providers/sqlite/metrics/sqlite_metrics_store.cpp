#include "providers/sqlite/metrics/sqlite_metrics_store.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

#include "providers/sqlite/metrics/aggregate_rows.h"
#include "providers/sqlite/metrics/metrics_file.h"
#include "providers/sqlite/metrics/packed.h"
#include "providers/sqlite/rows/columns.h"
#include "providers/sqlite/statefile.h"

namespace vscale {
namespace {

/// As many rows of samples go with one write, beside two for each that it brings.
constexpr int kForgottenPerWrite = 64;

/// What is free within the file is used again. It is given back, a bit with each write, only where it is most of the
/// file and more than this: after a large group has gone, or a long window.
constexpr int kFreePagesKept = 1024;
constexpr int kPagesGivenBackPerWrite = 256;

/// SQLite refuses bytes beyond a billion; a tick of 10,000 domains has one million.
constexpr std::size_t kPackedMaxBytes = 900'000'000;

/// Binds without a copy: `bytes` must live until the statement was executed.
void bind_packed(SQLite::Statement& statement, int index, const std::string& bytes) {
  VSCALE_ASSERT(bytes.size() <= kPackedMaxBytes, "samples of millions of domains in one group");
  statement.bindNoCopy(index, bytes.data(), static_cast<int>(bytes.size()));
}

std::string_view packed_in(const SQLite::Column& column) {
  return {static_cast<const char*>(column.getBlob()), static_cast<std::size_t>(column.getBytes())};
}

std::int64_t ms_of(Instant at) {
  return at.time_since_epoch().count();
}

void forget_samples(SQLite::Database& database, const MetricsTick& tick) {
  const auto most = kForgottenPerWrite + 2 * static_cast<std::int64_t>(tick.samples.size());
  const auto forget_between = [&](std::int64_t from_ms, std::int64_t until_ms) {
    execute(database,
            "DELETE FROM samples WHERE id IN (SELECT id FROM samples WHERE newest_at_ms >= ? AND newest_at_ms < ? "
            "ORDER BY newest_at_ms LIMIT ?)",
            from_ms, until_ms, most);
  };
  constexpr auto kEver = std::numeric_limits<std::int64_t>::min(), kNever = std::numeric_limits<std::int64_t>::max();
  forget_between(kEver, ms_of(tick.keep_samples_since));
  forget_between(ms_of(tick.at + kClockSlack), kNever);
}

void write_samples(SQLite::Database& database, const std::map<std::string, Samples>& samples) {
  SQLite::Statement insert(database, "INSERT INTO samples (of_group, newest_at_ms, packed) VALUES (?, ?, ?)");
  for (const auto& [group, of_group] : samples) {
    const Instant newest = newest_of(of_group);
    const std::string packed = pack_samples(of_group, newest);
    if (packed.empty()) continue;
    Row(insert) << group << ms_of(newest);
    bind_packed(insert, 3, packed);
    insert.exec();
    insert.reset();
  }
}

void write_readings(SQLite::Database& database, const CounterReadings& readings) {
  SQLite::Statement put(database, "INSERT OR REPLACE INTO readings (id, packed) VALUES (1, ?)");
  const std::string packed = pack_readings(readings);
  bind_packed(put, 1, packed);
  put.exec();
}

void give_back_pages(SQLite::Database& database) {
  const int unused = database.execAndGet("PRAGMA freelist_count").getInt();
  const int all = database.execAndGet("PRAGMA page_count").getInt();
  if (unused <= kFreePagesKept || unused <= all / 2) return;
  database.exec("PRAGMA incremental_vacuum(" + std::to_string(kPagesGivenBackPerWrite) + ")");
}

std::map<std::string, Samples> read_samples(SQLite::Database& database, Instant since) {
  std::map<std::string, Samples> all;
  SQLite::Statement select(
      database, "SELECT of_group, newest_at_ms, packed FROM samples WHERE newest_at_ms >= ? ORDER BY newest_at_ms, id");
  Row(select) << ms_of(since);
  while (select.executeStep()) {
    Columns columns(select);
    Samples& of_group = all[columns.text()];
    const Instant newest(plausible_ms(columns.number()));
    unpack_samples(packed_in(select.getColumn(2)), newest, since, of_group);
  }
  // By the youngest of each row they are in order already, but for rows whose samples are of quite different moments.
  for (auto& [group, of_group] : all) {
    for (auto& [uuid, samples] : of_group) std::ranges::stable_sort(samples, {}, &Sample::at);
  }
  std::erase_if(all, [](const auto& of_group) { return of_group.second.empty(); });
  return all;
}

}  // namespace

SqliteMetricsStore::SqliteMetricsStore(std::string path, MetricsStoreOptions options)
    : path_(std::move(path)), options_(options) {}

SqliteMetricsStore::~SqliteMetricsStore() = default;

template <class Work>
auto SqliteMetricsStore::with_file(const Work& work) -> Result<decltype(work(std::declval<SQLite::Database&>()))> {
  try {
    // SQLite would go on in a file without a name, and nobody would notice until the program starts again.
    if (std::error_code ignored; !std::filesystem::exists(path_, ignored)) database_.reset();
    if (!database_) database_ = open_metrics_file(path_, options_);
    if constexpr (std::is_void_v<decltype(work(*database_))>) {
      work(*database_);
      return {};
    } else {
      return work(*database_);
    }
  } catch (const std::exception&) {
    database_.reset();
    return metrics_file_error(path_);
  }
}

Result<void> SqliteMetricsStore::write(const MetricsTick& tick) {
  return with_file([&](SQLite::Database& database) {
    SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
    // What goes makes room for what comes: a file that has reached its bound goes on within it.
    forget_samples(database, tick);
    write_samples(database, tick.samples);
    write_readings(database, tick.readings);
    write_aggregates(database, tick);
    give_back_pages(database);
    transaction.commit();
  });
}

Result<std::map<std::string, Samples>> SqliteMetricsStore::samples(Instant since) {
  return with_file([&](SQLite::Database& database) { return read_samples(database, since); });
}

Result<CounterReadings> SqliteMetricsStore::readings() {
  return with_file([](SQLite::Database& database) {
    SQLite::Statement select(database, "SELECT packed FROM readings");
    return select.executeStep() ? unpack_readings(packed_in(select.getColumn(0))) : CounterReadings{};
  });
}

Result<std::vector<MetricAggregate>> SqliteMetricsStore::aggregates(const std::string& group, Metric metric,
                                                                    Instant from, Instant to) {
  return with_file([&](SQLite::Database& database) { return read_aggregates(database, group, metric, from, to); });
}

}  // namespace vscale
