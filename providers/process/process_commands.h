#pragma once

#include "engine/ports/commands.h"

namespace vscale {

/// How long the output of a command that has ended is still waited for, while something that it has started holds it
/// open.
constexpr Duration kLastOutputTimeout{500};
/// Not even SIGKILL ends a process whose disk does not answer: it is left behind after so long.
constexpr Duration kKillTimeout{5000};

/// Runs commands as processes of their own:
///  - Each leads a process group of its own: a Ctrl-C at the terminal is vscale's, and reaches the command as
///  `stopped`.
///    What is left of the group when the command has ended, by itself or not, is ended by SIGKILL; a daemon that shall
///    outlive the command begins a session of its own (setsid), and is left alone.
///  - It stays in the folder in which vscale was started, and what it writes is private as vscale's own files are
///  (umask
///    077) unless it says otherwise. No descriptor but the standard ones is handed on, and signals are as at a login,
///    whatever vscale blocks or ignores.
///  - Where there is no input, stdin is /dev/null; otherwise a file in memory, so that a command that never reads keeps
///    nobody waiting.
/// Needs SIGCHLD not to be ignored. Holds nothing; safe from several threads at once.
class ProcessCommands final : public Commands {
 public:
  /// `grace`: between SIGTERM and SIGKILL.
  explicit ProcessCommands(Duration grace = kCommandGrace) : grace_(grace) {}

  /// Also `invalid` for a zero byte in argv or the environment, which no process can be given.
  Result<CommandExit> run(const Command& command, const std::function<bool()>& stopped) override;

 private:
  Duration grace_;
};

}  // namespace vscale
