#include "providers/libvirt/host/domain_stats.h"

#include <string_view>

#include "providers/libvirt/host.h"

namespace vscale::libvirt {
namespace {

constexpr unsigned kSizeGroups = VIR_DOMAIN_STATS_STATE | VIR_DOMAIN_STATS_VCPU | VIR_DOMAIN_STATS_BALLOON;
constexpr unsigned kCounterGroups = VIR_DOMAIN_STATS_CPU_TOTAL | VIR_DOMAIN_STATS_BLOCK | VIR_DOMAIN_STATS_INTERFACE;

/// Whole numbers below 0 are told of nothing that is read here, but by mistake.
std::optional<std::uint64_t> number_of(const virTypedParameter& param) {
  switch (param.type) {
    case VIR_TYPED_PARAM_UINT:
      return param.value.ui;
    case VIR_TYPED_PARAM_ULLONG:
      return param.value.ul;
    case VIR_TYPED_PARAM_INT:
      return param.value.i < 0 ? std::nullopt : std::optional(static_cast<std::uint64_t>(param.value.i));
    case VIR_TYPED_PARAM_LLONG:
      return param.value.l < 0 ? std::nullopt : std::optional(static_cast<std::uint64_t>(param.value.l));
    default:
      return std::nullopt;
  }
}

void add(std::optional<std::uint64_t>& sum, std::uint64_t value) {
  sum = sum.value_or(0) + value;
}

void take_size(std::string_view name, std::uint64_t value, StatsReading& stats) {
  if (name == "state.state") stats.state = domain_state_from(static_cast<int>(value));
  if (name == "vcpu.maximum") stats.max_vcpus = static_cast<int>(value);
  if (name == "vcpu.current") stats.vcpus = static_cast<int>(value);
  if (name == "balloon.current") stats.memory_bytes = value * kKiB;
  if (name == "balloon.maximum") stats.max_memory_bytes = value * kKiB;
}

void take_memory(std::string_view name, std::uint64_t value, DomainCounters& counters) {
  if (name == "balloon.available") counters.memory_total_bytes = value * kKiB;
  if (name == "balloon.usable") counters.memory_usable_bytes = value * kKiB;
  // 0 where the guest has not told anything yet.
  if (name == "balloon.last-update" && value > 0) counters.memory_told_at_s = static_cast<std::int64_t>(value);
}

/// block.count, block.0.rd.reqs, block.0.rd.bytes, block.0.rd.times, block.0.wr.reqs, …
void take_disk(std::string_view name, std::uint64_t value, DomainCounters& counters) {
  const bool none_at_all = name == "block.count" && value == 0;
  if (none_at_all || name.ends_with(".rd.reqs") || name.ends_with(".wr.reqs")) add(counters.disk_requests, value);
  if (none_at_all || name.ends_with(".rd.bytes") || name.ends_with(".wr.bytes")) add(counters.disk_bytes, value);
}

/// net.count, net.0.rx.bytes, net.0.tx.bytes, …
void take_card(std::string_view name, std::uint64_t value, DomainCounters& counters) {
  const bool none_at_all = name == "net.count" && value == 0;
  if (none_at_all || name.ends_with(".rx.bytes") || name.ends_with(".tx.bytes")) add(counters.network_bytes, value);
}

}  // namespace

unsigned stats_groups(bool counters) {
  return counters ? kSizeGroups | kCounterGroups : kSizeGroups;
}

StatsReading read_stats(const virTypedParameter* params, int count) {
  StatsReading stats;
  // Once over all of them: to look for each by its name would go over them a dozen times.
  for (int i = 0; i < count; ++i) {
    const std::string_view name = params[i].field;
    const std::optional<std::uint64_t> value = number_of(params[i]);
    if (!value) continue;
    if (name == "cpu.time") stats.counters.cpu_ns = *value;
    if (name.starts_with("block.")) take_disk(name, *value, stats.counters);
    if (name.starts_with("net.")) take_card(name, *value, stats.counters);
    if (name.starts_with("balloon.")) take_memory(name, *value, stats.counters);
    take_size(name, *value, stats);
  }
  stats.counters.vcpus = stats.vcpus;
  return stats;
}

}  // namespace vscale::libvirt
