#include <nlohmann/json.hpp>

#include "cmd/commands/commands.h"
#include "cmd/planning/configuration_files.h"
#include "cmd/views/run/run_json.h"
#include "cmd/views/text/valid_text.h"
#include "schemas/diagnostics/diagnostic_json.h"
#include "schemas/diagnostics/diagnostic_text.h"

namespace vscale {
ExitCode run_command(const ValidateArguments&, Invocation& invocation) {
  const auto files = read_files(invocation, ReadInput::Secrets::not_demanded);
  if (!files) return fail(invocation, files.error());
  const ReadConfig& read = files->read;
  std::ostream& out = invocation.streams.out;
  if (invocation.global.json) {
    out << line_of(diagnostics_json(read.diagnostics));
  } else {
    out << render_diagnostics(read.diagnostics);
    if (read.config) out << valid_text(invocation.global.files, *read.config);
  }
  return read.config ? ExitCode::ok : ExitCode::error;
}

}  // namespace vscale
