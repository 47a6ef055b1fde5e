#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "cmd/views/text/moment_text.h"
#include "cmd/views/text/text_layout.h"
#include "engine/ports/state_store.h"

namespace vscale {

/// One line for each event, oldest first: when, what it is about, what happened. Says so where there is none.
std::string events_text(const std::vector<EventRecord>& events, const TimeWords& times, const Paint& paint);
/// {at, kind, address, host, text}
nlohmann::ordered_json event_json(const EventRecord& event);

}  // namespace vscale
