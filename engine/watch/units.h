#pragma once

#include <string>
#include <vector>

#include "engine/desired/config.h"
#include "engine/recorded/recorded_state.h"

namespace vscale {

/// What is planned and carried out together by watch, apart from all else: groups that depend on each other, by their
/// addresses. So nobody waits for a slow host but those who need what is there. In file order; what is recorded and not
/// in the file comes last, each by itself.
std::vector<std::vector<std::string>> units_of(const Config& config, const RecordedState& recorded);

/// All groups but those of `unit`.
std::vector<std::string> groups_beside(const std::vector<std::string>& unit,
                                       const std::vector<std::vector<std::string>>& units);

}  // namespace vscale
