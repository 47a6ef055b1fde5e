#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/desired/field_table.h"
#include "engine/desired/spec_hash.h"
#include "engine/plan/fates/fates.h"
#include "engine/plan/rollouts/rollouts.h"

/// What cannot become as the file wants it without being made anew.

namespace vscale {
namespace {

/// The image whose copies have the digest; empty if none is left that would say so.
std::string image_with_digest(const Planning& planning, const std::string& digest) {
  const auto found = planning.image_names.find(digest);
  return found == planning.image_names.end() ? "" : found->second;
}

/// "debian-12 9f86d081 -> debian-12 41c7a2e0"; the names on both sides or on none.
FieldChange image_change(const Planning& planning, const InstanceRecord& record, const Template& wanted,
                         const std::string& digest) {
  Template before, after;
  before.image = image_with_digest(planning, record.image_digest);
  if (!before.image.empty()) after.image = wanted.image;
  const Field& field = field_named("image");
  return {"image", field.show({before, record.image_digest}), field.show({after, digest})};
}

std::string recorded_text(const std::string& field, const InstanceRecord& record) {
  if (field != "networks") return "";
  std::string text;
  for (const auto& nic : record.nics) text += (text.empty() ? "" : ", ") + nic.network;
  return text;
}

/// What the file calls the storage of a volume; empty where it wants no such volume.
std::string storage_wanted(const Template& wanted, const VolumeRecord& volume) {
  if (volume.role != VolumeRecord::Role::data) return wanted.storage;
  const auto disk = std::find_if(wanted.disks.begin(), wanted.disks.end(),
                                 [&](const DataDisk& candidate) { return candidate.name == volume.disk; });
  return disk == wanted.disks.end() ? "" : disk->storage;
}

/// The wanted template, with the names that storage had when the volumes were recorded.
Template by_former_names(const Template& wanted, const std::vector<VolumeRecord>& renamed) {
  Template former = wanted;
  for (const auto& volume : renamed) {
    if (volume.role != VolumeRecord::Role::data) former.storage = volume.storage;
    for (auto& disk : former.disks) {
      if (volume.role == VolumeRecord::Role::data && disk.name == volume.disk) disk.storage = volume.storage;
    }
  }
  return former;
}

/// Nothing but names of storage differs: the record follows, and the machine is left alone.
void follow_renamed_storage(Planning& planning, const GroupPlan& plan, Decision& decision) {
  std::set<std::string> said;
  for (const auto& former : decision.renamed) {
    VolumeRecord renamed = former;
    renamed.storage = storage_wanted(plan.group->instance, former);
    decision.record_changes.emplace_back(PutVolume{renamed});
    if (!said.insert(former.storage).second) continue;
    decision.fields.push_back({"storage", former.storage, renamed.storage});
    decision.reasons.push_back(
        {Rule::spec_changed,
         fmt::format("storage {} -> {}, the same pool {}, recorded only", former.storage, renamed.storage, former.pool),
         {{"field", "storage"}}});
  }
  use_new_storage_names(planning, plan, decision);
  decision.rehash = true;
}

/// Claimed by a run that died, and no more than that: what would be held back for a machine has nobody to spare here.
bool was_never_defined(const Decision& decision) {
  return decision.record->phase == Phase::claimed && decision.where->presence == Presence::undefined;
}

/// The fields that cannot change in place and differ, without those that are not to be looked at.
std::vector<std::string> replacing_fields(const Group& group, const Decision& decision, const std::string& wanted) {
  std::vector<std::string> fields = fields_that_differ(decision.record->spec_hash, wanted);
  if (was_never_defined(decision)) return fields;
  std::erase_if(fields, [&](const std::string& field) {
    if (field == "userData" && group.instance.cloud_init.on_change == CloudInit::OnChange::next_create) return true;
    return field != "template" && is_ignored(group.lifecycle, field);
  });
  return fields;
}

/// By the names that storage had when it was recorded: what it is called changes no machine.
std::string wanted_hash(const GroupPlan& plan, const Decision& decision, const std::string& digest) {
  const Template& wanted = plan.group->instance;
  if (!decision.renamed.empty()) return spec_hash(by_former_names(wanted, decision.renamed), digest);
  return plan.lock != nullptr ? plan.spec_hash : spec_hash(wanted, digest);
}

/// Names the fields; the first one whose old value is known with both values.
Reason why_replaced(const std::vector<std::string>& names, const std::vector<FieldChange>& changes) {
  const std::string list = fmt::format("{}", fmt::join(names, ", "));
  Reason reason{Rule::spec_changed, list + " cannot change in place", {{"fields", list}}};
  for (const auto& change : changes) {
    if (change.before.empty()) continue;
    reason.text = fmt::format("{} {} -> {}", change.field, change.before, change.after);
    if (names.size() > 1) reason.text += fmt::format(", and {} more", names.size() - 1);
    break;
  }
  return reason;
}

/// Shows the fields that cannot change in place and differ. Why it would be replaced; nothing if none does.
std::optional<Reason> note_spec_changes(const Planning& planning, const GroupPlan& plan, Decision& decision,
                                        const std::string& wanted) {
  const Group& group = *plan.group;
  const InstanceRecord& record = *decision.record;
  const std::string& digest = plan.lock != nullptr ? plan.lock->digest : record.image_digest;
  const auto fields = replacing_fields(group, decision, wanted);
  if (fields.empty()) return std::nullopt;
  for (const auto& field : fields) {
    if (field == "template") continue;
    if (field == "image") {
      decision.fields.push_back(image_change(planning, record, group.instance, digest));
      continue;
    }
    decision.fields.push_back({field, recorded_text(field, record), field_named(field).show({group.instance, digest})});
  }
  return why_replaced(fields, decision.fields);
}

/// What a definition takes from the file, of what cannot change in place.
bool is_in_definition(const std::string& field) {
  return field == "machine" || field == "cpu" || field == "firmware" || field == "disks" || field == "template";
}

/// A card is defined as recorded, on what the file says of its network: it must say something.
bool has_card_without_network(const Planning& planning, const InstanceRecord& record) {
  return std::any_of(record.nics.begin(), record.nics.end(),
                     [&](const GuestNic& nic) { return find_network(planning.config, nic.network) == nullptr; });
}

/// Is it of a former incarnation, left on a host where it could not be deleted, and is the present one's on `host`?
bool has_successor(const std::vector<VolumeRecord>& volumes, const VolumeRecord& left, const std::string& host) {
  return left.host != host && std::any_of(volumes.begin(), volumes.end(), [&](const VolumeRecord& other) {
           return other.host == host && other.pool == left.pool && other.name == left.name;
         });
}

/// A wish is nothing against the word of an operator, nor where watch plans without what finds no room.
bool may_go_and_come(const Planning& planning, const GroupPlan& plan) {
  using Process = Suspension::Process;
  const auto held =
      suspended(planning.input.recorded.words, planning.recorded_address(plan.address), planning.input.now);
  return !held.contains(Process::terminate) && !held.contains(Process::launch);
}

}  // namespace

std::vector<std::string> fields_against_redefinition(const Planning& planning, const GroupPlan& plan,
                                                     const Decision& decision) {
  const InstanceRecord& record = *decision.record;
  std::vector<std::string> fields;
  if (is_current_spec_hash(record.spec_hash)) {
    const std::string& digest = plan.lock != nullptr ? plan.lock->digest : record.image_digest;
    fields = fields_that_differ(record.spec_hash, wanted_hash(plan, decision, digest));
    std::erase_if(fields, [](const std::string& field) { return !is_in_definition(field); });
  }
  if (has_card_without_network(planning, record)) fields.emplace_back("networks");
  return fields;
}

bool has_other_disks(const Planning& planning, const GroupPlan& plan, const Decision& decision) {
  if (plan.group->instance.disks.empty() || is_ignored(plan.group->lifecycle, "disks")) return false;
  const auto fields = fields_against_redefinition(planning, plan, decision);
  return std::find(fields.begin(), fields.end(), "disks") != fields.end();
}

std::string disks_against_redefinition(const Planning& planning, const GroupPlan& plan, const Decision& decision) {
  const auto& volumes = planning.volumes.of(decision.address);
  const LiveDomain* domain = decision.where->domain;
  const SharedVector<std::string> paths = domain != nullptr ? domain->disk_paths : SharedVector<std::string>{};
  for (const std::string& path : paths) {
    if (is_file_of_none(volumes, path)) return fmt::format("it has {}, which vscale did not make", path);
  }
  const auto& wanted = plan.group->instance.disks;
  const std::string& host = decision.where->host;
  for (const auto& volume : volumes) {
    const bool is_data = volume.role == VolumeRecord::Role::data;
    const bool is_wanted = !is_data || std::any_of(wanted.begin(), wanted.end(),
                                                   [&](const DataDisk& disk) { return disk.name == volume.disk; });
    const bool is_there = (volume.host == host || planning.volumes.is_shared(volume.pool)) &&
                          planning.volumes.is_live(host, volume.pool, volume.name);
    // Of one that has no domain it is looked for afterwards.
    const bool comes_again = volume.role == VolumeRecord::Role::seed &&
                             (domain == nullptr || (decision.lost_seed && decision.lost_seed->name == volume.name));
    if (!is_wanted || is_there || comes_again || has_successor(volumes, volume, host)) continue;
    return fmt::format("{} does not show its file {}", host, volume.name);
  }
  return "";
}

bool is_old(const Planning& planning, const GroupPlan& plan, const Decision& decision) {
  if (decision.record == nullptr || plan.group == nullptr) return false;
  if (decision.is_being_removed() || why_requested(planning, plan, decision)) return true;
  if (!is_current_spec_hash(decision.record->spec_hash) || plan.lock == nullptr) return false;
  return !replacing_fields(*plan.group, decision, wanted_hash(plan, decision, plan.lock->digest)).empty();
}

void note_renamed_storage(Planning& planning, const GroupPlan& plan, Decision& decision) {
  if (plan.lock == nullptr) return;
  std::map<std::string, std::string> new_names;
  for (const auto& volume : planning.volumes.of(decision.address)) {
    const std::string wanted = storage_wanted(plan.group->instance, volume);
    if (wanted == volume.storage) continue;
    const Storage* storage = find_storage(planning.config, wanted);
    if (storage == nullptr || storage->pool != volume.pool) continue;
    decision.renamed.push_back(volume);
    new_names.emplace(volume.storage, wanted);
  }
  if (decision.renamed.empty() || decision.record == nullptr) return;
  InstanceRecord& renamed = planning.changed_records.emplace_back(*decision.record);
  renamed.claim.disk_gib.clear();
  for (const auto& [storage, gib] : decision.record->claim.disk_gib) {
    const auto name = new_names.find(storage);
    renamed.claim.disk_gib[name == new_names.end() ? storage : name->second] += gib;
  }
  decision.record = planning.instances[decision.address] = &renamed;
}

void use_new_storage_names(Planning& planning, const GroupPlan& plan, const Decision& decision) {
  for (const auto& former : decision.renamed) {
    planning.volumes.rename_storage(former, storage_wanted(plan.group->instance, former));
  }
}

Disruption allowed_for(const Planning& planning, const Group& group) {
  const Disruption by_file = group.update.allow;
  return std::min(by_file, planning.input.options.allow.value_or(Disruption::replace));
}

void hold(Decision& decision, Disruption needed, Disruption allowed) {
  decision.held = true;
  decision.reasons.push_back({Rule::not_allowed,
                              fmt::format("needs {}, allowed is {}", to_string(needed), to_string(allowed)),
                              {{"needs", to_string(needed)}, {"allowed", to_string(allowed)}}});
}

Obstacle obstacle_to_redefinition(const Planning& planning, const GroupPlan& plan, const Decision& decision) {
  return {fields_against_redefinition(planning, plan, decision), disks_against_redefinition(planning, plan, decision)};
}

std::string hold_by(Decision& decision, const Obstacle& obstacle) {
  decision.held = true;
  if (obstacle.fields.empty()) {
    decision.reasons.push_back({Rule::needs_definition, "needs a new definition, and " + obstacle.disks, {}});
    return obstacle.disks;
  }
  const std::string list = fmt::format("{}", fmt::join(obstacle.fields, ", "));
  decision.reasons.push_back(
      {Rule::needs_definition,
       fmt::format("needs a new definition, which waits for its replacement: {} would come with it", list),
       {{"needs", to_string(Disruption::replace)}, {"fields", list}}});
  return fmt::format("needs {}", to_string(Disruption::replace));
}

void set_replace(Decision& decision, Reason reason) {
  decision.fate = Fate::replace;
  decision.cause = decision.reasons.size();
  decision.reasons.push_back(std::move(reason));
  const Presence presence = decision.where->presence;
  decision.domain_is_gone = presence == Presence::absent || presence == Presence::undefined;
  decision.disturbs = decision.record->phase == Phase::ready && !decision.domain_is_gone;
}

std::optional<Reason> why_requested(const Planning& planning, const GroupPlan& plan, const Decision& decision) {
  if (planning.scope.replaces(plan.address, decision.name)) {
    return Reason{Rule::replace_requested, "asked for by --replace", {}};
  }
  const auto& asked = planning.input.findings.asked_to_end;
  const auto found = asked.find(decision.record->address);
  if (found == asked.end() || !may_go_and_come(planning, plan)) return std::nullopt;
  return Reason{Rule::replace_requested, found->second, {{"by", "itself"}}};
}

void decide_requested(Planning& planning, const GroupPlan& plan, Decision& decision, Reason why) {
  set_replace(decision, std::move(why));
  if (!is_current_spec_hash(decision.record->spec_hash)) return;
  const std::string& digest = plan.lock != nullptr ? plan.lock->digest : decision.record->image_digest;
  auto differs = note_spec_changes(planning, plan, decision, wanted_hash(plan, decision, digest));
  if (differs) decision.reasons.push_back(std::move(*differs));
}

/// As the group is made while a rollout rests: what is of the file's revision waits for nothing, or has failed.
void hold_in_stopped_rollout(const GroupPlan& plan, Decision& decision, Reason stopped) {
  decision.held = true;
  decision.fields.clear();
  decision.is_ahead =
      !plan.course.was_going_back && decision.record->revision == plan.course.wanted && !decision.record->failed;
  if (!decision.is_ahead) {
    decision.reasons.push_back({Rule::spec_changed,
                                fmt::format("of revision {}", decision.record->revision),
                                {{"revision", decision.record->revision}, {"wanted", plan.course.wanted}}});
  }
  decision.reasons.push_back(std::move(stopped));
}

/// As the group is made while a rollout rests, and not as the file wants it.
void note_awaited_rollout(const GroupPlan& plan, Decision& decision) {
  auto stopped = reason_to_stop(plan);
  if (!stopped || plan.course.was_going_back || plan.course.target() == plan.course.wanted) return;
  decision.awaits_rollout = true;
  decision.reasons.push_back(
      {Rule::spec_changed,
       fmt::format("of revision {}, and the file is of {}", decision.record->revision, plan.course.wanted),
       {{"revision", decision.record->revision}, {"wanted", plan.course.wanted}}});
  decision.reasons.push_back(std::move(*stopped));
}

namespace {

std::optional<Reason> protection_from_update(const Planning& planning, const Decision& decision) {
  const OperatorWords& words = planning.input.recorded.words;
  const InstanceAddress& address = decision.record->address;
  const auto from = protection_of(words, address, planning.input.now);
  if (!from || *from == Protection::From::scale_in) return std::nullopt;
  const std::string& by = words.protections.at(address).said.by;
  return Reason{Rule::protected_by_operator, "protected from updates by " + by, {{"by", by}}};
}

}  // namespace

bool decide_by_spec(Planning& planning, GroupPlan& plan, Decision& decision) {
  const Group& group = *plan.group;
  const InstanceRecord& record = *decision.record;
  const std::string& digest = plan.lock != nullptr ? plan.lock->digest : record.image_digest;
  const std::string wanted = wanted_hash(plan, decision, digest);
  if (!is_current_spec_hash(record.spec_hash)) {
    if (was_never_defined(decision)) {
      set_replace(decision, {Rule::spec_changed, "claimed by other rules and never defined", {}});
      return true;
    }
    decision.rehash = true;
    decision.reasons.push_back({Rule::spec_changed, "recorded by other rules, compared from now on", {}});
    follow_renamed_storage(planning, plan, decision);
    return false;
  }
  if (!decision.renamed.empty() && fields_that_differ(record.spec_hash, wanted).empty()) {
    follow_renamed_storage(planning, plan, decision);
    return false;
  }
  auto differs = note_spec_changes(planning, plan, decision, wanted);
  if (!differs) {
    note_awaited_rollout(plan, decision);
    return false;
  }
  Reason reason = std::move(*differs);
  if (was_never_defined(decision)) {
    set_replace(decision, std::move(reason));
    return true;
  }
  if (auto stopped = reason_to_stop(plan)) {
    hold_in_stopped_rollout(plan, decision, std::move(*stopped));
    return false;
  }
  const Disruption allowed = allowed_for(planning, group);
  if (allowed < Disruption::replace) {
    decision.reasons.push_back(std::move(reason));
    hold(decision, Disruption::replace, allowed);
    return false;
  }
  if (auto why = protection_from_update(planning, decision)) {
    decision.held = true;
    decision.reasons.push_back(std::move(reason));
    decision.reasons.push_back(std::move(*why));
    return false;
  }
  const bool is_deleted = decision.where->presence == Presence::absent;
  if (group.update.strategy == Update::Strategy::on_delete && !is_deleted) {
    decision.reasons.push_back(std::move(reason));
    decision.held = true;
    decision.reasons.push_back({Rule::held_by_strategy, "strategy onDelete: replaced when it is deleted by hand", {}});
    return false;
  }
  set_replace(decision, std::move(reason));
  return true;
}

}  // namespace vscale
