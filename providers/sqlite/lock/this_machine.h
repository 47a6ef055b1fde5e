#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/values/units.h"

/// Which machine this is, and what runs on it, for the row that says who holds the lock.

namespace vscale {

/// Where the operating system says it; tests bring files of their own.
struct MachineFiles {
  std::string machine_id = "/etc/machine-id";               ///< 32 hex digits, from installation on.
  std::string boot_id = "/proc/sys/kernel/random/boot_id";  ///< Of the running kernel.
};

/// The same text for as long as the machine is the same, whatever its host name is now: its machine id. Where there is
/// none, as in many containers, the id of the running kernel, which is the one that is asked for a lock. Where there is
/// neither, the host name.
std::string this_machine(const MachineFiles& files = {});

/// When the process of that number began, to two seconds; nothing if there is none, it has ended, or it cannot be seen.
/// By the wall clock of now: one that was set since moves it.
std::optional<Instant> began_at(std::int64_t pid);

}  // namespace vscale
