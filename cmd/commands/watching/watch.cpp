#include "cmd/commands/commands.h"
#include "cmd/watching/watch_loop.h"

namespace vscale {

ExitCode run_command(const WatchArguments& arguments, Invocation& invocation) {
  return WatchLoop(invocation, arguments).run();
}

}  // namespace vscale
