#include <algorithm>
#include <cmath>

#include "providers/fake/fake_cluster.h"

/// What the fake guests use, and what their hosts count of it.

namespace vscale {
namespace {

/// Who serves is looked at so often while time passes: a guest that comes up takes its part of a group's load with it
/// that much too late at most.
constexpr Duration kLoadStep{1'000};
/// How often a guest tells of its memory.
constexpr Duration kMemoryToldEvery{10'000};
constexpr double kNsPerMs = 1e6;
constexpr double kMsPerSecond = 1e3;

}  // namespace

void FakeCluster::use(const GuestLoad& load) {
  count_usage();
  is_used_ = true;
  default_load_ = load;
}

void FakeCluster::use(const std::string& domain_name, const GuestLoad& load) {
  count_usage();
  is_used_ = true;
  loads_[domain_name] = load;
}

void FakeCluster::use_by_group(const std::string& group, double busy_vcpus) {
  count_usage();
  is_used_ = true;
  group_loads_[group] = busy_vcpus;
}

/// Its network is up and it works, at that moment.
bool FakeCluster::serves(const FakeDomain& domain, Instant at) const {
  if (!is_up(domain.state) || !domain.started_at || domain.behaviour.never_boots) return false;
  const Duration age = at - *domain.started_at;
  const auto over = [age](const std::optional<Duration>& end) { return end && age >= *end; };
  return age >= domain.behaviour.boot && !over(domain.behaviour.hangs_after) && !over(domain.behaviour.crashes_after);
}

/// Does it take its part of what its group has to do?
bool FakeCluster::shares_load(const FakeDomain& domain, Instant at) const {
  constexpr int kOk = 200;
  return domain.ownership && domain.behaviour.http_status == kOk && serves(domain, at);
}

const GuestLoad& FakeCluster::load_of(const FakeDomain& domain) const {
  const auto own = loads_.find(domain.name);
  return own == loads_.end() ? default_load_ : own->second;
}

void FakeCluster::count_usage() {
  const Instant now = clock_.now();
  while (is_used_ && usage_counted_until_ < now) {
    const Instant until = std::min(now, usage_counted_until_ + kLoadStep);
    count_usage(usage_counted_until_, until - usage_counted_until_);
    usage_counted_until_ = until;
  }
  usage_counted_until_ = now;  // also where the wall clock was set back
}

void FakeCluster::count_usage(Instant at, Duration over) {
  std::map<std::string, int> sharing;  // by group
  for (const auto& [name, host] : hosts_) {
    for (const auto& [uuid, domain] : host.domains) {
      if (shares_load(domain, at)) ++sharing[domain.ownership->address.group];
    }
  }
  const auto ms = static_cast<double>(over.count());
  for (auto& [name, host] : hosts_) {
    for (auto& [uuid, domain] : host.domains) {
      if (!domain.ownership || !serves(domain, at)) continue;
      const GuestLoad& load = load_of(domain);
      double busy_vcpus = load.cpu_percent / 100 * domain.vcpus;
      const auto of_group = group_loads_.find(domain.ownership->address.group);
      if (of_group != group_loads_.end() && shares_load(domain, at)) {
        busy_vcpus += of_group->second / sharing.at(of_group->first);
      }
      domain.used.cpu_ns += std::min(busy_vcpus, static_cast<double>(domain.vcpus)) * ms * kNsPerMs;
      domain.used.disk_requests += load.disk_iops * ms / kMsPerSecond;
      domain.used.disk_bytes += load.disk_bytes * ms / kMsPerSecond;
      domain.used.network_bytes += load.network_bytes * ms / kMsPerSecond;
    }
  }
}

std::map<std::string, DomainCounters> FakeCluster::counters(Host& host, const ObserveRequest& request) {
  std::map<std::string, DomainCounters> all;
  const auto whole = [](double amount) { return static_cast<std::uint64_t>(std::llround(amount)); };
  for (const auto& [uuid, domain] : domains_now(host)) {
    const bool ours = domain.ownership && (request.lineage.empty() || domain.ownership->lineage == request.lineage);
    if (!ours || !is_up(domain.state) || !domain.started_at) continue;
    DomainCounters& counters = all[uuid];
    counters.cpu_ns = whole(domain.used.cpu_ns);
    counters.vcpus = domain.vcpus;
    counters.disk_requests = whole(domain.used.disk_requests);
    counters.disk_bytes = whole(domain.used.disk_bytes);
    counters.network_bytes = whole(domain.used.network_bytes);
    // Told from its boot on, and as long as it does not hang.
    const Duration age = clock_.now() - *domain.started_at;
    const Duration alive = std::min(age, domain.behaviour.hangs_after.value_or(age));
    if (domain.behaviour.never_boots || alive < domain.behaviour.boot) continue;
    const Duration told = domain.behaviour.boot + (alive - domain.behaviour.boot) / kMemoryToldEvery * kMemoryToldEvery;
    const double percent = load_of(domain).memory_percent;
    counters.memory_total_bytes = domain.memory_bytes;
    counters.memory_usable_bytes = whole(static_cast<double>(domain.memory_bytes) * (1 - percent / 100));
    counters.memory_told_at_s =
        std::chrono::floor<std::chrono::seconds>(*domain.started_at + told).time_since_epoch().count();
  }
  return all;
}

}  // namespace vscale
