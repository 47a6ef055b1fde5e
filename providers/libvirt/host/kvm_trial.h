#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/values/result.h"
#include "providers/libvirt/host.h"

/// Whether hardware virtualisation works, found out by using it. Internal to providers/libvirt.

namespace vscale::libvirt {

/// What `kvm`, `qemu` or `test` domains of ours on this host are to be: kvm where it works.
///
/// That /dev/kvm is there and libvirt offers it does not mean that guests run: so the first time that it matters on a
/// host, a guest of one sector (boot_sector.h) is started by it, from a small volume in `pool`, and must power itself
/// off within kvm_trial_timeout; one that neither did nor failed gets kvm_trial_last_timeout once, for the host may
/// have been busy. Both are named by kvm_trial_name, and gone afterwards, the guest also if we die meanwhile. The
/// verdict is remembered by `host`. An error if the trial could not be made: emulating without having tried would be
/// slow without a word.
Result<std::string> choose_virt_type(LibvirtHost& host, const std::string& pool, const std::string& lineage);

/// Of the trial's guest, and of its volume but for the ending: hosts may share one pool, and statefiles one host.
std::string kvm_trial_name(const std::string& lineage, const std::string& host);
/// A trial that is going on, of whichever statefile: no guest, and nobody's in the count of foreign ones.
bool is_kvm_trial(std::string_view domain);

/// One trial: whether KVM works, or nothing if its guest had neither powered off nor failed within that time.
using KvmTrial = std::function<Result<std::optional<bool>>(Duration bound)>;

/// Tries with one bound after the other until a trial decides. False if none did; an error ends it.
Result<bool> decide_kvm(const KvmTrial& trial, const std::vector<Duration>& bounds);

}  // namespace vscale::libvirt
