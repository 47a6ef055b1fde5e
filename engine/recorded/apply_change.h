#pragma once

#include "engine/recorded/recorded_state.h"

namespace vscale {

/// Applies one change to a state in memory, exactly as a store applies it to its file: the twin that planning and tests
/// work on. Order of volumes and image copies is kept. Nothing is decided and nothing is an error: putting replaces
/// what is there, removing what is not there does nothing, and neither is anything else touched: volumes outlive their
/// instance. The serial stays: it moves with a commit, not with a change. A host that a change names is known from then
/// on, and its generation moves with everything that is claimed of it or given back.
void apply(RecordedState& state, const RecordChange& change);
void apply(RecordedState& state, const Remembered& remembered);

/// The domain as it would be seen if everything about it were as it is recorded, for ForgetInstance: in the state
/// `unknown`, with every address that its cards have.
LiveDomain domain_as_recorded(const InstanceRecord& instance, const std::string& lineage);

}  // namespace vscale
