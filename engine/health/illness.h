#pragma once

#include <optional>
#include <string>

#include "engine/health/decide_health.h"

/// Of one instance: what a finding adds to its record, and whether it is ill by that.

namespace vscale {

/// Why an instance is to be healed, whether or not it is.
struct Illness {
  Healing::Why why = Healing::Why::failing;
  std::string text;   ///< As Healing::text
  std::string found;  ///< In few words: what stands behind the reason to leave it as it is.
  Figures figures;
};

/// scaling.provisionTimeout, or kProvisionTimeout.
Duration provision_timeout_of(const Group& group);

/// Has it failed so often in a row, up to now, that it is ill?
bool is_unready(const Group& group, const HealthRecord& record);

/// Booting, and longer than health.startupTimeout ago that its host started it. How long it was waited for before that
/// is of no matter: in a bulk creation that may be long. `record` is what observed() gave, here and below.
bool is_past_startup_timeout(const Group& group, const HealthFinding& finding, const HealthRecord& record, Instant now);
/// Being made, and longer than the provision timeout ago that this began.
bool is_past_provision_timeout(const Group& group, const HealthFinding& finding, const HealthRecord& record,
                               Instant now);

/// The record after the finding. Another uuid begins anew, but for the heals of its place; what is unknown adds
/// nothing. Failures are counted whatever heal.when says. A start, or a creation, that lies after `now` is of before
/// the clock was set back: `failing_since` keeps when that was first seen, and the timeout counts from there.
HealthRecord observed(const Group& group, const HealthFinding& finding, HealthRecord record, Instant now);

/// Nothing: it is not ill, or is not known to be.
std::optional<Illness> illness_of(const Group& group, const HealthFinding& finding, const HealthRecord& record,
                                  Instant now);

/// What is done about it. A stateful one, and one that lifecycle.preventDestroy keeps, is never replaced.
Healing::By remedy_for(const Group& group, const HealthFinding& finding, const Illness& illness, Instant now);

}  // namespace vscale
