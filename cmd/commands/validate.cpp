#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "cmd/commands/commands.h"
#include "cmd/planning/configuration_files.h"
#include "cmd/views/run/run_json.h"
#include "schemas/diagnostics/diagnostic_json.h"
#include "schemas/diagnostics/diagnostic_text.h"

namespace vscale {
namespace {

/// "1 group", "2 groups"
std::string counted(std::size_t count, const char* word) {
  return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

std::string valid_text(const GlobalOptions& global, const Config& config) {
  std::size_t instances = 0;
  for (const auto& group : config.groups) instances += static_cast<std::size_t>(group.size);
  return fmt::format("{}: valid. {}: {}, {}, {}.", fmt::join(global.files, " + "), config.name,
                     counted(config.hosts.size(), "host"), counted(config.groups.size(), "group"),
                     counted(instances, "instance"));
}

}  // namespace

ExitCode run_command(const ValidateArguments&, Invocation& invocation) {
  const auto files = read_files(invocation, ReadInput::Secrets::not_demanded);
  if (!files) return fail(invocation, files.error());
  const ReadConfig& read = files->read;
  std::ostream& out = invocation.streams.out;
  if (invocation.global.json) {
    out << line_of(diagnostics_json(read.diagnostics));
  } else {
    out << render_diagnostics(read.diagnostics);
    if (read.config) out << left_and_right(printable(valid_text(invocation.global, *read.config)), "", 2);
  }
  return read.config ? ExitCode::ok : ExitCode::error;
}

}  // namespace vscale
