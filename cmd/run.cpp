#include "cmd/run.h"

#include <variant>

#include "cmd/commands/commands.h"
#include "cmd/invocation/command_line.h"
#include "cmd/invocation/exit_code.h"
#include "cmd/invocation/invocation.h"

namespace vscale {
namespace {

/// Who has closed the pipe has seen enough, as with `| head`: what was to be done is done, and ended as it ended.
int ended(ExitCode code, Streams& streams) {
  streams.out.flush();
  const bool nobody_reads = streams.out_reader_is_gone && streams.out_reader_is_gone();
  if (!streams.out && !nobody_reads) {
    streams.err << "error: the result could not be written; is the disk full?\n";
    code = stronger(code, ExitCode::error);
  }
  return static_cast<int>(code);
}

}  // namespace

int run(const std::vector<std::string>& words, Streams& streams, Outside& outside) {
  const auto parsed = parse_command_line(words);
  if (const auto* help = std::get_if<HelpText>(&parsed)) {
    streams.out << help->text;
    return ended(ExitCode::ok, streams);
  }
  if (const auto* mistake = std::get_if<UsageError>(&parsed)) {
    streams.err << mistake->text;
    return static_cast<int>(ExitCode::error);
  }
  const auto& line = std::get<CommandLine>(parsed);
  Invocation invocation = make_invocation(line.global, streams, outside);
  const ExitCode code =
      std::visit([&](const auto& arguments) { return run_command(arguments, invocation); }, line.arguments);
  return ended(code, streams);
}

}  // namespace vscale
