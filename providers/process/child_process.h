#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "engine/ports/commands.h"
#include "providers/file_descriptor.h"

namespace vscale {

/// A process that was started by us, in a group of its own, and what it says. Used by one thread.
class ChildProcess {
 public:
  /// Starts `command.argv` with `command.input` and `command.environment`, which is all that it gets.
  static Result<ChildProcess> start(const Command& command);

  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  /// Ends what is left of its group by SIGKILL. Waits for that, but for no longer than kKillTimeout.
  ~ChildProcess();

  /// Waits up to `longest` for it to say something, and takes that.
  void listen(Duration longest);
  /// Takes what it has said before, without waiting.
  void take_the_rest();
  /// false: it has closed its output, as all have who had it from it.
  [[nodiscard]] bool may_say_more() const { return out_.pipe.is_open() || err_.pipe.is_open(); }

  /// Its exit code, or 128 + N if signal N ended it; nothing while it runs.
  [[nodiscard]] Result<std::optional<int>> exit_code();
  /// To all of its group. The process itself is reaped at the very end only, so that the group's number is not
  /// another's by now.
  void signal_group(int signal) const;

  /// The beginnings of what it has said so far.
  [[nodiscard]] const std::string& out() const { return out_.text; }
  [[nodiscard]] const std::string& err() const { return err_.text; }

 private:
  struct Stream {
    FileDescriptor pipe;
    std::string text{};
  };

  ChildProcess(pid_t pid, FileDescriptor out, FileDescriptor err);
  /// Takes one piece; false if there was none, and closes the pipe if there will be none.
  static bool take_piece(Stream& stream);

  pid_t pid_ = -1;  ///< -1: moved from, or lost.
  Stream out_, err_;
};

}  // namespace vscale
