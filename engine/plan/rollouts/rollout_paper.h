#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "engine/plan/plan.h"
#include "engine/rollout/next_turn.h"

namespace vscale {

/// One line of a rolling update on paper.
struct RolloutEntry {
  enum class What {
    turns,      ///< A turn begins, with what is there then: its moves follow.
    comes,      ///< An instance begins to be made,
    goes,       ///< or to be removed,
    gives_way,  ///< or is removed and made again in its place.
    is_done,    ///< One that began is done: available, or gone. What begins later may rely on it.
    rests,      ///< At a step, for a time,
    holds,      ///< or until a person passes it: nothing follows.
  };

  What what = What::turns;
  std::size_t decision = 0;  ///< Of whom: a place in GroupPlan::decisions.
  int number = 0;            ///< turns: of the turn, from 1. rests, holds: of the step, from 0.
  Duration lasts{};          ///< rests
  bool passes = true;        ///< rests: the step is passed afterwards.
};

/// A rolling update as it goes if everything goes well: in which order all begins and ends. Actions are laid out from
/// it, each of them waiting for all that is done before it here. In whatever order they then really end, fewer have
/// begun to go and more have come, or as many, than here at the same line: what holds on paper at every line holds at
/// every moment.
struct RolloutPaper {
  RolloutBudget budget;
  Succession succession = Succession::beside;
  bool of_revision = false;                 ///< It leads to a revision; else only --replace asked for it.
  bool begins = false;                      ///< It is not recorded yet.
  std::optional<RolloutRecord> promoted{};  ///< The record with a step passed that an operator has passed.
  bool completes = false;                   ///< At its end every instance is of the revision, and available.
  std::vector<RolloutEntry> entries;
  std::optional<std::size_t> refused;  ///< The decision that found no place, if that is why it does not go on.
  RolloutOutline outline;
};

}  // namespace vscale
