#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/placement/placement.h"
#include "engine/plan/books/address_book.h"
#include "engine/plan/books/identity.h"
#include "engine/plan/books/pool_sharing.h"
#include "engine/plan/books/unrecorded.h"
#include "engine/plan/books/volume_book.h"
#include "engine/plan/fates/kept/in_place.h"
#include "engine/plan/fates/whereabouts.h"
#include "engine/plan/graph_builder.h"
#include "engine/plan/plan.h"
#include "engine/plan/reconcile.h"
#include "engine/plan/rollouts/rollout_paper.h"
#include "engine/plan/scope.h"
#include "engine/rollout/course.h"
#include "engine/values/sharing/shared_optional.h"

/// What the parts of reconcile() share: first every instance's fate is decided, then hosts are chosen, then actions are
/// laid out. Inside engine/plan only.

namespace vscale {

/// What becomes of one instance.
enum class Fate {
  keep,     ///< It stays; `in_place`, `start` and what follows them say what it needs, which may be nothing.
  create,   ///< There is no record of it yet.
  replace,  ///< What is there goes, and a new incarnation takes ordinal, addresses and MACs.
  retire,   ///< What is there goes in the course of a rolling update, once another ordinal stands in for it.
  destroy,
  forget,  ///< Only the record of it goes.
  left,    ///< Nothing is known of it, or something forbids what it needs: not touched.
};

struct Decision {
  InstanceAddress address;
  std::string name;                        ///< `group.web[2]`
  const InstanceRecord* record = nullptr;  ///< As it will be found by the actions: moves are in it already.
  std::optional<Whereabouts> where;        ///< Set with `record`.
  Fate fate = Fate::keep;
  std::vector<Reason> reasons;
  std::size_t cause = 0;  ///< replace and destroy: which of the reasons it is for. What stands behind comes with it.
  std::vector<FieldChange> fields;

  // keep
  InPlace in_place;
  bool follow = false;          ///< It is on another host than recorded: the record follows first.
  bool start = false;           ///< It is off and should not be.
  bool wait = false;            ///< Its gates have not passed since it was started.
  bool redefine = false;        ///< The definition is gone, or whether it is complete is not known: it is made again.
  bool recreate = false;        ///< Claimed and never defined: made from its volumes on.
  bool mark = false;            ///< The mark on its domain has an old address.
  bool rehash = false;          ///< Its spec hash was made by other rules: it is made again, and nothing else.
  bool stays_as_it_is = false;  ///< Its sizes, cards and disks: what differs is held back, or waits for a replacement.
  bool welcome = false;         ///< It was said farewell to, and stays after all: that is taken back.
  bool open_pools = false;      ///< Only its pools are turned on, which tells the next plan what is there.
  SharedOptional<VolumeRecord> lost_seed;  ///< The file of its seed is gone: it is written again.
  enum class Restart { one_by_one, together };
  std::optional<Restart> restart;  ///< It is stopped and started again.
  bool stop = false;               ///< It runs, and is to be off.
  bool is_dead = false;            ///< It is healed: nobody says farewell to it.
  bool held = false;               ///< Something it needs is held back, and the reasons say what.
  bool awaits_rollout = false;     ///< It is as it was, and the rollout that would replace it rests.
  bool is_ahead = false;           ///< Of the revision that a resting rollout leads to: it lacks nothing.

  // create and replace
  bool domain_is_gone = false;  ///< replace and destroy: there is no domain to stop.
  bool disturbs = false;        ///< replace: a member that was ready, also if it is off now: they go one by one.
  SharedOptional<PlacementAnswer> placed;
  bool rolls = false;       ///< It comes, goes or gives way by turns of its group's rolling update.
  std::string stands_for;   ///< create: the one that retires for it. Empty: it is only missing.
  std::string replaced_by;  ///< retire: the one that comes for it. Empty: the size has become smaller.

  /// What is there of it goes, and nothing comes for it.
  [[nodiscard]] bool goes_for_good() const {
    return fate == Fate::destroy || (fate == Fate::retire && replaced_by.empty());
  }
  /// What is there of it goes, and something else comes for it.
  [[nodiscard]] bool is_replaced() const {
    return fate == Fate::replace || (fate == Fate::retire && !replaced_by.empty());
  }

  /// keep: its domain is gone, and comes back with the sizes that the file has by now.
  [[nodiscard]] bool is_defined_anew() const {
    return fate == Fate::keep && redefine && !stays_as_it_is && where && where->domain == nullptr;
  }

  /// An earlier run has begun to remove it, and got as far as its being off. One that still runs was only asked, if at
  /// all: nothing was done to it.
  [[nodiscard]] bool is_being_removed() const {
    if (record == nullptr || record->phase != Phase::leaving) return false;
    const LiveDomain* domain = where ? where->domain : nullptr;
    return domain == nullptr || domain->state == DomainState::shut_off || domain->state == DomainState::crashed;
  }

  std::vector<VolumeRecord> renamed;         ///< As recorded: the file calls their storage otherwise now.
  std::vector<RecordChange> record_changes;  ///< That come before anything else here.
  std::string host_after;                    ///< Empty: where it is.
  std::string uuid_after;                    ///< Of a new incarnation,
  std::vector<GuestNic> nics_after;          ///< and its cards.
  std::vector<std::string> addresses_after;  ///< IP addresses.
};

/// What the plan does to one group of the file, or to one that is recorded and not in the file.
struct GroupPlan {
  std::string address;
  const Group* group = nullptr;  ///< nullptr: not in the file.
  const GroupRecord* record = nullptr;
  const ImageLock* lock = nullptr;  ///< nullptr: not known, or no group.
  std::string spec_hash;            ///< Of the template, once the lock is known.
  std::int64_t revision = 1;
  Course course;
  std::optional<RolloutPaper> rollout;  ///< A rolling update that is in progress, or begins.
  std::string cursor_host;              ///< After this plan's placements.
  std::vector<Decision> decisions;      ///< In order of ordinals.
  std::optional<int> moved;             ///< The action that gives the group its new address in the record.
  std::vector<int> first_needs;         ///< What every creation or change here waits for; `moved` among it.
  std::vector<int> gates;               ///< Waits for readiness that this plan holds.
  std::map<std::size_t, int> gate_of;   ///< What of them ends a decision, by its place.
  std::optional<int> completion;        ///< The action by which the revision becomes the stable one.
  int size = 0;                         ///< That it is to have.
  bool begins = false;                  ///< A rollout to its revision begins with this plan.
  bool successors_are_beside = false;   ///< Who is to be replaced gets a successor of another ordinal.
  std::optional<int> ready_barrier;
};

/// One copy of an image: host (empty in a shared pool), pool, digest.
using ImageCopyKey = std::tuple<std::string, std::string, std::string>;

struct Planning {
  explicit Planning(const PlanInput& plan_input);

  const PlanInput& input;
  const Config& config;
  Plan plan;
  LiveIndex live;
  GraphBuilder graph;
  Scope scope;
  IdentityBook identities;
  AddressBook addresses;
  VolumeBook volumes;
  std::map<InstanceAddress, const InstanceRecord*> instances;  ///< Recorded ones, under the addresses they will have.
  std::vector<UnrecordedDomain> unrecorded;                    ///< Ours by the mark, and in no record.
  std::vector<SharingSign> sharing_signs;                      ///< Of pools that the file does not call shared.
  std::map<std::string, GroupRecord> group_records;            ///< As `instances`.
  std::map<std::string, std::string> names;                    ///< Domain names of recorded instances -> their address.
  std::map<std::string, std::vector<RecordChange>> moves;      ///< By the new group: what `moved:` does to the record.
  std::unordered_map<std::string, const Removed*> removed;     ///< `removed:`, by address; the first of each.
  std::map<std::string, std::string> recorded_as;  ///< Groups that were moved: by the new address the old one.
  std::deque<Group> made_groups;                   ///< Owns what GroupPlan::group points to where it is not the file's.
  std::map<ImageCopyKey, const ImageCopyRecord*> image_copies;
  std::unordered_map<std::string, std::string> image_names;          ///< By digest, of all recorded copies.
  std::map<ImageCopyKey, int> uploads;                               ///< By what is sent: the action that does it.
  std::map<std::pair<std::string, std::string>, int> ensured_pools;  ///< By host and pool.
  PlacementWorld world;
  std::vector<GroupPlan> groups;               ///< File order, then those that are not in the file.
  std::deque<InstanceRecord> changed_records;  ///< Owns what `instances` points to where it differs.

  [[nodiscard]] ImageCopyKey image_copy_key(const std::string& host, const std::string& pool,
                                            const std::string& digest) const;

  /// The address by which the record knows a group.
  [[nodiscard]] const std::string& recorded_address(const std::string& group) const;

  /// VolumeBook::host_reaching() among the hosts that are not excluded.
  [[nodiscard]] std::string host_reaching(const std::string& pool, const std::string& recorded,
                                          const std::string& own) const;
  /// Does the host answer, and is it not excluded? On no other one is anything deleted.
  [[nodiscard]] bool may_work_on(const std::string& host) const;

  void error(std::string code, std::string summary, std::string hint, const std::string& place = "");
  void warn(std::string code, std::string summary, std::string hint, const std::string& place = "");

 private:
  void diagnose(Severity severity, std::string code, std::string summary, std::string hint, const std::string& place);
};

/// Where a key of a group stands in the file, for messages: "groups.web.template.disk", "machines.db1.disk".
std::string place_of(const Group& group, const std::string& key);
std::string template_place_of(const Group& group, const std::string& key);
/// The same of a key of one of its data disks, which must be one: "groups.web.template.disks[0].size".
std::string disk_place_of(const Group& group, const std::string& disk, const std::string& key);

// ---- The parts, in the order in which reconcile() calls them ------------------------------------------------------

/// `moved:` is checked, and recorded instances get the addresses that they will have. (names/moved.cpp)
void follow_moved(Planning& planning);
/// One GroupPlan for each group, with every instance's fate. (fates/decide.cpp; fates/fates.h names its parts)
void decide_fates(Planning& planning);
/// What one that stays is compared with. Refers to `planning` and `decision`. (fates/kept/kept.cpp)
InPlaceInput in_place_input(const Planning& planning, const GroupPlan& plan, const Decision& decision);
/// Is the volume on a host that has left the file, and on no other? (fates/gone.cpp)
bool is_out_of_reach(const Planning& planning, const VolumeRecord& volume);
/// The `removed:` entry that forgets it, its own or its group's; nullptr if there is none. (fates/gone.cpp)
const Removed* forgetting_entry(const Planning& planning, const InstanceAddress& address);
/// Is it on a host that has left the file: the instance, which nobody sees, with all its disks; or, of none, a disk
/// that it kept? (fates/gone.cpp)
bool is_lost(const Planning& planning, const InstanceAddress& address);
/// Does `removed:` forget it, and is it lost? Then that holds though it is wanted. Not while a host of the file is
/// silent: it may be the lost one by another name, or have been given the guest. (fates/gone.cpp)
bool is_given_up(const Planning& planning, const InstanceAddress& address);
/// Is it up, or paused? One that is off needs its files to start. (fates/kept/taken_away.cpp)
bool has_its_files_open(const LiveDomain& domain);
/// Root and data disks that its domain stands on and its pool, which says what it has, does not have.
/// (fates/kept/taken_away.cpp)
std::vector<VolumeRecord> lost_disks(const Planning& planning, const Decision& decision);
/// The domain that may stand on a volume whose instance is not recorded, or has no domain, as the subject of a
/// sentence; empty if there is none. `through`: a host that reaches the volume. (fates/located.cpp)
std::string user_of(const Planning& planning, const VolumeRecord& volume, const std::string& through);
/// One that was to be replaced, and whose domain is there, stays as it is, and drift is said to stay with it; if it is
/// off, it is started, as by whatever else holds a change back. (fates/kept/kept.cpp)
void hold_replacement(Planning& planning, const GroupPlan& plan, Decision& decision, Reason why);
/// Protection and limits: what they forbid becomes an error and is left alone. (limits.cpp)
void apply_limits(Planning& planning);
/// Which of what is to be replaced goes by turns, and what comes for it. (rollouts/succession.cpp)
void prepare_rollouts(Planning& planning);
/// More destroyed than is allowed is an error. (limits.cpp)
void check_destroyed(Planning& planning);
/// Chooses hosts for what is created or replaced; what fits nowhere is an error and is left. (steps/placing.cpp)
void place_instances(Planning& planning);
/// Lays out what `moved:` does to the record; everything else of these groups waits for it. (names/moved.cpp)
void plan_moves(Planning& planning);
/// Lays out what goes, dependents first. (steps/removal.cpp)
void plan_removals(Planning& planning);
/// Lays out what comes, changes or starts, dependencies first. (steps/growth.cpp, steps/creation.cpp)
void plan_growth(Planning& planning);
/// Image copies that nobody needs. (images/image_cleanup.cpp)
void plan_image_cleanup(Planning& planning);
/// Changes, drift and unknowns for a person, and the summary. (account.cpp)
void give_account(Planning& planning);

}  // namespace vscale
