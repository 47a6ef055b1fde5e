#pragma once

#include <cstdint>
#include <optional>

#include "engine/values/units.h"

/// What libvirt counts of one domain, as it stood when its host was asked.

namespace vscale {

/// Counters since the domain was started; they begin again with every start. What the host did not tell is absent, and
/// absent is never zero. A domain that is off has none of them.
struct DomainCounters {
  std::optional<std::uint64_t> cpu_ns;               ///< Processor time of the whole domain.
  std::optional<int> vcpus;                          ///< Online now: what that time is a share of.
  std::optional<std::uint64_t> disk_requests;        ///< Read and written, of all its disks.
  std::optional<std::uint64_t> disk_bytes;           ///< Likewise.
  std::optional<std::uint64_t> network_bytes;        ///< Received and sent, of all its cards.
  std::optional<std::uint64_t> memory_total_bytes;   ///< What the guest has, by its balloon; not its rss.
  std::optional<std::uint64_t> memory_usable_bytes;  ///< What the guest could use without swapping; likewise.
  /// When the guest last told of its memory, by its host's clock; with what the host remembers of a guest that has
  /// hung, this does not move.
  std::optional<std::int64_t> memory_told_at_s;

  bool operator==(const DomainCounters&) const = default;
};

}  // namespace vscale
