#include <nlohmann/json.hpp>

#include "cmd/commands/commands.h"
#include "cmd/invocation/command_line.h"
#include "cmd/invocation/version.h"
#include "cmd/views/run/run_json.h"
#include "schemas/json/plan_json.h"
#include "schemas/language/json_schema.h"

/// schema, version and completion: what the program says about itself.

namespace vscale {

ExitCode run_command(const SchemaArguments&, Invocation& invocation) {
  invocation.streams.out << config_json_schema().dump(2) << "\n";
  return ExitCode::ok;
}

ExitCode run_command(const VersionArguments&, Invocation& invocation) {
  if (invocation.global.json) {
    invocation.streams.out << line_of(
        {{"format_version", "1.0"}, {"vscale", kVersion}, {"plan_format", kPlanFormatVersion}});
  } else {
    invocation.streams.out << "vscale " << kVersion << "\n";
  }
  return ExitCode::ok;
}

ExitCode run_command(const CompletionArguments& arguments, Invocation& invocation) {
  invocation.streams.out << completion_script(arguments.shell);
  return ExitCode::ok;
}

}  // namespace vscale
