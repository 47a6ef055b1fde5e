#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cmd/invocation/invocation.h"
#include "engine/desired/config.h"
#include "engine/live/host_snapshot.h"
#include "engine/ports/state_store.h"
#include "engine/recorded/recorded_state.h"

namespace vscale {

/// The record as a command sees it that only looks.
struct Recorded {
  RecordedState state;
  std::optional<LockHolder> running;  ///< Who works on it right now.
};

/// Reads the record without changing anything. No statefile is an empty record: nothing was created yet.
Result<Recorded> read_recorded(const Invocation& invocation, const Config& config);

/// Has the host ever answered under this name?
bool was_seen(const RecordedState& recorded, const std::string& host);

/// The volumes that belong to no instance any more: disks that were kept when theirs went, by owner. No plan but one to
/// destroy that allows data loss deletes them; an instance that is made anew at the owner's address takes them.
std::vector<VolumeRecord> kept_disks(const RecordedState& recorded);

/// Data disks that are kept beside an instance which does without them, as far as `live` shows: the file has had them
/// out since. They come back with their lines.
std::vector<VolumeRecord> detached_disks(const RecordedState& recorded, const Live& live);
/// The same by what was last seen of the hosts.
std::vector<VolumeRecord> detached_disks(const RecordedState& recorded);

/// The address of the group that a person means, by its name, its address or one of its instances: one that the files
/// have, or that something is recorded of. `not_found` guesses or lists.
Result<std::string> group_meant(const Config& config, const RecordedState& recorded, const std::string& written);

/// The recorded instance that a person means by web-2, group.web[2] or prod-web-2. `not_found` guesses or lists.
Result<InstanceRecord> find_instance(const Config& config, const RecordedState& recorded, const std::string& written);

}  // namespace vscale
