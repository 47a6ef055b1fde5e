#pragma once

#include <map>
#include <string>

#include "engine/desired/config.h"
#include "engine/live/host_snapshot.h"
#include "engine/plan/plan.h"
#include "engine/recorded/recorded_state.h"

namespace vscale {

/// What brings images to the hosts ahead of need: for every image of `locks`, each host that a group with that image
/// may use and that has no complete copy of its digest gets one. Pure; no instance is touched. A host that does not
/// answer makes the plan incomplete.
Plan plan_image_pull(const Config& config, const RecordedState& recorded, const Live& live,
                     const std::map<std::string, ImageLock>& locks, Instant now);

}  // namespace vscale
