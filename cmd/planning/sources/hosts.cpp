#include "cmd/planning/sources/hosts.h"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "cmd/planning/recorded.h"
#include "engine/live/host_identity.h"
#include "engine/values/uri.h"

namespace vscale {
namespace {

/// What each host is asked about and is compared with, gathered from the record once for all of them. Refers to it.
struct OnRecord {
  explicit OnRecord(const RecordedState& recorded) {
    for (const auto& [address, instance] : recorded.instances) instances.insert(instance.uuid);
    const VolumeRecord* last = nullptr;
    for (const auto& volume : recorded.volumes) {
      const bool is_same_pool = last != nullptr && last->host == volume.host && last->pool == volume.pool;
      if (!is_same_pool) pools[volume.host].insert(volume.pool);
      last = &volume;
    }
  }

  std::unordered_set<std::string_view> instances;           ///< Their uuids.
  std::map<std::string_view, std::set<std::string>> pools;  ///< With volumes of ours, by host.
};

std::set<std::string> pools_on(const Config& config, const OnRecord& on_record, const std::string& host) {
  std::set<std::string> pools;
  for (const auto& storage : config.storage) pools.insert(storage.pool);
  const auto with_volumes = on_record.pools.find(host);
  if (with_volumes != on_record.pools.end()) pools.insert(with_volumes->second.begin(), with_volumes->second.end());
  return pools;
}

/// Domains that were not ours when they were last seen. Read again in any case are those that the record calls ours,
/// and those that are called as ours are: one that could not be read was taken for a stranger's, and may be forgotten.
std::set<std::string> known_foreign(const Config& config, const RecordedState& recorded, const OnRecord& on_record,
                                    const std::string& host) {
  const std::string our_names = config.name + "-";
  std::set<std::string> foreign;
  const auto record = recorded.hosts.find(host);
  if (record == recorded.hosts.end() || !record->second.observed) return foreign;
  for (const auto& domain : record->second.observed->domains) {
    if (domain.ownership || domain.name.starts_with(our_names)) continue;
    if (!on_record.instances.contains(domain.uuid)) foreign.insert(domain.uuid);
  }
  return foreign;
}

ObserveRequest request_to(const Config& config, const RecordedState& recorded, const OnRecord& on_record,
                          const std::string& host, const LookOptions& options) {
  ObserveRequest request;
  request.pools = pools_on(config, on_record, host);
  request.known_foreign = known_foreign(config, recorded, on_record, host);
  request.counters = options.counters;
  request.lineage = options.counters && !options.changes_nothing ? recorded.lineage : "";
  request.patience = options.patience;
  return request;
}

bool tells_nothing(const LiveDomain& domain) {
  return !domain.ownership && domain.nics.empty() && domain.disk_paths.empty();
}

/// A definition that cannot be read this time looks like one without our mark. What was forgotten keeps the mark that
/// it had when it was last read, and with it the image that it stands on and its addresses. An instance does not: one
/// that may have lost its mark is left alone.
void keep_last_reading(const RecordedState& recorded, const OnRecord& on_record, HostSnapshot& seen) {
  const auto record = recorded.hosts.find(seen.host);
  if (record == recorded.hosts.end() || !record->second.observed) return;
  std::unordered_map<std::string_view, const LiveDomain*> read_before;
  for (const auto& domain : record->second.observed->domains) {
    if (domain.ownership && !on_record.instances.contains(domain.uuid)) read_before.emplace(domain.uuid, &domain);
  }
  if (read_before.empty()) return;
  for (auto& domain : seen.domains) {
    const auto last = read_before.find(domain.uuid);
    if (last == read_before.end() || !tells_nothing(domain)) continue;
    domain.ownership = last->second->ownership;
    domain.nics = last->second->nics;
    domain.disk_paths = last->second->disk_paths;
  }
}

/// Why the answer is none of that host's. `seen` are those of other hosts.
std::optional<Error> whose_answer(const RecordedState& recorded, const HostSnapshot& now, const Live& seen) {
  const auto record = recorded.hosts.find(now.host);
  if (record != recorded.hosts.end() && record->second.observed) {
    if (auto error = answers_as_another(now.host, record->second.observed->identity, now.identity)) return error;
  }
  for (const auto& [host, view] : seen) {
    if (host == now.host || !view.snapshot) continue;
    if (auto error = answers_as_well(now.host, now.identity, host, view.snapshot->identity)) return error;
  }
  return std::nullopt;
}

HostView view_of(const std::string& host, Result<HostSnapshot> answer, const RecordedState& recorded,
                 const OnRecord& on_record, Instant now, const Live& seen) {
  if (answer) {
    if (auto error = whose_answer(recorded, *answer, seen)) answer = std::move(*error);
  }
  HostView view;
  if (answer) {
    view.snapshot = std::move(*answer);
    keep_last_reading(recorded, on_record, *view.snapshot);
    return view;
  }
  const auto record = recorded.hosts.find(host);
  const bool failed_before = record != recorded.hosts.end() && record->second.failure;
  view.failure = HostFailure{answer.error(), failed_before ? record->second.failure->at : now};
  return view;
}

/// Of two names of one machine, the one that it was seen under before is the right one.
void read_hosts(Domains& domains, const std::map<std::string, ObserveRequest>& requests, const RecordedState& recorded,
                const OnRecord& on_record, Instant now, Live& live) {
  for (const auto& [host, request] : requests) live[host] = {};
  auto answers = domains.observe(requests);
  for (const bool seen_before : {true, false}) {
    for (auto& [host, answer] : answers) {
      if (was_seen(recorded, host) != seen_before) continue;
      live[host] = view_of(host, std::move(answer), recorded, on_record, now, live);
    }
  }
}

/// As it may be kept: the statefile holds no password.
std::string shown_uri(const Config& config, const std::string& name) {
  const Host* host = find_host(config, name);
  return host == nullptr ? "" : without_password(host->uri);
}

}  // namespace

HostPorts reach_hosts(const Invocation& invocation, const Config& config) {
  std::vector<HostConnection> connections;
  for (const auto& host : config.hosts) connections.push_back({.name = host.name, .uri = host.uri});
  return invocation.outside.reach_hosts(connections);
}

Live observe_hosts(Domains& domains, const Config& config, const RecordedState& recorded, Instant now,
                   const LookOptions& options) {
  const OnRecord on_record(recorded);
  std::map<std::string, ObserveRequest> requests;
  for (const auto& host : config.hosts) {
    requests[host.name] = request_to(config, recorded, on_record, host.name, options);
  }
  Live live;
  read_hosts(domains, requests, recorded, on_record, now, live);
  return live;
}

void look_into_pools(Domains& domains, const Config& config, const RecordedState& recorded, Instant now, Live& live,
                     std::optional<Duration> patience) {
  const OnRecord on_record(recorded);
  std::map<std::string, ObserveRequest> requests;
  for (const auto& [host, view] : live) {
    if (!view.snapshot) continue;
    requests[host] = {
        .pools = pools_on(config, on_record, host), .known_foreign = {}, .refresh_pools = true, .patience = patience};
  }
  read_hosts(domains, requests, recorded, on_record, now, live);
}

Live recorded_live(const Config& config, const RecordedState& recorded, Instant now) {
  Live live;
  for (const auto& host : config.hosts) {
    const auto record = recorded.hosts.find(host.name);
    HostView& view = live[host.name];
    if (record != recorded.hosts.end() && record->second.failure) {
      view.failure = record->second.failure;
    } else if (record != recorded.hosts.end() && record->second.observed) {
      view.snapshot = record->second.observed;
    } else {
      view.failure = HostFailure{{.kind = ErrorKind::unreachable,
                                  .message = fmt::format("host {} has never been seen", host.name),
                                  .detail = {},
                                  .hint = "plan without --refresh=false"},
                                 now};
    }
  }
  return live;
}

Result<void> record_live(StateStore& store, const Config& config, Live& live) {
  std::vector<Observation> lent;  // and given back: thousands of domains are not copied to be written down
  for (auto& [host, view] : live) {
    lent.push_back({.host = host, .view = std::move(view), .uri = shown_uri(config, host)});
  }
  auto written = store.record_observations(lent);
  for (auto& observation : lent) live[observation.host] = std::move(observation.view);
  return written;
}

bool take_note_of(const Config& config, const Live& live, RecordedState& recorded) {
  bool is_other = false;
  for (const auto& [name, view] : live) {
    HostRecord& host = recorded.hosts[name];
    host.host = name;
    if (std::string uri = shown_uri(config, name); !uri.empty()) host.uri = std::move(uri);
    is_other |= host.failure != view.failure;
    host.failure = view.failure;
    if (!view.snapshot) continue;
    if (host.observed && says_the_same(*host.observed, *view.snapshot)) {
      host.observed->seen_at = view.snapshot->seen_at;
      host.observed->pools = view.snapshot->pools;  // the same, and there once from here on
      host.observed->domains = view.snapshot->domains;
      continue;
    }
    is_other = true;
    host.observed = view.snapshot;
    host.observed->counters.clear();  // the record keeps none: they are others at every look
    host.observed->counted_after = {};
  }
  return is_other;
}

}  // namespace vscale
