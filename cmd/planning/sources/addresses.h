#pragma once

#include <string>

#include "engine/desired/config.h"
#include "engine/plan/reconcile.h"
#include "engine/recorded/recorded_state.h"
#include "engine/values/result.h"

/// What a person calls things, as addresses.

namespace vscale {

/// `group.web[2]` for what a person writes: web-2, group.web[2], prod-web-2, web, db1, host.kvm1. `not_found` lists or
/// guesses what there is.
Result<std::string> resolve_address(const Config& config, const RecordedState& recorded, const std::string& written);

/// The same options with addresses for what was written.
Result<PlanOptions> with_addresses(const Config& config, const RecordedState& recorded, PlanOptions options);

}  // namespace vscale
