#pragma once

#include <string>
#include <vector>

#include "engine/plan/plan.h"

/// The actions of a plan as the steps that a person follows.

namespace vscale {

/// One line of progress: an action, or the several small ones that make "create on kvm1".
struct Step {
  std::string name;      ///< `web-3`, `debian-12`
  std::string label;     ///< "create on kvm2, 10.0.0.54"
  int actions = 0;       ///< How many it stands for.
  bool shown = true;     ///< false: bookkeeping that nobody waits for.
  bool is_long = false;  ///< Worth saying when it begins, where nothing is redrawn.
  bool is_rest = false;  ///< Nothing is done meanwhile: a rolling update rests, or comes to a step to wait at.
};

struct Steps {
  std::vector<Step> steps;
  std::vector<std::size_t> of_action;  ///< The step of action id i stands at i - 1.
};

/// folded: what creates one instance up to its start is one step, and so is what removes one. single: every action is.
enum class StepSize { folded, single };

Steps steps_of(const Plan& plan, StepSize size);

/// What one action does: "send 412 MiB to kvm1", "wait until ready: agent, http :80/".
std::string action_label(const Action& action);

}  // namespace vscale
