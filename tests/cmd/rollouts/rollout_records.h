#pragma once

#include <string>

#include "engine/desired/config.h"
#include "engine/recorded/recorded_state.h"

/// What is recorded of a rolling update of `web`, for tests.

namespace vscale::test {

/// 2026-05-04T14:00:00Z
Instant rollout_noon();

/// Three instances; steps: one and five minutes, half and a person, all; no failure is put up with.
Group rolled_group();

/// The group, and the storage that it is on.
Config config_of(Group group);

/// Revision 8 was completed, 9 was begun five minutes ago with the next instance, web-3, which is ready.
RecordedState rolling_record();

/// What anna@ctl1 says of it, four minutes after noon: of revision 9.
RolloutIntent said(RolloutIntent::Kind kind, const std::string& reason = "");

}  // namespace vscale::test
