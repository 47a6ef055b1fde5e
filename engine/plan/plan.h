#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/desired/group.h"
#include "engine/domain/domain_spec.h"
#include "engine/recorded/recorded_state.h"
#include "engine/values/diagnostic.h"
#include "engine/values/units.h"

/// A Plan is what we intend to do and why. It holds no handles; printing it or storing it changes nothing, and it is
/// complete: whoever carries it out decides nothing more. Made by reconcile() (engine/plan/reconcile.h), shown by cmd,
/// written to a file by schemas, carried out by the executor.

namespace vscale {

// ---- Why ----------------------------------------------------------------------------------------------------------

/// The rule that a decision follows from. Stable words in JSON; a person sees Reason::text.
enum class Rule {
  wanted,                   ///< The file wants it and it is not there.
  not_wanted,               ///< The size is smaller than what is there: the highest ordinals go.
  group_removed,            ///< `removed:` says so.
  group_moved,              ///< `moved:` says so.
  destroy_requested,        ///< `vscale destroy` or plan --destroy.
  replace_requested,        ///< --replace, or it has asked to be ended itself.
  spec_changed,             ///< A field that cannot change in place differs: the values name the fields.
  size_of_machine_changed,  ///< vcpus, memory or disk differ.
  stopped_outside,          ///< It should run and was stopped, paused or crashed.
  missing_on_host,          ///< Its host says there is no such domain.
  file_missing,             ///< The domain is there, and the file of its seed or of a disk is not.
  moved_outside,            ///< It runs on another host than recorded.
  host_renamed,             ///< The file calls its host otherwise than the record.
  changed_outside,          ///< vcpus or memory were changed on the host.
  detached_outside,         ///< A disk or a card was detached on the host.
  undefined_outside,        ///< Its definition was removed on the host, and it runs on until it is off.
  unfinished,               ///< An earlier run left it half-way.
  placement,                ///< Why this host.
  image_not_on_host,        ///< The image has to be sent first.
  image_not_needed,         ///< An older digest beyond `keep`.
  depends_on,               ///< It waits for another group.
  prevent_destroy,          ///< lifecycle.preventDestroy holds it.
  keep_disk,                ///< A disk with keep: true holds it.
  data_lost,                ///< A data disk is deleted, or made anew and empty.
  limit,                    ///< `limits` holds it: so many in one plan.
  not_allowed,              ///< update.allow or --allow holds it: it disturbs more than that.
  needs_definition,         ///< It needs a new definition, which would lose or bring what is not to go or come.
  update_strategy,          ///< update.strategy says how it is done: all at once.
  held_by_strategy,         ///< update.strategy holds it, until it is deleted by hand or all members are known.
  rollout,                  ///< A rolling update takes it, or makes it: the values are the budget.
  rollout_waits,            ///< A rolling update has not come to it: a step, a pause, or members that are not known.
  rollout_stopped,          ///< Its rolling update has failed, or was aborted.
  retried,                  ///< A new instance failed, and is made again.
  suspended,                ///< An operator has suspended what it needs.
  protected_by_operator,    ///< An operator has said that this is not done to it.
  stop_requested,           ///< An operator has said that it is to be off.
  restart_requested,        ///< An operator has asked for a restart.
  unhealthy,                ///< It is ill, and is healed: the values are the numbers.
  crash_loop,               ///< It was healed again and again: not before a while.
  drift_reported,           ///< watch.drift: report holds it.
  not_targeted,             ///< --target or --exclude leaves it out.
};
const char* to_string(Rule rule);
std::optional<Rule> rule_from(const std::string& word);

/// A number or a word that a reason stands on.
using ReasonValue = std::variant<std::int64_t, std::string>;

/// Why, as data: `{rule: not_wanted, text: "size 5 -> 3", values: {have: 5, want: 3}}`.
struct Reason {
  Rule rule = Rule::wanted;
  std::string text;  ///< For a person, short: stands at the end of a line.
  std::vector<std::pair<std::string, ReasonValue>> values;

  bool operator==(const Reason&) const = default;
};

// ---- What a person reviews ----------------------------------------------------------------------------------------

enum class ChangeAction { create, update, replace, destroy, start, stop, migrate, adopt, forget, hold };
const char* to_string(ChangeAction action);
std::optional<ChangeAction> change_action_from(const std::string& word);

/// "none", "live", "reboot", "replace".
const char* to_string(Disruption disruption);
std::optional<Disruption> disruption_from(const std::string& word);

/// One field before and after, as a person reads it: {"memory", "2 GiB", "4 GiB"}. Never holds user-data or a secret:
/// those are shown as changed or not.
struct FieldChange {
  std::string field, before, after;

  bool operator==(const FieldChange&) const = default;
};

/// What happens to one instance.
struct Change {
  std::string address;  ///< `group.web[2]`
  ChangeAction action = ChangeAction::hold;
  Disruption disruption = Disruption::none;
  std::vector<Reason> reasons;  ///< Never empty.
  std::vector<FieldChange> fields;
  std::string successor{};             ///< replace: the address of what comes in its place, if that is another.
  std::string from_host, host;         ///< Where it is, and where it will be; either may be empty.
  std::vector<std::string> addresses;  ///< Its IP addresses afterwards, as far as they are known.

  bool operator==(const Change&) const = default;
};

/// A difference between what was recorded and what is live, that vscale did not make.
struct Drift {
  std::string address, host;
  std::string what;            ///< "state", "memory", "vcpus", "host", "domain"
  std::string recorded, live;  ///< "running", "shut off"
  std::string remedy;          ///< What this plan does about it: "start", "put back, live", "create again", "none"

  bool operator==(const Drift&) const = default;
};

/// Something that is left alone because nothing is known of it.
struct Unknown {
  std::string address;  ///< `host.kvm4` or an instance
  std::string host;
  std::string why;
  std::optional<Instant> since;

  bool operator==(const Unknown&) const = default;
};

// ---- Rolling updates -----------------------------------------------------------------------------------------------

/// An instance that comes or goes in a turn.
struct RolloutMove {
  std::string address, host;

  bool operator==(const RolloutMove&) const = default;
};

/// One turn of a rolling update: what begins, and what is there when it does, as far as everything goes well. Its
/// moves begin once all that earlier turns needed has been done.
struct RolloutTurnOutline {
  int number = 0;  ///< From 1; the id of its action follows from RolloutTurn::number.
  std::vector<RolloutMove> comes, goes;
  int fresh = 0;      ///< Instances of the new revision that are available when it begins,
  int available = 0;  ///< and of all revisions.
  int total = 0;      ///< All that are there when it has begun, those that come and those that go among them.
  std::string rests;  ///< After what it begins is done: "pause 5m", "pause until promoted", "bake 10m"; or empty.

  bool operator==(const RolloutTurnOutline&) const = default;
};

/// A rolling update as it is planned, for a person and for `simulate rollout`.
struct RolloutOutline {
  std::string group;              ///< `group.web`
  std::int64_t from = 0, to = 0;  ///< Revisions; from 0: there was none that was completed.
  bool back = false;              ///< It goes back to the last revision that was completed.
  std::string what;               ///< "image debian-12 9f86d081 -> 41c7a2e0"
  int size = 0;
  int surge = 0, unavailable = 0;  ///< As they count for this size.
  int per_host = 1;
  bool in_place = false;     ///< Successors keep ordinal, address and MAC: nothing beside what they replace.
  std::string in_place_why;  ///< If the file would have it otherwise: "its disk data is kept".
  Duration min_ready{};
  std::vector<UpdateStep> steps;
  Update::OnFailure on_failure = Update::OnFailure::pause;
  int failures = 0, max_failures = 0;
  int peak = 0;    ///< The most instances at any moment.
  int lowest = 0;  ///< The fewest available ones.
  std::vector<RolloutTurnOutline> turns;
  std::string held;  ///< Why it does not go to its end: "waits at step 1 of 3, for `rollout promote`"; or empty.

  bool operator==(const RolloutOutline&) const = default;
};

// ---- What is carried out ------------------------------------------------------------------------------------------

/// Commits identity, addresses and capacity: the first step of a creation, before anything exists on the host.
/// `volumes`: those of ours that it continues. New ones are recorded when their making begins, and not before: a volume
/// that is found at its name until then is somebody else's.
struct ClaimInstance {
  InstanceRecord instance;
  std::vector<VolumeRecord> volumes;
  GroupRecord group;
  std::optional<RevisionRecord> revision{};  ///< The group's, where it is not recorded yet.
  bool operator==(const ClaimInstance&) const = default;
};
/// Makes sure of a pool; creates it at `path` where that is given.
struct EnsurePool {
  std::string pool, path;
  bool operator==(const EnsurePool&) const = default;
};
/// Sends an image to the host as `volume` of `pool`. `replace_existing`: nobody can stand on what lies there under this
/// name, so that the rest of an upload that was cut off is deleted first. Otherwise a complete copy is taken as it is,
/// and an incomplete one is an error.
struct UploadImage {
  ImageLock image;
  std::string pool, volume;
  bool replace_existing = false;
  bool operator==(const UploadImage&) const = default;
};
struct DeleteImage {
  std::string image, digest, pool, volume;
  bool operator==(const DeleteImage&) const = default;
};
/// Creates a volume; `replace_existing`: what an unfinished earlier try left under this name is deleted first.
struct CreateVolume {
  VolumeRecord volume;
  std::string format, backing_volume, backing_format;
  bool replace_existing = false;
  bool operator==(const CreateVolume&) const = default;
};
/// `uuid`: the domain that uses the volume, through which it grows where that is up; empty: there is none yet.
/// `was_up`: so the plan saw it.
struct ResizeVolume {
  VolumeRecord volume;
  std::string uuid;
  bool was_up = false;
  bool operator==(const ResizeVolume&) const = default;
};
struct DeleteVolume {
  VolumeRecord volume;
  bool operator==(const DeleteVolume&) const = default;
};
/// Writes a seed; `replace_existing` as above.
struct WriteSeed {
  VolumeRecord volume;
  std::string name, instance_id;
  std::vector<GuestNic> nics;
  bool replace_existing = false;
  bool operator==(const WriteSeed&) const = default;
};
struct DefineDomain {
  DomainSpec spec;
  bool operator==(const DefineDomain&) const = default;
};
/// In place: live where the domain is up then; what needs a reboot has stopped it before.
struct UpdateDomain {
  std::string uuid;
  std::optional<int> vcpus;
  std::optional<std::uint64_t> memory_bytes;
  std::optional<Ownership> ownership;
  InstanceRecord after;
  bool operator==(const UpdateDomain&) const = default;
};
struct StartDomain {
  std::string uuid;
  bool operator==(const StartDomain&) const = default;
};
/// `removal`: the instance is leaving, and is recorded so before it is stopped. `was_up`: so the plan saw it; one that
/// is off by now, or gone, may run elsewhere, and nothing that follows may be done to it. `transient`: it has no
/// definition, so that its host knows it no more once it is off; otherwise that is a sign that somebody moved it. Never
/// said of one with a disk in a shared pool, which could run on elsewhere.
struct StopDomain {
  std::string uuid;
  Duration grace{};
  bool removal = false;
  bool was_up = false;
  bool transient = false;
  std::vector<Hook> undo{};  ///< If it is refused: the beforeStop hooks that were run, to be taken back.
  bool operator==(const StopDomain&) const = default;
};
/// `was_gone`: the plan saw none, and this only makes sure of that before its disks go.
struct UndefineDomain {
  std::string uuid;
  bool was_gone = false;
  bool operator==(const UndefineDomain&) const = default;
};
/// Waits until the gates pass, in order, and then go on passing for `min_ready`. The bound, startup_timeout, counts
/// from the moment the domain was started, and what is green does not count. `progress_deadline`, where it is not 0,
/// bounds all of it, from the moment the wait began.
struct WaitForGates {
  std::string uuid;
  std::vector<Gate> gates;
  Duration startup_timeout{};
  std::vector<GuestNic> nics;
  Duration min_ready{};
  Duration progress_deadline{};
  bool last = true;  ///< false: hooks follow, and it is ready only after the last of them.
  bool operator==(const WaitForGates&) const = default;
};
/// Gives back addresses and capacity: the last step of a removal.
struct ReleaseInstance {
  int size = 0;  ///< How many the group is to have; 0: that is not known, or none.
  bool operator==(const ReleaseInstance&) const = default;
};
/// Changes to the record only: an instance under a new address, on another host, or no longer vscale's business.
struct ChangeRecord {
  std::vector<RecordChange> changes;
  bool operator==(const ChangeRecord&) const = default;
};
/// Does nothing: what several wait for, as one node, so that the graph stays sparse.
struct Barrier {
  bool operator==(const Barrier&) const = default;
};

/// Makes sure, before hooks say farewell to an instance that is to be stopped, that nothing stands against it: its
/// domain is as the plan saw it, and ours.
struct CheckStop {
  std::string uuid;
  bool was_up = false;
  bool operator==(const CheckStop&) const = default;
};
/// Runs a hook, or takes one back. A hook that may go on (onFailure: continue) never fails: its note says what
/// happened.
struct RunHook {
  enum class When { after_ready, before_stop, after_stop, undo };

  When when = When::after_ready;
  Hook hook;
  std::string uuid;
  std::string name;  ///< The domain's: it may be gone from the record by then.
  std::vector<GuestNic> nics;
  std::string reason;      ///< For VSCALE_REASON: the rule's word.
  std::vector<Hook> undo;  ///< If it fails: those before it, to be taken back after its own.
  bool last = true;        ///< Of its moment: the instance is ready after it, or nothing is left to be taken back.
  bool operator==(const RunHook&) const = default;
};
const char* to_string(RunHook::When when);

/// A rollout's first step: the record has it and its revision. What the revision is made of is not part of a plan,
/// which is shown and stored: with_templates() (engine/plan/rollouts/config_of_plan.h) puts it there before the plan is
/// carried out.
struct BeginRollout {
  RolloutRecord rollout;
  RevisionRecord revision;
  std::optional<std::int64_t> condemned{};  ///< The revision that it goes back from,
  std::string why{};                        ///< and why.
  bool operator==(const BeginRollout&) const = default;
};
/// What begins a turn waits for it: here a rollout that was paused by hand comes to a rest.
struct RolloutTurn {
  int number = 0;  ///< Of RolloutTurnOutline.
  bool operator==(const RolloutTurn&) const = default;
};
/// An instance of the new revision that is looked after while its rollout rests.
struct WatchedInstance {
  std::string address, host, uuid, name;
  std::vector<GuestNic> nics;
  bool operator==(const WatchedInstance&) const = default;
};
/// Rests at a step for `lasts`, and looks all the while whether the new instances stay ready: so many tries in a row
/// that do not pass, and it has failed. Afterwards the step is passed. Without a step it is a look between two turns,
/// or before the end: what has come must be up still before more goes for it.
struct WatchRollout {
  std::optional<int> step = 0;  ///< Of update.steps, from 0.
  Duration lasts{};
  std::vector<WatchedInstance> watched;
  std::vector<Gate> gates;
  int failures = 3;
  bool passes = true;  ///< false: a person has to pass the step after it.
  bool operator==(const WatchRollout&) const = default;
};
/// The rollout has come to a step that only a person passes.
struct HoldRollout {
  int step = 0;
  bool operator==(const HoldRollout&) const = default;
};
/// Every instance is of the revision and available: it is the stable one from here on.
struct EndRollout {
  std::int64_t revision = 0;
  /// Where no rollout began it: the first revision of all.
  std::optional<RevisionRecord> created;
  bool operator==(const EndRollout&) const = default;
};

using ActionDetail = std::variant<ClaimInstance, EnsurePool, UploadImage, DeleteImage, CreateVolume, ResizeVolume,
                                  DeleteVolume, WriteSeed, DefineDomain, UpdateDomain, StartDomain, StopDomain,
                                  UndefineDomain, WaitForGates, ReleaseInstance, ChangeRecord, Barrier, CheckStop,
                                  RunHook, BeginRollout, RolloutTurn, WatchRollout, HoldRollout, EndRollout>;

/// The word for the kind: instance.claim pool.ensure image.upload image.delete volume.create volume.resize
/// volume.delete seed.write domain.define domain.update domain.start domain.stop domain.undefine gate.wait
/// address.release record.change barrier stop.check hook.run rollout.begin rollout.turn rollout.watch rollout.hold
/// rollout.end.
const char* kind_of(const ActionDetail& detail);

/// One step. Ids are 1, 2, 3, … in the order of Plan::actions, and an action needs only earlier ones.
struct Action {
  int id = 0;
  std::string address;     ///< What it is about: `group.web[2]`, `image.debian-12`, `group.web` for a barrier.
  std::string host;        ///< Empty for a barrier and for changes of the record.
  std::vector<int> needs;  ///< Ids that must be done first; ascending.
  ActionDetail detail;

  bool operator==(const Action&) const = default;
};

struct Summary {
  int create = 0, update = 0, replace = 0, destroy = 0, start = 0, stop = 0, migrate = 0, forget = 0, unknown = 0;

  bool operator==(const Summary&) const = default;
};

struct Plan {
  std::string name;  ///< The installation's.
  Instant created_at{};
  std::string lineage;
  std::int64_t serial = 0;           ///< Of the state that it was made from.
  bool complete = true;              ///< false: a host could not be read, and what concerns it is left out.
  bool errored = false;              ///< true: diagnostics hold an error; nothing may be applied.
  std::map<std::string, int> sizes;  ///< How many each group of the file is to have.
  std::vector<Drift> drift;
  std::vector<Change> changes;           ///< In order of groups in the file, then ordinals.
  std::vector<RolloutOutline> rollouts;  ///< In order of groups in the file.
  std::vector<Action> actions;
  std::vector<Unknown> unknown;
  Diagnostics diagnostics;
  Summary summary;

  bool operator==(const Plan&) const = default;
};

/// Is there anything to do (and no error that forbids it)?
bool applyable(const Plan& plan);
/// Does the plan change anything at all?
bool has_changes(const Plan& plan);
/// Does somebody get no place, or no address, by it?
bool lacks_room(const Plan& plan);
/// Checks what every plan must satisfy: ids in order, needs that exist and come earlier, reasons that are not empty.
/// Aborts with VSCALE_ASSERT where one does not: it is called when a plan is made and again before it is run.
void assert_well_formed(const Plan& plan);

}  // namespace vscale
