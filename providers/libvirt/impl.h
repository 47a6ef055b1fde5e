#pragma once

#include <map>
#include <memory>
#include <string>

#include "providers/libvirt/host.h"
#include "providers/libvirt/libvirt_hosts.h"

/// What LibvirtHosts is made of. Internal to providers/libvirt.

namespace vscale {

struct LibvirtHosts::Impl {
  Clock& clock;
  std::shared_ptr<libvirt::WakeUp> wake_up;
  std::map<std::string, std::shared_ptr<libvirt::LibvirtHost>> hosts;

  /// The host of this name. One that the configuration does not name cannot be reached: nothing is known about it.
  Result<libvirt::LibvirtHost*> host(const std::string& name) const;
};

}  // namespace vscale
