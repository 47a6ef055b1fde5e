#include "providers/sqlite/lock/this_machine.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <sstream>

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

/// From the boot to the beginning of the process; nothing for one that has ended, also if its parent has not asked yet.
std::optional<std::int64_t> ticks_at_begin(std::int64_t pid) {
  // "7 (a name) with anything in it) S 1 7 ...", see proc(5).
  constexpr int kBetweenStateAndBegin = 18;
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  const std::string line{std::istreambuf_iterator<char>(file), {}};
  const std::size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(line.substr(name_end + 1));
  char state = 0;
  fields >> state;
  std::string skipped;
  for (int i = 0; i < kBetweenStateAndBegin; ++i) fields >> skipped;
  std::int64_t ticks = 0;
  if (!(fields >> ticks) || state == 'Z' || state == 'X') return std::nullopt;
  return ticks;
}

std::optional<Instant> booted_at() {
  std::ifstream file("/proc/stat");
  for (std::string word; file >> word;) {
    std::int64_t seconds = 0;
    if (word == "btime" && file >> seconds) return Instant{std::chrono::seconds{seconds}};
  }
  return std::nullopt;
}

}  // namespace

std::string this_machine(const MachineFiles& files) {
  if (const std::string id = id_in(files.machine_id); !id.empty()) return "machine " + id;
  if (const std::string id = id_in(files.boot_id); !id.empty()) return "boot " + id;
  return host_name();
}

std::optional<Instant> began_at(std::int64_t pid) {
  const auto ticks = ticks_at_begin(pid);
  const auto booted = booted_at();
  const std::int64_t ticks_per_second = sysconf(_SC_CLK_TCK);
  if (!ticks || !booted || ticks_per_second <= 0) return std::nullopt;
  return *booted + Duration{*ticks * 1000 / ticks_per_second};
}

}  // namespace vscale
