#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cmd/rollouts/rollout_status.h"
#include "cmd/views/text/command_text.h"
#include "cmd/views/text/moment_text.h"
#include "cmd/views/text/text_layout.h"
#include "engine/ports/state_store.h"

/// How a rolling update stands, as a person and as a program reads it. Texts are at most kTextWidth wide.

namespace vscale {

/// "8>9" while it leads from one to the other, "9" else; "-" where there is none yet.
std::string revision_text(const RolloutStatus& status);

/// "rolling: 2 of 5 new", "PAUSED by anna 14:06, 0 of 3 new", "waits at step 1 of 3", "STOPPED: 1 failed, 0 allowed";
/// empty where there is nothing to say.
std::string rollout_now_text(const RolloutStatus& status, const TimeWords& times);

struct RolloutViewOptions {
  Paint paint;
  TimeWords times;
  std::vector<SayableCommand> next;
  std::optional<LockHolder> running{};  ///< Whoever is at work on the installation.
  std::vector<std::string>
      unknown{};  ///< "web-1 on kvm2": members of which nothing is known, as their hosts are silent.
};
/// `vscale rollout status`.
std::string rollout_status_text(const RolloutStatus& status, const RolloutViewOptions& options);

/// A revision of a group, for its history.
struct RevisionLine {
  RevisionRecord revision;
  bool is_stable = false;
  bool is_rolled_out = false;  ///< A rollout leads to it.
  int instances = 0;
};
/// `vscale rollout history`: `lines` in the order that they are shown in, the newest first.
std::string rollout_history_text(const std::string& group, const std::vector<RevisionLine>& lines,
                                 const TimeWords& times);

/// What was said, and what comes of it now. `running`: whoever holds the operation lock.
std::string rollout_word_text(const RolloutIntent& intent, const RolloutStatus& before,
                              const std::optional<LockHolder>& running);

/// {standing, in_progress, revision, from, to, back, image: {from, to}, fresh, ready, size, lowest, steps_passed,
/// steps, started_at, rests_since, rests_until, failures, forgiven, max_failures, failure, why, intent, undo_to}
nlohmann::ordered_json rollout_status_json(const RolloutStatus& status);
/// {number, …, stable, is_rolled_out, instances}, as schemas/json/rollout_json.h has a revision, without what it is
/// made of.
nlohmann::ordered_json revision_line_json(const RevisionLine& line);

}  // namespace vscale
