#pragma once

#include <vector>

#include "engine/plan/planning.h"

namespace vscale {

/// Lays out what takes the domain and its volumes away, but not the record: domain.stop, domain.undefine, and a
/// volume.delete for each volume that does not stay. Returns what whoever comes next has to wait for.
std::vector<int> lay_out_retirement(Planning& planning, const GroupPlan& plan, const Decision& decision,
                                    std::vector<int> needs);

/// The same, with the record and what it takes: the instance goes for good. Returns what ends it.
int lay_out_destruction(Planning& planning, const GroupPlan& plan, Decision& decision, const std::vector<int>& needs);

/// What comes before one that is up is stopped, if the group has hooks for that: a look whether anything stands against
/// it, and the hooks. Returns what the stop waits for.
std::vector<int> lay_out_farewell(Planning& planning, const GroupPlan& plan, const Decision& decision,
                                  std::vector<int> needs);
/// The hooks of those that are taken back if it comes to no stop, or were not after an earlier one; empty if there are
/// none.
std::vector<Hook> undo_hooks(const GroupPlan& plan, const Decision& decision);

/// In a shared pool the host that made a volume is only the one through which it is worked on. Where that one cannot
/// any more, the record names another first: `own`, the instance's, or whichever can. Call it before the instance's
/// volumes are touched and before lay_out_record_changes().
void rehome_shared_volumes(Planning& planning, Decision& decision, const std::string& own);

/// The same for one volume that its guest may be using: it is worked on through the guest's host, wherever else it can
/// be reached.
void rehome_with_guest(Planning& planning, Decision& decision, VolumeRecord& volume);

/// "disk data (50 GiB) stays on kvm1": what a person must know of a disk before a plan is carried out.
Reason about_disk(Rule rule, const VolumeRecord& volume, const std::string& what_becomes_of_it);

/// Does the record or the file say `keep` of it?
bool is_kept(const GroupPlan& plan, const VolumeRecord& volume);

/// Does the volume outlive this incarnation? A disk with keep: true does, unless the whole instance goes and data loss
/// is allowed.
bool outlives(const Planning& planning, const GroupPlan& plan, const Decision& decision, const VolumeRecord& volume);

/// The data disks that go with a replaced instance for good: the file has none of their names any more. Those that the
/// next incarnation has again, empty, are not among them.
std::vector<VolumeRecord> disks_given_up(const Planning& planning, const GroupPlan& plan, const Decision& decision);

/// The disks that `destroy` deletes of an owner whose instance is gone already: with --allow-data-loss those that
/// earlier removals kept. None if the instance is still there, and none on which another domain may stand.
std::vector<VolumeRecord> leftover_disks(const Planning& planning, const InstanceAddress& owner);

/// The changes of the record that come before anything else about the instance, as one action. It waits for nothing but
/// the group's new address: it says what is so already, or claims what will be taken, and a run that ends while gates
/// are waited for must not leave the record behind what the hosts have. Returns `needs` and that action.
std::vector<int> lay_out_record_changes(Planning& planning, const GroupPlan& plan, const Decision& decision,
                                        std::vector<int> needs);

}  // namespace vscale
