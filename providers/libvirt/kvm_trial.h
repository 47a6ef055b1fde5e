#pragma once

#include <string>

#include "engine/values/result.h"
#include "providers/libvirt/host.h"

/// Whether hardware virtualisation works, found out by using it. Internal to providers/libvirt.

namespace vscale::libvirt {

/// What `kvm`, `qemu` or `test` domains of ours on this host are to be: kvm where it works.
///
/// That /dev/kvm is there and libvirt offers it does not mean that guests run: so the first time that it matters on a
/// host, a guest of one sector (boot_sector.h) is started by it, from a small volume in `pool`, and must power itself
/// off within kvm_trial_timeout. Both are named after `lineage`, and gone afterwards, the guest also if we die
/// meanwhile. The verdict is remembered by `host`. An error if the trial could not be made: emulating without having
/// tried would be slow without a word.
Result<std::string> choose_virt_type(LibvirtHost& host, const std::string& pool, const std::string& lineage);

}  // namespace vscale::libvirt
