#include "engine/live/emulation.h"

#include <fmt/format.h>

namespace vscale {

bool kvm_fails(const HostSnapshot& seen) {
  return seen.traits.contains(kKvmFailsTrait);
}

std::string why_emulated(const HostSnapshot& seen) {
  if (kvm_fails(seen)) return "it offers KVM, but a trial guest died";
  return seen.kvm || seen.hypervisor != "QEMU" ? "" : "it offers no KVM";
}

std::string emulation_text(const std::string& host, const HostSnapshot& seen) {
  return fmt::format("guests on {} are emulated, and slow: {}", host, why_emulated(seen));
}

std::string emulation_hint(const std::string& host) {
  return fmt::format(
      "on {}: virt-host-validate qemu; in a virtual machine, its host must allow nesting. KVM is "
      "tried again when the next guest is made there",
      host);
}

}  // namespace vscale
