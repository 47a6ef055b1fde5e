#pragma once

#include <string>
#include <vector>

#include "engine/live/host_snapshot.h"

/// Where guests do not run by hardware virtualisation, and why.

namespace vscale {

/// The trait of a host that offers KVM although a guest that was to try it died.
inline constexpr const char* kKvmFailsTrait = "kvm:fails";

/// Does the host have that trait?
bool kvm_fails(const HostSnapshot& seen);

/// Why guests are emulated there, for a person: "it offers no KVM". Empty if they are not, or if the hypervisor is not
/// one that emulates.
std::string why_emulated(const HostSnapshot& seen);

/// "guests on kvm1, kvm2 are emulated, and slow: KVM fails there", and what to do about it. For hosts with kvm_fails().
std::string emulation_text(const std::vector<std::string>& hosts);
std::string emulation_hint();

}  // namespace vscale
