#include "engine/execution/record_changes.h"

#include <algorithm>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "engine/desired/config.h"
#include "engine/recorded/lookup/group_entries.h"
#include "engine/values/variants/overloaded.h"

namespace vscale {
namespace {

using Changes = std::vector<RecordChange>;

/// The record of the action's instance, if it is the one with this uuid.
const InstanceRecord* record_of(const Action& action, const std::string& uuid, const RecordedState& recorded) {
  const auto address = parse_instance_address(action.address);
  if (!address) return nullptr;
  const auto found = recorded.instances.find(*address);
  if (found == recorded.instances.end() || found->second.uuid != uuid) return nullptr;
  return &found->second;
}

bool is_recorded(const VolumeRecord& volume, const RecordedState& recorded) {
  const auto key_of = [](const VolumeRecord& record) { return std::tie(record.host, record.pool, record.name); };
  return std::binary_search(recorded.volumes.begin(), recorded.volumes.end(), volume,
                            [&](const auto& left, const auto& right) { return key_of(left) < key_of(right); });
}

/// How far it has come is the executor's to say; what was planned before that is older news.
InstanceRecord with_progress_of(InstanceRecord planned, const InstanceRecord& recorded) {
  planned.phase = recorded.phase;
  planned.created_at = recorded.created_at;
  planned.started_at = recorded.started_at;
  planned.ready_at = recorded.ready_at;
  planned.drained = recorded.drained;
  planned.failed = recorded.failed;
  return planned;
}

/// Who starts again asks DHCP again, and may be told something else.
void forget_learned_addresses(InstanceRecord& instance) {
  for (auto& nic : instance.nics) {
    if (!nic.learned) continue;
    nic.address.reset();
    nic.learned = false;
  }
}

/// Nothing where it says so already.
Changes with_drained(const InstanceRecord* instance, bool drained) {
  if (instance == nullptr || instance->drained == drained) return {};
  InstanceRecord changed = *instance;
  changed.drained = drained;
  return {PutInstance{std::move(changed)}};
}

/// The group's rollout, changed by `step`; nothing where there is none, or nothing changes.
template <class Step>
Changes rollout_of(const std::string& group, const RecordedState& recorded, const Step& step) {
  const auto found = recorded.rollouts.find(group);
  if (found == recorded.rollouts.end()) return {};
  RolloutRecord changed = found->second;
  step(changed);
  if (changed == found->second) return {};
  return {PutRollout{std::move(changed)}};
}

const RevisionRecord* revision_of(const std::string& group, std::int64_t number, const RecordedState& recorded) {
  const auto revisions = recorded.revisions.find(group);
  if (revisions == recorded.revisions.end()) return nullptr;
  const auto found = revisions->second.find(number);
  return found == revisions->second.end() ? nullptr : &found->second;
}

/// The oldest ones beyond kRevisionsKept, but for those that are in use.
Changes revisions_beyond(const std::string& group, std::set<std::int64_t> in_use, const RecordedState& recorded) {
  const auto revisions = recorded.revisions.find(group);
  if (revisions == recorded.revisions.end()) return {};
  for (const auto& [address, instance] : GroupEntries(recorded.instances, group)) in_use.insert(instance.revision);
  Changes changes;
  std::size_t left = revisions->second.size() + 1;
  for (const auto& [number, revision] : revisions->second) {
    if (left <= kRevisionsKept) break;
    if (in_use.count(number) != 0) continue;
    changes.emplace_back(RemoveRevision{group, number});
    --left;
  }
  return changes;
}

struct AtBegin {
  const Action& action;
  const RecordedState& recorded;
  Instant now;

  Changes operator()(const StopDomain& stop) const {
    return set_back(stop.uuid, stop.removal ? Phase::leaving : Phase::defined);
  }
  Changes operator()(const StartDomain& start) const { return set_back(start.uuid, Phase::defined); }
  Changes operator()(const ClaimInstance&) const { return {}; }
  Changes operator()(const EnsurePool&) const { return {}; }
  Changes operator()(const UploadImage&) const { return {}; }
  Changes operator()(const DeleteImage&) const { return {}; }
  Changes operator()(const CreateVolume& create) const { return ours_from_now_on(create.volume); }
  Changes operator()(const ResizeVolume&) const { return {}; }
  Changes operator()(const DeleteVolume&) const { return {}; }
  Changes operator()(const WriteSeed& seed) const { return ours_from_now_on(seed.volume); }
  Changes operator()(const DefineDomain& define) const {
    const InstanceRecord* instance = record_of(action, define.spec.uuid, recorded);
    if (instance == nullptr || instance->phase != Phase::claimed) return {};
    InstanceRecord changed = *instance;
    changed.created_at = now;
    return {PutInstance{std::move(changed)}};
  }
  Changes operator()(const UpdateDomain&) const { return {}; }
  Changes operator()(const UndefineDomain&) const { return {}; }
  Changes operator()(const WaitForGates&) const { return {}; }
  Changes operator()(const ReleaseInstance&) const { return {}; }
  Changes operator()(const ChangeRecord&) const { return {}; }
  Changes operator()(const Barrier&) const { return {}; }
  Changes operator()(const CheckStop&) const { return {}; }
  // Whoever comes after a crash knows that it may have been said farewell to.
  Changes operator()(const RunHook& hook) const {
    const bool can_be_taken_back = !hook.hook.undo.empty() || !hook.undo.empty();
    if (hook.when != RunHook::When::before_stop || !can_be_taken_back) return {};
    return with_drained(record_of(action, hook.uuid, recorded), true);
  }
  Changes operator()(const BeginRollout&) const { return {}; }
  Changes operator()(const RolloutTurn&) const { return {}; }
  Changes operator()(const WatchRollout& watch) const {
    if (!watch.step) return {};
    return rollout_of(action.address, recorded, [&](RolloutRecord& rollout) {
      if (!rollout.step_reached_at) rollout.step_reached_at = now;
      rollout.steps_passed = std::max(rollout.steps_passed, *watch.step);
    });
  }
  Changes operator()(const HoldRollout&) const { return {}; }
  Changes operator()(const EndRollout&) const { return {}; }

 private:
  [[nodiscard]] Changes ours_from_now_on(const VolumeRecord& volume) const {
    if (is_recorded(volume, recorded)) return {};
    VolumeRecord begun = volume;
    begun.keep = false;
    return {PutVolume{std::move(begun)}};
  }

  [[nodiscard]] Changes set_back(const std::string& uuid, Phase phase) const {
    const InstanceRecord* instance = record_of(action, uuid, recorded);
    if (instance == nullptr) return {};
    InstanceRecord changed = *instance;
    changed.phase = phase;
    changed.failed = false;
    changed.started_at.reset();
    changed.ready_at.reset();
    forget_learned_addresses(changed);
    if (changed == *instance) return {};
    return {PutInstance{std::move(changed)}};
  }
};

struct AtEnd {
  const Action& action;
  const ActionOutcome& outcome;
  const RecordedState& recorded;
  Instant now;

  Changes operator()(const ClaimInstance& claim) const {
    InstanceRecord instance = claim.instance;
    if (!instance.created_at) instance.created_at = now;
    Changes changes{PutInstance{std::move(instance)}};
    for (const auto& volume : claim.volumes) changes.emplace_back(PutVolume{volume});
    changes.emplace_back(PutGroup{claim.group});
    if (claim.revision) {
      RevisionRecord revision = *claim.revision;
      revision.created_at = now;
      changes.emplace_back(PutRevision{std::move(revision)});
    }
    return changes;
  }
  Changes operator()(const UploadImage& upload) const {
    return {PutImageCopy{{.host = action.host,
                          .pool = upload.pool,
                          .volume = upload.volume,
                          .image = upload.image.image,
                          .digest = upload.image.digest,
                          .size_bytes = upload.image.size_bytes,
                          .at = now}}};
  }
  Changes operator()(const DeleteImage& image) const {
    return {RemoveImageCopy{action.host, image.pool, image.volume}};
  }
  Changes operator()(const ResizeVolume& resize) const { return {PutVolume{resize.volume}}; }
  Changes operator()(const DeleteVolume& gone) const {
    return {RemoveVolume{gone.volume.host, gone.volume.pool, gone.volume.name}};
  }
  Changes operator()(const DefineDomain& define) const {
    const InstanceRecord* instance = record_of(action, define.spec.uuid, recorded);
    // One that is defined again is as far as it was: it may be up.
    if (instance == nullptr || instance->phase != Phase::claimed) return {};
    InstanceRecord changed = *instance;
    changed.created_at = now;  // whoever looked meanwhile may have missed it
    changed.phase = Phase::defined;
    return {PutInstance{std::move(changed)}};
  }
  Changes operator()(const UpdateDomain& update) const {
    const InstanceRecord* instance = record_of(action, update.uuid, recorded);
    if (instance == nullptr) return {};
    return {PutInstance{with_progress_of(update.after, *instance)}};
  }
  Changes operator()(const StartDomain& start) const {
    return advance(start.uuid, [this](InstanceRecord& instance) {
      instance.phase = Phase::started;
      instance.started_at = now;
      instance.ready_at.reset();
    });
  }
  Changes operator()(const WaitForGates& wait) const {
    return advance(wait.uuid, [&](InstanceRecord& instance) {
      if (wait.last) make_ready(instance);
      for (const auto& found : outcome.addresses) {
        if (!parse_ipv4(found.address)) continue;  // whatever told it: a record holds addresses
        for (auto& nic : instance.nics) {
          if (nic.mac != found.mac) continue;
          nic.address = found.address;
          nic.learned = true;
        }
      }
    });
  }
  Changes operator()(const ReleaseInstance& release) const {
    const auto address = parse_instance_address(action.address);
    VSCALE_ASSERT(address.has_value(), "an address.release that names no instance");
    Changes changes{RemoveInstance{*address}};
    const auto group = recorded.groups.find(group_address(*address));
    if (group == recorded.groups.end() || group->second.size == release.size) return changes;
    GroupRecord resized = group->second;
    resized.size = release.size;
    changes.emplace_back(PutGroup{std::move(resized)});
    return changes;
  }
  Changes operator()(const ChangeRecord& record) const {
    Changes changes = record.changes;
    const auto address = parse_instance_address(action.address);
    const auto is_given_up = [](const RecordChange& change) {
      return std::holds_alternative<ForgetInstance>(change) || std::holds_alternative<RemoveInstance>(change);
    };
    const auto group = address ? recorded.groups.find(group_address(*address)) : recorded.groups.end();
    if (group == recorded.groups.end() || std::none_of(changes.begin(), changes.end(), is_given_up)) return changes;
    // Who is forgotten is not made again.
    GroupRecord smaller = group->second;
    smaller.size = std::max(0, smaller.size - 1);
    changes.emplace_back(PutGroup{std::move(smaller)});
    return changes;
  }
  Changes operator()(const EnsurePool&) const { return {}; }
  Changes operator()(const CreateVolume& create) const {
    if (!create.volume.keep) return {};  // Its record came with the intent.
    return {PutVolume{create.volume}};
  }
  Changes operator()(const WriteSeed&) const { return {}; }  // Likewise.
  Changes operator()(const StopDomain&) const { return {}; }
  // Should its host fall silent before anybody looks again, it is known to be gone, not forgotten.
  Changes operator()(const UndefineDomain& gone) const { return {RemoveObservedDomain{action.host, gone.uuid}}; }
  Changes operator()(const Barrier&) const { return {}; }
  Changes operator()(const CheckStop&) const { return {}; }
  Changes operator()(const RunHook& hook) const {
    if (!hook.last) return {};
    if (hook.when == RunHook::When::undo) return with_drained(record_of(action, hook.uuid, recorded), false);
    if (hook.when != RunHook::When::after_ready) return {};
    return advance(hook.uuid, [this](InstanceRecord& instance) { make_ready(instance); });
  }
  Changes operator()(const BeginRollout& begin) const {
    RevisionRecord revision = begin.revision;
    const RevisionRecord* known = revision_of(revision.group, revision.number, recorded);
    revision.created_at = known != nullptr ? known->created_at : now;
    if (known != nullptr) revision.completed_at = known->completed_at;
    keep_template(revision, known);
    RolloutRecord rollout = begin.rollout;
    rollout.started_at = now;
    GroupRecord group;
    if (const auto found = recorded.groups.find(action.address); found != recorded.groups.end()) group = found->second;
    group.address = action.address;
    group.revision = revision.number;
    group.spec_hash = revision.spec_hash;
    Changes changes = revisions_beyond(action.address, {group.stable, revision.number, rollout.from}, recorded);
    if (const RevisionRecord* bad =
            begin.condemned ? revision_of(revision.group, *begin.condemned, recorded) : nullptr) {
      RevisionRecord condemned = *bad;
      condemned.verdict = RevisionRecord::Verdict::rolled_back;
      condemned.why = begin.why;
      changes.emplace_back(PutRevision{std::move(condemned)});
    }
    changes.emplace_back(PutRevision{std::move(revision)});
    changes.emplace_back(PutGroup{std::move(group)});
    const auto said = recorded.rollout_intents.find(action.address);
    const bool is_of_earlier =
        said != recorded.rollout_intents.end() && said->second.revision == rollout.to &&
        (said->second.kind == RolloutIntent::Kind::promote || said->second.kind == RolloutIntent::Kind::resume);
    if (is_of_earlier) changes.emplace_back(RemoveRolloutIntent{action.address});
    changes.emplace_back(PutRollout{std::move(rollout)});
    return changes;
  }
  Changes operator()(const RolloutTurn&) const { return {}; }
  Changes operator()(const WatchRollout& watch) const {
    if (!watch.step || !watch.passes) return {};
    return rollout_of(action.address, recorded, [&](RolloutRecord& rollout) {
      rollout.steps_passed = std::max(rollout.steps_passed, *watch.step + 1);
      rollout.step_reached_at.reset();
    });
  }
  Changes operator()(const HoldRollout& hold) const {
    return rollout_of(action.address, recorded, [&](RolloutRecord& rollout) {
      // Of several steps that come to the same number, this is the one that counts.
      rollout.steps_passed = std::max(rollout.steps_passed, hold.step);
      if (!rollout.step_reached_at) rollout.step_reached_at = now;
    });
  }
  Changes operator()(const EndRollout& end) const {
    const RevisionRecord* known = revision_of(action.address, end.revision, recorded);
    const auto group = recorded.groups.find(action.address);
    GroupRecord stable = group != recorded.groups.end() ? group->second : GroupRecord{};
    stable.address = action.address;
    stable.revision = stable.stable = end.revision;
    Changes changes;
    if (end.created || known != nullptr) {
      RevisionRecord revision = end.created ? *end.created : *known;
      revision.created_at = known != nullptr ? known->created_at : now;
      revision.completed_at = now;
      revision.verdict = RevisionRecord::Verdict::wanted;
      revision.why.clear();
      keep_template(revision, known);
      stable.spec_hash = revision.spec_hash;
      changes.emplace_back(PutRevision{std::move(revision)});
    }
    changes.emplace_back(PutGroup{std::move(stable)});
    if (recorded.rollouts.count(action.address) != 0) changes.emplace_back(RemoveRollout{action.address});
    return changes;
  }

 private:
  void make_ready(InstanceRecord& instance) const {
    instance.phase = Phase::ready;
    instance.ready_at = now;
    instance.failed = false;
  }

  /// A plan tells nothing of what a revision is made of where that is recorded already.
  static void keep_template(RevisionRecord& revision, const RevisionRecord* known) {
    if (known != nullptr && revision.made_of == Template{}) revision.made_of = known->made_of;
  }

  template <class Step>
  Changes advance(const std::string& uuid, const Step& step) const {
    const InstanceRecord* instance = record_of(action, uuid, recorded);
    if (instance == nullptr) return {};
    InstanceRecord changed = *instance;
    step(changed);
    return {PutInstance{std::move(changed)}};
  }
};

/// The word for the history, or nothing for a step that only its neighbours care about.
const char* event_word(const Action& action, const RecordedState& recorded) {
  const ActionDetail& detail = action.detail;
  if (const auto* define = std::get_if<DefineDomain>(&detail)) {
    const InstanceRecord* instance = record_of(action, define->spec.uuid, recorded);
    return instance == nullptr || instance->phase == Phase::claimed ? "created" : "defined again";
  }
  if (std::holds_alternative<UpdateDomain>(detail)) return "updated";
  if (std::holds_alternative<StartDomain>(detail)) return "started";
  if (std::holds_alternative<WaitForGates>(detail)) return "ready";
  if (std::holds_alternative<StopDomain>(detail)) return "stopped";
  if (std::holds_alternative<ReleaseInstance>(detail)) return "destroyed";
  if (std::holds_alternative<UploadImage>(detail)) return "uploaded";
  if (const auto* begin = std::get_if<BeginRollout>(&detail)) return begin->condemned ? "rollback" : "rollout";
  if (std::holds_alternative<HoldRollout>(detail)) return "rollout waits";
  if (std::holds_alternative<EndRollout>(detail)) return "rolled out";
  return nullptr;
}

}  // namespace

bool only_changes_record(const Action& action) {
  return std::holds_alternative<ClaimInstance>(action.detail) ||
         std::holds_alternative<ReleaseInstance>(action.detail) ||
         std::holds_alternative<ChangeRecord>(action.detail) || std::holds_alternative<BeginRollout>(action.detail) ||
         std::holds_alternative<HoldRollout>(action.detail) || std::holds_alternative<EndRollout>(action.detail);
}

bool only_orders(const Action& action) {
  return std::holds_alternative<Barrier>(action.detail) || std::holds_alternative<RolloutTurn>(action.detail);
}

std::vector<RecordChange> changes_at_begin(const Action& action, const RecordedState& recorded, Instant now) {
  return std::visit(AtBegin{action, recorded, now}, action.detail);
}

std::vector<RecordChange> changes_at_end(const Action& action, const ActionOutcome& outcome,
                                         const RecordedState& recorded, Instant now) {
  return std::visit(AtEnd{action, outcome, recorded, now}, action.detail);
}

bool is_failure_of_rollout(const Action& action, const Error& error) {
  // What is nobody's fault says nothing of the revision.
  if (error.kind == ErrorKind::unreachable || error.kind == ErrorKind::conflict) return false;
  const bool is_call_to_host =
      std::holds_alternative<DefineDomain>(action.detail) || std::holds_alternative<StartDomain>(action.detail);
  if (is_call_to_host && error.kind == ErrorKind::timed_out) return false;
  return std::visit(Overloaded{[](const DefineDomain&) { return true; }, [](const StartDomain&) { return true; },
                               [](const WaitForGates&) { return true; }, [](const WatchRollout&) { return true; },
                               [](const RunHook& hook) { return hook.when == RunHook::When::after_ready; },
                               [](const auto&) { return false; }},
                    action.detail);
}

std::vector<RecordChange> rollout_failure(const Action& action, const Error& error, const RecordedState& recorded) {
  if (!is_failure_of_rollout(action, error)) return {};
  Changes changes;
  std::string group = action.address;
  if (const auto address = parse_instance_address(action.address)) {
    const auto instance = recorded.instances.find(*address);
    group = group_address(*address);
    const auto rollout = recorded.rollouts.find(group);
    const bool is_new = instance != recorded.instances.end() && rollout != recorded.rollouts.end() &&
                        instance->second.revision == rollout->second.to;
    if (!is_new) return {};
    InstanceRecord failed = instance->second;
    failed.failed = true;
    changes.emplace_back(PutInstance{std::move(failed)});
  }
  const Changes of_rollout = rollout_of(group, recorded, [&](RolloutRecord& rollout) {
    ++rollout.failures;
    // Without what the outside said, which is in the run's own report.
    rollout.failure = error.message.substr(0, error.message.find(" ["));
    // What is looked after begins anew once all are there again.
    rollout.step_reached_at.reset();
  });
  changes.insert(changes.end(), of_rollout.begin(), of_rollout.end());
  return changes;
}

std::vector<RecordChange> changes_at_failure(const Action& action, const Error& error, const RecordedState& before,
                                             const RecordedState& recorded) {
  const auto* stop = std::get_if<StopDomain>(&action.detail);
  if (stop != nullptr && error.kind == ErrorKind::conflict) {
    // It was not as the plan saw it, and nothing was done to it: it is not leaving.
    const InstanceRecord* was = record_of(action, stop->uuid, before);
    const InstanceRecord* is = record_of(action, stop->uuid, recorded);
    if (was == nullptr || is == nullptr) return {};
    InstanceRecord as_before = with_progress_of(*is, *was);
    as_before.nics = was->nics;
    as_before.drained = is->drained;  // Whether that was taken back, nobody knows.
    return {PutInstance{std::move(as_before)}};
  }
  if (error.kind != ErrorKind::exists) return {};
  const auto* create = std::get_if<CreateVolume>(&action.detail);
  const auto* seed = std::get_if<WriteSeed>(&action.detail);
  const VolumeRecord* volume = create != nullptr ? &create->volume : seed != nullptr ? &seed->volume : nullptr;
  if (volume == nullptr || is_recorded(*volume, before)) return {};
  return {RemoveVolume{volume->host, volume->pool, volume->name}};
}

std::vector<EventRecord> events_at_end(const Action& action, const ActionOutcome& outcome,
                                       const RecordedState& recorded, Instant now) {
  const char* word = event_word(action, recorded);
  if (word == nullptr) return {};
  return {EventRecord{.at = now, .kind = word, .address = action.address, .host = action.host, .text = outcome.note}};
}

}  // namespace vscale
