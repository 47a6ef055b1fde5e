#include "cmd/planning/sources/readiness.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/gates/gates.h"
#include "engine/recorded/lookup/group_entries.h"

namespace vscale {
namespace {

/// Empty if it passes.
std::string try_gate(const Gate& gate, const std::string& address, NetworkProbe& probe) {
  const Duration timeout = std::min(gate.timeout.value_or(kReadinessTryTimeout), kReadinessTryTimeout);
  if (gate.kind == Gate::Kind::tcp) {
    const auto connected = probe.connect_tcp(address, gate.port, timeout);
    return connected ? "" : connected.error().message;
  }
  const auto status = probe.get_http(address, gate.port, gate.path, timeout);
  if (!status) return status.error().message;
  return *status == gate.status ? "" : fmt::format("{}, want {}", *status, gate.status);
}

/// Why it is not ready, by the first of its gates that it does not pass; empty if it is.
std::string why_unready(const std::vector<Gate>& gates, const std::string& address, NetworkProbe& probe) {
  for (const auto& gate : gates) {
    if (gate.kind != Gate::Kind::tcp && gate.kind != Gate::Kind::http) continue;
    std::string found;
    for (int tries = 0; tries < kReadinessTries; ++tries) {
      found = try_gate(gate, address, probe);
      if (found.empty()) break;
    }
    if (!found.empty()) return fmt::format("gate {}: {}", show(gate), found);
  }
  return "";
}

std::string first_address(const InstanceRecord& instance) {
  for (const auto& nic : instance.nics) {
    if (nic.address) return *nic.address;
  }
  return "";
}

}  // namespace

std::map<InstanceAddress, std::string> unready_members(const Config& config, const RecordedState& recorded,
                                                       const Plan& plan, NetworkProbe& probe, Clock& clock) {
  std::map<InstanceAddress, std::string> unready;
  const Duration until = clock.uptime() + kReadinessBudget;
  for (const auto& rollout : plan.rollouts) {
    const Group* group = find_group(config, rollout.group);
    if (group == nullptr) continue;
    std::map<InstanceAddress, std::string> of_group;
    int asked = 0;
    for (const auto& [address, instance] : GroupEntries(recorded.instances, rollout.group)) {
      if (instance.phase != Phase::ready) continue;
      const std::string ip = first_address(instance);
      if (ip.empty() || clock.uptime() >= until) continue;
      ++asked;
      std::string why = why_unready(group->health.gates, ip, probe);
      if (!why.empty()) of_group.emplace(address, std::move(why));
    }
    // None of them passes: then it may well be the question that is new to them, and there is no order in it anyway.
    if (asked > 1 && static_cast<int>(of_group.size()) == asked) continue;
    unready.merge(of_group);
  }
  return unready;
}

}  // namespace vscale
