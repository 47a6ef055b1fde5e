#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cmd/watching/sources/source_questions.h"
#include "engine/ports/clock.h"
#include "engine/scaling/decide_size.h"

/// Asks, for all groups at once, what their policies want to know from outside.

namespace vscale {

/// So many commands run at once; further ones wait for their turn.
constexpr std::size_t kSourceCommandsAtOnce = 8;

/// By what is asked. Refers to them. `stopped` is called from several threads.
struct SourcePorts {
  NumberSources& http;
  Commands& commands;
  Clock& clock;
  std::function<bool()> stopped;
};

/// As ScalingInput takes them: by the policies' names.
struct SourceAnswers {
  std::map<std::string, Result<std::optional<double>>> numbers;
  std::map<std::string, std::map<InstanceAddress, Result<CapacityAnswer>>> capacity;
};

/// By the groups' addresses, group.web; every group that was to be asked for is there. All sources are asked side by
/// side, and what has not answered `within` so long is an error, as is all that is no answer. It ends when the last one
/// has answered, or then; a command that is late and does not heed SIGTERM holds it up for kCommandGrace more. An error
/// says whose it is, and holds no token and no password, not even where who was asked has told it back: as it was
/// written, not what was made of it.
std::map<std::string, SourceAnswers> ask_sources(const Config& config, const std::vector<GroupToAsk>& groups,
                                                 const SourceTexts& texts, const SourcePorts& ports, Duration within);

}  // namespace vscale
