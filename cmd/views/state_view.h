#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "engine/recorded/recorded_state.h"

namespace vscale {

/// The addresses of groups, without machines that are in the record as instances or by kept disks: those are called as
/// their groups are.
std::vector<std::string> groups_apart(const RecordedState& recorded);

/// The addresses of all that is recorded: instances, kept disks' owners, images, hosts, groups.
std::vector<std::string> addresses_in(const RecordedState& recorded);

/// {format_version, addresses: [...], kept_disks: [...], detached_disks: [...]}
nlohmann::ordered_json state_list_json(const RecordedState& recorded);
/// An instance with `volumes`, which are records of their own.
nlohmann::ordered_json instance_record_json(const RecordedState& recorded, const InstanceRecord& instance);
/// {address, volumes: [...]}: what was kept of an instance that is gone.
nlohmann::ordered_json kept_disks_json(const RecordedState& recorded, const InstanceAddress& owner);
/// An image with the `copies` of it.
nlohmann::ordered_json image_record_json(const RecordedState& recorded, const ImageLock& lock);

/// What is recorded, a line each: instances, disks that were kept of others, images, hosts, groups.
std::string state_list_text(const RecordedState& recorded);

/// A JSON value as an indented outline of `key: value` lines, for a person; lines are not wrapped.
std::string outline_text(const nlohmann::ordered_json& value);

}  // namespace vscale
