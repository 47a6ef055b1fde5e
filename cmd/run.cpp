#include "cmd/run.h"

#include <variant>

#include "cmd/commands/commands.h"
#include "cmd/invocation/command_line.h"
#include "cmd/invocation/exit_code.h"
#include "cmd/invocation/invocation.h"

namespace vscale {

int run(const std::vector<std::string>& words, Streams& streams, Outside& outside) {
  const auto parsed = parse_command_line(words);
  if (const auto* help = std::get_if<HelpText>(&parsed)) {
    streams.out << help->text;
    return static_cast<int>(ExitCode::ok);
  }
  if (const auto* mistake = std::get_if<UsageError>(&parsed)) {
    streams.err << mistake->text;
    return static_cast<int>(ExitCode::error);
  }
  const auto& line = std::get<CommandLine>(parsed);
  Invocation invocation = make_invocation(line.global, streams, outside);
  const ExitCode code =
      std::visit([&](const auto& arguments) { return run_command(arguments, invocation); }, line.arguments);
  streams.out.flush();
  if (!streams.out) {
    streams.err << "error: the result could not be written; is the disk full, or was the pipe closed?\n";
    return static_cast<int>(stronger(code, ExitCode::error));
  }
  return static_cast<int>(code);
}

}  // namespace vscale
