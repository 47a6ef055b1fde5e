#pragma once

#include <optional>

#include "engine/live/host_snapshot.h"
#include "engine/ports/domains.h"
#include "engine/values/result.h"
#include "providers/libvirt/domains/domain_xml.h"
#include "providers/libvirt/host.h"

namespace vscale::libvirt {

/// Reads one host: one list and one stats call for all domains, the XML of those that are not known to be foreign, its
/// processors, memory, networks and the pools asked for. Many definitions are read over several connections, each with
/// a list of its own, while one of them tells of the pools. Each step is bounded by refresh_timeout. What one domain or
/// pool, or the network driver, does not tell is left out: the rest of the host is read all the same. On the way, what
/// the port says of events and of memory is seen to. `now` becomes seen_at. Internal to providers/libvirt.
Result<HostSnapshot> observe_host(LibvirtHost& host, const ObserveRequest& request, Instant now);

/// What is concluded from the answer about one domain of a list: nothing if it has gone meanwhile, and an error only if
/// the host is gone. What cannot be read for another reason (access that is not given, a definition that is not
/// understood) is taken for a stranger's, which is counted and never touched: one domain must not hide all others.
Result<std::optional<DomainReading>> reading_or_stranger(Result<DomainReading> reading);

}  // namespace vscale::libvirt
