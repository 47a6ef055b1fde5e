#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/plan/planning.h"

/// Rolling updates within a plan: what goes by turns (succession.cpp), in which order and where (walk.cpp), and as
/// which actions (turns.cpp). Inside engine/plan only.

namespace vscale {

/// Do new instances of the group come beside those that they replace? Else why not, as a person reads it: empty if the
/// file says so itself.
struct Beside {
  bool possible = false;
  std::string why_not;
};
Beside comes_beside(const Planning& planning, const GroupPlan& plan);

/// Is the instance not of what the group is made of now, or on its way out, or asked to be replaced?
bool is_old(const Planning& planning, const GroupPlan& plan, const Decision& decision);

/// Is it ready, up, and has nobody found otherwise?
bool is_available(const Planning& planning, const Decision& decision);

/// It goes back, and the record does not say yet that the file's revision is bad: or the next plan would try it again,
/// though nothing of it may be there any more.
bool is_to_be_judged(const Planning& planning, const GroupPlan& plan);

/// Was it made by the rollout, ready, and is not any more? On the way back nobody is: what is stable may be ill for
/// reasons of its own.
bool is_ill(const Planning& planning, const GroupPlan& plan, const Decision& decision);

/// Why a rolling update does not touch an instance for now; nothing: it does.
std::optional<Reason> reason_to_stop(const GroupPlan& plan);

/// Finds a place for a decision that comes, beside what is booked by then: its `placed`, and true; or false, and the
/// next time it is asked again. `for_host`: of the one that it comes for, which is preferred; empty: for none.
using FindPlace = std::function<bool(Decision& decision, const std::string& for_host)>;
/// What one that goes gives back.
using GiveBack = std::function<void(const Decision& decision)>;

/// Writes `plan.rollout`. What it does not come to is left as it is, and says why. Nothing without a rolling update.
void walk_rollout(Planning& planning, GroupPlan& plan, const FindPlace& find_place, const GiveBack& give_back);

/// The rollout to the plan's revision, if one is recorded; else nullptr.
const RolloutRecord* recorded_rollout(const Planning& planning, const GroupPlan& plan);
/// A revision of the group, as it is recorded; nullptr if it is not.
const RevisionRecord* recorded_revision(const Planning& planning, const GroupPlan& plan, std::int64_t number);
/// What is recorded together with the first instance that is made of the group's revision, where nothing has done so
/// before.
std::optional<RevisionRecord> revision_to_record(const Planning& planning, const GroupPlan& plan);

/// Lays out that a rollout to the group's revision begins, from revision `from`. Returns what everything in it waits
/// for.
std::vector<int> lay_out_beginning(Planning& planning, const GroupPlan& plan, std::int64_t from,
                                   std::vector<int> needs);
/// Lays the rollout out after `needs`. Returns what whoever comes after all of it has to wait for.
std::vector<int> lay_out_rollout(Planning& planning, GroupPlan& plan, std::vector<int> needs);
/// What comes before all else of a group where --force is given. Returns what whoever comes next waits for.
std::vector<int> lay_out_overruling(Planning& planning, GroupPlan& plan, std::vector<int> needs);
/// The record learns that every instance is of the group's revision, where the plan leads to that and the record does
/// not say so yet. `done`: what that follows from.
void lay_out_completion(Planning& planning, GroupPlan& plan, std::vector<int> done);

}  // namespace vscale
