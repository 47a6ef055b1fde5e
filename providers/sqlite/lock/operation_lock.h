#pragma once

#include <memory>
#include <optional>

#include "engine/ports/state_store.h"
#include "providers/sqlite/statefile.h"

/// The lock for apply, destroy and watch. That it is held is known to the kernel, by a lock on the file PATH.lock that
/// goes with the process, however that ends; who holds it stands in a row, for people. A row whose process is gone
/// means nothing, also one from before the machine was restarted or renamed; one whose process lives counts even if
/// somebody removed PATH.lock. Only for a holder on another machine,
/// whose kernel cannot be asked, is the row all there is: it counts until force_unlock().

namespace vscale {

/// These throw Refused, DamagedRow and what SQLite throws.
std::unique_ptr<OperationLock> take_lock(const std::shared_ptr<Statefile>& file, const LockHolder& holder);
std::optional<LockHolder> find_holder(Statefile& file);
void forget_holder(Statefile& file, const std::string& id);
std::unique_ptr<LockRequest> ask_for_lock(const std::shared_ptr<Statefile>& file, const LockHolder& asks);
/// The first of those whose process lives on this machine; nobody knows of others.
std::optional<LockHolder> find_request(Statefile& file);

}  // namespace vscale
