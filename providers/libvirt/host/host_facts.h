#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "engine/live/host_snapshot.h"
#include "engine/values/result.h"

/// What a host says that it can do, from its XML. Pure. Internal to providers/libvirt.

namespace vscale::libvirt {

/// What does not change while a connection is open.
struct HostFacts {
  std::string hypervisor;                                     ///< "QEMU", "TEST"
  std::uint64_t libvirt_version = 0, hypervisor_version = 0;  ///< As libvirt counts: 9000000 is 9.0.0.
  HostIdentity identity{};                                    ///< Of QEMU's hosts; the others' stays empty.
  std::string arch;                                           ///< The host's own: x86_64, aarch64, …
  std::set<std::string> virt_types;  ///< For guests of that arch: kvm, qemu, test. kvm here means advertised.
  std::set<std::string> machines;    ///< For guests of that arch: aliases (q35) and what they stand for (pc-q35-7.2).
  bool uefi = false;                 ///< There is firmware for it.

  bool operator==(const HostFacts&) const = default;
};

/// Fills in arch, virt_types, machines and the UUID, which every driver tells. `invalid` if it is not what libvirt
/// calls capabilities.
Result<void> read_capabilities(const std::string& xml, HostFacts& facts);

/// What a host offers for one kind of domain.
struct DomainOffer {
  bool host_model = false, host_passthrough = false, uefi = false;

  bool operator==(const DomainOffer&) const = default;
};
/// From domain capabilities. `invalid` if it is not what libvirt calls so.
Result<DomainOffer> read_domain_capabilities(const std::string& xml);

/// What the domains of a host say about KVM.
struct KvmEvidence {
  bool a_guest_runs_by_it = false;      ///< One that is up, whoever made it.
  bool one_of_ours_runs_by_it = false;  ///< Likewise: it was made after a trial that went well.
  bool ours_are_emulated = false;       ///< At least one of ours, up or not.
};

/// Whether guests run by KVM, as far as can be said without a trial: what one said in this run counts most, then what
/// the guests show, then what libvirt advertises.
bool kvm_works(const HostFacts& facts, std::optional<bool> verdict, const KvmEvidence& evidence);

/// What placement can ask for: `arch:x86_64`, `machine:q35`, `uefi`, `libvirt:9.0.0`, `qemu:7.2.22`, and `kvm` if it
/// works; `kvm:fails` if it is advertised and does not.
std::set<std::string> traits_of(const HostFacts& facts, bool kvm_works);

}  // namespace vscale::libvirt
