#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/metrics/counter_reading.h"
#include "engine/metrics/history.h"
#include "engine/metrics/sample.h"
#include "engine/values/result.h"
#include "engine/values/units.h"

/// What was measured, kept so that a restart of the program changes no decision.

namespace vscale {

/// Everything that one tick writes: all of it or nothing.
struct MetricsTick {
  Instant at{};                            ///< Now.
  std::map<std::string, Samples> samples;  ///< The new ones, by group: `group.web`.
  CounterReadings readings;                ///< All that rates are to go on from: those kept until now go.
  /// Of kHistoryTiers' first width. One that is there already is replaced: a minute may be written again and again
  /// while it grows.
  std::vector<MetricAggregate> aggregates;
  Instant keep_samples_since{};     ///< Older samples go.
  Instant keep_aggregates_since{};  ///< Aggregates that begin before go.
};

/// A port: the metrics file. An object belongs to one thread. Metrics are never a reason not to reconcile: whoever gets
/// an Error here says so once, and goes on with what is in memory; the next call may well succeed.
/// Errors: `invalid` for a file that was damaged, or is something else; `unsupported` for one from a newer version;
/// `denied` or `not_found` where no file can be written; `no_capacity` on a full disk; `conflict` while another process
/// does not let go of it. After an error nothing of that call is written.
class MetricsStore {
 public:
  virtual ~MetricsStore() = default;

  /// Writes a tick and makes room by what is to go. However much that is, a call takes away only some more than it
  /// brings, so that none takes long. Samples that were written by one call may stay until the youngest of them is to
  /// go; what is stamped later than `at` by more than kClockSlack goes as well.
  virtual Result<void> write(const MetricsTick& tick) = 0;

  /// Samples since then, that moment included, by group. Nothing is not an error.
  virtual Result<std::map<std::string, Samples>> samples(Instant since) = 0;
  /// Those of the last tick.
  virtual Result<CounterReadings> readings() = 0;
  /// Those that begin from `from` on and before `to`, oldest first. Their widths differ, by their age; a minute without
  /// a sample has none.
  virtual Result<std::vector<MetricAggregate>> aggregates(const std::string& group, Metric metric, Instant from,
                                                          Instant to) = 0;
};

}  // namespace vscale
