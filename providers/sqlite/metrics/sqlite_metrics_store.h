#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/ports/metrics/metrics_store.h"

namespace SQLite {
class Database;
}

/// The metrics file as a SQLite database.

namespace vscale {

/// What a program may set, and what tests do set.
struct MetricsStoreOptions {
  Duration busy_timeout{1'000};             ///< How long a call waits for another process. Short: a tick waits with it.
  std::uint64_t max_size_bytes = 8 * kGiB;  ///< The file never grows beyond it.
};

/// Implements MetricsStore; the rules that are said there are not repeated here.
///
/// The file is opened, or made, by the first call that needs it, and opened anew by the call after one that failed: a
/// disk that has room again, or a directory that may be written again, is found without a restart. One that somebody
/// has deleted is made anew. It and what SQLite keeps beside it are 0600 from their first byte.
///
/// A damaged file is set aside as PATH.corrupt-20260504T132000.000Z, where the last one of those stays; the call that
/// has met the damage fails with `invalid` and says so, and the next one begins a new file. What is not known to have
/// been a metrics file is left alone: `invalid`, until somebody moves it or names another path.
///
/// A write does not wait for the disk (WAL, synchronous NORMAL): a power cut may take the last ticks, which changes as
/// much as those ticks had. OFF would be a little cheaper, and might tear the file, and take weeks of history along.
///
/// Why samples are packed, those of a group and a tick into one row: of 10,000 domains in 20 groups, a tick took
///
///     a row per sample and per reading, by uuid       50 ms of processor time, 1.24 MB for each tick that is kept
///     a row per sample, by number, without readings   13 ms, 0.74 MB; the readings' rows 20 ms more
///     packed, with all readings in one row            12 ms, 0.85 MB
///
/// and nobody asks the file for one sample: all of them are read once, when the program starts. Aggregates, which
/// people do ask for, are rows: `SELECT * FROM history`.
class SqliteMetricsStore final : public MetricsStore {
 public:
  /// Touches nothing yet.
  explicit SqliteMetricsStore(std::string path, MetricsStoreOptions options = {});
  ~SqliteMetricsStore() override;

  Result<void> write(const MetricsTick& tick) override;
  Result<std::map<std::string, Samples>> samples(Instant since) override;
  Result<CounterReadings> readings() override;
  Result<std::vector<MetricAggregate>> aggregates(const std::string& group, Metric metric, Instant from,
                                                  Instant to) override;

 private:
  template <class Work>
  auto with_file(const Work& work) -> Result<decltype(work(std::declval<SQLite::Database&>()))>;

  std::string path_;
  MetricsStoreOptions options_;
  std::unique_ptr<SQLite::Database> database_;  ///< Nothing: it is opened by the next call.
};

}  // namespace vscale
