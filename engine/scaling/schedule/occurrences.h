#pragma once

#include <chrono>
#include <optional>

#include "engine/scaling/schedule/cron.h"
#include "engine/scaling/zone_rules.h"
#include "engine/values/units.h"

/// When a cron expression comes, in a zone.
///
/// Where minute and hour are fixed (Cron::Pace::once), a time comes at the first moment at which the clocks show it or
/// a later one. So one that clocks leave out in spring comes when they go on, together with others that were left out
/// or that this moment is itself; and one that they show twice in autumn comes the first time only. Other expressions
/// come whenever clocks show what they name: not while it is left out, and twice in the hour that is repeated.

namespace vscale {

/// So far is looked for an occurrence, back or ahead: five years. The longest that any but the rarest expressions wait
/// is four, from 29 February to the next.
constexpr std::chrono::days kCronReach{5 * 366};

/// The last one at or before `at`; nothing if there is none within kCronReach. `rules` should reach back so far.
std::optional<Instant> last_occurrence(const Cron& cron, const ZoneRules& rules, Instant at);

/// The first one after `after`, itself excluded; nothing if there is none within kCronReach. What `rules` do not tell
/// any more counts as being as at their end.
std::optional<Instant> next_occurrence(const Cron& cron, const ZoneRules& rules, Instant after);

}  // namespace vscale
