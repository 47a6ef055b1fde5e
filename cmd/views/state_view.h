#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "engine/recorded/recorded_state.h"

namespace vscale {

/// What is recorded, a line each: instances, disks that were kept of others, images, hosts.
std::string state_list_text(const RecordedState& recorded);

/// A JSON value as an indented outline of `key: value` lines, for a person; lines are not wrapped.
std::string outline_text(const nlohmann::ordered_json& value);

}  // namespace vscale
