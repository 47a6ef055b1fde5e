#include "providers/sqlite/lock/this_machine.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>

namespace vscale {
namespace {

constexpr std::size_t kIdDigits = 32;

/// The id in the first line, without the dashes of a UUID; empty if there is none, such as "uninitialized".
std::string id_in(const std::string& path) {
  std::string line;
  std::ifstream file(path);
  std::getline(file, line);
  std::erase(line, '-');
  const bool is_id = line.size() == kIdDigits && line.find_first_not_of("0123456789abcdef") == std::string::npos;
  return is_id ? line : "";
}

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

}  // namespace

std::string this_machine(const MachineFiles& files) {
  if (const std::string id = id_in(files.machine_id); !id.empty()) return "machine " + id;
  if (const std::string id = id_in(files.boot_id); !id.empty()) return "boot " + id;
  return host_name();
}

}  // namespace vscale
