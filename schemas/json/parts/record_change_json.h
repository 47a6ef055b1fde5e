#pragma once

#include <nlohmann/json_fwd.hpp>

#include "engine/recorded/recorded_state.h"
#include "schemas/json/json_cursor.h"

/// One change to what is recorded: {WHAT: ...}, where WHAT is put_instance, remove_volume, ...

namespace vscale {

nlohmann::ordered_json record_change_json(const RecordChange& change);
/// And back; mistakes are noted by the cursor.
RecordChange record_change_from(const JsonCursor& json);

}  // namespace vscale
