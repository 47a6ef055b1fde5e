#include "cmd/rollouts/rollout_status.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/desired/spec_hash.h"
#include "engine/recorded/wanted_size.h"
#include "engine/rollout/budget.h"
#include "engine/rollout/course.h"

namespace vscale {
namespace {

using Standing = RolloutStatus::Standing;
using Verdict = RevisionRecord::Verdict;

const RevisionRecord* find_revision(const std::string& group, std::int64_t number, const RecordedState& recorded) {
  const auto revisions = recorded.revisions.find(group);
  if (revisions == recorded.revisions.end()) return nullptr;
  const auto found = revisions->second.find(number);
  return found == revisions->second.end() ? nullptr : &found->second;
}

/// The revision that the file still has, though it was given up; nullptr: there is none. What the file had before and
/// has again keeps its number, so it need not be the last one.
const RevisionRecord* given_up_revision(const std::string& address, const Group& group, const RecordedState& recorded) {
  const auto revisions = recorded.revisions.find(address);
  if (revisions == recorded.revisions.end()) return nullptr;
  const auto lock = recorded.image_locks.find(group.instance.image);
  for (auto at = revisions->second.rbegin(); at != revisions->second.rend(); ++at) {
    // Where the image has not been read yet, nothing says that the file has changed since the last.
    const bool is_of_file =
        lock == recorded.image_locks.end() || spec_hash(group.instance, lock->second.digest) == at->second.spec_hash;
    if (is_of_file) return at->second.verdict == Verdict::wanted ? nullptr : &at->second;
  }
  return nullptr;
}

/// By the budget of the file: so many are ready at any time while all goes well.
int lowest_of(const Group& group, int size) {
  if (group.update.strategy == Update::Strategy::recreate) return 0;
  const bool in_place = !why_in_place(group).empty();
  return (in_place ? budget_without_surge(group.update, size) : budget_for(group.update, size)).least_available();
}

void read_intent(RolloutStatus& status, const RecordedState& recorded) {
  const auto found = recorded.rollout_intents.find(status.group);
  if (found == recorded.rollout_intents.end()) return;
  const RolloutIntent& intent = found->second;
  if (intent.kind == RolloutIntent::Kind::pause || intent.revision == status.revision) status.intent = intent;
}

bool says(const RolloutStatus& status, RolloutIntent::Kind kind) {
  return status.intent && status.intent->kind == kind;
}

void read_progress(RolloutStatus& status, const RolloutRecord& rollout, const RevisionRecord* from) {
  status.in_progress = true;
  status.from = rollout.from;
  status.to = rollout.to;
  // What the file had before and has again keeps its number: 5 -> 4 may be forward.
  status.back = from != nullptr && from->verdict == Verdict::rolled_back;
  status.steps_passed = rollout.steps_passed;
  status.started_at = rollout.started_at;
  status.failures = rollout.failures;
  status.failure = rollout.failure;
  const bool forgives = says(status, RolloutIntent::Kind::resume) || says(status, RolloutIntent::Kind::promote);
  if (forgives) status.forgiven = std::min(status.intent->failures, status.failures);
}

/// The step that it is at, or comes to next.
const UpdateStep* next_step(const RolloutStatus& status) {
  const auto at = static_cast<std::size_t>(status.steps_passed);
  return at < status.steps.size() ? &status.steps[at] : nullptr;
}

void read_rest(RolloutStatus& status, const RolloutRecord& rollout) {
  const UpdateStep* step = next_step(status);
  if (step == nullptr || !rollout.step_reached_at) return;
  const bool is_promoted = says(status, RolloutIntent::Kind::promote) && status.intent->step == rollout.steps_passed;
  if (is_promoted) return;
  status.rests_since = rollout.step_reached_at;
  const Duration lasts = step->bake.value_or(Duration{0}) + step->pause.value_or(Duration{0});
  if (!step->manual_pause && lasts > Duration{0}) status.rests_until = *rollout.step_reached_at + lasts;
}

bool has_failed(const RolloutStatus& status, const Group* group) {
  const bool proceeds = group != nullptr && group->update.on_failure == Update::OnFailure::proceed;
  return !proceeds && status.failures - status.forgiven > status.max_failures;
}

Standing standing_in_progress(const RolloutStatus& status, const Group* group, const RevisionRecord* to) {
  const bool is_aborted = to != nullptr && to->verdict == Verdict::aborted;
  if (is_aborted || says(status, RolloutIntent::Kind::abort)) return Standing::aborted;
  const bool can_go_back = !status.back && status.undo_to;
  if (can_go_back && says(status, RolloutIntent::Kind::undo)) return Standing::going_back;
  if (says(status, RolloutIntent::Kind::pause)) return Standing::paused;
  if (has_failed(status, group)) {
    const bool rolls_back = group != nullptr && group->update.on_failure == Update::OnFailure::rollback;
    return rolls_back && can_go_back ? Standing::going_back : Standing::stopped;
  }
  if (status.rests_until) return Standing::rests;
  if (status.rests_since && next_step(status)->manual_pause) return Standing::waits;
  return Standing::rolling;
}

/// Nothing is in progress: what became of the file's revision, and what was said.
void read_verdict(RolloutStatus& status, const Group* group, const RecordedState& recorded) {
  if (says(status, RolloutIntent::Kind::undo) && status.undo_to) {
    status.standing = Standing::going_back;
    return;
  }
  const RevisionRecord* given_up = group == nullptr ? nullptr : given_up_revision(status.group, *group, recorded);
  const bool is_still_there = given_up != nullptr && given_up->verdict == Verdict::rolled_back &&
                              given_up->number == status.revision && status.undo_to.has_value();
  if (is_still_there) {
    status.standing = Standing::going_back;
  } else if (given_up != nullptr) {
    status.standing = given_up->verdict == Verdict::aborted ? Standing::aborted : Standing::rolled_back;
    status.to = given_up->number;
  }
  if (says(status, RolloutIntent::Kind::pause)) status.standing = Standing::paused;
}

std::optional<ImageLock> image_of(const RolloutStatus& status, std::int64_t number, const RecordedState& recorded) {
  const RevisionRecord* revision = find_revision(status.group, number, recorded);
  return revision == nullptr ? std::nullopt : std::optional(revision->image);
}

std::string bare_name(const std::string& group) {
  return group.substr(group.find('.') + 1);
}

bool may_go_back(const RolloutStatus& status) {
  return status.in_progress && status.undo_to && !status.back;
}

NextCommand roll_out_again() {
  PlanOptions options;
  options.force = true;
  return {.lead = "Again:", .words = "apply", .options = options};
}

}  // namespace

const char* to_string(Standing standing) {
  switch (standing) {
    case Standing::none:
      return "none";
    case Standing::rolling:
      return "rolling";
    case Standing::rests:
      return "rests";
    case Standing::waits:
      return "waits";
    case Standing::paused:
      return "paused";
    case Standing::stopped:
      return "stopped";
    case Standing::going_back:
      return "going_back";
    case Standing::aborted:
      return "aborted";
    case Standing::rolled_back:
      return "rolled_back";
  }
  VSCALE_ASSERT(false, "a Standing without a word");
}

RolloutStatus rollout_status_of(const Config& config, const std::string& address, int size,
                                const RecordedState& recorded) {
  const Group* group = find_group(config, address);
  RolloutStatus status;
  status.group = address;
  status.size = size;
  if (group != nullptr) {
    status.lowest = lowest_of(*group, size);
    status.steps = group->update.steps;
    status.max_failures = group->update.max_failures;
  }
  if (const auto record = recorded.groups.find(address); record != recorded.groups.end()) {
    status.revision = status.to = record->second.revision;
    status.from = record->second.stable;
  }
  status.undo_to = revision_to_undo_to(config, address, recorded);
  read_intent(status, recorded);
  if (const auto rollout = recorded.rollouts.find(address); rollout != recorded.rollouts.end()) {
    read_progress(status, rollout->second, find_revision(address, rollout->second.from, recorded));
    read_rest(status, rollout->second);
    status.standing = standing_in_progress(status, group, find_revision(address, status.to, recorded));
  } else {
    status.from = status.from == 0 ? status.to : status.from;
    read_verdict(status, group, recorded);
  }
  status.from_image = image_of(status, status.from, recorded);
  status.to_image = image_of(status, status.to, recorded);
  for (const std::int64_t number : {status.from, status.to}) {
    const RevisionRecord* given_up = find_revision(address, number, recorded);
    if (given_up != nullptr && given_up->verdict != Verdict::wanted) status.why = given_up->why;
  }
  return status;
}

RolloutStatus rollout_status_by_record(const Config& config, const RecordedState& recorded,
                                       const std::string& address) {
  const Group* group = find_group(config, address);
  const int size = group == nullptr ? 0 : wanted_size(*group, recorded, address);
  RolloutStatus status = rollout_status_of(config, address, size, recorded);
  for (const auto& [instance, record] : recorded.instances) {
    if (group_address(instance) != address || record.phase != Phase::ready) continue;
    ++status.ready;
    if (record.revision == status.to) ++status.fresh;
  }
  return status;
}

std::optional<std::int64_t> revision_to_undo_to(const Config& config, const std::string& group,
                                                const RecordedState& recorded) {
  const auto record = recorded.groups.find(group);
  if (record == recorded.groups.end()) return std::nullopt;
  const RevisionRecord* back = way_back(recorded, group, record->second.revision, config);
  return back == nullptr ? std::nullopt : std::optional(back->number);
}

bool needs_a_person(const RolloutStatus& status) {
  switch (status.standing) {
    case Standing::waits:
    case Standing::paused:
    case Standing::stopped:
    case Standing::aborted:
    case Standing::rolled_back:
      return true;
    case Standing::none:
    case Standing::rolling:
    case Standing::rests:
    case Standing::going_back:
      return false;
  }
  VSCALE_ASSERT(false, "a Standing of which nobody knows whether it waits");
}

std::vector<NextCommand> next_commands(const RolloutStatus& status, OtherRun run) {
  const std::string name = bare_name(status.group);
  const NextCommand resume{.lead = "Go on:", .words = "rollout resume " + name};
  const NextCommand promote{.lead = "Go on:", .words = "rollout promote " + name};
  const NextCommand then_apply{.lead = "Then:", .words = "apply"};
  std::vector<NextCommand> commands;
  switch (status.standing) {
    case Standing::none:
      return {};
    case Standing::rolling:
    case Standing::rests:
      if (run == OtherRun::goes_on) return {};
      commands = {{.lead = "Go on:", .words = "apply"}};
      break;
    case Standing::going_back:
      if (run == OtherRun::goes_on) return {};  // It goes back by itself.
      return {{.lead = "Go on:", .words = "apply"}};
    case Standing::waits:
      commands = {promote, then_apply};
      break;
    case Standing::paused:
      commands = {resume};
      break;
    case Standing::stopped:
      commands = {resume, then_apply};
      break;
    case Standing::aborted:
      commands = {roll_out_again()};
      break;
    case Standing::rolled_back:
      return {roll_out_again()};
  }
  if (may_go_back(status)) commands.push_back({.lead = "Back:", .words = "rollout undo " + name});
  return commands;
}

std::string need_words(const RolloutStatus& status) {
  const std::string name = bare_name(status.group);
  const std::string because = status.why.empty() ? "" : ": " + status.why;
  switch (status.standing) {
    case Standing::waits:
      return fmt::format("{} waits at {}, {}. If the new ones are well (else: rollout undo):", name, step_words(status),
                         progress_words(status));
    case Standing::paused: {
      const std::string reason = status.intent->reason.empty() ? "" : ": " + status.intent->reason;
      return fmt::format("{} is paused by {}{}. Nothing of it is rolled out until it is resumed.", name,
                         status.intent->by, reason);
    }
    case Standing::stopped: {
      const std::string last = status.failure.empty() ? "" : " (" + status.failure + ")";
      return fmt::format("The rollout of {} has stopped: {}{}. To put up with that{}:", name, failure_words(status),
                         last, may_go_back(status) ? " (else: rollout undo)" : "");
    }
    case Standing::aborted:
      return fmt::format("Revision {} of {} was aborted{}. Change the file, or roll it out again:", status.to, name,
                         because);
    case Standing::rolled_back:
      return fmt::format("Revision {} of {} was rolled back{}. Change the file, or roll it out again:", status.to, name,
                         because);
    case Standing::none:
    case Standing::rolling:
    case Standing::rests:
    case Standing::going_back:
      return {};
  }
  VSCALE_ASSERT(false, "a Standing of which nobody knows whether it needs a person");
}

std::string step_words(const RolloutStatus& status) {
  return fmt::format("step {} of {}", status.steps_passed + 1, status.steps.size());
}

std::string progress_words(const RolloutStatus& status) {
  return fmt::format("{} of {} new", status.fresh, status.size);
}

std::string failure_words(const RolloutStatus& status) {
  return fmt::format("{} failed, {} allowed", status.failures - status.forgiven, status.max_failures);
}

}  // namespace vscale
