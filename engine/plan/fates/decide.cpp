#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <climits>

#include "engine/desired/field_table.h"
#include "engine/desired/spec_hash.h"
#include "engine/plan/planning.h"

/// Every instance's fate, from what is wanted, recorded and live. Nothing is laid out here.

namespace vscale {
namespace {

void leave_unknown(Planning& planning, Decision& decision) {
  decision.fate = Fate::left;
  planning.plan.complete = false;
  std::optional<Instant> since;
  const auto host = planning.input.recorded.hosts.find(decision.where->host);
  if (host != planning.input.recorded.hosts.end() && host->second.failure) since = host->second.failure->at;
  planning.plan.unknown.push_back(
      {.address = decision.name, .host = decision.where->host, .why = decision.where->why, .since = since});
}

void report_drift(Planning& planning, const Decision& decision, std::string what, std::string recorded,
                  std::string live, std::string remedy) {
  planning.plan.drift.push_back({.address = decision.name,
                                 .host = decision.where->host,
                                 .what = std::move(what),
                                 .recorded = std::move(recorded),
                                 .live = std::move(live),
                                 .remedy = std::move(remedy)});
}

// ---- Moved by hand ------------------------------------------------------------------------------------------------

/// The record follows a domain that somebody moved, with those of its volumes that are there now.
void follow_by_hand(Planning& planning, Decision& decision) {
  const InstanceRecord& old = *decision.record;
  const std::string& host = decision.where->host;
  report_drift(planning, decision, "host", old.host, host, "follow it");
  decision.reasons.push_back({Rule::moved_outside,
                              fmt::format("moved {} -> {} outside vscale", old.host, host),
                              {{"recorded", old.host}, {"live", host}}});
  InstanceRecord& followed = planning.changed_records.emplace_back(old);
  followed.host = host;
  decision.record = &followed;
  decision.follow = true;
  planning.instances[decision.address] = &followed;
  decision.record_changes.emplace_back(PutInstance{followed});
  const std::vector<VolumeRecord> volumes = planning.volumes.of(decision.address);
  for (const auto& volume : volumes) {
    if (planning.volumes.is_shared(volume.pool) || !planning.volumes.is_live(host, volume.pool, volume.name)) continue;
    VolumeRecord moved = volume;
    moved.host = host;
    decision.record_changes.emplace_back(RemoveVolume{volume.host, volume.pool, volume.name});
    decision.record_changes.emplace_back(PutVolume{moved});
    planning.volumes.relocate(volume, host);
  }
}

/// Twins are the one thing that destroys data by itself: nothing is done to either.
bool report_twins(Planning& planning, Decision& decision) {
  const Whereabouts& where = *decision.where;
  if (!where.also_off.empty()) {
    planning.warn("second_definition",
                  fmt::format("{} is defined on {} too, where it is off; that one is left alone", decision.name,
                              fmt::join(where.also_off, ", ")),
                  fmt::format("remove it there: virsh undefine {}", where.domain->name));
  }
  if (where.also_up.empty()) return false;
  planning.error("twin",
                 fmt::format("{} is up on {} and on {}: the same domain twice", decision.name, where.host,
                             fmt::join(where.also_up, ", ")),
                 fmt::format("stop the wrong one by hand (virsh destroy {}), then plan again", where.domain->name));
  decision.fate = Fate::left;
  return true;
}

/// Finds out where it is. False: it is left alone.
bool locate_decision(Planning& planning, Decision& decision) {
  if (decision.where->presence == Presence::unknown) {
    leave_unknown(planning, decision);
    return false;
  }
  if (decision.where->domain != nullptr && report_twins(planning, decision)) return false;
  if (decision.where->host != decision.record->host) follow_by_hand(planning, decision);
  return true;
}

// ---- Replaced -----------------------------------------------------------------------------------------------------

Disruption allowed_for(const Planning& planning, const Group& group) {
  const Disruption by_file = group.update.allow;
  return std::min(by_file, planning.input.options.allow.value_or(Disruption::replace));
}

void hold(Decision& decision, Disruption needed, Disruption allowed) {
  decision.held = true;
  decision.reasons.push_back({Rule::limit,
                              fmt::format("needs {}, allowed is {}", to_string(needed), to_string(allowed)),
                              {{"needs", to_string(needed)}, {"allowed", to_string(allowed)}}});
}

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

/// The fields that cannot change in place and differ, without those that are not to be looked at.
std::vector<std::string> replacing_fields(const Group& group, const std::string& recorded, const std::string& wanted) {
  std::vector<std::string> fields = fields_that_differ(recorded, wanted);
  const auto& ignored = group.lifecycle.ignore_changes;
  std::erase_if(fields, [&](const std::string& field) {
    if (field == "userData" && group.instance.cloud_init.on_change == CloudInit::OnChange::next_create) return true;
    return std::find(ignored.begin(), ignored.end(), field) != ignored.end();
  });
  return fields;
}

void set_replace(Decision& decision, Reason reason) {
  decision.fate = Fate::replace;
  decision.reasons.push_back(std::move(reason));
  const Presence presence = decision.where->presence;
  decision.domain_is_gone = presence == Presence::absent || presence == Presence::undefined;
  decision.disturbs = decision.record->phase == Phase::ready && !decision.domain_is_gone;
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

/// Compares what cannot change in place. True: it is replaced.
bool decide_by_spec(Planning& planning, GroupPlan& plan, Decision& decision) {
  const Group& group = *plan.group;
  const InstanceRecord& record = *decision.record;
  const std::string wanted = plan.lock != nullptr ? plan.spec_hash : spec_hash(group.instance, record.image_digest);
  if (!is_current_spec_hash(record.spec_hash)) {
    decision.rehash = true;
    decision.reasons.push_back({Rule::spec_changed, "recorded by other rules, compared from now on", {}});
    return false;
  }
  const auto fields = replacing_fields(group, record.spec_hash, wanted);
  if (fields.empty()) return false;
  const std::string& digest = plan.lock != nullptr ? plan.lock->digest : record.image_digest;
  for (const auto& field : fields) {
    if (field == "template") continue;
    if (field == "image") {
      decision.fields.push_back(image_change(planning, record, group.instance, digest));
      continue;
    }
    decision.fields.push_back({field, recorded_text(field, record), field_named(field).show({group.instance, digest})});
  }
  Reason reason = why_replaced(fields, decision.fields);
  const Disruption allowed = allowed_for(planning, group);
  if (allowed < Disruption::replace) {
    decision.reasons.push_back(std::move(reason));
    hold(decision, Disruption::replace, allowed);
    return false;
  }
  if (group.update.strategy == Update::Strategy::on_delete) {
    decision.reasons.push_back(std::move(reason));
    decision.held = true;
    decision.reasons.push_back({Rule::limit, "strategy onDelete: replaced when it is deleted by hand", {}});
    return false;
  }
  set_replace(decision, std::move(reason));
  return true;
}

void decide_missing(Planning& planning, Decision& decision) {
  report_drift(planning, decision, "domain", "there", "missing", "create again");
  const std::string& host = decision.record->host;
  set_replace(decision, {Rule::missing_on_host, fmt::format("{} has no such domain", host), {{"host", host}}});
}

// ---- Kept ---------------------------------------------------------------------------------------------------------

const char* word_of(Phase phase) {
  switch (phase) {
    case Phase::claimed:
      return "claimed, nothing defined yet";
    case Phase::defined:
      return "defined, not started";
    case Phase::started:
      return "started, not ready yet";
    case Phase::ready:
      return "ready";
    case Phase::leaving:
      return "its removal was begun";
  }
  VSCALE_ASSERT(false, "a Phase without a word");
}

/// Started, up, and not ready although its bound is used up. Nothing but waiting is done by itself: whoever replaces it
/// loses what the console might still tell.
bool note_stalled(Planning& planning, const GroupPlan& plan, Decision& decision) {
  const InstanceRecord& record = *decision.record;
  if (record.phase != Phase::started || decision.where->presence != Presence::up || !record.started_at) return false;
  const Duration bound = plan.group->health.startup_timeout;
  const Duration taken = planning.input.now - *record.started_at;
  if (taken <= bound) return false;
  const std::string text =
      fmt::format("not ready for {}, its bound was {}", show_duration(taken), show_duration(bound));
  decision.reasons.push_back(
      {Rule::unfinished,
       "unfinished: " + text,
       {{"phase", to_string(record.phase)}, {"started_ms", taken.count()}, {"bound_ms", bound.count()}}});
  const std::string name = short_name(decision.address);
  planning.warn(
      "boot_stalled",
      fmt::format("{} is up on {}, and {}; it is only waited for again", decision.name, decision.where->host, text),
      fmt::format("look what it says: vscale console {}; or make it anew: vscale plan --replace {}", name, name));
  return true;
}

void note_unfinished(Decision& decision) {
  const Phase phase = decision.record->phase;
  decision.reasons.push_back(
      {Rule::unfinished, fmt::format("left by an earlier run: {}", word_of(phase)), {{"phase", to_string(phase)}}});
}

void decide_whether_it_runs(Planning& planning, const GroupPlan& plan, Decision& decision) {
  const bool up = decision.where->presence == Presence::up;
  switch (decision.record->phase) {
    case Phase::claimed:
      note_unfinished(decision);
      decision.recreate = decision.where->presence == Presence::undefined;
      decision.redefine = decision.start = decision.wait = true;
      return;
    case Phase::defined:
      note_unfinished(decision);
      decision.start = decision.wait = true;
      return;
    case Phase::started:
      if (!note_stalled(planning, plan, decision)) note_unfinished(decision);
      decision.wait = true;
      decision.start = !up;
      return;
    case Phase::ready:
      break;
    case Phase::leaving:
      VSCALE_ASSERT(false, "what is leaving is not kept");
  }
  if (up) return;
  const char* state = to_string(decision.where->domain->state);
  report_drift(planning, decision, "state", "running", state, "start");
  decision.reasons.push_back(
      {Rule::stopped_outside, fmt::format("it is {}, and should run", state), {{"state", state}}});
  decision.start = decision.wait = true;
}

void report_too_large(Planning& planning, const GroupPlan& plan, const Decision& decision) {
  for (const auto& disk : decision.in_place.too_large) {
    planning.error(
        "disk_shrink",
        fmt::format("{}: {} is {}, and the file says {}: a disk cannot shrink", decision.name, disk.key,
                    show_bytes(disk.has_bytes), show_bytes(disk.wanted_bytes)),
        fmt::format("leave it at {}, or replace the instance: --replace {}", show_bytes(disk.has_bytes), decision.name),
        template_place_of(*plan.group, disk.key));
  }
}

void decide_in_place(Planning& planning, const GroupPlan& plan, Decision& decision) {
  InPlace found = compare_in_place({.group = *plan.group,
                                    .image_virtual_size_bytes = plan.lock ? plan.lock->virtual_size_bytes : 0,
                                    .recorded = *decision.record,
                                    .volumes = planning.volumes.of(decision.address),
                                    .live = decision.where->domain,
                                    .is_up = decision.where->presence == Presence::up});
  decision.in_place = std::move(found);
  InPlace& in_place = decision.in_place;
  report_too_large(planning, plan, decision);
  const Disruption allowed = allowed_for(planning, *plan.group);
  if (in_place.disruption > allowed) {
    decision.reasons.insert(decision.reasons.end(), in_place.reasons.begin(), in_place.reasons.end());
    hold(decision, in_place.disruption, allowed);
    in_place = InPlace{};
    return;
  }
  planning.plan.drift.insert(planning.plan.drift.end(), in_place.drift.begin(), in_place.drift.end());
  decision.reasons.insert(decision.reasons.end(), in_place.reasons.begin(), in_place.reasons.end());
  decision.fields.insert(decision.fields.end(), in_place.fields.begin(), in_place.fields.end());
}

void decide_mark(Decision& decision) {
  const LiveDomain* domain = decision.where->domain;
  if (domain == nullptr || !domain->ownership || domain->ownership->address == decision.address) return;
  decision.mark = true;
  const std::string old = to_string(domain->ownership->address);
  decision.reasons.push_back(
      {Rule::group_moved, fmt::format("was {}; it keeps its name {}", old, decision.record->name), {{"from", old}}});
}

void decide_kept(Planning& planning, GroupPlan& plan, Decision& decision) {
  if (decision.where->presence == Presence::in_between) return leave_unknown(planning, decision);
  if (decision.record->phase == Phase::leaving) {
    note_unfinished(decision);
    Reason reason = decision.reasons.back();
    decision.reasons.pop_back();
    return set_replace(decision, std::move(reason));
  }
  if (decision.where->presence == Presence::absent) return decide_missing(planning, decision);
  if (planning.scope.replaces(plan.address, decision.name)) {
    return set_replace(decision, {Rule::replace_requested, "asked for by --replace", {}});
  }
  if (decide_by_spec(planning, plan, decision)) return;
  decide_mark(decision);
  decide_whether_it_runs(planning, plan, decision);
  if (!decision.recreate) decide_in_place(planning, plan, decision);
}

// ---- Groups -------------------------------------------------------------------------------------------------------

void decide_gone(Decision& decision, Reason reason) {
  decision.fate = Fate::destroy;
  decision.reasons.push_back(std::move(reason));
  const Presence presence = decision.where->presence;
  decision.domain_is_gone = presence == Presence::absent || presence == Presence::undefined;
}

/// How many there should be: what lies between min and max is not the file's to say.
int wanted_size(const Group& group, int existing) {
  if (!group.scaling) return group.size;
  const int begin = existing == 0 ? group.size : existing;
  return std::clamp(begin, group.scaling->min, std::max(group.scaling->min, group.scaling->max));
}

std::vector<Decision> recorded_decisions(Planning& planning, InstanceAddress::Kind kind, const std::string& name) {
  std::vector<Decision> decisions;
  auto at = planning.instances.lower_bound({kind, name, INT_MIN});
  for (; at != planning.instances.end() && at->first.kind == kind && at->first.group == name; ++at) {
    Decision decision;
    decision.address = at->first;
    decision.name = to_string(at->first);
    decision.record = at->second;
    decision.where = locate(*at->second, planning.plan.lineage, planning.config, planning.live);
    decisions.push_back(std::move(decision));
  }
  return decisions;
}

/// The lowest free ordinals, until there are `size`.
void add_wanted(std::vector<Decision>& decisions, const Group& group, int size) {
  const int existing = static_cast<int>(decisions.size());
  int missing = size - existing;
  std::size_t next = 0;
  std::vector<Decision> added;
  for (int ordinal = 0; missing > 0; ++ordinal) {
    while (next < static_cast<std::size_t>(existing) && decisions[next].address.ordinal < ordinal) ++next;
    if (next < static_cast<std::size_t>(existing) && decisions[next].address.ordinal == ordinal) continue;
    Decision decision;
    decision.address = {group.kind, group.name, ordinal};
    decision.name = to_string(decision.address);
    decision.fate = Fate::create;
    decision.reasons.push_back(
        {Rule::wanted, fmt::format("size {} -> {}", existing, size), {{"have", existing}, {"want", size}}});
    added.push_back(std::move(decision));
    --missing;
  }
  decisions.insert(decisions.end(), std::make_move_iterator(added.begin()), std::make_move_iterator(added.end()));
  std::sort(decisions.begin(), decisions.end(),
            [](const Decision& left, const Decision& right) { return left.address < right.address; });
}

bool is_in_scope(const Planning& planning, const GroupPlan& plan, const Decision& decision) {
  if (!planning.scope.includes(plan.address, decision.name)) return false;
  if (!decision.record) return true;
  return !planning.scope.excludes_host(decision.record->host) && !planning.scope.excludes_host(decision.where->host);
}

void leave_out(Decision& decision, const char* what) {
  decision.fate = Fate::left;
  decision.reasons.clear();
  if (what == nullptr) return;
  decision.held = true;
  decision.reasons.push_back({Rule::not_targeted, fmt::format("{} left out by --target or --exclude", what), {}});
}

/// The recorded disk that is to be kept and that the file wants on another storage; nullptr if there is none.
const VolumeRecord* kept_disk_elsewhere(const Planning& planning, const Decision& decision, const DataDisk& disk) {
  for (const auto& volume : planning.volumes.of(decision.address)) {
    if (volume.role != VolumeRecord::Role::data || volume.disk != disk.name) continue;
    if ((volume.keep || disk.keep) && volume.storage != disk.storage) return &volume;
  }
  return nullptr;
}

/// A kept disk does not move by itself, and an empty one in its place is not what `keep` says.
void refuse_moved_disks(Planning& planning, const GroupPlan& plan, Decision& decision) {
  if (decision.fate != Fate::create && decision.fate != Fate::replace) return;
  for (const auto& disk : plan.group->instance.disks) {
    const VolumeRecord* kept = kept_disk_elsewhere(planning, decision, disk);
    if (kept == nullptr) continue;
    planning.error(
        "kept_disk_storage",
        fmt::format("{}: its kept disk {} is on storage {}, and the file says {}: its data would stay behind",
                    decision.name, disk.name, kept->storage, disk.storage),
        fmt::format("set disks[{}].storage back to {}; to move the data, add a disk of another name on {} and copy it "
                    "in the guest; to give it up, apply keep: false first",
                    disk.name, kept->storage, disk.storage),
        template_place_of(*plan.group, fmt::format("disks[{}].storage", disk.name)));
    decision.fate = Fate::left;
  }
}

void decide_group_of_file(Planning& planning, GroupPlan& plan) {
  const Group& group = *plan.group;
  const bool destroying = planning.input.options.destroy;
  const int existing = static_cast<int>(plan.decisions.size());
  const int size = destroying ? 0 : wanted_size(group, existing);
  for (int i = 0; i < existing; ++i) {
    Decision& decision = plan.decisions[static_cast<std::size_t>(i)];
    const bool wanted = i < size;
    if (!is_in_scope(planning, plan, decision)) {
      leave_out(decision, wanted ? nullptr : "destroying it is");
      continue;
    }
    if (!locate_decision(planning, decision)) continue;
    if (wanted) {
      decide_kept(planning, plan, decision);
    } else if (destroying) {
      decide_gone(decision, {Rule::destroy_requested, "destroy was asked for", {}});
    } else {
      decide_gone(
          decision,
          {Rule::not_wanted, fmt::format("size {} -> {}", existing, size), {{"have", existing}, {"want", size}}});
    }
  }
  add_wanted(plan.decisions, group, size);
  for (auto& decision : plan.decisions) {
    if (decision.fate == Fate::create && !is_in_scope(planning, plan, decision)) {
      leave_out(decision, "creating it is");
    }
    refuse_moved_disks(planning, plan, decision);
  }
}

/// The instance's own entry counts for more than its group's.
const Removed* removal_of(const Planning& planning, const GroupPlan& plan, const Decision& decision) {
  for (const std::string& address : {decision.name, plan.address}) {
    if (const auto found = planning.removed.find(address); found != planning.removed.end()) return found->second;
  }
  return nullptr;
}

/// Not in the file any more: `removed:` says what that means. Without it, it may as well be a file forgotten.
bool decide_removed(Planning& planning, const GroupPlan& plan, Decision& decision) {
  const Removed* removed = removal_of(planning, plan, decision);
  if (removed == nullptr) {
    decision.fate = Fate::left;
    return false;
  }
  switch (removed->then) {
    case Removed::Then::destroy:
      if (locate_decision(planning, decision)) {
        decide_gone(decision, {Rule::group_removed, "removed: then destroy", {}});
      }
      return true;
    case Removed::Then::forget:
      decision.fate = Fate::forget;
      decision.reasons.push_back({Rule::group_removed, "removed: then forget; what is on the host stays", {}});
      return true;
  }
  VSCALE_ASSERT(false, "a Removed::Then without a meaning");
}

void decide_vanished_group(Planning& planning, GroupPlan& plan) {
  int unexplained = 0;
  for (auto& decision : plan.decisions) {
    if (!is_in_scope(planning, plan, decision)) {
      leave_out(decision, nullptr);
    } else if (!planning.input.options.destroy) {
      unexplained += decide_removed(planning, plan, decision) ? 0 : 1;
    } else if (locate_decision(planning, decision)) {
      decide_gone(decision, {Rule::destroy_requested, "destroy was asked for", {}});
    }
  }
  if (unexplained == 0) return;
  planning.error("group_vanished",
                 fmt::format("{} has {} instance{} and is not in the file any more", plan.address, unexplained,
                             unexplained == 1 ? "" : "s"),
                 fmt::format("write `removed: [{{ address: {}, then: destroy }}]` (or forget), or give the -f that it "
                             "came from",
                             plan.address));
}

/// More groups than this are counted in a message, and not named.
constexpr std::size_t kGroupsNamed = 5;

/// Hosts that have left the file with instances on them: nothing there can be seen or done. One warning for each, with
/// the way out.
void report_lost_hosts(Planning& planning) {
  struct Lost {
    int instances = 0;
    std::set<std::string> groups;
    std::vector<std::string> unwanted;  // instances whose group is not in the file either
  };
  std::map<std::string, Lost> hosts;
  for (const auto& plan : planning.groups) {
    for (const auto& decision : plan.decisions) {
      if (decision.record == nullptr || decision.fate != Fate::left) continue;
      if (decision.where->presence != Presence::unknown) continue;
      if (find_host(planning.config, decision.record->host) != nullptr) continue;
      Lost& lost = hosts[decision.record->host];
      ++lost.instances;
      lost.groups.insert(plan.address);
      if (plan.group == nullptr) lost.unwanted.push_back(decision.name);
    }
  }
  for (const auto& [host, lost] : hosts) {
    const std::string groups = lost.groups.size() <= kGroupsNamed ? fmt::format("{}", fmt::join(lost.groups, ", "))
                                                                  : fmt::format("{} groups", lost.groups.size());
    std::string hint = fmt::format("put {} back under `hosts`", host);
    if (!lost.unwanted.empty()) {
      hint += fmt::format(", or give up what is there: `removed: [{{ address: \"{}\", then: forget }}]`{}",
                          lost.unwanted.front(), lost.unwanted.size() == 1 ? "" : ", one entry for each");
    }
    planning.warn(
        "host_vanished",
        fmt::format("{} has {} instance{} of {} and is not in the file any more: nothing is done to {}", host,
                    lost.instances, lost.instances == 1 ? "" : "s", groups, lost.instances == 1 ? "it" : "them"),
        std::move(hint));
  }
}

/// A new revision begins when what replaces differs from what the group was last created with.
std::int64_t revision_of(const GroupPlan& plan) {
  if (plan.record == nullptr) return 1;
  const std::string& recorded = plan.record->spec_hash;
  const bool same =
      plan.lock == nullptr || !is_current_spec_hash(recorded) || fields_that_differ(recorded, plan.spec_hash).empty();
  return same ? plan.record->revision : plan.record->revision + 1;
}

void read_group(Planning& planning, GroupPlan& plan) {
  const auto record = planning.group_records.find(plan.address);
  if (record != planning.group_records.end()) {
    plan.record = &record->second;
    plan.cursor_host = record->second.cursor_host;
  }
  if (plan.group == nullptr) return;
  const auto lock = planning.input.images.find(plan.group->instance.image);
  if (lock != planning.input.images.end()) {
    plan.lock = &lock->second;
    plan.spec_hash = spec_hash(plan.group->instance, lock->second.digest);
  }
  plan.revision = revision_of(plan);
}

}  // namespace

void decide_fates(Planning& planning) {
  for (const auto& group : planning.config.groups) {
    GroupPlan plan;
    plan.address = address_of(group);
    plan.group = &group;
    plan.decisions = recorded_decisions(planning, group.kind, group.name);
    planning.groups.push_back(std::move(plan));
  }
  std::set<std::string> in_file;
  for (const auto& plan : planning.groups) in_file.insert(plan.address);
  std::string last;
  for (const auto& [address, instance] : planning.instances) {
    const std::string group = group_address(address);
    if (group == last || in_file.count(group) != 0) continue;
    last = group;
    GroupPlan plan;
    plan.address = group;
    plan.decisions = recorded_decisions(planning, address.kind, address.group);
    planning.groups.push_back(std::move(plan));
  }
  for (auto& plan : planning.groups) {
    read_group(planning, plan);
    if (plan.group != nullptr) {
      decide_group_of_file(planning, plan);
    } else {
      decide_vanished_group(planning, plan);
    }
  }
  report_lost_hosts(planning);
}

}  // namespace vscale
