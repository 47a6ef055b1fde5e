#include "cmd/views/text/valid_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cmd/views/text/text_layout.h"

namespace vscale {
namespace {

/// "1 group", "2 groups"
std::string counted(std::size_t count, const char* word) {
  return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

}  // namespace

std::string valid_text(const std::vector<std::string>& files, const Config& config) {
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
  const std::string text =
      fmt::format("{}: valid. {}: {}.", fmt::join(files, " + "), config.name, fmt::join(parts, ", "));
  return left_and_right(printable(text), "", 2);
}

}  // namespace vscale
