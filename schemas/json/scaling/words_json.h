#pragma once

#include <nlohmann/json_fwd.hpp>

#include "engine/recorded/recorded_state.h"
#include "schemas/json/json_cursor.h"

/// What operators said, sizes that are wanted, and health, for programs.

namespace vscale {

/// {group, size, owner, by, reason, at, until}
nlohmann::ordered_json wanted_size_json(const WantedSize& size);
/// {kind: suspend|protect|stop|restart, about, process?, from?, rolling?, until, at, by, reason}
nlohmann::ordered_json operator_word_json(const OperatorWord& word);
/// All of them, by kind and what they are about.
nlohmann::ordered_json operator_words_json(const OperatorWords& words);
/// {address, uuid, failures, failure, failing_since, healthy_since, looked_at, healed_at: [], backoff_step, retry_at}
nlohmann::ordered_json health_json(const HealthRecord& health);

/// And back; mistakes are noted by the cursor.
WantedSize wanted_size_from(const JsonCursor& json);
OperatorWord operator_word_from(const JsonCursor& json);

}  // namespace vscale
