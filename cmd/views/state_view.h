#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "engine/recorded/recorded_state.h"

namespace vscale {

/// The addresses of groups, without machines that are in the record as instances or by kept disks: those are called as
/// their groups are.
std::vector<std::string> groups_apart(const RecordedState& recorded);

/// What is recorded, a line each: instances, disks that were kept of others, images, hosts, groups.
std::string state_list_text(const RecordedState& recorded);

/// A JSON value as an indented outline of `key: value` lines, for a person; lines are not wrapped.
std::string outline_text(const nlohmann::ordered_json& value);

}  // namespace vscale
