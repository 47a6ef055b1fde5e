#include "engine/live/host_snapshot.h"

#include <fmt/format.h>

#include <tuple>

namespace vscale {

const char* to_string(DomainState state) {
  switch (state) {
    case DomainState::running:
      return "running";
    case DomainState::blocked:
      return "blocked";
    case DomainState::paused:
      return "paused";
    case DomainState::shutting_down:
      return "in shutdown";
    case DomainState::shut_off:
      return "shut off";
    case DomainState::crashed:
      return "crashed";
    case DomainState::suspended:
      return "suspended";
    case DomainState::unknown:
      return "unknown";
  }
  VSCALE_ASSERT(false, "a DomainState without a word");
}

bool says_the_same(const HostSnapshot& a, const HostSnapshot& b) {
  const auto all_else = [](const HostSnapshot& of) {
    return std::tie(of.host, of.identity, of.vcpus, of.memory_bytes, of.kvm, of.hypervisor, of.libvirt_version,
                    of.traits, of.pools, of.networks, of.domains);
  };
  return all_else(a) == all_else(b);
}

bool is_up(DomainState state) {
  return state == DomainState::running || state == DomainState::blocked;
}

std::string show_version(std::uint64_t version) {
  return fmt::format("{}.{}.{}", version / 1'000'000, version / 1'000 % 1'000, version % 1'000);
}

}  // namespace vscale
