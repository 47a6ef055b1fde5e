#pragma once

#include <string>
#include <vector>

#include "cmd/invocation/streams.h"
#include "cmd/outside.h"

namespace vscale {

/// The whole program but for its process: understands `words` (the command line without the program's name), does what
/// they say against `outside`, and returns the exit code (see ExitCode). Never throws and never ends the process.
int run(const std::vector<std::string>& words, Streams& streams, Outside& outside);

}  // namespace vscale
