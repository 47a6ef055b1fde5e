#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cmd/invocation/invocation.h"
#include "engine/scaling/simulate_scaling.h"

/// A group's scaling on paper: `vscale simulate scaling`.

namespace vscale {

/// More changes of size than that are summed up, but for -v.
constexpr std::size_t kListedSizes = 30;

/// What it was played with, the changes of size as a table, and what it came to. At most kTextWidth wide.
std::string simulated_scaling_text(const Group& group, const LoadTrace& trace, const SimulatedScaling& played,
                                   Verbosity verbosity);

/// {format_version, group, begin, boot_ms, evaluate_ms, ticks: [{at, load, size, ready, load_per_instance, text}],
/// changes, reversals, smallest, largest, instance_hours, hours_short}; every look, also those that changed nothing.
nlohmann::ordered_json simulated_scaling_json(const Group& group, const LoadTrace& trace,
                                              const SimulatedScaling& played);

}  // namespace vscale
