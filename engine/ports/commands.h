#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/values/result.h"
#include "engine/values/units.h"

/// Commands that run where vscale runs: hooks.

namespace vscale {

/// What of a command's output is kept: the beginning of each stream. The rest is read and dropped.
constexpr std::size_t kCommandOutputMaxBytes = 64 * 1024;

struct Command {
  std::vector<std::string> argv;                   ///< No shell. Never empty; the program is looked for in PATH.
  std::map<std::string, std::string> environment;  ///< All that it gets, but for PATH, HOME, LANG and TZ of our own.
  std::string input;                               ///< Its stdin, then its end.
  Duration timeout{};
};

struct CommandExit {
  int code = 0;  ///< 128 + N if signal N ended it.
  std::string out, err;
};

/// A port: runs commands. Safe from several threads at once.
class Commands {
 public:
  virtual ~Commands() = default;
  /// Runs it to its end. An exit code that is not 0 is not an error here. `not_found` or `denied` if it cannot be
  /// begun, `timed_out` if it has used up its time, or soon after `stopped` begins to answer true: then it is ended
  /// with all that it has started, first by SIGTERM, kCommandGrace later by SIGKILL.
  virtual Result<CommandExit> run(const Command& command, const std::function<bool()>& stopped) = 0;
};
constexpr Duration kCommandGrace{5000};

}  // namespace vscale
