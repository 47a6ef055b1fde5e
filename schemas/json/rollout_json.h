#pragma once

#include <nlohmann/json_fwd.hpp>

#include "engine/recorded/recorded_state.h"
#include "schemas/json/json_cursor.h"

/// What is recorded of rolling updates: revisions, rollouts, and what operators said of them.

namespace vscale {

/// {group, number, spec_hash, image: {...}, created_at, completed_at, verdict, why}: without what it is made of.
/// User-data is for guests, and not for plans and logs.
nlohmann::ordered_json revision_json(const RevisionRecord& revision);
/// {group, from, to, steps_passed, step_reached_at, failures, failure, started_at}
nlohmann::ordered_json rollout_record_json(const RolloutRecord& rollout);
/// {group, kind, revision, step, failures, at, by, reason}
nlohmann::ordered_json intent_json(const RolloutIntent& intent);

/// And back, as far as it is told; mistakes are noted by the cursor.
RevisionRecord revision_from(const JsonCursor& json);
RolloutRecord rollout_record_from(const JsonCursor& json);
RolloutIntent intent_from(const JsonCursor& json);

}  // namespace vscale
