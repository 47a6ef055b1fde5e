#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/desired/config.h"
#include "engine/desired/group.h"
#include "engine/plan/reconcile.h"
#include "engine/recorded/recorded_state.h"

/// How the rolling update of a group stands: what `vscale status` and `vscale rollout` show of it, as values. Pure, and
/// by the record alone: only `fresh` and `ready` come from hosts. What time it is, whoever shows it knows.

namespace vscale {

/// "apply" -> `vscale -f prod.yaml apply`: the whole command with these options, as it is to be said here.
using WholeCommand = std::function<std::string(const std::string& words, const PlanOptions& options)>;

struct RolloutStatus {
  enum class Standing {
    none,         ///< Nothing is being rolled out, and nothing stands against it.
    rolling,      ///< It goes on: by the run that is at it, or by the next apply.
    rests,        ///< At a step, for a time.
    waits,        ///< At a step that only a person passes.
    paused,       ///< By hand, until `rollout resume`; also where nothing is being rolled out.
    stopped,      ///< More new instances failed than are put up with.
    going_back,   ///< It failed, or `rollout undo` was said: the next apply goes back.
    aborted,      ///< Given up as it was: nothing of it is rolled on.
    rolled_back,  ///< The newest revision was gone back from, and the file still has it.
  };

  std::string group;  ///< `group.web`
  Standing standing = Standing::none;
  std::int64_t revision = 0;      ///< The group's newest one, which an intent is about.
  std::int64_t from = 0, to = 0;  ///< From 0: none was completed. Both are `revision` where nothing is rolled out.
  bool in_progress = false;       ///< A rollout has begun and has not come to its end.
  bool back = false;              ///< It goes back: `to` was completed before `from` was made.
  std::optional<ImageLock> from_image, to_image;
  int fresh = 0, ready = 0;       ///< Ready instances of `to`, and of all revisions.
  int size = 0, lowest = 0;       ///< How many should be there, and so many ready at any time.
  std::vector<UpdateStep> steps;  ///< Of the file.
  int steps_passed = 0;
  std::optional<Instant> started_at;
  std::optional<Instant> rests_since, rests_until;  ///< At the step after those passed; until: where it is timed.
  int failures = 0, forgiven = 0, max_failures = 0;
  std::string failure;                  ///< The last of them, in a sentence.
  std::optional<RolloutIntent> intent;  ///< What was said last, as far as it is about this revision.
  std::string why;                      ///< Of a revision that was rolled back or aborted.
  std::optional<std::int64_t> undo_to;  ///< Where `rollout undo` goes back to, if there is anything.
};
/// The words that JSON has for them: none, rolling, rests, waits, paused, stopped, going_back, aborted, rolled_back.
const char* to_string(RolloutStatus::Standing standing);

/// Of the group at `address`, which the files need not have. `size`: how many instances it should have.
RolloutStatus rollout_status_of(const Config& config, const std::string& address, int size,
                                const RecordedState& recorded);

/// The same without any host: who is ready by the record counts as ready.
RolloutStatus rollout_status_by_record(const Config& config, const RecordedState& recorded, const std::string& address);

/// The stable revision; where that is the newest, the last other one that was completed and not given up, and whose
/// networks and storage the files still have.
std::optional<std::int64_t> revision_to_undo_to(const Config& config, const std::string& group,
                                                const RecordedState& recorded);

/// A command that may be said next: `rollout promote web` under "Go on:".
struct NextCommand {
  std::string lead;  ///< "Go on:", "Then:", "Back:", "Again:"
  std::string words;
  PlanOptions options{};
};
/// Is anybody at work on the installation?
enum class OtherRun { none, goes_on };
/// What a person may say to it as it stands; empty where nothing waits for one. While a run goes on another one has to
/// wait, and may find nothing left to do.
std::vector<NextCommand> next_commands(const RolloutStatus& status, OtherRun run);

/// Does it stand still until a person says something?
bool needs_a_person(const RolloutStatus& status);
/// What that person is told, above next_commands(); empty where none is needed.
std::string need_words(const RolloutStatus& status);

/// "step 1 of 3"
std::string step_words(const RolloutStatus& status);

/// "1 of 3 new"
std::string progress_words(const RolloutStatus& status);
/// "1 failed, 0 allowed"
std::string failure_words(const RolloutStatus& status);

}  // namespace vscale
