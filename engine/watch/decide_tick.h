#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/desired/config.h"
#include "engine/live/host_snapshot.h"
#include "engine/metrics/sample.h"
#include "engine/plan/reconcile.h"
#include "engine/ports/state_store.h"
#include "engine/recorded/recorded_state.h"
#include "engine/scaling/decide_size.h"
#include "engine/watch/roster.h"

/// What one tick of watch decides: sizes, who is healed, and who is replaced since it has asked to end. A pure
/// function; what follows from it is planned like anything else.

namespace vscale {

/// What somebody found who asked a guest whether it is well, just now.
struct Wellness {
  std::string uuid;  ///< Of whom that is said.
  bool well = false;
  std::string found;  ///< What was found, if it is not: "the agent did not answer within 10s".

  bool operator==(const Wellness&) const = default;
};

/// What the sources of a group's policies have answered, as ScalingInput has them.
struct PolicyAnswers {
  std::map<std::string, Result<std::optional<double>>> numbers;
  std::map<std::string, std::map<InstanceAddress, Result<CapacityAnswer>>> capacity;
};

struct TickInput {
  const Config* config = nullptr;
  const RecordedState* recorded = nullptr;
  const Live* live = nullptr;
  const Roster* members = nullptr;  ///< Made of these three.
  const Samples* samples = nullptr;
  std::map<InstanceAddress, Wellness> wellness;  ///< Whoever was not asked is not in it: unknown, neither well nor ill.
  std::map<std::string, PolicyAnswers> answers;  ///< By group.
  std::map<std::string, ZoneRules> zones;        ///< By their names: those that schedules need.
  std::set<std::string> busy;                    ///< Groups of which a run goes on.
  std::map<std::string, int> room;               ///< By group: so many it can have at most, where that is known.
  Instant now{};
};

struct TickDecision {
  Remembered remembered;
  std::vector<ScalingDecision> decisions;
  std::vector<RecordChange> changes;  ///< Sizes that are wanted from here on.
  std::vector<EventRecord> events;
  Findings findings;           ///< What plans are made with.
  std::vector<HeldHeal> held;  ///< Who is ill, and is left as it is for now.

  bool operator==(const TickDecision&) const = default;
};

/// Decides for every group of the file. A group whose policies are not due keeps its size, and nobody new ends in it.
///
/// Who has asked to end, and is not taken away as its group gets smaller, is replaced as if --replace named it: by
/// turns, its successor first where the update has a surge. It is a wish and no illness, so it waits until its group is
/// at rest (as many as are wanted, all of them ready, nobody healed, no run and no rolling update), one after the
/// other, longest wish first. It is left where preventDestroy, a protection from scaleIn or all, `stop`, or a suspended
/// `terminate` or `launch` keeps it, and while it is ill and its health is left alone. A suspended `heal` or `update`
/// does not keep it.
TickDecision decide_tick(const TickInput& input);

/// Are the policies of this group to be asked now?
bool is_scaling_due(const Config& config, const Group& group, const RecordedState& recorded, Instant now);

/// Those that are to be asked whether they are well: up, and recorded as ready, or as leaving, which may have
/// been cut short. In file order.
std::vector<InstanceAddress> to_be_asked(const Config& config, const Roster& members);

}  // namespace vscale
