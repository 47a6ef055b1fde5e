#pragma once

#include <set>
#include <string>
#include <vector>

#include "engine/execution/executor.h"
#include "engine/plan/plan.h"

/// What an approval reaches to. Where a run failed because reality had departed from its plan, another plan may be
/// carried out without asking again, as long as it stays within the envelope of the one that was approved: the same
/// addresses, no worse class, no other data disk lost. All of it is pure.

namespace vscale {

/// The most plans that one approval is good for: the approved one, and those made after it. Rolling updates have more:
/// see plans_for().
constexpr int kPlansPerApproval = 3;
/// How often a rolling update that goes on whatever fails (onFailure: continue) is planned anew.
constexpr int kPlansPerRolloutThatGoesOn = 5;

/// How many plans this approval is good for: kPlansPerApproval, and for each of its rolling updates one for every
/// failure that it puts up with, and one to go back; for a group that is recreated likewise one to go back.
int plans_for(const Plan& approved);

/// The groups that the plan rolls: by turns, or all at once.
std::set<std::string> groups_that_roll(const Plan& plan);

/// A group that the plan leads back, from a revision that was given up.
struct WayBack {
  std::string group;
  std::int64_t from = 0, to = 0;

  bool operator==(const WayBack&) const = default;
};
std::vector<WayBack> ways_back(const Plan& plan);

/// A change that nobody has approved of, and why it is one.
struct Beyond {
  enum class Why {
    other_address,  ///< The approved plan changes nothing there, or held what it would have changed.
    other_action,   ///< It changes something there, but this was not to happen to it: destroyed instead of started.
    worse_class,    ///< The same in kind, but it disrupts more.
    loses_data,     ///< A data disk that was to stay as it is would be deleted, or made anew and empty.
  };

  std::string address;
  Why why = Why::other_address;
  ChangeAction action = ChangeAction::hold;    ///< What the later plan would do.
  Disruption disruption = Disruption::none;    ///< And what it would cost.
  ChangeAction approved = ChangeAction::hold;  ///< What was approved; means nothing for other_address.
  Disruption allowed = Disruption::none;       ///< And the most it was to cost; likewise.
  std::string disk{};                          ///< Of loses_data.

  bool operator==(const Beyond&) const = default;
};

/// "other_address", "other_action", "worse_class", "loses_data".
const char* to_string(Beyond::Why why);

/// What of `again` is beyond `approved`, in the order of its changes, then lost disks of changes that are not, in the
/// order of its actions; empty: all of it may be done. What is held is never beyond, for nothing happens to it; neither
/// are copies of images, which can be sent and deleted at any time. Starting is within whatever was to be created,
/// replaced, updated or started; creating within what was to be replaced, since the old one may be gone already.
/// Everything else must be what was approved.
///
/// What an approved rolling update makes, a later plan may make again, replace or remove: it goes on after a failure,
/// or goes back, with the same budget.
///
/// Of data disks the actions tell, not the changes: one that the approved plan neither made nor deleted was to stay. A
/// pool that answers and does not show it may lie on something that is not mounted yet, after its host has come back.
std::vector<Beyond> beyond_envelope(const Plan& approved, const Plan& again);

/// Those failures of a run that came from circumstance, and so may end differently if it is planned and tried again: a
/// host that did not answer, a call that took too long, another writer who was first. Not a gate that has used up its
/// bound, nor anything that was refused or is wrong: that would only fail once more. Empty: there is no use in trying
/// again. A run that was interrupted, or that could not write the state, is not tried again whatever failed in it.
std::vector<FailedAction> failed_by_circumstance(const Plan& plan, const RunSummary& summary);

/// Those failures of a run that its updates (also of strategy recreate) answer by themselves: of instances that they
/// made. The next plan says how: it tries again, goes back, or has stopped. Nothing of a run that was interrupted, as
/// above.
std::vector<FailedAction> failed_in_rollout(const Plan& plan, const RunSummary& summary);

}  // namespace vscale
