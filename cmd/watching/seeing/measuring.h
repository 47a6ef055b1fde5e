#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cmd/outside.h"
#include "engine/desired/config.h"
#include "engine/live/host_snapshot.h"
#include "engine/metrics/rates.h"
#include "engine/metrics/sample_window.h"
#include "engine/ports/metrics/metrics_store.h"
#include "engine/recorded/recorded_state.h"

/// Counters that hosts tell become samples, which are kept for as long as policies look back: in memory, and in the
/// metrics file, so that a restart changes no decision.

namespace vscale {

/// For the thread of the loop only.
class Measuring {
 public:
  /// Readings that are further apart than a few intervals make no sample, as nobody knows what happened in between;
  /// unless they are no further apart than `usual_gap`: who looks by turns of his own, as cron does, knows no better.
  explicit Measuring(Duration usual_gap = Duration{0}) : usual_gap_(usual_gap) {}

  /// Reads what is kept in the metrics file of the configuration; again where that names another one. The error: it
  /// cannot be read or made, and what is measured is kept in memory alone.
  std::optional<Error> open(const Outside& outside, const Config& config, Instant now);
  /// Is it time to ask hosts for counters?
  [[nodiscard]] bool is_due(const Config& config, Duration uptime) const;
  /// Takes up what hosts have told who were asked at that moment. The error: it could not be written, for the first
  /// time in a row.
  std::optional<Error> take(const Config& config, const RecordedState& recorded, const Live& live, Instant now,
                            Duration uptime);
  [[nodiscard]] const Samples& samples() const { return samples_; }

 private:
  [[nodiscard]] Duration interval_between(const CounterReading& before, const CounterReading& now,
                                          const Config& config) const;
  /// All but the readings.
  MetricsTick tick_of(const Config& config, const RecordedState& recorded, Instant now) const;

  Duration usual_gap_;
  std::unique_ptr<MetricsStore> store_;
  std::string path_;
  Samples samples_;
  CounterReadings readings_;
  std::map<std::string, std::vector<std::pair<std::string, Sample>>> fresh_;  ///< By group: uuid and sample.
  std::optional<Duration> asked_at_;                                          ///< By uptime.
  bool is_failing_ = false;
};

}  // namespace vscale
