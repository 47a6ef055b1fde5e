#pragma once

#include "engine/ports/commands.h"

namespace vscale {

/// Runs commands as processes of their own, each in a process group of its own, so that what it starts ends with it.
class ProcessCommands final : public Commands {
 public:
  Result<CommandExit> run(const Command& command, const std::function<bool()>& stopped) override;
};

}  // namespace vscale
