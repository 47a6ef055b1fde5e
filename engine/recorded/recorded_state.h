#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/desired/template.h"
#include "engine/domain/guest_nic.h"
#include "engine/live/host_snapshot.h"
#include "engine/recorded/health_record.h"
#include "engine/recorded/operator_words.h"
#include "engine/recorded/scaling_memory.h"
#include "engine/values/address.h"
#include "engine/values/units.h"

/// What the statefile remembers: what vscale made, where, and how far it got. Plain values; the store keeps them.

namespace vscale {

/// How far an instance has come. Only the executor moves it.
enum class Phase {
  claimed,  ///< Name, uuid, MACs, addresses and capacity are committed; on the host there may be anything or nothing.
  defined,  ///< The domain exists.
  started,  ///< It was started and its gates have not passed yet.
  ready,    ///< Its gates have passed once since it was started.
  leaving,  ///< Its removal has begun: whatever is left of it goes.
};
const char* to_string(Phase phase);
std::optional<Phase> phase_from(const std::string& word);

/// What an instance takes of its host, in Placement's classes. Disk is per pool and in whole GiB.
struct Claim {
  int vcpus = 0;
  std::uint64_t memory_mib = 0;                   ///< Guest's maximum memory and its overhead.
  std::map<std::string, std::uint64_t> disk_gib;  ///< By storage name.

  bool operator==(const Claim&) const = default;
};

struct InstanceRecord {
  InstanceAddress address;
  std::string name;  ///< The domain's name.
  std::string uuid;
  int incarnation = 1;
  std::string host;
  std::int64_t revision = 1;
  std::string spec_hash;
  std::string image_digest;
  Phase phase = Phase::claimed;
  std::vector<GuestNic> nics;  ///< Static addresses are set; one that was learned is filled in later.
  int vcpus = 0;
  std::uint64_t memory_bytes = 0;
  Claim claim;
  std::optional<Instant> created_at, started_at, ready_at;
  std::vector<std::string> after;  ///< Addresses of groups that its own depends on: destroyed only after it.
  bool prevent_destroy = false;    ///< Kept here so that it outlives the group's disappearance from the file.
  std::int64_t shutdown_grace_ms = 60000;
  bool drained = false;  ///< Its beforeStop hooks were begun, and have not been taken back since.
  bool failed = false;   ///< A rolling update made it, and it did not become available since it was started.

  bool operator==(const InstanceRecord&) const = default;
};

/// One volume that vscale made for an instance.
struct VolumeRecord {
  enum class Role { root, data, seed };

  std::string host, pool, name;  ///< The key. A shared pool's volumes name the host that made them.
  std::string storage;           ///< Name in the configuration.
  InstanceAddress owner;
  Role role = Role::root;
  std::string disk;  ///< The data disk's name; "root"; "seed".
  std::uint64_t capacity_bytes = 0;
  bool keep = false;  ///< Outlives its instance unless data loss is allowed.

  bool operator==(const VolumeRecord&) const = default;
};
const char* to_string(VolumeRecord::Role role);
std::optional<VolumeRecord::Role> volume_role_from(const std::string& word);

/// An image that lies complete in a pool of a host.
struct ImageCopyRecord {
  std::string host, pool, volume;  ///< The key.
  std::string image;               ///< Name in the configuration.
  std::string digest;              ///< `sha256:HEX`
  std::uint64_t size_bytes = 0;
  Instant at{};

  bool operator==(const ImageCopyRecord&) const = default;
};

/// The digest that an image's source stood for when it was last taken. A moving URL rolls nothing by itself.
struct ImageLock {
  std::string image, source, digest;
  std::string format;                    ///< qcow2 | raw
  std::uint64_t size_bytes = 0;          ///< Of the file.
  std::uint64_t virtual_size_bytes = 0;  ///< Of the disk inside.
  std::int64_t modified_ns = 0;          ///< Of a local file: with the size, what the digest is remembered by.
  Instant at{};
  std::string checksum{};  ///< Of the configuration, that was checked when it was taken; may be empty.

  bool operator==(const ImageLock&) const = default;
};

/// One template that a group was made of, or is to be: what a rollout leads to, and what it goes back to. Sizes that
/// change in place are as they were when it was last planned; the file says what they are to be.
struct RevisionRecord {
  /// What became of it, besides having been completed. One that is not `wanted` any more is not rolled out again until
  /// the file changes or --force says so.
  enum class Verdict { wanted, rolled_back, aborted };

  std::string group;  ///< `group.web`; with the number, the key.
  std::int64_t number = 1;
  std::string spec_hash;
  ImageLock image;   ///< As it was then. The stable one's copies stay on the hosts.
  Template made_of;  ///< With `${…}` as it was written: safe to store.
  Instant created_at{};
  std::optional<Instant> completed_at;  ///< When every instance was of it and available, for the last time.
  Verdict verdict = Verdict::wanted;
  std::string why;  ///< Of a verdict: "1 failed, 0 allowed: web-3 …"

  bool operator==(const RevisionRecord&) const = default;
};
const char* to_string(RevisionRecord::Verdict verdict);
std::optional<RevisionRecord::Verdict> verdict_from(const std::string& word);

/// A rolling update that has begun and has not come to its end.
struct RolloutRecord {
  std::string group;
  std::int64_t from = 0;  ///< The stable revision; 0: there is none yet.
  std::int64_t to = 0;
  int steps_passed = 0;  ///< Of update.steps. They are passed once in a revision, whatever the size becomes.
  std::optional<Instant> step_reached_at{};  ///< Since when it rests at the next one; nothing: it is not there yet.
  int failures = 0;                          ///< Instances of `to` that failed.
  std::string failure{};                     ///< The last of them, in a sentence.
  Instant started_at{};

  bool operator==(const RolloutRecord&) const = default;
};

/// What an operator said of a group's rollout. The last one counts. It is about one revision, and means nothing to the
/// next; a pause holds until `resume`.
struct RolloutIntent {
  enum class Kind { pause, resume, promote, abort, undo };

  std::string group;
  Kind kind = Kind::pause;
  std::int64_t revision = 0;  ///< GroupRecord::revision, when it was said.
  int step = 0;               ///< promote: the step that is passed by it.
  int failures = 0;           ///< resume, promote: so many have been forgiven.
  Instant at{};
  std::string by;        ///< user@host
  std::string reason{};  ///< --reason; may be empty.

  bool operator==(const RolloutIntent&) const = default;
};
const char* to_string(RolloutIntent::Kind kind);
std::optional<RolloutIntent::Kind> rollout_intent_from(const std::string& word);

struct GroupRecord {
  std::string address;        ///< `group.web`
  std::int64_t revision = 1;  ///< What its rollout leads to, or has led to: on a way back an older one.
  std::string spec_hash;      ///< Its hash.
  std::string cursor_host;    ///< roundRobin: the host of the last placement.
  std::int64_t stable = 0;    ///< The last revision that was completed; 0: none yet.
  int size = 0;               ///< How many it was to have when one of it last came or went; 0: not known.

  bool operator==(const GroupRecord&) const = default;
};

struct HostRecord {
  std::string host, uri;
  std::int64_t generation = 0;           ///< Moves with every claim on it: allocation writes compare it.
  std::optional<HostSnapshot> observed;  ///< As last seen.
  std::optional<HostFailure> failure;    ///< Set while it cannot be reached; `at` is since when.

  bool operator==(const HostRecord&) const = default;
};

/// An action that was begun and has no outcome: the run that began it died.
struct OpenAction {
  std::int64_t journal_id = 0;
  std::string run_id, kind, address, host;
  Instant started_at{};

  bool operator==(const OpenAction&) const = default;
};

struct RecordedState {
  std::string lineage;
  std::int64_t serial = 0;  ///< Moves with changes, not with looking.
  std::map<InstanceAddress, InstanceRecord> instances;
  std::vector<VolumeRecord> volumes;          ///< In order of (host, pool, name).
  std::vector<ImageCopyRecord> image_copies;  ///< In order of (host, pool, volume).
  std::map<std::string, ImageLock> image_locks;
  std::map<std::string, GroupRecord> groups;
  std::map<std::string, std::map<std::int64_t, RevisionRecord>> revisions;  ///< By group, then number.
  std::map<std::string, RolloutRecord> rollouts;                            ///< By group.
  std::map<std::string, RolloutIntent> rollout_intents;                     ///< By group.
  std::map<std::string, WantedSize> wanted_sizes;                           ///< By group.
  OperatorWords words;
  std::map<std::string, ScalingMemory> scaling;  ///< By group.
  std::map<InstanceAddress, HealthRecord> health;
  std::map<std::string, HostRecord> hosts;
  std::vector<OpenAction> open_actions;

  bool operator==(const RecordedState&) const = default;
};

/// One change to what is recorded. A store applies them as they are and decides nothing.
struct PutInstance {
  InstanceRecord instance;
  bool operator==(const PutInstance&) const = default;
};
struct RemoveInstance {
  InstanceAddress address;
  bool operator==(const RemoveInstance&) const = default;
};
/// Removes it likewise, while its domain stays on a host that does not answer: what was last seen of the host tells of
/// the domain from then on, even if nobody has looked since it was defined.
struct ForgetInstance {
  InstanceAddress address;
  bool operator==(const ForgetInstance&) const = default;
};
/// Renames: the instance and its volumes keep everything but the address.
struct MoveInstance {
  InstanceAddress from, to;
  bool operator==(const MoveInstance&) const = default;
};
struct PutVolume {
  VolumeRecord volume;
  bool operator==(const PutVolume&) const = default;
};
struct RemoveVolume {
  std::string host, pool, name;
  bool operator==(const RemoveVolume&) const = default;
};
struct PutImageCopy {
  ImageCopyRecord copy;
  bool operator==(const PutImageCopy&) const = default;
};
struct RemoveImageCopy {
  std::string host, pool, volume;
  bool operator==(const RemoveImageCopy&) const = default;
};
struct PutImageLock {
  ImageLock lock;
  bool operator==(const PutImageLock&) const = default;
};
struct PutGroup {
  GroupRecord group;
  bool operator==(const PutGroup&) const = default;
};
/// With its revisions, its rollout, its size, what was said of it and what is remembered.
struct RemoveGroup {
  std::string address;
  bool operator==(const RemoveGroup&) const = default;
};
/// A group's revisions, its rollout, its size, what was said of it and what is remembered, under its new address.
struct MoveRollout {
  std::string from, to;
  bool operator==(const MoveRollout&) const = default;
};
struct PutRevision {
  RevisionRecord revision;
  bool operator==(const PutRevision&) const = default;
};
struct RemoveRevision {
  std::string group;
  std::int64_t number = 0;
  bool operator==(const RemoveRevision&) const = default;
};
struct PutRollout {
  RolloutRecord rollout;
  bool operator==(const PutRollout&) const = default;
};
struct RemoveRollout {
  std::string group;
  bool operator==(const RemoveRollout&) const = default;
};
struct PutRolloutIntent {
  RolloutIntent intent;
  bool operator==(const PutRolloutIntent&) const = default;
};
struct RemoveRolloutIntent {
  std::string group;
  bool operator==(const RemoveRolloutIntent&) const = default;
};
struct PutWantedSize {
  WantedSize size;
  bool operator==(const PutWantedSize&) const = default;
};
struct RemoveWantedSize {
  std::string group;
  bool operator==(const RemoveWantedSize&) const = default;
};
struct PutWord {
  OperatorWord word;
  bool operator==(const PutWord&) const = default;
};
/// What was said about the same as `word` is.
struct RemoveWord {
  OperatorWord word;
  bool operator==(const RemoveWord&) const = default;
};
/// The domain is no longer there: what was last seen of its host would say otherwise until somebody looks again.
struct RemoveObservedDomain {
  std::string host, uuid;
  bool operator==(const RemoveObservedDomain&) const = default;
};
/// The machine has another name now: all that is recorded there is there by the new name, and the old one is forgotten
/// with what was seen under it. A volume or a copy whose place is taken there stays, and the old name for it.
struct RenameHost {
  std::string from, to;
  bool operator==(const RenameHost&) const = default;
};

using RecordChange =
    std::variant<PutInstance, RemoveInstance, MoveInstance, PutVolume, RemoveVolume, PutImageCopy, RemoveImageCopy,
                 PutImageLock, PutGroup, RemoveGroup, RemoveObservedDomain, ForgetInstance, RenameHost, MoveRollout,
                 PutRevision, RemoveRevision, PutRollout, RemoveRollout, PutRolloutIntent, RemoveRolloutIntent,
                 PutWantedSize, RemoveWantedSize, PutWord, RemoveWord>;

/// What is remembered from one look to the next. It is written with what follows from it, and is no change of what
/// there is: the serial does not move.
struct Remembered {
  std::vector<ScalingMemory> scaling;
  std::vector<HealthRecord> health;
  std::vector<InstanceAddress> well;  ///< Of these nothing needs to be remembered any more.

  bool operator==(const Remembered&) const = default;
};

}  // namespace vscale
