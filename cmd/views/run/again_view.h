#pragma once

#include <string>
#include <vector>

#include "cmd/views/text/text_layout.h"
#include "engine/approval/envelope.h"
#include "engine/plan/plan.h"

/// What a person is told when a run departed from its plan and was planned again.

namespace vscale {

/// "kvm2 did not answer": why it had to be planned again, by what failed.
std::string circumstances_text(const Plan& plan, const std::vector<FailedAction>& failed);

/// "the rollout of web was paused by anna@ctl1 (too busy)"
std::string intents_text(const std::vector<RolloutIntent>& held);

/// "Rolled back: web is of revision 8 again. Revision 9 is not tried again until its template changes, or by --force."
/// One line for each rollout of the plan that went back.
std::string rolled_back_text(const Plan& plan);

/// "Planned again: kvm2 did not answer; 4 actions left, within what was approved." What `again` warns of and `approved`
/// did not follows.
std::string going_on_text(const std::string& because, const Plan& approved, const Plan& again);

/// "Left alone: what is on kvm2. With an answer from there: vscale apply"; `plan` is not complete.
std::string left_alone_text(const Plan& plan, const std::string& again);

/// "web-1: replace, but only update (live) was approved"
std::string beyond_words(const Beyond& beyond);

/// All of it as a list, under a line that says what it is; the plan itself stands above it.
std::string beyond_text(const std::vector<Beyond>& beyond, const Paint& paint);

/// More than this many are summed up.
constexpr std::size_t kBeyondListed = 12;

}  // namespace vscale
