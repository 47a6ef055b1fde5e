#pragma once

#include <set>
#include <string>

#include "cmd/invocation/arguments.h"
#include "schemas/config/config_reader.h"

/// Commands that a person is told to say next.

namespace vscale {

/// The names of the variables whose values nobody is to see.
std::set<std::string> secrets_of(const Variables& variables);

/// One word of a command that is shown: as shell_word(), and harmless to a terminal.
std::string shown_word(const std::string& word);

/// `vscale -f prod.yaml apply --target web`: the command that does what was shown, with the files, the variables, the
/// statefile and the options that it was shown with. A secret given by --var is named without its value, as
/// `--var token=<secret>`, which a shell refuses until somebody has put it in.
std::string command_text(const std::string& command, const GlobalOptions& global, const PlanOptions& options,
                         const std::set<std::string>& secrets);

/// A command in lines of the page that a shell reads as one, `indent` columns in. No newline at the end.
std::string command_lines(const std::string& command, std::size_t indent);

/// "Go on: vscale apply (what is done stays done)" where that is one line of the page. Where it is not, the command
/// stands below the lead (and the remark), broken so that it can be copied into a shell. No newline at the end.
std::string with_command(const std::string& lead, const std::string& command, const std::string& remark = "");

/// A command as it is to be said here, with -f and the like, and what it is for: "Go on:", "Then:", "Back:".
struct SayableCommand {
  std::string lead, command;
};

}  // namespace vscale
