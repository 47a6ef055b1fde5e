#include "providers/libvirt/host/observe.h"

#include <fmt/format.h>
#include <libvirt/virterror.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "providers/libvirt/domains/domain_xml.h"
#include "providers/libvirt/host/kvm_trial.h"
#include "providers/libvirt/link/libvirt_error.h"
#include "providers/libvirt/storage/pool.h"
#include "providers/libvirt/storage/storage_xml.h"

namespace vscale::libvirt {
namespace {

/// So many domains' stats are asked for at once where all at once are too many for one message.
constexpr std::size_t kStatsChunk = 200;

// ---- Domains: the list and the stats --------------------------------------------------------------------------------

struct Stats {
  DomainState state = DomainState::unknown;
  std::optional<int> vcpus, max_vcpus;
  std::optional<std::uint64_t> memory_bytes, max_memory_bytes;

  /// Is there anything left that only the XML tells, beside whose the domain is?
  bool tell_size() const { return vcpus && max_vcpus && memory_bytes && max_memory_bytes; }
};
using StatsByUuid = std::unordered_map<std::string, Stats>;

struct Census {
  std::vector<Domain> domains;
  StatsByUuid stats;
};

std::string uuid_of(virDomainPtr domain) {
  char text[VIR_UUID_STRING_BUFLEN] = "";
  static_cast<void>(virDomainGetUUIDString(domain, text));
  return text;
}

Stats read_stats(const virDomainStatsRecord& record) {
  Stats stats;
  const auto number = [&](const char* name, auto& into, auto scale) {
    unsigned value = 0;
    unsigned long long large = 0;
    if (virTypedParamsGetUInt(record.params, record.nparams, name, &value) == 1) {
      into = static_cast<typename std::remove_reference_t<decltype(into)>::value_type>(value * scale);
    } else if (virTypedParamsGetULLong(record.params, record.nparams, name, &large) == 1) {
      into = static_cast<typename std::remove_reference_t<decltype(into)>::value_type>(large * scale);
    }
  };
  int state = VIR_DOMAIN_NOSTATE;
  if (virTypedParamsGetInt(record.params, record.nparams, "state.state", &state) == 1) {
    stats.state = domain_state_from(state);
  }
  number("vcpu.current", stats.vcpus, 1U);
  number("vcpu.maximum", stats.max_vcpus, 1U);
  number("balloon.current", stats.memory_bytes, kKiB);
  number("balloon.maximum", stats.max_memory_bytes, kKiB);
  return stats;
}

void take_stats(virDomainStatsRecordPtr* records, int count, StatsByUuid& into) {
  const DomainStats owner{records};
  for (int i = 0; i < count; ++i) into[uuid_of(records[i]->dom)] = read_stats(*records[i]);
}

constexpr unsigned kStatsWanted = VIR_DOMAIN_STATS_STATE | VIR_DOMAIN_STATS_VCPU | VIR_DOMAIN_STATS_BALLOON;

/// One call for all; false if this libvirt cannot do it, or not for so many.
bool read_all_stats(virConnectPtr connection, StatsByUuid& into) {
  // NOWAIT: a guest whose QEMU is stuck keeps nobody else waiting. Drivers that do not know it never wait anyway.
  for (const unsigned flags : {unsigned{VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT}, 0U}) {
    virDomainStatsRecordPtr* records = nullptr;
    const int count = virConnectGetAllDomainStats(connection, kStatsWanted, &records, flags);
    if (count >= 0) {
      take_stats(records, count, into);
      return true;
    }
    if (!last_was_not_known_to_the_driver()) return false;
  }
  return false;
}

void read_chunked_stats(const std::vector<Domain>& domains, StatsByUuid& into, Progress& progress) {
  for (std::size_t from = 0; from < domains.size(); from += kStatsChunk) {
    std::vector<virDomainPtr> chunk;
    for (std::size_t i = from; i < std::min(from + kStatsChunk, domains.size()); ++i) chunk.push_back(domains[i].get());
    chunk.push_back(nullptr);
    virDomainStatsRecordPtr* records = nullptr;
    const int count = virDomainListGetStats(chunk.data(), kStatsWanted, &records, 0);
    if (count < 0) return;  // What is missing is asked for one by one.
    take_stats(records, count, into);
    ++progress;
  }
}

/// The state of those whose stats are missing: created in between, or of a driver without stats.
Result<void> read_missing_states(const std::vector<Domain>& domains, const std::string& host, StatsByUuid& into,
                                 Progress& progress) {
  for (const Domain& domain : domains) {
    const std::string uuid = uuid_of(domain.get());
    if (into.contains(uuid)) continue;
    Result<DomainState> state = state_of(domain.get(), host);
    ++progress;
    if (!state && state.error().kind == ErrorKind::unreachable) return state.error();
    // One that is there and cannot be asked is of unknown state; only one that is gone is left out.
    if (state || state.error().kind != ErrorKind::not_found) into[uuid].state = state ? *state : DomainState::unknown;
  }
  return {};
}

Result<std::shared_ptr<Census>> take_census(virConnectPtr connection, const std::string& host, Progress& progress) {
  auto census = std::make_shared<Census>();
  virDomainPtr* list = nullptr;
  const int count = virConnectListAllDomains(connection, &list, 0);
  if (count < 0) return last_failure().told(fmt::format("host \"{}\": cannot list its domains", host));
  census->domains = take_list<Domain>(list, count);
  ++progress;
  if (!read_all_stats(connection, census->stats)) read_chunked_stats(census->domains, census->stats, progress);
  ++progress;
  if (Result<void> states = read_missing_states(census->domains, host, census->stats, progress); !states) {
    return states.error();
  }
  return census;
}

// ---- Domains: the XML -----------------------------------------------------------------------------------------------

/// Fewer than these are read sooner by the connection that there is than by another that has to be opened.
constexpr std::size_t kDefinitionsWorthAConnection = 32;

/// XML to be read by several threads, each with a connection of its own, and each taking the next that nobody has
/// taken.
struct XmlBatch {
  std::shared_ptr<Census> census;
  std::vector<std::size_t> wanted;                     ///< Indices of census->domains.
  std::vector<std::optional<DomainReading>> readings;  ///< By index of census->domains; nothing: gone meanwhile.
  std::atomic<std::size_t> next{0};
};

Result<DomainReading> read_definition(virDomainPtr domain, const std::string& host) {
  const Text xml{virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE)};
  if (xml) return read_domain_xml(xml.get(), std::strlen(xml.get()));
  return last_failure().told(fmt::format("host \"{}\": cannot read the definition of {}", host, called(domain)));
}

/// The domains of the census as handles of this connection: one belongs to the connection that gave it out.
class OwnHandles {
 public:
  static Result<OwnHandles> of(virConnectPtr connection, const Census& census, const std::string& host) {
    OwnHandles own(census);
    own.same_ = census.domains.empty() || virDomainGetConnect(census.domains.front().get()) == connection;
    if (own.same_) return own;
    virDomainPtr* list = nullptr;
    const int count = virConnectListAllDomains(connection, &list, 0);
    if (count < 0) return last_failure().told(fmt::format("host \"{}\": cannot list its domains", host));
    for (Domain& domain : take_list<Domain>(list, count)) {
      const std::string uuid = uuid_of(domain.get());
      own.by_uuid_.emplace(uuid, std::move(domain));
    }
    return own;
  }

  /// nullptr: gone meanwhile.
  virDomainPtr at(std::size_t index) const {
    virDomainPtr domain = census_->domains[index].get();
    if (same_) return domain;
    const auto found = by_uuid_.find(uuid_of(domain));
    return found == by_uuid_.end() ? nullptr : found->second.get();
  }

 private:
  explicit OwnHandles(const Census& census) : census_(&census) {}

  const Census* census_;
  bool same_ = false;
  std::unordered_map<std::string, Domain> by_uuid_;
};

Result<void> read_xml_of_some(XmlBatch& batch, virConnectPtr connection, const std::string& host, Progress& progress) {
  const Result<OwnHandles> own = OwnHandles::of(connection, *batch.census, host);
  if (!own) return own.error();
  ++progress;
  for (std::size_t i = batch.next++; i < batch.wanted.size(); i = batch.next++) {
    virDomainPtr domain = own->at(batch.wanted[i]);
    if (domain == nullptr) continue;
    Result<std::optional<DomainReading>> reading = reading_or_stranger(read_definition(domain, host));
    if (!reading) return reading.error();
    batch.readings[batch.wanted[i]] = std::move(*reading);
    ++progress;
  }
  return {};
}

Result<std::shared_ptr<XmlBatch>> read_definitions(LibvirtHost& host, std::shared_ptr<Census> census,
                                                   const std::set<std::string>& known_foreign) {
  auto batch = std::make_shared<XmlBatch>();
  batch->readings.resize(census->domains.size());
  for (std::size_t i = 0; i < census->domains.size(); ++i) {
    const std::string uuid = uuid_of(census->domains[i].get());
    const auto stats = census->stats.find(uuid);
    const bool enough = known_foreign.contains(uuid) && stats != census->stats.end() && stats->second.tell_size();
    if (!enough) batch->wanted.push_back(i);
  }
  batch->census = std::move(census);

  const std::size_t threads =
      std::min((batch->wanted.size() + kDefinitionsWorthAConnection - 1) / kDefinitionsWorthAConnection,
               static_cast<std::size_t>(host.options().requests_in_flight));
  std::vector<HostLink::Pending<void>> pending;
  for (std::size_t i = 0; i < threads; ++i) {
    pending.push_back(
        host.link().start<void>(Lane::request, "describe its domains",
                                [batch, name = host.name()](virConnectPtr connection, Progress& progress) {
                                  return read_xml_of_some(*batch, connection, name, progress);
                                }));
  }
  std::optional<Error> failure;
  for (auto& part : pending) {
    Result<void> done = part.wait(host.options().refresh_timeout);
    if (!done && !failure) failure = done.error();
  }
  if (failure) return *failure;
  return batch;
}

LiveDomain live_domain(virDomainPtr domain, const Stats& stats, std::optional<DomainReading> reading) {
  const DomainReading described = reading ? std::move(*reading) : DomainReading{};
  const char* name = virDomainGetName(domain);
  return LiveDomain{.uuid = uuid_of(domain),
                    .name = name != nullptr ? name : "",
                    .state = stats.state,
                    .vcpus = stats.vcpus.value_or(described.vcpus),
                    .max_vcpus = stats.max_vcpus.value_or(described.max_vcpus),
                    .memory_bytes = stats.memory_bytes.value_or(described.memory_bytes),
                    .max_memory_bytes = stats.max_memory_bytes.value_or(described.max_memory_bytes),
                    .ownership = described.ownership,
                    .nics = described.nics,
                    .disk_paths = described.disk_paths};
}

KvmEvidence add_domains(XmlBatch& batch, const std::set<std::string>& known_foreign, HostSnapshot& snapshot) {
  KvmEvidence evidence;
  for (std::size_t i = 0; i < batch.census->domains.size(); ++i) {
    virDomainPtr domain = batch.census->domains[i].get();
    const std::string uuid = uuid_of(domain);
    const auto stats = batch.census->stats.find(uuid);
    std::optional<DomainReading>& reading = batch.readings[i];
    const bool gone = stats == batch.census->stats.end() || (!reading && !known_foreign.contains(uuid));
    if (gone || is_kvm_trial(virDomainGetName(domain))) continue;
    if (reading) {
      const bool ours = reading->ownership.has_value();
      const bool runs_by_kvm = reading->virt_type == "kvm" && is_up(stats->second.state);
      evidence.a_guest_runs_by_it |= runs_by_kvm;
      evidence.one_of_ours_runs_by_it |= runs_by_kvm && ours;
      evidence.ours_are_emulated |= reading->virt_type == "qemu" && ours;
    }
    snapshot.domains.push_back(live_domain(domain, stats->second, std::move(reading)));
  }
  std::sort(snapshot.domains.begin(), snapshot.domains.end(), [](const LiveDomain& a, const LiveDomain& b) {
    return std::tie(a.name, a.uuid) < std::tie(b.name, b.uuid);
  });
  return evidence;
}

// ---- The rest of the host -------------------------------------------------------------------------------------------

struct Node {
  int vcpus = 0;
  std::uint64_t memory_bytes = 0;
  std::set<std::string> networks;
};

std::uint64_t memory_by_stats(virConnectPtr connection) {
  int count = 0;
  if (virNodeGetMemoryStats(connection, VIR_NODE_MEMORY_STATS_ALL_CELLS, nullptr, &count, 0) != 0 || count <= 0)
    return 0;
  std::vector<virNodeMemoryStats> stats(static_cast<std::size_t>(count));
  if (virNodeGetMemoryStats(connection, VIR_NODE_MEMORY_STATS_ALL_CELLS, stats.data(), &count, 0) != 0) return 0;
  for (const virNodeMemoryStats& entry : stats) {
    if (std::string_view(entry.field) == VIR_NODE_MEMORY_STATS_TOTAL) return entry.value * kKiB;
  }
  return 0;
}

Result<Node> read_node(virConnectPtr connection, const std::string& host, Progress& progress) {
  virNodeInfo info{};
  if (virNodeGetInfo(connection, &info) != 0) {
    return last_failure().told(fmt::format("host \"{}\": cannot read its processors and memory", host));
  }
  ++progress;
  Node node{.vcpus = static_cast<int>(info.cpus), .memory_bytes = info.memory * kKiB, .networks = {}};
  // The one has been seen to report less than the machine has, and another amount each time.
  node.memory_bytes = std::max(node.memory_bytes, memory_by_stats(connection));

  virNetworkPtr* list = nullptr;
  const int count = virConnectListAllNetworks(connection, &list, VIR_CONNECT_LIST_NETWORKS_ACTIVE);
  // The driver of networks may be a daemon of its own that is not installed, or not ours to ask: a host of bridges
  // needs none, and where one is needed, placement says that it is not active.
  if (count < 0 && virConnectIsAlive(connection) != 1) {
    return last_failure().told(fmt::format("host \"{}\": cannot list its networks", host));
  }
  for (const Network& network : take_list<Network>(list, count)) node.networks.insert(virNetworkGetName(network.get()));
  return node;
}

Result<LivePool> read_pool(virStoragePoolPtr pool, const std::string& host) {
  LivePool live{.name = virStoragePoolGetName(pool), .type = {}, .path = {}, .volumes = {}};
  // One that cannot be asked (its backend is away, a right is not given) counts as off: it says nothing of its volumes,
  // nothing is taken for gone, and who wants to use it is told why it cannot be.
  const auto taken_for_off = [&]() -> Result<LivePool> {
    Error error = last_failure().told(fmt::format("host \"{}\": cannot read pool \"{}\"", host, live.name));
    if (error.kind == ErrorKind::unreachable || error.kind == ErrorKind::not_found) return error;
    live.active = false;
    return live;
  };
  const Text xml{virStoragePoolGetXMLDesc(pool, 0)};
  if (!xml) return taken_for_off();
  Result<PoolReading> reading = read_pool_xml(xml.get());
  if (!reading) return reading.error();
  live.type = reading->type;
  live.path = reading->path;
  virStoragePoolInfo info{};
  if (virStoragePoolGetInfo(pool, &info) != 0) return taken_for_off();
  live.active = info.state == VIR_STORAGE_POOL_RUNNING || info.state == VIR_STORAGE_POOL_DEGRADED;
  live.capacity_bytes = info.capacity;
  live.available_bytes = info.available;
  if (!live.active) return live;

  virStorageVolPtr* list = nullptr;
  const int count = virStoragePoolListAllVolumes(pool, &list, 0);
  if (count < 0) return taken_for_off();
  for (const StorageVolume& volume : take_list<StorageVolume>(list, count)) {
    live.volumes.insert(virStorageVolGetName(volume.get()));
  }
  return live;
}

Result<std::vector<LivePool>> read_pools(virConnectPtr connection, const std::string& host,
                                         const ObserveRequest& request, Progress& progress) {
  const std::set<std::string>& wanted = request.pools;
  std::vector<LivePool> pools;
  if (wanted.empty()) return pools;
  virStoragePoolPtr* list = nullptr;
  const int count = virConnectListAllStoragePools(connection, &list, 0);
  if (count < 0 && last_code() == VIR_ERR_NO_SUPPORT) return pools;
  if (count < 0) return last_failure().told(fmt::format("host \"{}\": cannot list its pools", host));
  for (const StoragePool& pool : take_list<StoragePool>(list, count)) {
    const std::string name = virStoragePoolGetName(pool.get());
    if (!wanted.contains(name)) continue;
    // One that is off stays off, one in which volumes are being made is known as of a moment ago, and one that cannot
    // be read is off now: what the reading says is right in each case.
    if (request.refresh_pools) static_cast<void>(refresh_now(connection, host, name));
    ++progress;
    Result<LivePool> live = read_pool(pool.get(), host);
    ++progress;
    if (live) {
      pools.push_back(std::move(*live));
    } else if (live.error().kind != ErrorKind::not_found) {
      return live.error();
    }
  }
  std::sort(pools.begin(), pools.end(), [](const LivePool& a, const LivePool& b) { return a.name < b.name; });
  return pools;
}

}  // namespace

Result<std::optional<DomainReading>> reading_or_stranger(Result<DomainReading> reading) {
  if (reading) return std::optional(std::move(*reading));
  if (reading.error().kind == ErrorKind::unreachable) return reading.error();
  if (reading.error().kind == ErrorKind::not_found) return std::optional<DomainReading>{};
  return std::optional(DomainReading{});
}

Result<HostSnapshot> observe_host(LibvirtHost& host, const ObserveRequest& request, Clock& clock) {
  HostLink& link = host.link();
  HostSnapshot snapshot{.host = host.name(),
                        .seen_at = clock.now(),
                        .hypervisor = {},
                        .traits = {},
                        .pools = {},
                        .networks = {},
                        .domains = {}};
  // One after another over one connection: a handful of answers comes sooner than another connection is open.
  const Duration bound = host.options().refresh_timeout;
  Result<HostFacts> facts = host.facts();
  if (!facts) return facts.error();
  auto size = link.call<Node>(Lane::request, "tell its size", bound,
                              [name = host.name()](virConnectPtr connection, Progress& progress) {
                                return read_node(connection, name, progress);
                              });
  if (!size) return size.error();
  auto pools =
      link.call<std::vector<LivePool>>(Lane::request, "describe its pools", bound,
                                       [name = host.name(), request](virConnectPtr connection, Progress& progress) {
                                         return read_pools(connection, name, request, progress);
                                       });
  if (!pools) return pools.error();
  auto census = link.call<std::shared_ptr<Census>>(Lane::request, "list its domains", bound,
                                                   [name = host.name()](virConnectPtr connection, Progress& progress) {
                                                     return take_census(connection, name, progress);
                                                   });
  if (!census) return census.error();
  Result<std::shared_ptr<XmlBatch>> batch = read_definitions(host, std::move(*census), request.known_foreign);
  if (!batch) return batch.error();

  const KvmEvidence evidence = add_domains(**batch, request.known_foreign, snapshot);
  snapshot.vcpus = size->vcpus;
  snapshot.memory_bytes = size->memory_bytes;
  snapshot.networks = std::move(size->networks);
  snapshot.pools = std::move(*pools);
  snapshot.identity = facts->identity;
  snapshot.hypervisor = facts->hypervisor;
  snapshot.libvirt_version = facts->libvirt_version;
  // Looking changes nothing, so no trial is made here; but one of ours that runs spares the next one.
  if (evidence.one_of_ours_runs_by_it && !host.kvm_verdict()) host.set_kvm_verdict(true);
  snapshot.kvm = kvm_works(*facts, host.kvm_verdict(), evidence);
  snapshot.traits = traits_of(*facts, snapshot.kvm);
  return snapshot;
}

}  // namespace vscale::libvirt
