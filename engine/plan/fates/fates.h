#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/plan/planning.h"

/// What the parts of decide_fates() share: each answers one question about an instance or a group. Inside
/// engine/plan/fates only.

namespace vscale {

// ---- Is it to be looked at, and where is it? (located.cpp) ---------------------------------------------------------

/// Not left out by --target or --exclude, nor on a host that is.
bool is_in_scope(const Planning& planning, const GroupPlan& plan, const Decision& decision);
/// Leaves it as it is. `what`, such as "creating it is", says what would have been done; nullptr: nothing.
void leave_out(Decision& decision, const char* what);
/// Finds out where it is; a record follows a domain that was moved by hand. False: it is left alone.
bool locate_decision(Planning& planning, Decision& decision);
/// Leaves it because nothing is known of it, and says so.
void leave_unknown(Planning& planning, Decision& decision);
void report_drift(Planning& planning, const Decision& decision, std::string what, std::string recorded,
                  std::string live, std::string remedy);

// ---- Must it be made anew? (replaced.cpp) --------------------------------------------------------------------------

/// Finds volumes whose storage the file calls otherwise now, though it is the same pool. What the instance takes of its
/// host counts under the new names from here on.
void note_renamed_storage(Planning& planning, const GroupPlan& plan, Decision& decision);
/// What note_renamed_storage() found is called as the file does, for all that follows in this plan.
void use_new_storage_names(Planning& planning, const GroupPlan& plan, const Decision& decision);

/// The most disruptive change that both the file and the command line allow.
Disruption allowed_for(const Planning& planning, const Group& group);
/// Notes that something needs more than is allowed. What is held back is for the caller to leave out.
void hold(Decision& decision, Disruption needed, Disruption allowed);
/// Fields that cannot change in place, that are not as the instance was made, and that a new definition of its domain
/// would take from the file; `networks` if one of its cards is on a network that has left the file. Not empty: its
/// domain cannot be defined again as it is.
std::vector<std::string> fields_against_redefinition(const Planning& planning, const GroupPlan& plan,
                                                     const Decision& decision);
/// Was its definition made with other data disks than the file has, and is that for a replacement to change?
bool has_other_disks(const Planning& planning, const GroupPlan& plan, const Decision& decision);
/// Why its domain cannot be defined again, as far as its disks go; empty if it can. The new definition has the recorded
/// ones and no others: a snapshot's file would be lost, and what is not there cannot be attached.
std::string disks_against_redefinition(const Planning& planning, const GroupPlan& plan, const Decision& decision);
/// What stands against defining its domain again: empty if nothing does.
struct Obstacle {
  std::vector<std::string> fields;  ///< fields_against_redefinition()
  std::string disks;                ///< disks_against_redefinition()

  [[nodiscard]] bool empty() const { return fields.empty() && disks.empty(); }
};
Obstacle obstacle_to_redefinition(const Planning& planning, const GroupPlan& plan, const Decision& decision);
/// Notes that it would have to be defined again and cannot be. Returns why, as drift says it. What is held back is for
/// the caller to leave out. `obstacle` is not empty.
std::string hold_by(Decision& decision, const Obstacle& obstacle);
void set_replace(Decision& decision, Reason reason);
/// Why it is replaced although nothing need differ: --replace names it, or it has asked to end itself. Nothing: nobody
/// asks for that; or it did, and nothing may go or come by the word of an operator.
std::optional<Reason> why_requested(const Planning& planning, const GroupPlan& plan, const Decision& decision);
/// It is replaced for that, and what else the file would replace it for is shown with it.
void decide_requested(Planning& planning, const GroupPlan& plan, Decision& decision, Reason why);
/// Compares what cannot change in place. True: it is replaced.
bool decide_by_spec(Planning& planning, GroupPlan& plan, Decision& decision);

// ---- What does it need to go on? (kept/kept.cpp) -------------------------------------------------------------------

/// One that is wanted and located: it is kept with what it needs, or replaced, or left.
void decide_kept(Planning& planning, GroupPlan& plan, Decision& decision);
/// Those that decide_kept() found to have used up their bound: one warning for the group.
void report_stalled(Planning& planning, const GroupPlan& plan);

// ---- What was taken away from it? (kept/taken_away.cpp) ------------------------------------------------------------

/// One warning for each of its disks whose file is gone: nobody but its owner can bring it back.
void warn_of_lost_disks(Planning& planning, const Decision& decision);
/// Its domain is gone. True: a pool that would tell of its disks is off and is turned on first, or there is a snapshot
/// of one, and it is left; a definition on the disk under it would ruin both.
bool is_left_with_its_disks(Planning& planning, Decision& decision);
/// Its domain is gone, as after somebody undefined it: are its disks all where they were? Then nothing is lost that a
/// definition does not bring back.
bool can_be_defined_again(const Planning& planning, const GroupPlan& plan, const Decision& decision);
void decide_defined_again(Planning& planning, Decision& decision);
/// A seed whose file is gone is written again.
void find_lost_seed(Planning& planning, Decision& decision);
/// One that is off is not started without a disk of its own: that would fail in every plan.
void hold_start_without_disk(Planning& planning, Decision& decision);
/// What drift calls the definition that has_lost_its_definition() is about.
inline constexpr const char* kDefinition = "definition";
/// Somebody undefined it while it runs: it goes on until it is off, and then it is gone, and its root disk with it.
bool has_lost_its_definition(const Decision& decision);
/// Such a one is defined again; the guest notices nothing. Returns why it is held, as hold_by() does, or nothing.
std::string decide_definition(Planning& planning, Decision& decision, const Obstacle& obstacle);

// ---- A whole group (group_of_file.cpp, gone.cpp) -------------------------------------------------------------------

void decide_group_of_file(Planning& planning, GroupPlan& plan);
/// So many more are made, under the lowest ordinals that are free. The first `successors` of them come for others that
/// are planned, and are planned with them; the rest is if its own address is. `size`: what the group is to have.
void add_created(Planning& planning, GroupPlan& plan, int count, int successors, int size);
/// It is destroyed, whatever is left of it; but its disks are left under a foreign domain that may stand on them.
void decide_gone(Planning& planning, Decision& decision, Reason reason);
/// Why `destroy` takes this group: it was asked for, or depends on what was.
Reason reason_to_destroy(const Planning& planning, const GroupPlan& plan);
/// What `removed:` says of an instance that the file no longer wants; nullptr if nothing.
const Removed* removal_of(const Planning& planning, const GroupPlan& plan, const Decision& decision);
/// Only the record of it goes.
void decide_forgotten(Decision& decision);
/// One that is not in the file: `removed:` says what that means, and without it nothing is done.
void decide_vanished_group(Planning& planning, GroupPlan& plan);
/// Hosts that have left the file with instances on them: nothing there can be seen or done. One warning for each, with
/// the way out.
void report_lost_hosts(Planning& planning);
/// What the file says anew of networks and storage, and what was made before does not follow. One warning for each.
/// (not_followed.cpp)
void report_not_followed(Planning& planning);

}  // namespace vscale
