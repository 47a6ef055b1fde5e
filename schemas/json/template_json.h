#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "engine/desired/template.h"
#include "engine/values/result.h"
#include "schemas/json/json_cursor.h"

/// What an instance is made of, with `${…}` as it was written: as the text that the statefile keeps of a revision.
/// Every field survives the way there and back. Keys that this version does not know are passed over, and what is
/// missing is as a new Template has it, so that a text of an older or a newer version is read.

namespace vscale {

/// Keys are those of engine/desired/template.h, sizes bytes: {image, vcpus, max_vcpus, memory_bytes, max_memory_bytes,
/// disk_bytes, storage, disks: [{name, size_bytes, storage, keep}], networks: [{network, address, mac}], firmware,
/// machine, cpu, cloud_init: {user_data, user_data_file, substitute, user, ssh_keys, vendor_data, on_change: roll|
/// nextCreate, seed: keep|eject}, network_mbps, xml: [{at, op: set|add|remove, value}]}
nlohmann::ordered_json template_json(const Template& made_of);
/// And back; mistakes are noted by the cursor.
Template template_from(const JsonCursor& json);

/// The same as one line of text.
std::string template_text(const Template& made_of);
/// And back; `invalid` with the first mistake, and its place, for a text that is damaged.
Result<Template> template_from_text(const std::string& text);

}  // namespace vscale
