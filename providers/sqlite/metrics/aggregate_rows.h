#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <string>
#include <vector>

#include "engine/ports/metrics/metrics_store.h"

/// Aggregates as rows. Call these inside a transaction; they throw what SQLite throws, and DamagedRow.

namespace vscale {

/// Writes what the tick brings, and takes the steps of thinning_steps() as far as a call may.
void write_aggregates(SQLite::Database& database, const MetricsTick& tick);

/// As MetricsStore::aggregates.
std::vector<MetricAggregate> read_aggregates(SQLite::Database& database, const std::string& group, Metric metric,
                                             Instant from, Instant to);

/// Forgets the groups of which nothing is kept any more.
void forget_unused_series(SQLite::Database& database);

}  // namespace vscale
