#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/desired/group.h"
#include "engine/metrics/sample.h"
#include "engine/recorded/operator_words.h"
#include "engine/recorded/scaling_memory.h"
#include "engine/scaling/scaling_decision.h"
#include "engine/scaling/zone_rules.h"
#include "engine/values/result.h"

/// How many instances a scaled group is to have: a pure function of the group, what was measured, what is remembered,
/// and now.

namespace vscale {

/// One member, as scaling sees it.
struct ScalingMember {
  enum class State {
    ready,     ///< It serves.
    starting,  ///< It is being made or boots: it counts as there, and not yet as ready.
    unready,   ///< It was ready and is not.
    off,       ///< Stopped by an operator, or found off.
    unknown,   ///< Its host does not answer.
    leaving,   ///< It is being removed: counts for nothing.
  };

  InstanceAddress address;
  std::string uuid;
  State state = State::ready;
  bool surge = false;  ///< It stands beside others in a rolling update: it carries no load of its own.
  bool protected_from_scale_in = false;
  std::optional<Instant> ready_at;
  const std::vector<Sample>* samples = nullptr;  ///< Oldest first; nullptr: there are none.
};

/// How many of them serve, without those that stand beside others for a while.
int ready_members(const std::vector<ScalingMember>& members);

/// What a member of a capacity policy has answered.
struct CapacityAnswer {
  double available = 0;
  bool terminate = false;

  bool operator==(const CapacityAnswer&) const = default;
};

struct ScalingInput {
  const Group* group = nullptr;  ///< Has `scaling`.
  Duration sample_interval{};    ///< metrics.interval
  Duration evaluate_interval{};  ///< scaling.evaluate, or watch.interval
  int current = 0;               ///< The size that is wanted until now. Never what is observed: surge is no size.
  std::vector<ScalingMember> members;
  /// What a policy's prometheus, http, influxdb or command has answered just now, by the policy's name. An answer
  /// without a number is absent; one that was not asked is an error.
  std::map<std::string, Result<std::optional<double>>> answers;
  std::map<std::string, std::map<InstanceAddress, Result<CapacityAnswer>>> capacity;  ///< By the policy's name.
  std::map<std::string, ZoneRules> zones;                                             ///< By their names.
  std::optional<WantedSize> operator_size;  ///< What an operator has said last, if it still holds.
  std::set<Suspension::Process> suspended;
  bool rolling = false;              ///< A rolling update goes on: nothing is removed.
  bool scaling_in = false;           ///< Members are still going since the last change: no further one goes.
  std::string breaker;               ///< Why nothing is changed in this group; empty: nothing stands against it.
  std::optional<int> room;           ///< So many it can have at most, by hosts and addresses; nothing: not known.
  std::optional<int> destroy_limit;  ///< limits.destroy
  Instant now{};
};

struct ScalingOutcome {
  ScalingDecision decision;
  ScalingMemory memory;  ///< Afterwards.

  bool operator==(const ScalingOutcome&) const = default;
};

/// Are its policies due to be asked?
bool is_due(const ScalingMemory& memory, Duration evaluate_interval, Instant now);

/// The same input gives the same outcome. The rules: engine/README.md, "How a size comes about".
ScalingOutcome decide_size(const ScalingInput& input, const ScalingMemory& memory);

}  // namespace vscale
