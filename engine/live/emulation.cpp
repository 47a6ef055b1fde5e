#include "engine/live/emulation.h"

namespace vscale {

bool kvm_fails(const HostSnapshot& seen) {
  return seen.traits.contains(kKvmFailsTrait);
}

std::string why_emulated(const HostSnapshot& seen) {
  if (kvm_fails(seen)) return "it offers KVM, but a trial guest died";
  return seen.kvm || seen.hypervisor != "QEMU" ? "" : "it offers no KVM";
}

}  // namespace vscale
