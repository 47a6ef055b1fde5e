#pragma once

#include <libvirt/libvirt.h>

#include <cstdint>
#include <optional>

#include "engine/live/domain_counters.h"
#include "engine/live/host_snapshot.h"

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

/// A disk or a card that tells nothing, such as an empty drive, adds nothing to the sums; they are absent where none
/// tells, as of a QEMU that was too busy to be asked. Pure.
StatsReading read_stats(const virTypedParameter* params, int count);

}  // namespace vscale::libvirt
