#pragma once

#include <cstddef>
#include <string>

#include "engine/recorded/health_record.h"
#include "engine/values/units.h"

/// What heals of a place leave behind in its record: how often it was healed lately, and how long it waits before it is
/// healed again. The numbers: decide_health.h.

namespace vscale {

/// The record as it is `now`: heals that are too long ago are forgotten. Moments that lie ahead of `now`, since a clock
/// was set back, are taken for now, and nobody waits longer than its backoff from now.
HealthRecord aged(HealthRecord record, Instant now);

/// Neither ill nor known to be healthy: as of one that was just started. Its heals stay.
void begin_anew(HealthRecord& record);

/// It was seen alive. The backoff is over for one that has been healthy for kBackoffReset.
void note_alive(HealthRecord& record, Instant now);

/// A heal of it begins `now`: its failures are counted anew, and it is in no good health until it was seen alive.
/// The third one within the window, and each one after that, makes it wait for the next.
void note_heal(HealthRecord& record, Instant now);

/// "once", "3 times"
std::string shown_times(std::size_t count);

/// Must it wait? It is in a crash loop then.
bool is_backing_off(const HealthRecord& record, Instant now);
/// "crash loop: healed 3 times within 1h, again in 12m". Only of one that is backing off.
std::string crash_loop_text(const HealthRecord& record, Instant now);

}  // namespace vscale
