#pragma once

#include <string>
#include <variant>
#include <vector>

#include "cmd/invocation/arguments.h"

/// From the words of the command line to what was asked for.

namespace vscale {

struct CommandLine {
  GlobalOptions global;
  Arguments arguments;
};
/// Help was asked for, or no command was given.
struct HelpText {
  std::string text;
};
/// The words were not understood; `text` says what was, and where help is.
struct UsageError {
  std::string text;
};

/// `words` without the program's own name.
std::variant<CommandLine, HelpText, UsageError> parse_command_line(const std::vector<std::string>& words);

/// A script that completes commands and options in that shell.
std::string completion_script(Shell shell);

}  // namespace vscale
