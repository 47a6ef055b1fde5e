#pragma once

#include <nlohmann/json_fwd.hpp>

#include "engine/plan/plan.h"
#include "schemas/json/json_cursor.h"

/// What the executor needs of one action, as JSON: the `detail` of a plan's actions.

namespace vscale {

nlohmann::ordered_json action_detail_json(const ActionDetail& detail);

/// And back: `kind` is the word that kind_of() gives. Mistakes are noted by the cursors.
ActionDetail action_detail_from(const JsonCursor& kind, const JsonCursor& json);

}  // namespace vscale
