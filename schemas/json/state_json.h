#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "engine/recorded/recorded_state.h"
#include "schemas/json/json_cursor.h"

/// What is recorded, for programs: `state list|show --json`, and the parts of a plan that carry records. Keys are
/// snake_case, instants RFC 3339, sizes bytes. Nothing in a record is secret.

namespace vscale {

nlohmann::ordered_json guest_nic_json(const GuestNic& nic);
/// {address, name, uuid, host, phase, revision, incarnation, spec_hash, image_digest, vcpus, memory_bytes, nics: [...],
/// claim: {...}, created_at, started_at, ready_at, after, prevent_destroy, shutdown_grace_ms, drained}
nlohmann::ordered_json instance_json(const InstanceRecord& instance);
nlohmann::ordered_json volume_json(const VolumeRecord& volume);
nlohmann::ordered_json image_copy_json(const ImageCopyRecord& copy);
nlohmann::ordered_json image_lock_json(const ImageLock& lock);
/// {address, revision, spec_hash, cursor_host, stable, size}
nlohmann::ordered_json group_record_json(const GroupRecord& group);
/// {host, uri, generation, seen_at, failure: {kind, message, at}}
nlohmann::ordered_json host_record_json(const HostRecord& host);
/// {format_version, lineage, serial, instances, volumes, image_copies, images, groups, revisions, rollouts,
/// rollout_intents, wanted_sizes, operator_words, health, hosts, open_actions}; the three of rolling updates as
/// rollout_json.h says, and of a revision its outline.
nlohmann::ordered_json state_json(const RecordedState& state);

/// And back; mistakes are noted by the cursor.
GuestNic guest_nic_from(const JsonCursor& json);
InstanceRecord instance_from(const JsonCursor& json);
VolumeRecord volume_from(const JsonCursor& json);
ImageCopyRecord image_copy_from(const JsonCursor& json);
ImageLock image_lock_from(const JsonCursor& json);
GroupRecord group_record_from(const JsonCursor& json);
InstanceAddress instance_address_from(const JsonCursor& json);

}  // namespace vscale
