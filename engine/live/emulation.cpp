#include "engine/live/emulation.h"

#include <fmt/format.h>

#include "engine/values/text/listed.h"

namespace vscale {
namespace {

/// More hosts than this are counted, and not named.
constexpr std::size_t kHostsNamed = 3;

}  // namespace

bool kvm_fails(const HostSnapshot& seen) {
  return seen.traits.contains(kKvmFailsTrait);
}

std::string why_emulated(const HostSnapshot& seen) {
  if (kvm_fails(seen)) return "it offers KVM, but a trial guest died";
  return seen.kvm || seen.hypervisor != "QEMU" ? "" : "it offers no KVM";
}

std::string emulation_text(const std::vector<std::string>& hosts) {
  return fmt::format("guests on {} are emulated, and slow: KVM fails there", listed_up_to(kHostsNamed, hosts));
}

std::string emulation_hint() {
  return "see virt-host-validate qemu; KVM is tried again with the next guest";
}

}  // namespace vscale
