#pragma once

#include <string>

#include "engine/scaling/schedule/cron.h"
#include "engine/scaling/zone_rules.h"
#include "engine/values/units.h"

/// What the tests of schedules have in common: this machine's zones, and moments as texts.

namespace vscale::test {

/// From 1990 to 2036, read by the real provider; fails the test if it cannot be.
ZoneRules real_zone(const std::string& name);

/// "2026-03-29T01:00Z"
Instant utc_moment(const std::string& text);
/// The same back, to the minute; with seconds if there are any.
std::string show_moment(Instant at);

Cron cron(const std::string& text);

/// The next `count` after `after`, or the last ones at or before `at`, newest first: "2026-03-29T01:00Z
/// 2026-03-30T00:30Z".
std::string coming(const std::string& text, const ZoneRules& rules, const std::string& after, int count);
std::string past(const std::string& text, const ZoneRules& rules, const std::string& at, int count);

}  // namespace vscale::test
