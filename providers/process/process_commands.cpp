#include "providers/process/process_commands.h"

namespace vscale {

Result<CommandExit> ProcessCommands::run(const Command& /*command*/, const std::function<bool()>& /*stopped*/) {
  return Error{ErrorKind::unsupported, "no command is run yet", {}, {}};
}

}  // namespace vscale
