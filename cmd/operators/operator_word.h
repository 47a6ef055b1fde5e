#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cmd/invocation/arguments.h"
#include "cmd/rollouts/rollout_word.h"
#include "engine/desired/config.h"
#include "engine/ports/state_store.h"
#include "engine/recorded/recorded_state.h"
#include "engine/values/result.h"

/// What an operator says by one command, but of rolling updates: what is recorded of it, and what is told. Pure.

namespace vscale {

struct OperatorSaid {
  std::string address;                ///< `group.web`, `group.web[2]`
  std::vector<RecordChange> changes;  ///< Never empty.
  std::string kind;                   ///< Of the event: scale, suspend, …
  std::string text;                   ///< What holds from here on: "web: 5 wanted, was 3; held for 1h"
  bool is_done = false;               ///< Nothing has to be done about it: it only forbids, or allows again.
};

/// `invalid` where it means nothing as things stand, with how they stand and what may be said instead; `not_found` for
/// a group or an instance that nobody has.
Result<OperatorSaid> operator_word(const ScaleArguments& arguments, const Config& config, const RecordedState& recorded,
                                   const SaidBy& by);
Result<OperatorSaid> operator_word(const SuspendArguments& arguments, const Config& config,
                                   const RecordedState& recorded, const SaidBy& by);
Result<OperatorSaid> operator_word(const ResumeArguments& arguments, const Config& config,
                                   const RecordedState& recorded, const SaidBy& by);
Result<OperatorSaid> operator_word(const ProtectArguments& arguments, const Config& config,
                                   const RecordedState& recorded, const SaidBy& by);
Result<OperatorSaid> operator_word(const UnprotectArguments& arguments, const Config& config,
                                   const RecordedState& recorded, const SaidBy& by);
Result<OperatorSaid> operator_word(const RestartArguments& arguments, const Config& config,
                                   const RecordedState& recorded, const SaidBy& by);
Result<OperatorSaid> operator_word(const StopArguments& arguments, const Config& config, const RecordedState& recorded,
                                   const SaidBy& by);
Result<OperatorSaid> operator_word(const StartArguments& arguments, const Config& config, const RecordedState& recorded,
                                   const SaidBy& by);

}  // namespace vscale
