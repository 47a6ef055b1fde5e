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
  std::size_t groups = 0, instances = 0, machines = 0;
  for (const auto& group : config.groups) {
    if (group.kind == InstanceAddress::Kind::machine) {
      ++machines;
      continue;
    }
    ++groups;
    instances += static_cast<std::size_t>(group.size);
  }
  std::vector<std::string> parts{counted(config.hosts.size(), "host")};
  if (groups > 0 || machines == 0) {
    parts.push_back(fmt::format("{} of {}", counted(groups, "group"), counted(instances, "instance")));
  }
  if (machines > 0) parts.push_back(counted(machines, "machine"));
  return fmt::format("{}: valid. {}: {}.", fmt::join(global.files, " + "), config.name, fmt::join(parts, ", "));
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
