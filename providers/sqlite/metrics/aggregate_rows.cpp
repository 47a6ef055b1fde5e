#include "providers/sqlite/metrics/aggregate_rows.h"

#include <chrono>
#include <cmath>
#include <limits>

#include "providers/sqlite/metrics/packed.h"
#include "providers/sqlite/rows/columns.h"

namespace vscale {
namespace {

std::int64_t seconds_of(Duration duration) {
  return std::chrono::floor<std::chrono::seconds>(duration).count();
}

/// Rows begin at whole seconds, so that rounding up compares with them as the instant itself.
std::int64_t seconds_until(Instant at) {
  return std::chrono::ceil<std::chrono::seconds>(at.time_since_epoch()).count();
}

Duration from_seconds(std::int64_t seconds) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max() / 1000;
  if (seconds < -kMost || seconds > kMost) damaged_column(std::to_string(seconds), "seconds since 1970");
  return plausible_ms(seconds * 1000);
}

void expect_whole(const MetricAggregate& aggregate) {
  const auto begins = aggregate.from.time_since_epoch();
  VSCALE_ASSERT(!aggregate.group.empty(), "an aggregate of no group");
  VSCALE_ASSERT(aggregate.width == kHistoryTiers.front().width, "what is written is of the first width");
  VSCALE_ASSERT(begins % aggregate.width == Duration::zero(), "an aggregate begins at a multiple of its width");
  VSCALE_ASSERT(aggregate.count >= 1, "an aggregate of nothing");
  VSCALE_ASSERT(aggregate.least <= aggregate.most, "the smallest is not above the largest");
  VSCALE_ASSERT(std::isfinite(aggregate.average) && std::isfinite(aggregate.least) && std::isfinite(aggregate.most),
                "an aggregate is a number");
}

/// From the columns of_group, metric, from_s, width_s, count, average, least, most.
MetricAggregate aggregate_of(const SQLite::Statement& select) {
  Columns columns(select);
  MetricAggregate found;
  found.group = columns.text();
  const std::string word = columns.text();
  found.metric = known_word(metric_from(word), word);
  found.from = Instant(from_seconds(columns.number()));
  found.width = from_seconds(columns.number());
  found.count = columns.number();
  if (found.count < 1) damaged_column(std::to_string(found.count), "how many samples: 1 or more");
  found.average = columns.real();
  found.least = columns.real();
  found.most = columns.real();
  return found;
}

/// The table, with the groups' and metrics' names in place of the series' numbers.
class AggregateTable {
 public:
  explicit AggregateTable(SQLite::Database& database)
      : series_(database, "SELECT id FROM series WHERE of_group = ? AND metric = ?"),
        new_series_(database, "INSERT INTO series (of_group, metric) VALUES (?, ?) RETURNING id"),
        put_(database,
             "INSERT INTO aggregates (series, from_s, width_s, count, average, least, most) VALUES (?, ?, ?, ?, ?, ?, "
             "?) "
             "ON CONFLICT DO UPDATE SET count = excluded.count, average = excluded.average, least = excluded.least, "
             "most = excluded.most"),
        erase_(database, "DELETE FROM aggregates WHERE series = ? AND from_s = ? AND width_s = ?"),
        find_(database,
              "SELECT of_group, metric, from_s, width_s, count, average, least, most FROM aggregates "
              "JOIN series ON id = series WHERE series = ? AND from_s = ? AND width_s = ?"),
        oldest_(database,
                "SELECT of_group, metric, from_s, width_s, count, average, least, most FROM aggregates "
                "JOIN series ON id = series WHERE width_s = ? AND from_s >= ? AND from_s < ? ORDER BY from_s LIMIT ?"),
        drop_(database,
              "DELETE FROM aggregates WHERE (series, from_s, width_s) IN (SELECT series, from_s, width_s "
              "FROM aggregates WHERE width_s = ? AND from_s >= ? AND from_s < ? ORDER BY from_s LIMIT ?)") {}

  void put(const MetricAggregate& row) {
    execute(put_, series_of(row), begin_s(row), seconds_of(row.width), row.count, row.average, row.least, row.most);
  }
  void erase(const MetricAggregate& row) { execute(erase_, series_of(row), begin_s(row), seconds_of(row.width)); }
  /// None, or the one that has this one's place.
  std::vector<MetricAggregate> in_place_of(const MetricAggregate& row) {
    return select(find_, series_of(row), begin_s(row), seconds_of(row.width));
  }
  /// At most `most` of those that the step is about.
  std::vector<MetricAggregate> oldest(const ThinningStep& step, std::int64_t most) {
    return select(oldest_, seconds_of(step.width), seconds_until(step.since), seconds_until(step.until), most);
  }
  void drop_oldest(const ThinningStep& step, std::int64_t most) {
    execute(drop_, seconds_of(step.width), seconds_until(step.since), seconds_until(step.until), most);
  }

 private:
  static std::int64_t begin_s(const MetricAggregate& row) { return seconds_of(row.from.time_since_epoch()); }

  std::int64_t series_of(const MetricAggregate& row) {
    if (const auto id = id_by(series_, row)) return *id;
    const auto id = id_by(new_series_, row);
    VSCALE_ASSERT(id, "an INSERT that returns its row");
    return *id;
  }

  static std::optional<std::int64_t> id_by(SQLite::Statement& statement, const MetricAggregate& row) {
    Row(statement) << row.group << to_string(row.metric);
    std::optional<std::int64_t> id;
    while (statement.executeStep()) id = statement.getColumn(0).getInt64();
    statement.reset();
    return id;
  }

  template <class... Values>
  static std::vector<MetricAggregate> select(SQLite::Statement& statement, const Values&... values) {
    Row row(statement);
    static_cast<void>((row << ... << values));
    std::vector<MetricAggregate> found;
    while (statement.executeStep()) found.push_back(aggregate_of(statement));
    statement.reset();
    return found;
  }

  SQLite::Statement series_, new_series_, put_, erase_, find_, oldest_, drop_;
};

void widen_oldest(AggregateTable& table, const ThinningStep& step, std::int64_t most) {
  const std::vector<MetricAggregate> finer = table.oldest(step, most);
  for (const MetricAggregate& row : finer) table.erase(row);
  for (const MetricAggregate& bucket : widened(finer, *step.wider)) {
    std::vector<MetricAggregate> parts = table.in_place_of(bucket);
    parts.push_back(bucket);
    table.put(widened(parts, *step.wider).front());
  }
}

}  // namespace

void write_aggregates(SQLite::Database& database, const MetricsTick& tick) {
  AggregateTable table(database);
  for (const MetricAggregate& aggregate : tick.aggregates) {
    expect_whole(aggregate);
    table.put(aggregate);
  }
  const auto most = static_cast<std::int64_t>(kThinnedPerWrite + tick.aggregates.size());
  for (const ThinningStep& step : thinning_steps(tick.at, tick.keep_aggregates_since)) {
    if (step.wider) {
      widen_oldest(table, step, most);
    } else {
      table.drop_oldest(step, most);
    }
  }
}

std::vector<MetricAggregate> read_aggregates(SQLite::Database& database, const std::string& group, Metric metric,
                                             Instant from, Instant to) {
  SQLite::Statement select(database,
                           "SELECT of_group, metric, from_s, width_s, count, average, least, most FROM series "
                           "JOIN aggregates ON series = id WHERE of_group = ? AND metric = ? "
                           "AND from_s >= ? AND from_s < ? ORDER BY from_s, width_s");
  Row(select) << group << to_string(metric) << seconds_until(from) << seconds_until(to);
  std::vector<MetricAggregate> found;
  while (select.executeStep()) found.push_back(aggregate_of(select));
  return found;
}

void forget_unused_series(SQLite::Database& database) {
  execute(database, "DELETE FROM series WHERE NOT EXISTS (SELECT 1 FROM aggregates WHERE aggregates.series = id)");
}

}  // namespace vscale
