#pragma once

#include "engine/live/host_snapshot.h"
#include "engine/ports/clock.h"
#include "engine/ports/domains.h"
#include "engine/values/result.h"
#include "providers/libvirt/host.h"

namespace vscale::libvirt {

/// Reads one host: one list and one stats call for all domains, the XML of those that are not known to be foreign, its
/// processors, memory, networks and the pools asked for. Each step is bounded by refresh_timeout. Internal to
/// providers/libvirt.
Result<HostSnapshot> observe_host(LibvirtHost& host, const ObserveRequest& request, Clock& clock);

}  // namespace vscale::libvirt
