#pragma once

#include "engine/recorded/recorded_state.h"

namespace vscale {

/// Applies one change to a state in memory, exactly as a store applies it to its file: the twin that planning and tests
/// work on. Order of volumes and image copies is kept. Nothing is decided and nothing is an error: putting replaces
/// what is there, removing what is not there does nothing, and neither is anything else touched: volumes outlive their
/// instance. The serial stays: it moves with a commit, not with a change. A host that a change names is known from then
/// on, and its generation moves with everything that is claimed of it or given back.
void apply(RecordedState& state, const RecordChange& change);

}  // namespace vscale
