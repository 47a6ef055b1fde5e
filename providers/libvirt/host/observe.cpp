#include "providers/libvirt/host/observe.h"

#include <fmt/format.h>
#include <libvirt/virterror.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "providers/libvirt/domains/domain_xml.h"
#include "providers/libvirt/host/domain_stats.h"
#include "providers/libvirt/host/kvm_trial.h"
#include "providers/libvirt/link/libvirt_error.h"
#include "providers/libvirt/storage/pool.h"
#include "providers/libvirt/storage/storage_xml.h"

namespace vscale::libvirt {
namespace {

/// So many domains' stats are asked for at once where all at once are too many for one message.
constexpr std::size_t kStatsChunk = 200;

// ---- Domains: the list and the stats --------------------------------------------------------------------------------

struct ListedDomain {
  Domain domain;
  std::string uuid;
  bool transient = false;
  std::optional<StatsReading> stats;     ///< Nothing: gone meanwhile.
  std::optional<DomainReading> reading;  ///< Nothing: it was not asked for, or is gone meanwhile.
  bool recalled = false;                 ///< The reading is an earlier look's.
};
using Census = std::vector<ListedDomain>;

std::string uuid_of(virDomainPtr domain) {
  char text[VIR_UUID_STRING_BUFLEN] = "";
  static_cast<void>(virDomainGetUUIDString(domain, text));
  return text;
}

/// Lives as long as the handle. What belongs together is found by name: to tell a UUID costs libvirt ten times as much,
/// which for all domains of a large host is a tenth of reading it. A name may be another domain's a moment later: what
/// is read of ours says its own name and UUID, and a foreign one counts by that of its name until the next look.
std::string_view name_of(virDomainPtr domain) {
  const char* name = virDomainGetName(domain);
  return name != nullptr ? name : "";
}

/// The names of a host's domains, which are unique, to where they are in the list.
using IndexByName = std::unordered_map<std::string_view, std::size_t>;

void take_stats(virDomainStatsRecordPtr* records, int count, const IndexByName& index, Census& census) {
  const DomainStats owner{records};
  for (int i = 0; i < count; ++i) {
    const auto found = index.find(name_of(records[i]->dom));
    if (found != index.end()) census[found->second].stats = read_stats(records[i]->params, records[i]->nparams);
  }
}

/// NOWAIT: a guest whose QEMU is stuck keeps nobody else waiting. Drivers that do not know it never wait anyway.
constexpr unsigned kWaysOfAsking[] = {VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT, 0};

/// One call for all; false if this libvirt cannot do it, or not for so many.
bool read_all_stats(virConnectPtr connection, unsigned groups, const IndexByName& index, Census& census) {
  for (const unsigned flags : kWaysOfAsking) {
    virDomainStatsRecordPtr* records = nullptr;
    const int count = virConnectGetAllDomainStats(connection, groups, &records, flags);
    if (count >= 0) {
      take_stats(records, count, index, census);
      return true;
    }
    if (!last_was_not_known_to_the_driver()) return false;
  }
  return false;
}

/// False: what is missing is asked for one by one.
bool read_stats_of(std::vector<virDomainPtr> domains, unsigned groups, const IndexByName& index, Census& census) {
  domains.push_back(nullptr);
  for (const unsigned flags : kWaysOfAsking) {
    virDomainStatsRecordPtr* records = nullptr;
    const int count = virDomainListGetStats(domains.data(), groups, &records, flags);
    if (count >= 0) {
      take_stats(records, count, index, census);
      return true;
    }
    if (!last_was_not_known_to_the_driver()) return false;
  }
  return false;
}

void read_chunked_stats(unsigned groups, const IndexByName& index, Census& census, Progress& progress) {
  for (std::size_t from = 0; from < census.size(); from += kStatsChunk) {
    std::vector<virDomainPtr> chunk;
    for (std::size_t i = from; i < std::min(from + kStatsChunk, census.size()); ++i) {
      chunk.push_back(census[i].domain.get());
    }
    if (!read_stats_of(std::move(chunk), groups, index, census)) return;
    ++progress;
  }
}

/// The state of those whose stats are missing: renamed or gone in between, or of a driver without stats.
Result<void> read_missing_states(const std::string& host, Census& census, Progress& progress) {
  for (ListedDomain& listed : census) {
    if (listed.stats) continue;
    Result<DomainState> state = state_of(listed.domain.get(), host);
    ++progress;
    if (!state && state.error().kind == ErrorKind::unreachable) return state.error();
    // One that is there and cannot be asked is of unknown state; only one that is gone is left out.
    if (state || state.error().kind != ErrorKind::not_found) {
      listed.stats = StatsReading{};
      listed.stats->state = state ? *state : DomainState::unknown;
    }
  }
  return {};
}

/// Nothing else that is asked for tells it.
Result<void> mark_transient(virConnectPtr connection, const std::string& host, const IndexByName& index,
                            Census& census) {
  virDomainPtr* list = nullptr;
  const int count = virConnectListAllDomains(connection, &list, VIR_CONNECT_LIST_DOMAINS_TRANSIENT);
  if (count < 0) return last_failure().told(fmt::format("host \"{}\": cannot list its domains", host));
  for (const Domain& domain : take_list<Domain>(list, count)) {
    const auto found = index.find(name_of(domain.get()));
    if (found != index.end()) census[found->second].transient = true;
  }
  return {};
}

Result<std::shared_ptr<Census>> take_census(virConnectPtr connection, const std::string& host, unsigned groups,
                                            Progress& progress) {
  auto census = std::make_shared<Census>();
  virDomainPtr* list = nullptr;
  const int count = virConnectListAllDomains(connection, &list, 0);
  if (count < 0) return last_failure().told(fmt::format("host \"{}\": cannot list its domains", host));
  IndexByName index;
  for (Domain& domain : take_list<Domain>(list, count)) {
    index.emplace(name_of(domain.get()), census->size());
    std::string uuid = uuid_of(domain.get());
    census->push_back({.domain = std::move(domain), .uuid = std::move(uuid), .stats = {}, .reading = {}});
  }
  ++progress;
  if (Result<void> marked = mark_transient(connection, host, index, *census); !marked) return marked.error();
  ++progress;
  if (!read_all_stats(connection, groups, index, *census)) read_chunked_stats(groups, index, *census, progress);
  ++progress;
  if (Result<void> states = read_missing_states(host, *census, progress); !states) return states.error();
  return census;
}

// ---- Domains: the XML -----------------------------------------------------------------------------------------------

/// Fewer than these are read sooner by the connection that there is than by another that has to be opened.
constexpr std::size_t kDefinitionsWorthAConnection = 32;

/// XML to be read by several threads, each with a connection of its own, and each taking the next that nobody has
/// taken.
struct XmlBatch {
  std::shared_ptr<Census> census;
  std::vector<std::size_t> wanted;  ///< Indices of the census.
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
    OwnHandles own(connection, host);
    own.same_ = census.empty() || virDomainGetConnect(census.front().domain.get()) == connection;
    if (own.same_) return own;
    virDomainPtr* list = nullptr;
    const int count = virConnectListAllDomains(connection, &list, 0);
    if (count < 0) return last_failure().told(fmt::format("host \"{}\": cannot list its domains", host));
    own.domains_ = take_list<Domain>(list, count);
    for (const Domain& domain : own.domains_) own.by_name_.emplace(name_of(domain.get()), domain.get());
    return own;
  }

  /// `not_found`: gone meanwhile.
  Result<DomainReading> describe(const ListedDomain& listed) const {
    if (same_) return read_definition(listed.domain.get(), host_);
    const auto found = by_name_.find(name_of(listed.domain.get()));
    if (found != by_name_.end()) {
      Result<DomainReading> reading = read_definition(found->second, host_);
      if (reading && reading->uuid == listed.uuid) return reading;
    }
    // Renamed or gone between the two lists, or its name is another's now: only its own answer says which.
    const Domain again{virDomainLookupByUUIDString(connection_, listed.uuid.c_str())};
    if (again) return read_definition(again.get(), host_);
    return last_failure().told(fmt::format("host \"{}\": cannot find the domain {}", host_, listed.uuid));
  }

 private:
  OwnHandles(virConnectPtr connection, std::string host) : connection_(connection), host_(std::move(host)) {}

  virConnectPtr connection_;
  std::string host_;
  bool same_ = false;
  std::vector<Domain> domains_;
  std::unordered_map<std::string_view, virDomainPtr> by_name_;
};

Result<void> read_xml_of_some(XmlBatch& batch, virConnectPtr connection, const std::string& host, Progress& progress) {
  const Result<OwnHandles> own = OwnHandles::of(connection, *batch.census, host);
  if (!own) return own.error();
  ++progress;
  for (std::size_t i = batch.next++; i < batch.wanted.size(); i = batch.next++) {
    ListedDomain& listed = (*batch.census)[batch.wanted[i]];
    Result<std::optional<DomainReading>> reading = reading_or_stranger(own->describe(listed));
    if (!reading) return reading.error();
    listed.reading = std::move(*reading);
    ++progress;
  }
  return {};
}

int threads_for(std::size_t definitions, int at_most) {
  const std::size_t worth = (definitions + kDefinitionsWorthAConnection - 1) / kDefinitionsWorthAConnection;
  return static_cast<int>(std::min(worth, static_cast<std::size_t>(at_most)));
}

/// Which definitions are known, and may be believed for now. Those that nobody wants have no turn.
void recall_definitions(KnownDefinitions& definitions, const std::set<std::string>& known_foreign, Census& census,
                        KnownDefinitions::Time now) {
  std::vector<ListedDomain*> wanted;
  std::vector<KnownDefinitions::Listed> all;
  for (ListedDomain& listed : census) {
    if (known_foreign.contains(listed.uuid)) continue;
    wanted.push_back(&listed);
    all.push_back({listed.uuid, std::string(name_of(listed.domain.get()))});
  }
  std::vector<std::optional<DomainReading>> recalled = definitions.recall(all, now);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    wanted[i]->recalled = recalled[i].has_value();
    wanted[i]->reading = std::move(recalled[i]);
  }
}

/// What was read in this look. That of a domain which could not be read is not kept.
std::vector<DomainReading> read_just_now(const Census& census) {
  std::vector<DomainReading> read;
  for (const ListedDomain& listed : census) {
    if (!listed.recalled && listed.reading && !listed.reading->uuid.empty()) read.push_back(*listed.reading);
  }
  return read;
}

std::vector<std::size_t> those_to_describe(const Census& census, const std::set<std::string>& known_foreign) {
  std::vector<std::size_t> wanted;
  for (std::size_t i = 0; i < census.size(); ++i) {
    if (census[i].reading) continue;
    const bool enough = census[i].stats && census[i].stats->tell_size() && known_foreign.contains(census[i].uuid);
    if (!enough) wanted.push_back(i);
  }
  return wanted;
}

HostLink::Pending<void> start_reading(LibvirtHost& host, const std::shared_ptr<XmlBatch>& batch) {
  return host.link()->start<void>(Lane::request, "describe its domains",
                                  [batch, name = host.name()](virConnectPtr connection, Progress& progress) {
                                    return read_xml_of_some(*batch, connection, name, progress);
                                  });
}

/// The first failure, when all have ended.
Result<void> wait_for_all(std::vector<HostLink::Pending<void>> pending, Duration stall) {
  Result<void> outcome;
  for (auto& part : pending) {
    Result<void> done = part.wait(stall);
    if (!done && outcome) outcome = std::move(done);
  }
  return outcome;
}

LiveDomain live_domain(ListedDomain& listed) {
  DomainReading described = listed.reading ? std::move(*listed.reading) : DomainReading{};
  std::string name{name_of(listed.domain.get())};
  // Renamed since it was listed: the stats under its name may be another's.
  const bool renamed = !described.name.empty() && described.name != name;
  const StatsReading stats = renamed ? StatsReading{} : *listed.stats;
  return LiveDomain{.uuid = std::move(listed.uuid),
                    .name = std::move(name),
                    .state = stats.state,
                    .transient = !renamed && listed.transient,
                    .vcpus = stats.vcpus.value_or(described.vcpus),
                    .max_vcpus = stats.max_vcpus.value_or(described.max_vcpus),
                    .memory_bytes = stats.memory_bytes.value_or(described.memory_bytes),
                    .max_memory_bytes = stats.max_memory_bytes.value_or(described.max_memory_bytes),
                    .ownership = std::move(described.ownership),
                    .nics = std::move(described.nics),
                    .disk_paths = std::move(described.disk_paths)};
}

/// Is it up and ours, as the request says whose those are, and was anything counted?
bool counts(const LiveDomain& domain, const DomainCounters& counters, const ObserveRequest& request) {
  const bool ours = domain.ownership && (request.lineage.empty() || domain.ownership->lineage == request.lineage);
  return request.counters && ours && is_up(domain.state) && counters != DomainCounters{};
}

/// What is found out about domains beside what goes into a snapshot.
struct Findings {
  KvmEvidence kvm;
  std::vector<DomainRef> memory_untold;  ///< Those of ours that are up and are not to tell of their memory.
};

/// QEMU answers, and its balloon does not ask.
bool is_memory_untold(const DomainReading& reading, const DomainCounters& counters) {
  return !reading.tells_memory && counters.disk_requests.has_value();
}

/// Takes them out of the census.
Findings add_domains(Census& census, const ObserveRequest& request, HostSnapshot& snapshot) {
  Findings found;
  for (ListedDomain& listed : census) {
    const bool gone = !listed.stats || (!listed.reading && !request.known_foreign.contains(listed.uuid));
    if (gone || is_kvm_trial(virDomainGetName(listed.domain.get()))) continue;
    const DomainCounters counters = listed.stats->counters;
    bool memory_untold = false;
    if (const auto& reading = listed.reading) {
      const bool ours = reading->ownership.has_value();
      const bool runs_by_kvm = reading->virt_type == "kvm" && is_up(listed.stats->state);
      found.kvm.a_guest_runs_by_it |= runs_by_kvm;
      found.kvm.one_of_ours_runs_by_it |= runs_by_kvm && ours;
      found.kvm.ours_are_emulated |= reading->virt_type == "qemu" && ours;
      memory_untold = is_memory_untold(*reading, counters);
    }
    snapshot.domains.push_back(live_domain(listed));
    const LiveDomain& domain = snapshot.domains.back();
    if (!counts(domain, counters, request)) continue;
    snapshot.counters.emplace(domain.uuid, counters);
    if (memory_untold) found.memory_untold.push_back({snapshot.host, domain.uuid, domain.ownership->lineage});
  }
  std::sort(snapshot.domains.begin(), snapshot.domains.end(), [](const LiveDomain& a, const LiveDomain& b) {
    return std::tie(a.name, a.uuid) < std::tie(b.name, b.uuid);
  });
  return found;
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

/// Many definitions are worth further connections, of which one tells of the pools first. Few are read after the pools.
Result<std::vector<LivePool>> read_pools_and_definitions(LibvirtHost& host, const ObserveRequest& request,
                                                         const std::shared_ptr<Census>& census) {
  const Duration bound = host.options().refresh_timeout;
  auto batch = std::make_shared<XmlBatch>();
  batch->census = census;
  batch->wanted = those_to_describe(*census, request.known_foreign);
  std::vector<HostLink::Pending<void>> reading;
  const int threads = threads_for(batch->wanted.size(), host.options().requests_in_flight);
  for (int i = 0; i + 1 < threads; ++i) reading.push_back(start_reading(host, batch));

  auto pools = host.link()->call<std::vector<LivePool>>(
      Lane::request, "describe its pools", bound,
      [name = host.name(), request](virConnectPtr connection, Progress& progress) {
        return read_pools(connection, name, request, progress);
      });
  if (!pools) {
    batch->next = batch->wanted.size();  // nobody needs the rest
    return pools.error();
  }
  const std::size_t left = batch->wanted.size() - std::min(batch->next.load(), batch->wanted.size());
  if (left >= kDefinitionsWorthAConnection || (left > 0 && reading.empty())) {
    reading.push_back(start_reading(host, batch));
  }
  if (auto read = wait_for_all(std::move(reading), bound); !read) return read.error();
  return pools;
}

struct HostReading {
  HostSnapshot snapshot;
  std::vector<DomainRef> memory_untold;
};

Result<HostReading> read_host(LibvirtHost& host, const ObserveRequest& request, Instant now) {
  using SteadyClock = std::chrono::steady_clock;
  const auto began = SteadyClock::now();
  const std::shared_ptr<HostLink> link = host.link();
  HostSnapshot snapshot{
      .host = host.name(), .seen_at = now, .hypervisor = {}, .traits = {}, .pools = {}, .networks = {}, .domains = {}};
  // First one after another over one connection: a handful of answers comes sooner than another connection is open.
  const Duration bound = host.options().refresh_timeout;
  Result<HostFacts> facts = host.facts();
  if (!facts) return facts.error();
  auto size = link->call<Node>(Lane::request, "tell its size", bound,
                               [name = host.name()](virConnectPtr connection, Progress& progress) {
                                 return read_node(connection, name, progress);
                               });
  if (!size) return size.error();
  // It answers; and what happens from here on is word, whatever the list has of it.
  host.listener().take_up(*host.listening_link());
  // Who lets pools be read anew wants everything as it is.
  const auto definitions = request.refresh_pools ? nullptr : host.listener().definitions();
  const std::uint64_t look = definitions ? definitions->begin_look() : 0;
  auto census = link->call<std::shared_ptr<Census>>(
      Lane::request, "list its domains", bound,
      [name = host.name(), groups = stats_groups(request.counters)](virConnectPtr connection, Progress& progress) {
        return take_census(connection, name, groups, progress);
      });
  if (!census) return census.error();
  const auto listed_at = SteadyClock::now();
  if (request.counters) snapshot.counted_after = std::chrono::duration_cast<Duration>(listed_at - began);
  if (definitions) recall_definitions(*definitions, request.known_foreign, **census, listed_at);
  Result<std::vector<LivePool>> pools = read_pools_and_definitions(host, request, *census);
  if (!pools) return pools.error();
  if (definitions) definitions->keep(look, read_just_now(**census), listed_at);
  // Asked for again only if all connections were lost meanwhile: then another machine may have answered.
  facts = host.facts();
  if (!facts) return facts.error();

  Findings found = add_domains(**census, request, snapshot);
  snapshot.vcpus = size->vcpus;
  snapshot.memory_bytes = size->memory_bytes;
  snapshot.networks = std::move(size->networks);
  snapshot.pools = std::move(*pools);
  snapshot.identity = facts->identity;
  snapshot.hypervisor = facts->hypervisor;
  snapshot.libvirt_version = facts->libvirt_version;
  // Looking changes nothing, so no trial is made here; but one of ours that runs spares the next one.
  if (found.kvm.one_of_ours_runs_by_it && !host.kvm_verdict()) host.set_kvm_verdict(true);
  snapshot.kvm = kvm_works(*facts, host.kvm_verdict(), found.kvm);
  snapshot.traits = traits_of(*facts, snapshot.kvm);
  return HostReading{.snapshot = std::move(snapshot), .memory_untold = std::move(found.memory_untold)};
}

}  // namespace

Result<std::optional<DomainReading>> reading_or_stranger(Result<DomainReading> reading) {
  if (reading) return std::optional(std::move(*reading));
  if (reading.error().kind == ErrorKind::unreachable) return reading.error();
  if (reading.error().kind == ErrorKind::not_found) return std::optional<DomainReading>{};
  return std::optional(DomainReading{});
}

Result<HostSnapshot> observe_host(LibvirtHost& host, const ObserveRequest& request, Instant now) {
  Result<HostReading> reading = read_host(host, request, now);
  if (!reading) return reading.error();
  HostSnapshot& seen = reading->snapshot;
  host.listener().take_note_of(seen);
  if (request.counters && !request.lineage.empty()) {
    std::set<std::string> up;
    for (const auto& [uuid, counters] : seen.counters) up.insert(uuid);
    host.memory_tellers().begin_to_tell(*host.link(), reading->memory_untold, up);
  }
  return std::move(seen);
}

}  // namespace vscale::libvirt
