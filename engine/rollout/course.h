#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/desired/config.h"
#include "engine/recorded/recorded_state.h"

/// Which way a group's rolling update goes: on to what the file wants, back to what was stable, or nowhere.

namespace vscale {

/// What the file wants a group to be made of, and what is recorded of it.
struct CourseInput {
  const Config& config;
  const Group& group;
  std::string spec_hash;  ///< Of the file's template.
  const RecordedState& recorded;
  std::string recorded_as;  ///< The group's address in the record: before `moved:`, if it was moved.
  bool force = false;       ///< What was rolled back or aborted is rolled out again.
  Instant now{};
};

struct Course {
  enum class Kind {
    forward,  ///< To the file's revision. Also where there is nothing to roll out.
    back,     ///< To the stable revision: the file's was found to be bad, or was undone.
    stopped,  ///< Nowhere: what is there stays, and what is missing is made of the stable revision.
    paused,   ///< Likewise, since an operator said so.
  };

  Kind kind = Kind::forward;
  std::int64_t wanted = 1;  ///< The number of the file's revision: the recorded one, or the next.
  /// What new instances are made of; nullptr: of the file's template, as it is. Points into `recorded`.
  const RevisionRecord* made_of = nullptr;
  std::string why;              ///< stopped, paused and back: in a sentence.
  std::string failure;          ///< What failed last, if that is why.
  int failures = 0;             ///< Of the present rollout, without those that were forgiven.
  bool is_aborted = false;      ///< stopped: by `rollout abort`, which nothing but the file or `force` overrules.
  bool was_going_back = false;  ///< Or goes back: to the stable revision, not to the file's.
  bool is_overruled = false;    ///< forward: by `force`, what was rolled back, undone or aborted.
  std::optional<Suspension::Process> suspended{};  ///< paused: by this being suspended.
  bool can_go_back = true;  ///< false: it would have gone back, and there is no revision to go back to.

  /// What a rollout of this plan leads to.
  [[nodiscard]] std::int64_t target() const { return made_of != nullptr ? made_of->number : wanted; }
};

/// Pure. The rules, in this order:
///  - A revision that was rolled back, or undone by an operator, is not tried again: back, until the file changes or
///    `force`. Where the way back fails itself, it stops: nothing goes back twice.
///  - One that was aborted stops where it is.
///  - A pause holds until `rollout resume`, whatever is to be rolled out. So does a suspension of what a rollout does:
///    update, launch or terminate.
///  - More failures than maxFailures: update.onFailure says whether it stops, goes back, or goes on.
/// Back is the last completed revision that is not itself condemned, and whose networks and storage the file still has;
/// without one it stops.
Course course_of(const CourseInput& input);

/// What a rollout goes back to from revision `from`: the stable one, or where that is `from` the last one that was
/// completed before; none that is condemned itself, nor one whose networks and storage have left `config`. nullptr if
/// there is none. Points into `recorded`.
const RevisionRecord* way_back(const RecordedState& recorded, const std::string& recorded_as, std::int64_t from,
                               const Config& config);

/// The group as the file has it, made of a revision: of what cannot change in place the revision's, of all else (sizes,
/// keys for ssh, placement, health, hooks) the file's; but of disks the larger size, for none can shrink.
Group made_of(const Group& group, const RevisionRecord& revision);

}  // namespace vscale
