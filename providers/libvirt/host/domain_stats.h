#pragma once

#include <libvirt/libvirt.h>

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "engine/live/domain_counters.h"
#include "engine/live/host_snapshot.h"
#include "providers/libvirt/link/host_link.h"

namespace vscale::libvirt {

/// What libvirt's bulk stats tell of one domain. What they do not tell is absent.
struct StatsReading {
  DomainState state = DomainState::unknown;
  std::optional<int> vcpus, max_vcpus;
  std::optional<std::uint64_t> memory_bytes, max_memory_bytes;
  DomainCounters counters{};  ///< Empty unless their groups were asked for.

  /// Is there anything left that only the XML tells, beside whose the domain is?
  bool tell_size() const { return vcpus && max_vcpus && memory_bytes && max_memory_bytes; }
};

/// The groups to ask for. Block and interface statistics are the dear ones: QEMU is asked for the first, the kernel for
/// the second, for each domain.
unsigned stats_groups(bool counters);

/// The group for which no guest's QEMU is asked.
unsigned state_group();

/// By the domains' names, which are unique. One that was too busy may tell less, or be missing.
using StatsTable = std::unordered_map<std::string, StatsReading>;

/// What bulk stats tell of all domains of a host: in one answer, or chunk by chunk where that is too much for one. What
/// cannot be asked is missing. A guest whose QEMU hangs may keep it waiting for as long as it does: NOWAIT spares those
/// who ask while somebody waits already.
StatsTable read_stats_table(virConnectPtr connection, unsigned groups, Progress& progress);

/// A disk or a card that tells nothing, such as an empty drive, adds nothing to the sums; they are absent where none
/// tells, as of a QEMU that was too busy to be asked. Pure.
StatsReading read_stats(const virTypedParameter* params, int count);

}  // namespace vscale::libvirt
