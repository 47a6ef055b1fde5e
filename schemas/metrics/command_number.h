#pragma once

#include <optional>
#include <string>

#include "engine/ports/commands.h"
#include "engine/values/result.h"

namespace vscale {

/// The number that a policy's command has printed: exactly one, with nothing but white space around it. Absent for NaN
/// and ±Inf, by which a command says that there is none. An exit code that is not 0 is an error with the first line of
/// what it said on stderr. `subject`: the command, as messages begin.
Result<std::optional<double>> command_number(const CommandExit& exit, const std::string& subject);

}  // namespace vscale
