#include "providers/sqlite/rows/observation_rows.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "engine/values/digest.h"
#include "providers/sqlite/rows/columns.h"
#include "providers/sqlite/rows/record_rows.h"
#include "providers/sqlite/statefile.h"

namespace vscale {
namespace {

// Lists --------------------------------------------------------------------------------------------------------------
// One entry a line: less to parse than JSON, of which reading 10,000 domains would mean 20,000 documents.

/// A backslash and the end of a line, which an entry may hold, become `\\` and `\n`.
void append_entry(std::string& lines, const std::string& entry) {
  for (const char c : entry) {
    if (c == '\\' || c == '\n') lines += '\\';
    lines += c == '\n' ? 'n' : c;
  }
}

template <class Entries>
std::string lines_of(const Entries& entries) {
  std::string lines;
  bool first = true;
  for (const std::string& entry : entries) {
    if (!std::exchange(first, false)) lines += '\n';
    append_entry(lines, entry);
  }
  return lines;
}

std::string entry_of(std::string_view line) {
  if (line.find('\\') == std::string_view::npos) return std::string(line);
  std::string entry;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool escaped = line[i] == '\\' && i + 1 < line.size();
    if (escaped) ++i;
    entry += escaped && line[i] == 'n' ? '\n' : line[i];
  }
  return entry;
}

std::vector<std::string> entries_of(std::string_view lines) {
  std::vector<std::string> entries;
  for (;;) {
    const std::size_t end = lines.find('\n');
    entries.push_back(entry_of(lines.substr(0, end)));
    if (end == std::string_view::npos) return entries;
    lines.remove_prefix(end + 1);
  }
}

/// Names are never empty, so that no lines are no names.
std::set<std::string> names_of(const std::string& lines) {
  if (lines.empty()) return {};
  auto entries = entries_of(lines);
  return {std::make_move_iterator(entries.begin()), std::make_move_iterator(entries.end())};
}

/// NULL for an empty list: most domains are not ours, and nothing is known of their cards and disks.
std::optional<std::string> list_if_any(const std::vector<std::string>& paths) {
  if (paths.empty()) return std::nullopt;
  return lines_of(paths);
}

std::optional<std::string> list_if_any(const std::vector<LiveNic>& nics) {
  if (nics.empty()) return std::nullopt;
  std::vector<std::string> cards;
  for (const LiveNic& nic : nics) cards.push_back(nic.mac + ' ' + nic.source);
  return lines_of(cards);
}

std::vector<LiveNic> nics_of(const std::optional<std::string>& lines) {
  std::vector<LiveNic> nics;
  if (!lines) return nics;
  for (const std::string& card : entries_of(*lines)) {
    const std::size_t space = card.find(' ');
    if (space == std::string::npos) damaged_column(card, "a MAC and what it is plugged into");
    nics.push_back({.mac = card.substr(0, space), .source = card.substr(space + 1)});
  }
  return nics;
}

std::optional<std::string> list_if_any(const std::vector<StaticAddress>& addresses) {
  if (addresses.empty()) return std::nullopt;
  std::vector<std::string> lines;
  for (const StaticAddress& held : addresses) lines.push_back(held.address + ' ' + held.network);
  return lines_of(lines);
}

std::vector<StaticAddress> static_addresses_of(const std::optional<std::string>& lines) {
  std::vector<StaticAddress> addresses;
  if (!lines) return addresses;
  for (const std::string& line : entries_of(*lines)) {
    const std::size_t space = line.find(' ');
    if (space == std::string::npos) damaged_column(line, "an address and its network");
    addresses.push_back({.network = line.substr(space + 1), .address = line.substr(0, space)});
  }
  return addresses;
}

std::vector<std::string> paths_of(const std::optional<std::string>& lines) {
  if (!lines) return {};
  return entries_of(*lines);
}

DomainState state_from(const std::string& word) {
  for (const auto state : {DomainState::running, DomainState::blocked, DomainState::paused, DomainState::shutting_down,
                           DomainState::shut_off, DomainState::crashed, DomainState::suspended, DomainState::unknown}) {
    if (word == to_string(state)) return state;
  }
  damaged_column(word, "a state of a domain");
}

// Fingerprint -----------------------------------------------------------------------------------------

/// Everything that was seen but when, each part with its length before it, so that no two snapshots read the same.
class Fingerprint {
 public:
  explicit Fingerprint(std::size_t parts) { bytes_.reserve(kBytesPerPart * parts); }

  Fingerprint& operator<<(const std::string& text) {
    *this << text.size();
    bytes_ += text;
    return *this;
  }
  Fingerprint& operator<<(std::uint64_t number) {
    bytes_.append(reinterpret_cast<const char*>(&number), sizeof number);
    return *this;
  }
  Fingerprint& operator<<(int number) { return *this << static_cast<std::uint64_t>(number); }
  Fingerprint& operator<<(const std::set<std::string>& names) {
    *this << names.size();
    for (const std::string& name : names) *this << name;
    return *this;
  }

  std::string hex() const { return sha256_hex(bytes_); }

 private:
  static constexpr std::size_t kBytesPerPart = 512;  ///< About what a domain takes, so that it seldom has to grow.

  std::string bytes_;
};

void add(Fingerprint& print, const Ownership& ownership) {
  print << ownership.installation << static_cast<int>(ownership.address.kind) << ownership.address.group
        << ownership.address.ordinal << static_cast<std::uint64_t>(ownership.revision) << ownership.incarnation
        << ownership.lineage << ownership.spec_hash << ownership.image_digest << ownership.addresses.size();
  for (const StaticAddress& held : ownership.addresses) print << held.network << held.address;
}

void add(Fingerprint& print, const LiveDomain& domain) {
  print << domain.uuid << domain.name << static_cast<int>(domain.state) << (domain.transient ? 1 : 0) << domain.vcpus
        << domain.max_vcpus << domain.memory_bytes << domain.max_memory_bytes << (domain.ownership ? 1 : 0)
        << domain.nics.size() << domain.disk_paths.size();
  if (domain.ownership) add(print, *domain.ownership);
  for (const LiveNic& nic : domain.nics) print << nic.mac << nic.source;
  for (const std::string& path : domain.disk_paths) print << path;
}

void add(Fingerprint& print, const LivePool& pool) {
  print << pool.name << pool.type << pool.path << (pool.active ? 1 : 0) << pool.capacity_bytes << pool.available_bytes
        << pool.volumes;
}

/// Free space moves all the time and domains do not: they are compared apart.
std::string fingerprint_of_host(const HostSnapshot& seen) {
  Fingerprint print(1 + seen.pools.size());
  print << seen.vcpus << seen.memory_bytes << (seen.kvm ? 1 : 0) << seen.hypervisor << seen.libvirt_version
        << seen.traits << seen.networks << seen.identity.hostname << seen.identity.uuid << seen.pools.size();
  for (const LivePool& pool : seen.pools) add(print, pool);
  return print.hex();
}

std::string fingerprint_of_domains(const HostSnapshot& seen) {
  Fingerprint print(seen.domains.size());
  print << seen.domains.size();
  for (const LiveDomain& domain : seen.domains) add(print, domain);
  return print.hex();
}

// Reading ---------------------------------------------------------------------------------------------

constexpr const char* kDomainColumns =
    "name, uuid, state, vcpus, max_vcpus, memory_bytes, max_memory_bytes, address, installation, revision, "
    "incarnation, "
    "lineage, spec_hash, image_digest, static_addresses, nics, disk_paths, transient";

std::optional<Ownership> ownership_of(Columns& columns) {
  constexpr int kOwnershipColumns = 8;
  if (columns.is_null()) {
    columns.skip(kOwnershipColumns);
    return std::nullopt;
  }
  Ownership ownership;
  ownership.address = columns.address();
  ownership.installation = columns.text();
  ownership.revision = columns.number();
  ownership.incarnation = columns.small();
  ownership.lineage = columns.text();
  ownership.spec_hash = columns.text();
  ownership.image_digest = columns.text_if_any().value_or("");
  ownership.addresses = static_addresses_of(columns.text_if_any());
  return ownership;
}

LiveDomain domain_of(Columns& columns) {
  LiveDomain domain;
  domain.name = columns.text();
  domain.uuid = columns.text();
  domain.state = state_from(columns.text());
  domain.vcpus = columns.small();
  domain.max_vcpus = columns.small();
  domain.memory_bytes = columns.amount();
  domain.max_memory_bytes = columns.amount();
  domain.ownership = ownership_of(columns);
  domain.nics = nics_of(columns.text_if_any());
  domain.disk_paths = paths_of(columns.text_if_any());
  domain.transient = columns.yes();
  return domain;
}

HostSnapshot snapshot_of(const std::string& host, Columns& columns) {
  HostSnapshot seen;
  seen.host = host;
  seen.seen_at = columns.instant();
  seen.vcpus = columns.small();
  seen.memory_bytes = columns.amount();
  seen.kvm = columns.yes();
  seen.hypervisor = columns.text();
  seen.libvirt_version = columns.amount();
  seen.traits = names_of(columns.text());
  seen.networks = names_of(columns.text());
  seen.identity.hostname = columns.text();
  seen.identity.uuid = columns.text();
  return seen;
}

std::optional<HostFailure> failure_of(Columns& columns) {
  const auto since = columns.instant_if_any();
  if (!since) return std::nullopt;
  HostFailure failure;
  failure.at = *since;
  const std::string kind = columns.text();
  failure.error.kind = known_word(error_kind_from(kind), kind);
  failure.error.message = columns.text();
  failure.error.detail = columns.text();
  failure.error.hint = columns.text();
  return failure;
}

HostRecord& record_of(RecordedState& state, const std::string& host) {
  const auto found = state.hosts.find(host);
  if (found == state.hosts.end()) throw DamagedRow("something was seen on a host that is not there: " + host);
  return found->second;
}

void read_hosts(SQLite::Database& database, RecordedState& state) {
  constexpr int kSnapshotColumns = 10;
  SQLite::Statement select(
      database,
      "SELECT host, seen_at, vcpus, memory_bytes, kvm, hypervisor, libvirt_version, traits, networks, "
      "hostname, host_uuid, failed_at, error_kind, error_message, error_detail, error_hint FROM observed_hosts");
  while (select.executeStep()) {
    Columns columns(select);
    HostRecord& host = record_of(state, columns.text());
    if (columns.is_null()) {
      columns.skip(kSnapshotColumns);
    } else {
      host.observed = snapshot_of(host.host, columns);
    }
    host.failure = failure_of(columns);
  }
}

HostSnapshot& snapshot_in(RecordedState& state, const std::string& host) {
  HostRecord& record = record_of(state, host);
  if (!record.observed) throw DamagedRow("something was seen on a host that was never seen: " + host);
  return *record.observed;
}

void read_pools(SQLite::Database& database, RecordedState& state) {
  SQLite::Statement select(database,
                           "SELECT host, name, type, path, active, capacity_bytes, available_bytes, volumes "
                           "FROM observed_pools ORDER BY host, position");
  while (select.executeStep()) {
    Columns columns(select);
    HostSnapshot& seen = snapshot_in(state, columns.text());
    LivePool pool;
    pool.name = columns.text();
    pool.type = columns.text();
    pool.path = columns.text();
    pool.active = columns.yes();
    pool.capacity_bytes = columns.amount();
    pool.available_bytes = columns.amount();
    pool.volumes = names_of(columns.text());
    seen.pools.push_back(std::move(pool));
  }
}

std::vector<LiveDomain> read_domains(SQLite::Database& database, const std::string& host) {
  SQLite::Statement select(
      database, std::string("SELECT ") + kDomainColumns + " FROM observed_domains WHERE host = ? ORDER BY name");
  Row(select) << host;
  std::vector<LiveDomain> domains;
  while (select.executeStep()) {
    Columns columns(select);
    domains.push_back(domain_of(columns));
  }
  return domains;
}

// Writing ---------------------------------------------------------------------------------------------

void write_domain(SQLite::Statement& insert, const std::string& host, const LiveDomain& domain) {
  Row row(insert);
  row << host << domain.name << domain.uuid << to_string(domain.state) << domain.vcpus << domain.max_vcpus
      << domain.memory_bytes << domain.max_memory_bytes;
  std::optional<InstanceAddress> address;
  std::optional<std::string> installation, lineage, spec_hash, image_digest, addresses;
  std::optional<std::int64_t> revision;
  std::optional<int> incarnation;
  if (const auto& owner = domain.ownership) {
    address = owner->address;
    installation = owner->installation;
    revision = owner->revision;
    incarnation = owner->incarnation;
    lineage = owner->lineage;
    spec_hash = owner->spec_hash;
    if (!owner->image_digest.empty()) image_digest = owner->image_digest;
    addresses = list_if_any(owner->addresses);
  }
  row << address << installation << revision << incarnation << lineage << spec_hash << image_digest << addresses
      << list_if_any(domain.nics) << list_if_any(domain.disk_paths) << domain.transient;
  insert.exec();
  insert.reset();
}

constexpr const char* kIntoDomains =
    "INTO observed_domains VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

/// Only those that came, changed or went. Domains with one name cannot be on one host; of two, the last one counts.
void write_domains(SQLite::Database& database, const std::string& host, const std::vector<LiveDomain>& domains) {
  const std::vector<LiveDomain> kept = read_domains(database, host);
  std::map<std::string_view, const LiveDomain*> before;
  for (const LiveDomain& domain : kept) before.emplace(domain.name, &domain);
  SQLite::Statement insert(database, std::string("INSERT OR REPLACE ") + kIntoDomains);
  std::set<std::string_view> here;
  for (const LiveDomain& domain : domains) {
    here.insert(domain.name);
    const auto found = before.find(domain.name);
    if (found == before.end() || !(*found->second == domain)) write_domain(insert, host, domain);
  }
  SQLite::Statement remove(database, "DELETE FROM observed_domains WHERE host = ? AND name = ?");
  for (const LiveDomain& domain : kept) {
    if (!here.contains(domain.name)) execute(remove, host, domain.name);
  }
}

/// What is seen next is compared with the rows, not with what was seen before they were changed.
void forget_fingerprint_of_domains(SQLite::Database& database, const std::string& host) {
  execute(database, "UPDATE observed_hosts SET domains_fingerprint = '' WHERE host = ?", host);
}

/// A host has a handful of pools: they are written together.
void write_pools(SQLite::Database& database, const std::string& host, const std::vector<LivePool>& pools) {
  execute(database, "DELETE FROM observed_pools WHERE host = ?", host);
  SQLite::Statement insert(database, "INSERT INTO observed_pools VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
  int position = 0;
  for (const LivePool& pool : pools) {
    execute(insert, host, position++, pool.name, pool.type, pool.path, pool.active, pool.capacity_bytes,
            pool.available_bytes, lines_of(pool.volumes));
  }
}

struct Fingerprints {
  std::string host, domains;

  bool operator==(const Fingerprints&) const = default;
};

/// Of what was seen last; nothing if the host was never seen, or failed since.
std::optional<Fingerprints> kept_fingerprints(SQLite::Database& database, const std::string& host) {
  SQLite::Statement select(database,
                           "SELECT fingerprint, domains_fingerprint FROM observed_hosts "
                           "WHERE host = ? AND seen_at IS NOT NULL AND failed_at IS NULL");
  Row(select) << host;
  if (!select.executeStep()) return std::nullopt;
  return Fingerprints{select.getColumn(0).getString(), select.getColumn(1).getString()};
}

void write_host(SQLite::Database& database, const std::string& host, const HostSnapshot& seen,
                const Fingerprints& fingerprints) {
  execute(
      database,
      "INSERT OR REPLACE INTO observed_hosts (host, seen_at, vcpus, memory_bytes, kvm, hypervisor, libvirt_version, "
      "traits, networks, hostname, host_uuid, fingerprint, domains_fingerprint) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      host, seen.seen_at, seen.vcpus, seen.memory_bytes, seen.kvm, seen.hypervisor, seen.libvirt_version,
      lines_of(seen.traits), lines_of(seen.networks), seen.identity.hostname, seen.identity.uuid, fingerprints.host,
      fingerprints.domains);
}

void write_snapshot(SQLite::Database& database, const std::string& host, const HostSnapshot& seen) {
  const Fingerprints now{fingerprint_of_host(seen), fingerprint_of_domains(seen)};
  const auto before = kept_fingerprints(database, host);
  if (before == now) {
    execute(database, "UPDATE observed_hosts SET seen_at = ? WHERE host = ?", seen.seen_at, host);
    return;
  }
  know_host(database, host);
  write_host(database, host, seen, now);
  write_pools(database, host, seen.pools);
  if (!before || before->domains != now.domains) write_domains(database, host, seen.domains);
}

/// What was seen before stays, and so does since when it cannot be reached.
void write_failure(SQLite::Database& database, const std::string& host, const HostFailure& failure) {
  know_host(database, host);
  execute(database, "INSERT INTO observed_hosts (host) VALUES (?) ON CONFLICT DO NOTHING", host);
  execute(database,
          "UPDATE observed_hosts SET failed_at = coalesce(failed_at, ?2), error_kind = ?3, error_message = ?4, "
          "error_detail = ?5, error_hint = ?6 WHERE host = ?1 AND (failed_at IS NULL OR "
          "(error_kind, error_message, error_detail, error_hint) IS NOT (?3, ?4, ?5, ?6))",
          host, failure.at, to_string(failure.error.kind), failure.error.message, failure.error.detail,
          failure.error.hint);
}

}  // namespace

void read_observations(SQLite::Database& database, RecordedState& state) {
  read_hosts(database, state);
  read_pools(database, state);
  for (auto& [name, host] : state.hosts) {
    if (host.observed) host.observed->domains = read_domains(database, name);
  }
}

void write_observation(SQLite::Database& database, const Observation& observation) {
  if (!observation.uri.empty()) {
    know_host(database, observation.host);
    execute(database, "UPDATE hosts SET uri = ?1 WHERE host = ?2 AND uri <> ?1", observation.uri, observation.host);
  }
  const HostView& view = observation.view;
  VSCALE_ASSERT(view.snapshot.has_value() != view.failure.has_value(), "a host was seen, or it was not");
  if (view.snapshot) write_snapshot(database, observation.host, *view.snapshot);
  if (view.failure) write_failure(database, observation.host, *view.failure);
}

void add_observed_domain(SQLite::Database& database, const std::string& host, const LiveDomain& domain) {
  SQLite::Statement seen(database, "SELECT 1 FROM observed_hosts WHERE host = ? AND seen_at IS NOT NULL");
  Row(seen) << host;
  if (!seen.executeStep()) return;
  SQLite::Statement insert(database, std::string("INSERT OR IGNORE ") + kIntoDomains);
  write_domain(insert, host, domain);
  forget_fingerprint_of_domains(database, host);
}

void remove_observed_domain(SQLite::Database& database, const std::string& host, const std::string& uuid) {
  execute(database, "DELETE FROM observed_domains WHERE host = ? AND uuid = ?", host, uuid);
  forget_fingerprint_of_domains(database, host);
}

}  // namespace vscale
