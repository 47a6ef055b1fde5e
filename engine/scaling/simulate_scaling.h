#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/desired/group.h"
#include "engine/scaling/zone_rules.h"
#include "engine/values/result.h"

/// What a group's scaling would have made of a load: by the policies and layers that a watch decides by, on members that
/// are played. None of them is on a host, ill, protected or rolled, and they go as soon as they are not wanted: what
/// `limits.destroy` holds back is not.

namespace vscale {

/// The load of the whole group from `at` on, until the next point.
struct LoadPoint {
  Duration at{};  ///< Since the begin.
  double load = 0;

  bool operator==(const LoadPoint&) const = default;
};

/// The load is what the group's first policy of kind target, step or capacity looks at, summed up over all instances:
/// percent of one instance's vCPUs, requests a second, jobs that wait, or seats that are taken. Ready instances share
/// it evenly; cpu and memory read 100 at most, as they do on a real one. Schedules hold; other policies are left out,
/// as nothing is known of what they look at.
struct LoadTrace {
  std::vector<LoadPoint> points;  ///< In order of `at`, the first at 0. The trace ends with the last.
  Duration boot_delay{};          ///< From the decision until a new instance is ready.
  Duration sample_interval{};     ///< metrics.interval: longer than 0.
  Duration evaluate_interval{};   ///< scaling.evaluate, or watch.interval
  Instant begin{};
  std::map<std::string, ZoneRules> zones;

  bool operator==(const LoadTrace&) const = default;
};

/// A trace of more sample intervals than that is refused: a year at one minute is well below it.
constexpr int kMostSimulatedSteps = 1'000'000;

/// One decision, and how things stood.
struct SimulatedTick {
  Instant at{};
  double load = 0;
  int size = 0;
  int ready = 0;
  std::optional<double> load_per_instance;  ///< Of the ready ones; nothing if none is.
  std::string text;                         ///< ScalingDecision::text

  bool operator==(const SimulatedTick&) const = default;
};

struct SimulatedScaling {
  std::vector<SimulatedTick> ticks;
  int changes = 0;
  int reversals = 0;  ///< Changes against the direction of the one before.
  double instance_hours = 0;
  double hours_short = 0;  ///< In which the load was more than the ready ones carry at their target.

  bool operator==(const SimulatedScaling&) const = default;
};

/// Begins at the group's size, with all instances ready. `invalid` where the group has no scaling or no policy that
/// looks at load, or the trace is empty, out of order or too long.
Result<SimulatedScaling> simulate_scaling(const Group& group, const LoadTrace& trace);

}  // namespace vscale
