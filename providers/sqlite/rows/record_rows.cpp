#include "providers/sqlite/rows/record_rows.h"

#include <fmt/format.h>

#include "engine/recorded/apply_change.h"
#include "engine/values/variants/overloaded.h"
#include "providers/sqlite/rows/columns.h"
#include "providers/sqlite/rows/observation_rows.h"
#include "providers/sqlite/rows/rollout_rows.h"
#include "providers/sqlite/rows/scaling_rows.h"
#include "providers/sqlite/statefile.h"

namespace vscale {
namespace {

constexpr const char* kVcpu = "VCPU";
constexpr const char* kMemory = "MEMORY_MB";
constexpr const char* kDisk = "DISK_GB";

// Reading ---------------------------------------------------------------------------------------------

InstanceRecord instance_of(Columns columns) {
  InstanceRecord instance;
  instance.address = columns.address();
  instance.name = columns.text();
  instance.uuid = columns.text();
  instance.incarnation = columns.small();
  instance.host = columns.text();
  instance.revision = columns.number();
  instance.spec_hash = columns.text();
  instance.image_digest = columns.text();
  const std::string phase = columns.text();
  instance.phase = known_word(phase_from(phase), phase);
  instance.vcpus = columns.small();
  instance.memory_bytes = columns.amount();
  instance.created_at = columns.instant_if_any();
  instance.started_at = columns.instant_if_any();
  instance.ready_at = columns.instant_if_any();
  instance.prevent_destroy = columns.yes();
  instance.shutdown_grace_ms = columns.number();
  instance.drained = columns.yes();
  instance.failed = columns.yes();
  return instance;
}

InstanceRecord& owner_of(RecordedState& state, Columns& columns) {
  const auto found = state.instances.find(columns.address());
  if (found == state.instances.end()) throw DamagedRow("a row without its instance");
  return found->second;
}

constexpr const char* kSelectInstances =
    "SELECT address, name, uuid, incarnation, host, revision, spec_hash, image_digest, phase, "
    "vcpus, memory_bytes, created_at, started_at, ready_at, prevent_destroy, shutdown_grace_ms, drained, failed "
    "FROM instances";

void read_instances(SQLite::Database& database, RecordedState& state) {
  SQLite::Statement select(database, kSelectInstances);
  while (select.executeStep()) {
    InstanceRecord instance = instance_of(Columns(select));
    state.instances.emplace(instance.address, std::move(instance));
  }
}

GuestNic nic_of(Columns& columns) {
  GuestNic nic;
  nic.network = columns.text();
  nic.mac = columns.text();
  nic.address = columns.text_if_any();
  nic.settings = columns.text();
  nic.learned = columns.yes();
  return nic;
}

void read_nics(SQLite::Database& database, RecordedState& state) {
  SQLite::Statement select(
      database, "SELECT instance, network, mac, address, settings, learned FROM nics ORDER BY instance, position");
  while (select.executeStep()) {
    Columns columns(select);
    InstanceRecord& instance = owner_of(state, columns);
    instance.nics.push_back(nic_of(columns));
  }
}

/// With its cards, and without what it claims and depends on.
std::optional<InstanceRecord> find_instance(SQLite::Database& database, const InstanceAddress& address) {
  SQLite::Statement select(database, std::string(kSelectInstances) + " WHERE address = ?");
  Row(select) << address;
  if (!select.executeStep()) return std::nullopt;
  InstanceRecord instance = instance_of(Columns(select));
  SQLite::Statement nics(
      database, "SELECT network, mac, address, settings, learned FROM nics WHERE instance = ? ORDER BY position");
  Row(nics) << address;
  while (nics.executeStep()) {
    Columns columns(nics);
    instance.nics.push_back(nic_of(columns));
  }
  return instance;
}

void read_claims(SQLite::Database& database, RecordedState& state) {
  SQLite::Statement select(database, "SELECT instance, resource, storage, amount FROM allocations");
  while (select.executeStep()) {
    Columns columns(select);
    Claim& claim = owner_of(state, columns).claim;
    const std::string resource = columns.text();
    const std::string storage = columns.text();
    if (resource == kVcpu) claim.vcpus = columns.small();
    if (resource == kMemory) claim.memory_mib = columns.amount();
    if (resource == kDisk) claim.disk_gib[storage] = columns.amount();
  }
}

void read_dependencies(SQLite::Database& database, RecordedState& state) {
  SQLite::Statement select(database, "SELECT instance, on_group FROM dependencies ORDER BY instance, position");
  while (select.executeStep()) {
    Columns columns(select);
    InstanceRecord& instance = owner_of(state, columns);
    instance.after.push_back(columns.text());
  }
}

void read_volumes(SQLite::Database& database, RecordedState& state) {
  SQLite::Statement select(database,
                           "SELECT host, pool, name, storage, owner, role, disk, capacity_bytes, keep FROM volumes "
                           "ORDER BY host, pool, name");
  state.volumes.reserve(database.execAndGet("SELECT count(*) FROM volumes").getUInt());
  while (select.executeStep()) {
    Columns columns(select);
    VolumeRecord volume;
    volume.host = columns.text();
    volume.pool = columns.text();
    volume.name = columns.text();
    volume.storage = columns.text();
    volume.owner = columns.address();
    const std::string role = columns.text();
    volume.role = known_word(volume_role_from(role), role);
    volume.disk = columns.text();
    volume.capacity_bytes = columns.amount();
    volume.keep = columns.yes();
    state.volumes.push_back(std::move(volume));
  }
}

void read_image_copies(SQLite::Database& database, RecordedState& state) {
  SQLite::Statement select(database,
                           "SELECT host, pool, volume, image, digest, size_bytes, at FROM image_copies "
                           "ORDER BY host, pool, volume");
  while (select.executeStep()) {
    Columns columns(select);
    ImageCopyRecord copy;
    copy.host = columns.text();
    copy.pool = columns.text();
    copy.volume = columns.text();
    copy.image = columns.text();
    copy.digest = columns.text();
    copy.size_bytes = columns.amount();
    copy.at = columns.instant();
    state.image_copies.push_back(std::move(copy));
  }
}

void read_image_locks(SQLite::Database& database, RecordedState& state) {
  SQLite::Statement select(
      database,
      "SELECT image, source, digest, checksum, format, size_bytes, virtual_size_bytes, modified_ns, "
      "at FROM image_locks");
  while (select.executeStep()) {
    Columns columns(select);
    ImageLock lock;
    lock.image = columns.text();
    lock.source = columns.text();
    lock.digest = columns.text();
    lock.checksum = columns.text();
    lock.format = columns.text();
    lock.size_bytes = columns.amount();
    lock.virtual_size_bytes = columns.amount();
    lock.modified_ns = columns.number();
    lock.at = columns.instant();
    state.image_locks.emplace(lock.image, std::move(lock));
  }
}

void read_groups(SQLite::Database& database, RecordedState& state) {
  SQLite::Statement select(database, "SELECT address, revision, spec_hash, cursor_host, stable, size FROM groups");
  while (select.executeStep()) {
    Columns columns(select);
    GroupRecord group;
    group.address = columns.text();
    group.revision = columns.number();
    group.spec_hash = columns.text();
    group.cursor_host = columns.text();
    group.stable = columns.number();
    group.size = columns.small();
    state.groups.emplace(group.address, std::move(group));
  }
}

void read_hosts(SQLite::Database& database, RecordedState& state) {
  SQLite::Statement select(database, "SELECT host, uri, generation FROM hosts");
  while (select.executeStep()) {
    Columns columns(select);
    HostRecord host;
    host.host = columns.text();
    host.uri = columns.text();
    host.generation = columns.number();
    state.hosts.emplace(host.host, std::move(host));
  }
}

// Uniqueness ------------------------------------------------------------------------------------------

struct Taken {
  std::string what;  ///< "the address 10.0.0.50 of network lan"
  const char* sql;   ///< Selects the instance that has it, if that is not the instance ?1.
  std::string first, second;
};

void refuse_if_taken(SQLite::Database& database, const InstanceAddress& wanted_by, const Taken& taken) {
  SQLite::Statement select(database, taken.sql);
  Row row(select);
  row << wanted_by << taken.first;
  if (!taken.second.empty()) row << taken.second;
  if (!select.executeStep()) return;
  const std::string owner = select.getColumn(0).getString();
  throw Refused({.kind = ErrorKind::conflict,
                 .message = fmt::format("{} cannot have {}: {} has it", to_string(wanted_by), taken.what, owner),
                 .detail = "",
                 .hint = "somebody else changed the statefile in between: plan again"});
}

void refuse_what_others_have(SQLite::Database& database, const InstanceRecord& instance) {
  const InstanceAddress& wanted_by = instance.address;
  refuse_if_taken(database, wanted_by,
                  {"the name " + instance.name, "SELECT address FROM instances WHERE address <> ?1 AND name = ?2",
                   instance.name, ""});
  refuse_if_taken(database, wanted_by,
                  {"the uuid " + instance.uuid, "SELECT address FROM instances WHERE address <> ?1 AND uuid = ?2",
                   instance.uuid, ""});
  for (const GuestNic& nic : instance.nics) {
    refuse_if_taken(database, wanted_by,
                    {"the MAC " + nic.mac, "SELECT instance FROM nics WHERE instance <> ?1 AND mac = ?2", nic.mac, ""});
    if (!nic.address || nic.learned) continue;
    refuse_if_taken(database, wanted_by,
                    {fmt::format("the address {} of network {}", *nic.address, nic.network),
                     "SELECT instance FROM nics WHERE instance <> ?1 AND network = ?2 AND address = ?3 AND learned = 0",
                     nic.network, *nic.address});
  }
}

// Claims ----------------------------------------------------------------------------------------------

/// What counts against a host, and for whom.
struct Holding {
  std::string host, uuid;
  Claim claim;

  bool operator==(const Holding&) const = default;
};

std::optional<Holding> holding_of(SQLite::Database& database, const InstanceAddress& address) {
  SQLite::Statement select(database,
                           "SELECT i.host, i.uuid, a.resource, a.storage, a.amount FROM instances i "
                           "LEFT JOIN allocations a ON a.instance = i.address WHERE i.address = ?");
  Row(select) << address;
  std::optional<Holding> holding;
  while (select.executeStep()) {
    Columns columns(select);
    if (!holding) holding.emplace();
    holding->host = columns.text();
    holding->uuid = columns.text();
    if (columns.is_null()) continue;
    const std::string resource = columns.text();
    const std::string storage = columns.text();
    if (resource == kVcpu) holding->claim.vcpus = columns.small();
    if (resource == kMemory) holding->claim.memory_mib = columns.amount();
    if (resource == kDisk) holding->claim.disk_gib[storage] = columns.amount();
  }
  return holding;
}

void move_generation(SQLite::Database& database, const std::string& host) {
  execute(database, "UPDATE hosts SET generation = generation + 1 WHERE host = ?", host);
}

void move_generations(SQLite::Database& database, const std::optional<Holding>& before, const Holding& after) {
  if (before == after) return;
  move_generation(database, after.host);
  if (before && before->host != after.host) move_generation(database, before->host);
}

// Writing ---------------------------------------------------------------------------------------------

void insert_parts(SQLite::Database& database, const InstanceRecord& instance) {
  const InstanceAddress& address = instance.address;
  SQLite::Statement nic_row(database, "INSERT INTO nics VALUES (?, ?, ?, ?, ?, ?, ?)");
  int position = 0;
  for (const GuestNic& nic : instance.nics) {
    execute(nic_row, address, position++, nic.network, nic.mac, nic.address, nic.settings, nic.learned);
  }
  SQLite::Statement allocation(database, "INSERT INTO allocations VALUES (?, ?, ?, ?)");
  execute(allocation, address, kVcpu, "", instance.claim.vcpus);
  execute(allocation, address, kMemory, "", instance.claim.memory_mib);
  for (const auto& [storage, gib] : instance.claim.disk_gib) execute(allocation, address, kDisk, storage, gib);
  SQLite::Statement dependency(database, "INSERT INTO dependencies VALUES (?, ?, ?)");
  position = 0;
  for (const std::string& group : instance.after) execute(dependency, address, position++, group);
}

void apply(SQLite::Database& database, const PutInstance& put) {
  const InstanceRecord& instance = put.instance;
  refuse_what_others_have(database, instance);
  know_host(database, instance.host);
  move_generations(database, holding_of(database, instance.address),
                   {.host = instance.host, .uuid = instance.uuid, .claim = instance.claim});
  execute(database, "DELETE FROM instances WHERE address = ?", instance.address);
  execute(database, "INSERT INTO instances VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
          instance.address, instance.name, instance.uuid, instance.incarnation, instance.host, instance.revision,
          instance.spec_hash, instance.image_digest, to_string(instance.phase), instance.vcpus, instance.memory_bytes,
          instance.created_at, instance.started_at, instance.ready_at, instance.prevent_destroy,
          instance.shutdown_grace_ms, instance.drained, instance.failed);
  insert_parts(database, instance);
}

void apply(SQLite::Database& database, const RemoveInstance& remove) {
  if (const auto held = holding_of(database, remove.address)) move_generation(database, held->host);
  execute(database, "DELETE FROM instances WHERE address = ?", remove.address);
  remove_words_of(database, remove.address);
}

void apply(SQLite::Database& database, const MoveInstance& move) {
  refuse_if_taken(database, move.from,
                  {"the address " + to_string(move.to),
                   "SELECT address FROM instances WHERE address <> ?1 AND address = ?2", to_string(move.to), ""});
  execute(database, "UPDATE instances SET address = ? WHERE address = ?", move.to, move.from);
  execute(database, "UPDATE volumes SET owner = ? WHERE owner = ?", move.to, move.from);
  move_words(database, move.from, move.to);
}

void apply(SQLite::Database& database, const PutVolume& put) {
  const VolumeRecord& volume = put.volume;
  know_host(database, volume.host);
  execute(database, "INSERT OR REPLACE INTO volumes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", volume.host, volume.pool,
          volume.name, volume.storage, volume.owner, to_string(volume.role), volume.disk, volume.capacity_bytes,
          volume.keep);
}

void apply(SQLite::Database& database, const RemoveVolume& remove) {
  execute(database, "DELETE FROM volumes WHERE host = ? AND pool = ? AND name = ?", remove.host, remove.pool,
          remove.name);
}

void apply(SQLite::Database& database, const PutImageCopy& put) {
  const ImageCopyRecord& copy = put.copy;
  know_host(database, copy.host);
  execute(database, "INSERT OR REPLACE INTO image_copies VALUES (?, ?, ?, ?, ?, ?, ?)", copy.host, copy.pool,
          copy.volume, copy.image, copy.digest, copy.size_bytes, copy.at);
}

void apply(SQLite::Database& database, const RemoveImageCopy& remove) {
  execute(database, "DELETE FROM image_copies WHERE host = ? AND pool = ? AND volume = ?", remove.host, remove.pool,
          remove.volume);
}

void apply(SQLite::Database& database, const PutImageLock& put) {
  const ImageLock& lock = put.lock;
  execute(database, "INSERT OR REPLACE INTO image_locks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", lock.image, lock.source,
          lock.digest, lock.checksum, lock.format, lock.size_bytes, lock.virtual_size_bytes, lock.modified_ns, lock.at);
}

void apply(SQLite::Database& database, const PutGroup& put) {
  const GroupRecord& group = put.group;
  execute(database, "INSERT OR REPLACE INTO groups VALUES (?, ?, ?, ?, ?, ?)", group.address, group.revision,
          group.spec_hash, group.cursor_host, group.stable, group.size);
}

void apply(SQLite::Database& database, const RemoveGroup& remove) {
  execute(database, "DELETE FROM groups WHERE address = ?", remove.address);
  remove_rollouts_of(database, remove.address);
  remove_scaling_of(database, remove.address);
}

void apply(SQLite::Database& database, const RemoveObservedDomain& remove) {
  remove_observed_domain(database, remove.host, remove.uuid);
}

void apply(SQLite::Database& database, const ForgetInstance& forget) {
  const auto instance = find_instance(database, forget.address);
  if (!instance) return;
  const std::string lineage = database.execAndGet("SELECT lineage FROM statefile").getString();
  add_observed_domain(database, instance->host, domain_as_recorded(*instance, lineage));
  apply(database, RemoveInstance{forget.address});
}

void apply(SQLite::Database& database, const RenameHost& rename) {
  SQLite::Statement known(database, "SELECT 1 FROM hosts WHERE host = ?");
  Row(known) << rename.from;
  if (!known.executeStep()) return;
  know_host(database, rename.to);
  execute(database, "UPDATE instances SET host = ? WHERE host = ?", rename.to, rename.from);
  execute(database, "UPDATE OR IGNORE volumes SET host = ? WHERE host = ?", rename.to, rename.from);
  execute(database, "UPDATE OR IGNORE image_copies SET host = ? WHERE host = ?", rename.to, rename.from);
  move_generation(database, rename.to);
  execute(database, "DELETE FROM observed_hosts WHERE host = ?", rename.from);
  execute(database, "DELETE FROM observed_pools WHERE host = ?", rename.from);
  execute(database, "DELETE FROM observed_domains WHERE host = ?", rename.from);
  execute(database,
          "DELETE FROM hosts WHERE host = ?1 AND NOT EXISTS (SELECT 1 FROM volumes WHERE host = ?1) "
          "AND NOT EXISTS (SELECT 1 FROM image_copies WHERE host = ?1)",
          rename.from);
}

}  // namespace

void read_records(SQLite::Database& database, RecordedState& state) {
  read_instances(database, state);
  read_nics(database, state);
  read_claims(database, state);
  read_dependencies(database, state);
  read_volumes(database, state);
  read_image_copies(database, state);
  read_image_locks(database, state);
  read_groups(database, state);
  read_hosts(database, state);
}

void apply_change(SQLite::Database& database, const RecordChange& change, const TemplateFormat& templates) {
  std::visit(Overloaded{[&](const PutRevision& put) -> void { put_revision(database, put.revision, templates); },
                        [&](const auto& one) -> void { apply(database, one); }},
             change);
}

void expect_generations(SQLite::Database& database, const std::map<std::string, std::int64_t>& expected) {
  SQLite::Statement select(database, "SELECT generation FROM hosts WHERE host = ?");
  for (const auto& [host, generation] : expected) {
    Row(select) << host;
    const std::int64_t found = select.executeStep() ? select.getColumn(0).getInt64() : 0;
    select.reset();
    if (found == generation) continue;
    throw Refused({.kind = ErrorKind::conflict,
                   .message = fmt::format("what is claimed of host {} changed in between: generation {}, expected {}",
                                          host, found, generation),
                   .detail = "",
                   .hint = "plan again"});
  }
}

void know_host(SQLite::Database& database, const std::string& host) {
  execute(database, "INSERT INTO hosts (host) VALUES (?) ON CONFLICT DO NOTHING", host);
}

}  // namespace vscale
