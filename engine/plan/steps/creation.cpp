#include "engine/plan/steps/creation.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/plan/images/image_copies.h"
#include "engine/plan/images/image_volume.h"
#include "engine/plan/rollouts/rollouts.h"
#include "engine/plan/steps/removal.h"

/// What a new incarnation is made of, and the chain of actions that makes it.

namespace vscale {

// ---- Who it is ----------------------------------------------------------------------------------------------------

bool check_name(Planning& planning, const GroupPlan& plan, const Decision& decision, const std::string& name) {
  const auto recorded = planning.names.find(name);
  if (recorded != planning.names.end() && recorded->second != decision.name) {
    planning.error(
        "name_taken", fmt::format("{} would be called {}, and {} still is", decision.name, name, recorded->second),
        fmt::format("give it a name of its own first: --replace {}", recorded->second), place_of(*plan.group, "size"));
    return false;
  }
  for (const auto& place : planning.live.with_name(name)) {
    if (decision.record != nullptr && place.domain->uuid == decision.record->uuid) continue;
    const auto& mark = place.domain->ownership;
    if (mark && mark->lineage == planning.plan.lineage) {
      planning.error(
          "name_taken",
          fmt::format(
              "{} would be called {}, and {} has a domain of that name, which is ours but not in this statefile "
              "(serial {})",
              decision.name, name, *place.host, planning.plan.serial),
          fmt::format(
              "was an older backup restored? then use the newer statefile; if it was forgotten and nobody needs "
              "it, remove it by hand on {}",
              *place.host),
          place_of(*plan.group, "size"));
      return false;
    }
    const bool marked = mark.has_value();
    planning.error(
        "name_taken",
        fmt::format("{} would be called {}, and {} has a domain of that name{}", decision.name, name, *place.host,
                    marked ? ", made by vscale with another statefile" : ", which vscale did not make"),
        marked ? "use the statefile that made it, or remove that domain by hand"
               : "rename or remove that domain, or choose another `name`",
        place_of(*plan.group, "size"));
    return false;
  }
  return true;
}

namespace {

/// The recorded card that this one continues: the n-th on the same network; or the one at its place, if the file does
/// not have that one's network, which may only be called otherwise now.
const GuestNic* card_before(const Config& config, const InstanceRecord* record, const std::vector<NicSpec>& cards,
                            std::size_t index) {
  if (record == nullptr) return nullptr;
  const std::string& network = cards[index].network;
  auto nth = std::count_if(cards.begin(), cards.begin() + static_cast<std::ptrdiff_t>(index),
                           [&](const NicSpec& card) { return card.network == network; });
  for (const auto& nic : record->nics) {
    if (nic.network == network && nth-- == 0) return &nic;
  }
  if (index >= record->nics.size() || find_network(config, record->nics[index].network) != nullptr) return nullptr;
  return &record->nics[index];
}

bool set_fixed_address(Planning& planning, const GroupPlan& plan, const Decision& decision, const NicSpec& card,
                       GuestNic& nic) {
  const std::string owner = planning.addresses.owner_of(card.network, *card.address);
  if (owner != decision.name) {
    planning.error("address_taken",
                   fmt::format("{} wants address {} of network {}, and {} has it", decision.name, *card.address,
                               card.network, owner),
                   parse_instance_address(owner)
                       ? "give one of them another address"
                       : "give it another address; or, if nobody needs that domain, remove it by hand",
                   template_place_of(*plan.group, "networks"));
    return false;
  }
  nic.address = card.address;
  return true;
}

/// Its address stays its own on this network. The pool may have changed since it was handed out.
bool keeps_address(const Planning& planning, const Decision& decision, const std::string& name,
                   const GuestNic& before) {
  if (!before.address || before.learned) return false;
  const Network* network = find_network(planning.config, name);
  const auto parsed = parse_ipv4(*before.address);
  return network != nullptr && parsed && in_pool(*network, *parsed) &&
         planning.addresses.owner_of(name, *before.address) == decision.name;
}

bool set_address(Planning& planning, const GroupPlan& plan, const Decision& decision, const NicSpec& card,
                 const GuestNic* before, GuestNic& nic) {
  if (card.address) return set_fixed_address(planning, plan, decision, card, nic);
  if (!planning.addresses.is_static(card.network)) return true;  // by DHCP
  if (before != nullptr && keeps_address(planning, decision, card.network, *before)) {
    nic.address = before->address;
    return true;
  }
  nic.address = planning.addresses.next_free(card.network, decision.name);
  if (nic.address) return true;
  planning.error("no_address",
                 fmt::format("{}: network {} has no free address left of {}", decision.name, card.network,
                             planning.addresses.pool_size(card.network)),
                 fmt::format("add addresses to networks.{}.addresses", card.network),
                 fmt::format("networks.{}.addresses", card.network));
  return false;
}

/// Nobody else may have it, not even one that is to go: it keeps it until it is gone.
bool check_mac(Planning& planning, const GroupPlan& plan, const Decision& decision, const std::string& mac) {
  const std::string owner = planning.identities.owner_of_mac(mac);
  if (owner == decision.name) return true;
  planning.error("mac_taken", fmt::format("{} wants MAC {}, and {} has it", decision.name, mac, owner),
                 parse_instance_address(owner)
                     ? fmt::format("give it another MAC; one that {} is to give up is free in the plan after", owner)
                     : "give it another MAC; or, if nobody needs that domain, remove it by hand",
                 template_place_of(*plan.group, "networks"));
  return false;
}

bool add_cards(Planning& planning, const GroupPlan& plan, const Decision& decision, InstanceRecord& instance) {
  const auto& cards = plan.group->instance.networks;
  const IdentitySeed seed{planning.plan.lineage, instance.address, instance.incarnation};
  for (std::size_t i = 0; i < cards.size(); ++i) {
    const GuestNic* before = card_before(planning.config, decision.record, cards, i);
    GuestNic nic;
    nic.network = cards[i].network;
    if (!set_address(planning, plan, decision, cards[i], before, nic)) return false;
    if (nic.address) nic.settings = settings_of(planning, nic);
    if (cards[i].mac) {
      if (!check_mac(planning, plan, decision, *cards[i].mac)) return false;
      nic.mac = *cards[i].mac;
    } else {
      nic.mac = before != nullptr ? before->mac : planning.identities.new_mac(seed, i);
    }
    instance.nics.push_back(std::move(nic));
  }
  return true;
}

// ---- What it is made of -------------------------------------------------------------------------------------------

/// A volume of the new incarnation: its record, and whether it is there already with data that stays.
struct Piece {
  VolumeRecord volume;
  bool attached = false;
  bool replaces = false;  ///< Something of ours may lie there under this name.
  std::optional<std::uint64_t> grown_from_bytes;
};

const std::string& pool_name(const Planning& planning, const std::string& storage) {
  const Storage* found = find_storage(planning.config, storage);
  VSCALE_ASSERT(found != nullptr, "a template names only storage that exists");
  return found->pool;
}

bool is_disk(const VolumeRecord& volume, const DataDisk& disk) {
  return volume.role == VolumeRecord::Role::data && volume.disk == disk.name && volume.storage == disk.storage;
}

bool is_left_behind(const Planning& planning, const InstanceRecord& instance, const VolumeRecord& volume,
                    const DataDisk& disk) {
  return volume.host != instance.host && !planning.volumes.is_shared(volume.pool) && !volume.keep && !disk.keep;
}

/// What is recorded as this disk and is its own from now on: what its host reaches, and what is kept, wherever it is.
/// Anything else stays where the former incarnation was, and goes with it.
const VolumeRecord* recorded_disk(const Planning& planning, const InstanceRecord& instance, const DataDisk& disk) {
  for (const auto& volume : planning.volumes.of(instance.address)) {
    if (is_disk(volume, disk) && !is_left_behind(planning, instance, volume, disk)) return &volume;
  }
  return nullptr;
}

bool is_recorded(const Planning& planning, const VolumeRecord& volume) {
  const auto& recorded = planning.volumes.of(volume.owner);
  return std::any_of(recorded.begin(), recorded.end(), [&](const VolumeRecord& other) {
    return other.host == volume.host && other.pool == volume.pool && other.name == volume.name;
  });
}

VolumeRecord new_volume(const Planning& planning, const InstanceRecord& instance, const std::string& storage,
                        VolumeRecord::Role role, const std::string& disk, const char* extension) {
  VolumeRecord volume;
  volume.host = instance.host;
  volume.pool = pool_name(planning, storage);
  volume.name = fmt::format("{}-{}.{}", instance.name, disk, extension);
  volume.storage = storage;
  volume.owner = instance.address;
  volume.role = role;
  volume.disk = disk;
  return volume;
}

void tell_kept_disk_gone(Planning& planning, Decision& decision, const VolumeRecord& recorded) {
  planning.warn("kept_disk_gone",
                fmt::format("{}: its kept disk {} is no longer in pool {} on {}; an empty one is created",
                            decision.name, recorded.disk, recorded.pool, recorded.host),
                "if that is a mistake, put the volume back before you apply");
  // Of one that is replaced, its change tells of all disks.
  if (decision.fate == Fate::replace) return;
  decision.reasons.push_back(about_disk(Rule::data_lost, recorded,
                                        fmt::format("is not on {} any more: it is made anew, empty", recorded.host)));
}

/// A disk of this ordinal that outlived an earlier incarnation, or that a run which died has made, is used as it is.
bool is_attached(Planning& planning, Decision& decision, const VolumeRecord& recorded, bool kept) {
  if (!kept && !decision.recreate) return false;
  if (planning.volumes.is_live(recorded.host, recorded.pool, recorded.name)) return true;
  if (!planning.volumes.is_pool_active(recorded.host, recorded.pool)) return true;  // it says nothing about volumes
  if (recorded.keep) tell_kept_disk_gone(planning, decision, recorded);
  return false;
}

/// What becomes of a disk that is taken up as it is, besides that.
void note_changed_disk(Decision& decision, const VolumeRecord& recorded, const DataDisk& disk) {
  const auto note = [&](const std::string& key, std::string before, std::string after) {
    const bool is_said = std::any_of(decision.fields.begin(), decision.fields.end(),
                                     [&](const FieldChange& field) { return field.field == key; });
    if (is_said) return;
    decision.reasons.push_back(
        {Rule::size_of_machine_changed, fmt::format("{} {} -> {}", key, before, after), {{"field", key}}});
    decision.fields.push_back({key, std::move(before), std::move(after)});
  };
  const std::string key = fmt::format("disks[{}]", disk.name);
  if (recorded.capacity_bytes < disk.size_bytes) {
    note(key + ".size", show_bytes(recorded.capacity_bytes), show_bytes(disk.size_bytes));
  }
  if (!decision.recreate && recorded.keep != disk.keep)
    note(key + ".keep", recorded.keep ? "true" : "false", disk.keep ? "true" : "false");
}

std::optional<Piece> data_piece(Planning& planning, const GroupPlan& plan, Decision& decision,
                                const InstanceRecord& instance, const DataDisk& disk) {
  Piece piece;
  piece.volume = new_volume(planning, instance, disk.storage, VolumeRecord::Role::data, disk.name, "qcow2");
  if (const VolumeRecord* recorded = recorded_disk(planning, instance, disk)) {
    piece.attached = is_attached(planning, decision, *recorded, recorded->keep || disk.keep);
    // Not replaced where it may hold data: creation fails rather than losing it.
    piece.replaces = !recorded->keep && !disk.keep;
    piece.volume = *recorded;
    if (piece.attached) note_changed_disk(decision, *recorded, disk);
  }
  piece.volume.keep = disk.keep;
  if (piece.attached && piece.volume.capacity_bytes > disk.size_bytes) {
    planning.error("disk_shrink",
                   fmt::format("{}: disks[{}].size is {}, and the file says {}: a disk cannot shrink", decision.name,
                               disk.name, show_bytes(piece.volume.capacity_bytes), show_bytes(disk.size_bytes)),
                   fmt::format("leave it at {}", show_bytes(piece.volume.capacity_bytes)),
                   disk_place_of(*plan.group, disk.name, "size"));
    return std::nullopt;
  }
  if (piece.attached && piece.volume.capacity_bytes < disk.size_bytes) {
    piece.grown_from_bytes = piece.volume.capacity_bytes;
  }
  piece.volume.capacity_bytes = disk.size_bytes;
  return piece;
}

/// Root disk, data disks, seed, in this order.
std::optional<std::vector<Piece>> pieces_of(Planning& planning, const GroupPlan& plan, Decision& decision,
                                            const InstanceRecord& instance) {
  const Template& wanted = plan.group->instance;
  std::vector<Piece> pieces(1);
  pieces[0].volume = new_volume(planning, instance, wanted.storage, VolumeRecord::Role::root, "root", "qcow2");
  pieces[0].volume.capacity_bytes = root_disk_bytes(wanted, plan.lock->virtual_size_bytes);
  for (const auto& disk : wanted.disks) {
    auto piece = data_piece(planning, plan, decision, instance, disk);
    if (!piece) return std::nullopt;
    pieces.push_back(std::move(*piece));
  }
  Piece seed;
  seed.volume = new_volume(planning, instance, wanted.storage, VolumeRecord::Role::seed, "seed", "iso");
  pieces.push_back(std::move(seed));
  for (auto& piece : pieces) {
    const VolumeRecord& volume = piece.volume;
    if (volume.role != VolumeRecord::Role::data) piece.replaces = is_recorded(planning, volume);
    const std::string taken = planning.volumes.take(volume.host, volume.pool, volume.name, volume.owner);
    if (taken.empty()) continue;
    planning.error("volume_taken",
                   fmt::format("{} needs volume {} in pool {} on {}: {}", decision.name, volume.name, volume.pool,
                               volume.host, taken),
                   "rename that volume, or remove it if nobody needs what is on it; or choose another `name`",
                   place_of(*plan.group, "size"));
    return std::nullopt;
  }
  return pieces;
}

// ---- What the host needs first ------------------------------------------------------------------------------------

ImagePlace image_place(const Planning& planning, const std::string& host, const std::string& pool) {
  return {.host = host, .pool = pool, .shared = planning.volumes.is_shared(pool)};
}

void ensure_pool(Planning& planning, const std::string& storage, const std::string& host, std::vector<int>& ids) {
  const Storage& wanted = *find_storage(planning.config, storage);
  if (planning.volumes.is_pool_active(host, wanted.pool)) return;
  const auto [entry, fresh] = planning.ensured_pools.try_emplace({host, wanted.pool}, 0);
  if (fresh) entry->second = planning.graph.add("storage." + storage, host, {}, EnsurePool{wanted.pool, wanted.path});
  ids.push_back(entry->second);
}

std::string image_volume(const Planning& planning, const GroupPlan& plan, const std::string& host) {
  const std::string& pool = pool_name(planning, plan.group->instance.storage);
  const ImageCopyRecord* copy = complete_copy(planning, host, pool, plan.lock->digest);
  return copy != nullptr ? copy->volume : image_volume_name(planning.plan.lineage, *plan.lock);
}

}  // namespace

const ImageCopyRecord* complete_copy(const Planning& planning, const std::string& host, const std::string& pool,
                                     const std::string& digest) {
  const auto copy = planning.image_copies.find(planning.image_copy_key(host, pool, digest));
  if (copy == planning.image_copies.end()) return nullptr;
  return may_be_there(*copy->second, image_place(planning, host, pool), planning.live) ? copy->second : nullptr;
}

bool is_static(const Planning& planning, const Group& group, const GuestNic& nic) {
  if (nic.learned) return false;
  // It was made with this address, whatever the file says of the network by now.
  if (!nic.settings.empty()) return true;
  if (planning.addresses.is_static(nic.network)) return true;
  const auto& cards = group.instance.networks;
  return std::any_of(cards.begin(), cards.end(), [&](const NicSpec& card) {
    return card.network == nic.network && card.address && card.address == nic.address;
  });
}

std::optional<InstanceRecord> new_incarnation(Planning& planning, const GroupPlan& plan, Decision& decision) {
  InstanceRecord instance;
  instance.address = decision.address;
  instance.name = domain_name(planning.config.name, decision.address);
  if (!check_name(planning, plan, decision, instance.name)) return std::nullopt;
  instance.incarnation = decision.record != nullptr ? decision.record->incarnation + 1 : 1;
  if (!add_cards(planning, plan, decision, instance)) return std::nullopt;
  instance.uuid = planning.identities.new_uuid(
      {planning.plan.lineage, instance.address, instance.incarnation, planning.plan.serial});
  planning.names.emplace(instance.name, decision.name);
  instance.host = *decision.placed->host;
  record_template(plan, instance);
  return instance;
}

void record_settings(const Group& group, InstanceRecord& instance) {
  instance.after = group.depends_on;
  instance.prevent_destroy = group.lifecycle.prevent_destroy;
  instance.shutdown_grace_ms = group.shutdown_grace.count();
}

void record_template(const GroupPlan& plan, InstanceRecord& instance) {
  const Template& wanted = plan.group->instance;
  instance.revision = plan.revision;
  instance.spec_hash = plan.spec_hash;
  instance.image_digest = plan.lock->digest;
  instance.vcpus = wanted.vcpus;
  instance.memory_bytes = wanted.memory_bytes;
  instance.claim = claim_of(wanted, plan.lock->virtual_size_bytes);
  record_settings(*plan.group, instance);
}

std::vector<int> lay_out_pools(Planning& planning, const InstanceAddress& owner, const std::string& host) {
  std::vector<int> ready;
  for (const auto& volume : planning.volumes.of(owner)) {
    const auto& all = planning.config.storage;
    const auto storage =
        std::find_if(all.begin(), all.end(), [&](const Storage& one) { return one.pool == volume.pool; });
    if (storage != all.end()) ensure_pool(planning, storage->name, host, ready);
  }
  return ready;
}

std::vector<int> lay_out_preparation(Planning& planning, const GroupPlan& plan, Decision& decision,
                                     const std::string& host) {
  const Template& wanted = plan.group->instance;
  std::vector<int> ready;
  ensure_pool(planning, wanted.storage, host, ready);
  const std::vector<int> root_pool = ready;
  for (const auto& disk : wanted.disks) ensure_pool(planning, disk.storage, host, ready);
  const std::string& pool = pool_name(planning, wanted.storage);
  if (complete_copy(planning, host, pool, plan.lock->digest) != nullptr) return ready;
  const auto key = planning.image_copy_key(host, pool, plan.lock->digest);
  const auto [entry, fresh] = planning.uploads.try_emplace(key, 0);
  if (fresh) {
    const bool nobody_there =
        nobody_stands_on(plan.lock->digest, image_place(planning, host, pool), planning.input.recorded,
                         planning.unrecorded, planning.sharing_signs, planning.live);
    UploadImage upload{*plan.lock, pool, image_volume_name(planning.plan.lineage, *plan.lock), nobody_there};
    entry->second = planning.graph.add("image." + wanted.image, host, root_pool, std::move(upload));
    decision.reasons.push_back(
        {Rule::image_not_on_host,
         fmt::format("image {} goes to {} first, {}", wanted.image, host, show_bytes(plan.lock->size_bytes)),
         {{"host", host}, {"bytes", static_cast<std::int64_t>(plan.lock->size_bytes)}}});
  }
  ready.push_back(entry->second);
  return ready;
}

WriteSeed seed_of(const InstanceRecord& instance, const VolumeRecord& volume, std::vector<GuestNic> nics,
                  bool replace_existing) {
  return {volume, instance.name, fmt::format("{}-{}", instance.uuid, instance.incarnation), std::move(nics),
          replace_existing};
}

Ownership mark_of(const Planning& planning, const Group& group, const InstanceRecord& instance) {
  Ownership mark;
  mark.installation = planning.config.name;
  mark.address = instance.address;
  mark.revision = instance.revision;
  mark.incarnation = instance.incarnation;
  mark.lineage = planning.plan.lineage;
  mark.spec_hash = instance.spec_hash;
  mark.image_digest = instance.image_digest;
  for (const auto& nic : instance.nics) {
    if (nic.address && is_static(planning, group, nic)) mark.addresses.push_back({nic.network, *nic.address});
  }
  return mark;
}

std::string settings_of(const Planning& planning, const GuestNic& nic) {
  const Network* network = find_network(planning.config, nic.network);
  VSCALE_ASSERT(network != nullptr, "a template names only networks that exist");
  return show_settings(*network);
}

DomainSpec domain_spec(const Planning& planning, const Group& group, const Template& made_of,
                       const InstanceRecord& instance, const std::vector<VolumeRecord>& volumes) {
  DomainSpec spec;
  spec.name = instance.name;
  spec.uuid = instance.uuid;
  spec.ownership = mark_of(planning, group, instance);
  spec.vcpus = made_of.vcpus;
  spec.max_vcpus = std::max(made_of.vcpus, made_of.max_vcpus);
  spec.memory_bytes = made_of.memory_bytes;
  spec.max_memory_bytes = std::max(made_of.memory_bytes, made_of.max_memory_bytes);
  spec.machine = made_of.machine;
  spec.cpu = made_of.cpu;
  spec.firmware = made_of.firmware;
  const auto add_disk = [&](const std::string& name) {
    for (const auto& volume : volumes) {
      if (volume.disk == name && volume.role != VolumeRecord::Role::seed) {
        spec.disks.push_back({volume.pool, volume.name, "qcow2", name});
        return;
      }
    }
  };
  add_disk("root");
  for (const auto& disk : made_of.disks) add_disk(disk.name);
  for (const auto& volume : volumes) {
    if (volume.role == VolumeRecord::Role::seed) spec.seed = DomainDisk{volume.pool, volume.name, "raw", "seed"};
  }
  for (const auto& nic : instance.nics) {
    const Network* network = find_network(planning.config, nic.network);
    VSCALE_ASSERT(network != nullptr, "a template names only networks that exist");
    spec.nics.push_back({nic.mac, network->bridge, network->network, network->vlan});
  }
  return spec;
}

int lay_out_readiness(Planning& planning, const GroupPlan& plan, const Decision& decision,
                      const InstanceRecord& instance, std::vector<int> needs) {
  WaitForGates gates{instance.uuid, plan.group->health.gates,     plan.group->health.startup_timeout,
                     instance.nics, plan.group->update.min_ready, Duration{0}};
  const bool is_new = plan.rollout && !decision.held && !is_old(planning, plan, decision);
  if (decision.rolls || is_new) gates.progress_deadline = plan.group->update.progress_deadline;
  const auto& hooks = plan.group->hooks.after_ready;
  gates.last = hooks.empty();
  int ready = planning.graph.add(decision.name, instance.host, std::move(needs), std::move(gates));
  for (const auto& hook : hooks) {
    RunHook run = hook_run(RunHook::When::after_ready, hook, decision, instance);
    run.last = &hook == &hooks.back();
    ready = planning.graph.add(decision.name, instance.host, {ready}, std::move(run));
  }
  return ready;
}

RunHook hook_run(RunHook::When when, const Hook& hook, const Decision& decision, const InstanceRecord& instance) {
  RunHook run;
  run.when = when;
  run.hook = hook;
  run.uuid = instance.uuid;
  run.name = instance.name;
  run.nics = instance.nics;
  run.reason = decision.reasons.empty() ? "" : to_string(decision.reasons.at(decision.cause).rule);
  return run;
}

namespace {

/// Volumes and seed, all at once, each needing the claim and what was prepared. Returns what the definition needs.
std::vector<int> lay_out_pieces(Planning& planning, const GroupPlan& plan, const Decision& decision,
                                const InstanceRecord& instance, const std::vector<Piece>& pieces,
                                const std::vector<int>& needs) {
  std::vector<int> made;
  for (const auto& piece : pieces) {
    const VolumeRecord& volume = piece.volume;
    if (volume.role == VolumeRecord::Role::seed) {
      made.push_back(planning.graph.add(decision.name, volume.host, needs,
                                        seed_of(instance, volume, instance.nics, piece.replaces)));
    } else if (piece.grown_from_bytes) {
      made.push_back(planning.graph.add(decision.name, volume.host, needs, ResizeVolume{volume, ""}));
    } else if (!piece.attached) {
      CreateVolume create{volume, "qcow2", "", "", piece.replaces};
      if (volume.role == VolumeRecord::Role::root) {
        create.backing_volume = image_volume(planning, plan, instance.host);
        create.backing_format = plan.lock->format;
      }
      made.push_back(planning.graph.add(decision.name, volume.host, needs, std::move(create)));
    }
  }
  return made;
}

/// Disks that a former instance kept on another host, and that are kept no more. Those of one that is replaced go with
/// it.
void lay_out_left_behind(Planning& planning, const GroupPlan& plan, Decision& decision, const InstanceRecord& instance,
                         const std::vector<int>& needs) {
  if (decision.fate == Fate::replace) return;
  for (const auto& disk : plan.group->instance.disks) {
    for (const auto& volume : planning.volumes.of(instance.address)) {
      if (!is_disk(volume, disk) || !is_left_behind(planning, instance, volume, disk)) continue;
      if (!planning.may_work_on(volume.host)) continue;
      planning.graph.add(decision.name, volume.host, needs, DeleteVolume{volume});
      decision.reasons.push_back(
          about_disk(Rule::data_lost, volume, fmt::format("is deleted from {}: it is kept no more", volume.host)));
    }
  }
}

ClaimInstance claim_with(const Planning& planning, const GroupPlan& plan, const InstanceRecord& instance,
                         const std::vector<Piece>& pieces) {
  ClaimInstance claim;
  claim.instance = instance;
  for (const auto& piece : pieces) {
    if (!piece.attached && !is_recorded(planning, piece.volume)) continue;
    claim.volumes.push_back(piece.volume);
    // Not larger before it is: a run that dies in between must find it still to be grown. Nor kept before it is there.
    if (piece.grown_from_bytes) claim.volumes.back().capacity_bytes = *piece.grown_from_bytes;
    if (!piece.attached) claim.volumes.back().keep = false;
  }
  claim.group = {
      plan.address, plan.revision, plan.spec_hash, plan.cursor_host, plan.record != nullptr ? plan.record->stable : 0,
      plan.size};
  if (plan.record != nullptr && reason_to_stop(plan)) {
    // The rollout that rests still leads where it did.
    claim.group.revision = plan.record->revision;
    claim.group.spec_hash = plan.record->spec_hash;
  }
  claim.revision = revision_to_record(planning, plan);
  return claim;
}

}  // namespace

int lay_out_creation(Planning& planning, GroupPlan& plan, Decision& decision, const InstanceRecord& instance,
                     std::vector<int> needs) {
  const auto pieces = pieces_of(planning, plan, decision, instance);
  if (!pieces) return 0;
  auto prepared = lay_out_preparation(planning, plan, decision, instance.host);
  GraphBuilder& graph = planning.graph;
  const std::string& host = instance.host;
  lay_out_left_behind(planning, plan, decision, instance, needs);
  prepared.push_back(graph.add(decision.name, host, std::move(needs), claim_with(planning, plan, instance, *pieces)));
  std::vector<VolumeRecord> volumes;
  for (const auto& piece : *pieces) volumes.push_back(piece.volume);
  auto made = lay_out_pieces(planning, plan, decision, instance, *pieces, prepared);
  DefineDomain define{domain_spec(planning, *plan.group, plan.group->instance, instance, volumes)};
  const int defined = graph.add(decision.name, host, std::move(made), std::move(define));
  const int started = graph.add(decision.name, host, {defined}, StartDomain{instance.uuid});
  return lay_out_readiness(planning, plan, decision, instance, {started});
}

}  // namespace vscale
