#include "cmd/rollouts/rollout_word.h"

#include <fmt/format.h>

namespace vscale {
namespace {

using Kind = RolloutIntent::Kind;
using Standing = RolloutStatus::Standing;

std::string name_of(const RolloutStatus& status) {
  return status.group.substr(status.group.find('.') + 1);
}

std::string revisions_words(const RolloutStatus& status) {
  return status.from == 0 || status.from == status.to ? fmt::format("to revision {}", status.to)
                                                      : fmt::format("{} -> {}", status.from, status.to);
}

/// "the rollout 8 -> 9 of web is paused by anna@ctl1"
std::string how_it_stands(const RolloutStatus& status) {
  const std::string name = name_of(status);
  const std::string rollout = fmt::format("the rollout {} of {}", revisions_words(status), name);
  const std::string by = status.intent ? status.intent->by : "";
  switch (status.standing) {
    case Standing::none:
      return fmt::format("nothing of {} is being rolled out", name);
    case Standing::rolling:
      return rollout + " is rolling";
    case Standing::rests:
    case Standing::waits:
      return fmt::format("{} rests at {}", rollout, step_words(status));
    case Standing::paused:
      return fmt::format("{} is paused by {}", status.in_progress ? rollout : name, by);
    case Standing::stopped:
      return fmt::format("{} has stopped: {}", rollout, failure_words(status));
    case Standing::going_back:
      return fmt::format("{} goes back to revision {} with the next apply", name, status.undo_to.value_or(0));
    case Standing::aborted:
      return fmt::format("revision {} of {} was aborted", status.to, name);
    case Standing::rolled_back:
      return fmt::format("revision {} of {} was rolled back", status.to, name);
  }
  VSCALE_ASSERT(false, "a Standing that nobody can say");
}

std::string hint_for(const RolloutStatus& status, const WholeCommand& command) {
  const std::string name = name_of(status);
  switch (status.standing) {
    case Standing::none:
    case Standing::rolling:
    case Standing::rests:
      return "how it stands: " + command("rollout status " + name, {});
    case Standing::waits:
      return "it goes on after: " + command("rollout promote " + name, {});
    case Standing::paused:
    case Standing::stopped:
      return "it goes on after: " + command("rollout resume " + name, {});
    case Standing::going_back:
      return "go on with: " + command("apply", {});
    case Standing::aborted:
    case Standing::rolled_back: {
      PlanOptions again;
      again.force = true;
      return "change the file, or roll it out again: " + command("apply", again);
    }
  }
  VSCALE_ASSERT(false, "a Standing without a hint");
}

/// Why it means nothing now; empty: it does mean something.
std::string objection(Kind kind, const RolloutStatus& status) {
  const bool is_given_up = status.standing == Standing::aborted || status.standing == Standing::going_back;
  switch (kind) {
    case Kind::pause:
      return status.in_progress && is_given_up ? "there is nothing to pause" : "";
    case Kind::resume:
      if (status.standing == Standing::paused || status.standing == Standing::stopped) return "";
      return "there is nothing to resume";
    case Kind::promote:
      if (status.standing == Standing::waits || status.standing == Standing::rests) return "";
      if (status.standing == Standing::stopped && status.rests_since) return "";
      return "there is no rest to end";
    case Kind::abort:
      return !status.in_progress || is_given_up ? "there is nothing to abort" : "";
    case Kind::undo:
      if (status.standing == Standing::going_back || status.back) return "there is nothing more to undo";
      // A second word would give up the version that was gone back to.
      if (status.standing == Standing::rolled_back) return "there is nothing more to undo";
      if (status.undo_to) return "";
      return fmt::format("no other revision of {} was completed, so there is none to go back to", name_of(status));
  }
  VSCALE_ASSERT(false, "an intent that nobody judges");
}

/// Where there is no revision to go back to, the history shows why.
std::string hint_for(Kind kind, const RolloutStatus& status, const WholeCommand& command) {
  const bool is_back = status.standing == Standing::rolled_back;
  const bool has_no_way_back = kind == Kind::undo && !status.undo_to && !is_back;
  if (has_no_way_back) return "what there was: " + command("rollout history " + name_of(status), {});
  return hint_for(status, command);
}

}  // namespace

Result<RolloutIntent> rollout_intent_of(Kind kind, const RolloutStatus& status, const SaidBy& said,
                                        const WholeCommand& command) {
  if (const std::string why = objection(kind, status); !why.empty()) {
    return Error{.kind = ErrorKind::invalid,
                 .message = fmt::format("{}: {}", how_it_stands(status), why),
                 .detail = {},
                 .hint = hint_for(kind, status, command)};
  }
  const bool forgives = kind == Kind::resume || kind == Kind::promote;
  return RolloutIntent{.group = status.group,
                       .kind = kind,
                       .revision = status.revision,
                       .step = kind == Kind::promote ? status.steps_passed : 0,
                       .failures = forgives ? status.failures : 0,
                       .at = said.at,
                       .by = said.user,
                       .reason = said.reason};
}

}  // namespace vscale
