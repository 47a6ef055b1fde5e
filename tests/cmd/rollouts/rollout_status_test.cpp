#include "cmd/rollouts/rollout_status.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "cmd/rollouts/rollout_word.h"
#include "cmd/views/rollout/rollout_view.h"
#include "tests/cmd/rollouts/rollout_records.h"
#include "tests/support/golden.h"

namespace vscale::test {
namespace {

using Kind = RolloutIntent::Kind;
using Standing = RolloutStatus::Standing;

const SaidBy kAnna{.user = "anna@ctl1", .reason = "wrong kernel", .at = rollout_noon()};
const TimeWords kTimes{.now = rollout_noon() + std::chrono::minutes{6},
                       .time_of_day = [](Instant at) { return rfc3339(at).substr(11, 8); }};

const WholeCommand kCommand = [](const std::string& words, const PlanOptions& options) {
  return "vscale " + words + (options.force ? " --force" : "");
};

RolloutStatus status_of_web(const RecordedState& recorded, const Group& group = rolled_group()) {
  RolloutStatus status = rollout_status_of(config_of(group), "group.web", 3, recorded);
  status.fresh = 1;
  status.ready = 3;
  return status;
}

RolloutRecord& rollout_in(RecordedState& recorded) {
  return recorded.rollouts.at("group.web");
}

/// It has come to its first or its second step, two minutes after noon.
RecordedState record_at_step(int steps_passed) {
  RecordedState recorded = rolling_record();
  rollout_in(recorded).steps_passed = steps_passed;
  rollout_in(recorded).step_reached_at = rollout_noon() + std::chrono::minutes{2};
  return recorded;
}

RecordedState record_with(Kind kind, RecordedState recorded = rolling_record()) {
  recorded.rollout_intents["group.web"] = said(kind, kind == Kind::pause ? "wrong kernel" : "");
  return recorded;
}

RecordedState failed_record() {
  RecordedState recorded = rolling_record();
  rollout_in(recorded).failures = 1;
  rollout_in(recorded).failure = "web-3: gate http :80/health: 503, want 200, after 5m";
  return recorded;
}

/// Revision 9 was given up: nothing is in progress, and the group is of 8 again.
RecordedState record_after(RevisionRecord::Verdict verdict) {
  RecordedState recorded = rolling_record();
  recorded.rollouts.clear();
  recorded.groups["group.web"].revision = 8;
  recorded.revisions["group.web"][9].verdict = verdict;
  recorded.revisions["group.web"][9].why = "1 failed, 0 allowed: web-3 answers 503";
  return recorded;
}

/// Revision 9 was completed.
RecordedState completed_record() {
  RecordedState recorded = rolling_record();
  recorded.rollouts.clear();
  recorded.groups["group.web"].stable = 9;
  recorded.revisions["group.web"][9].completed_at = rollout_noon();
  return recorded;
}

std::string now_of_web(const RecordedState& recorded, const Group& group = rolled_group()) {
  return rollout_now_text(status_of_web(recorded, group), kTimes);
}

std::string refusal_of(Kind kind, const RecordedState& recorded) {
  const auto intent = rollout_intent_of(kind, status_of_web(recorded), kAnna, kCommand);
  return intent ? "" : to_string(intent.error());
}

}  // namespace

TEST_CASE("a rolling update that goes on says how far it is") {
  const RolloutStatus status = status_of_web(rolling_record());
  CHECK(status.standing == Standing::rolling);
  CHECK(revision_text(status) == "8>9");
  CHECK(rollout_now_text(status, kTimes) == "rolling: 1 of 3 new");
  CHECK_FALSE(needs_a_person(status));
}

TEST_CASE("what the file had before and has again keeps its number, and is rolled out forward") {
  RecordedState recorded = rolling_record();
  rollout_in(recorded).from = 9;
  rollout_in(recorded).to = 8;
  recorded.groups["group.web"].revision = 8;
  recorded.groups["group.web"].stable = 9;
  recorded.revisions["group.web"][9].completed_at = rollout_noon();
  const RolloutStatus status = status_of_web(recorded);
  CHECK_FALSE(status.back);
  CHECK(status.undo_to == 9);
  CHECK(rollout_now_text(status, kTimes) == "rolling: 1 of 3 new");
  CHECK(refusal_of(Kind::undo, recorded).empty());
}

TEST_CASE("a second undo does not give up what the first one went back to") {
  const RecordedState recorded = record_after(RevisionRecord::Verdict::rolled_back);
  CHECK(
      refusal_of(Kind::undo, recorded) ==
      "revision 9 of web was rolled back: there is nothing more to undo; change the file, or roll it out again: vscale "
      "apply --force");
}

TEST_CASE("a rolling update at a timed step rests until its time has passed, and at a manual one waits for a person") {
  CHECK(now_of_web(record_at_step(0)) == "rests at step 1 of 3 until 14:07, 1 of 3 new");
  CHECK(now_of_web(record_at_step(1)) == "waits at step 2 of 3, 1 of 3 new");
  CHECK(now_of_web(record_at_step(2)) == "rests at step 3 of 3 until 14:12, 1 of 3 new");
  CHECK(status_of_web(record_at_step(1)).standing == Standing::waits);
  CHECK(needs_a_person(status_of_web(record_at_step(1))));
}

TEST_CASE("a step that was promoted is waited at no more, and another one is") {
  RecordedState recorded = record_with(Kind::promote, record_at_step(1));
  recorded.rollout_intents["group.web"].step = 1;
  CHECK(status_of_web(recorded).standing == Standing::rolling);
  recorded.rollout_intents["group.web"].step = 0;
  CHECK(status_of_web(recorded).standing == Standing::waits);
}

TEST_CASE("a pause holds whatever revision it was said of, and also where nothing is rolled out") {
  RecordedState recorded = record_with(Kind::pause);
  recorded.rollout_intents["group.web"].revision = 3;
  CHECK(now_of_web(recorded) == "PAUSED by anna 14:04, 1 of 3 new");
  recorded.rollouts.clear();
  recorded.groups["group.web"].stable = 9;
  CHECK(now_of_web(recorded) == "PAUSED by anna 14:04");
  CHECK(revision_text(status_of_web(recorded)) == "9");
}

TEST_CASE("what was said of an older revision means nothing to this one") {
  for (const Kind kind : {Kind::abort, Kind::undo, Kind::resume}) {
    RecordedState recorded = record_with(kind);
    recorded.rollout_intents["group.web"].revision = 8;
    CHECK(status_of_web(recorded).standing == Standing::rolling);
    CHECK_FALSE(status_of_web(recorded).intent);
  }
}

TEST_CASE("more failures than are allowed stop a rolling update, until they are forgiven") {
  RecordedState recorded = failed_record();
  CHECK(now_of_web(recorded) == "STOPPED: 1 failed, 0 allowed, 1 of 3 new");
  Group lenient = rolled_group();
  lenient.update.max_failures = 1;
  CHECK(status_of_web(recorded, lenient).standing == Standing::rolling);
  lenient = rolled_group();
  lenient.update.on_failure = Update::OnFailure::proceed;
  CHECK(status_of_web(recorded, lenient).standing == Standing::rolling);

  recorded = record_with(Kind::resume, recorded);
  recorded.rollout_intents["group.web"].failures = 1;
  CHECK(status_of_web(recorded).standing == Standing::rolling);
  rollout_in(recorded).failures = 2;
  CHECK(now_of_web(recorded) == "STOPPED: 1 failed, 0 allowed, 1 of 3 new");
}

TEST_CASE("a failed rolling update goes back by itself only where the file says so and there is somewhere to go") {
  Group group = rolled_group();
  group.update.on_failure = Update::OnFailure::rollback;
  RecordedState recorded = failed_record();
  CHECK(status_of_web(recorded, group).standing == Standing::going_back);
  CHECK(now_of_web(recorded, group) == "goes back to revision 8");
  recorded.revisions["group.web"].erase(8);
  CHECK(status_of_web(recorded, group).standing == Standing::stopped);
}

TEST_CASE("undo and abort take effect when they are said, before the next apply has seen them") {
  CHECK(status_of_web(record_with(Kind::undo)).standing == Standing::going_back);
  CHECK(status_of_web(record_with(Kind::abort)).standing == Standing::aborted);
  CHECK(now_of_web(record_with(Kind::abort)) == "ABORTED, 1 of 3 new");
}

TEST_CASE("while it goes back the revisions stand the other way round") {
  RecordedState recorded = rolling_record();
  recorded.groups["group.web"].revision = 8;
  recorded.revisions["group.web"][9].verdict = RevisionRecord::Verdict::rolled_back;
  rollout_in(recorded).from = 9;
  rollout_in(recorded).to = 8;
  const RolloutStatus status = status_of_web(recorded);
  CHECK(status.back);
  CHECK(revision_text(status) == "9>8");
  CHECK(rollout_now_text(status, kTimes) == "rolling back: 1 of 3 new");
}

TEST_CASE("a revision that was rolled back is told of until the file has another one") {
  RecordedState recorded = record_after(RevisionRecord::Verdict::rolled_back);
  CHECK(now_of_web(recorded) == "revision 9 ROLLED BACK");
  CHECK(revision_text(status_of_web(recorded)) == "8>9");
  recorded.image_locks["debian-12"].digest = recorded.revisions["group.web"][8].image.digest;
  CHECK(now_of_web(recorded).empty());
  CHECK(revision_text(status_of_web(recorded)) == "8");
}

TEST_CASE("what may always be missing comes from the budget of the file") {
  const auto lowest = [](Amount surge, Amount unavailable, int size) {
    Group group = rolled_group();
    group.update.max_surge = surge;
    group.update.max_unavailable = unavailable;
    return rollout_status_of(config_of(group), "group.web", size, rolling_record()).lowest;
  };
  const auto count = [](int value) { return Amount{Amount::Unit::count, value}; };
  const auto percent = [](int value) { return Amount{Amount::Unit::percent, value}; };
  CHECK(lowest(count(1), count(0), 3) == 3);
  CHECK(lowest(count(0), count(2), 3) == 1);
  CHECK(lowest(count(0), count(5), 3) == 0);
  CHECK(lowest(percent(10), percent(0), 3) == 3);   // surge rounds up
  CHECK(lowest(percent(25), percent(50), 3) == 2);  // unavailable rounds down
  CHECK(lowest(percent(0), percent(10), 3) == 2);   // both would be nothing
  Group group = rolled_group();
  group.instance.disks = {{.name = "data", .size_bytes = kGiB, .storage = {}, .keep = true}};
  CHECK(rollout_status_of(config_of(group), "group.web", 3, rolling_record()).lowest == 2);
  group.update.strategy = Update::Strategy::recreate;
  CHECK(rollout_status_of(config_of(group), "group.web", 3, rolling_record()).lowest == 0);
}

TEST_CASE("undo goes to the last revision that was completed, other than the newest and those that were given up") {
  Config config = config_of(rolled_group());
  CHECK(revision_to_undo_to(config, "group.web", rolling_record()) == 8);
  CHECK(revision_to_undo_to(config, "group.web", completed_record()) == 8);
  CHECK_FALSE(revision_to_undo_to(config, "group.web", RecordedState{}));
  RecordedState recorded = completed_record();
  recorded.groups["group.web"].revision = 8;
  recorded.revisions["group.web"][9].verdict = RevisionRecord::Verdict::rolled_back;
  CHECK_FALSE(revision_to_undo_to(config, "group.web", recorded));
  config.storage.clear();
  CHECK_FALSE(revision_to_undo_to(config, "group.web", rolling_record()));
}

TEST_CASE("what an operator says is recorded with the revision, the step and the failures that it is about") {
  RecordedState recorded = failed_record();
  const auto resumed = rollout_intent_of(Kind::resume, status_of_web(recorded), kAnna, kCommand);
  REQUIRE(resumed.ok());
  CHECK(*resumed == RolloutIntent{.group = "group.web",
                                  .kind = Kind::resume,
                                  .revision = 9,
                                  .step = 0,
                                  .failures = 1,
                                  .at = kAnna.at,
                                  .by = "anna@ctl1",
                                  .reason = "wrong kernel"});
  const auto promoted = rollout_intent_of(Kind::promote, status_of_web(record_at_step(1)), kAnna, kCommand);
  REQUIRE(promoted.ok());
  CHECK(promoted->step == 1);
  CHECK(promoted->failures == 0);
}

TEST_CASE("words that mean something as things stand are taken") {
  CHECK(refusal_of(Kind::pause, rolling_record()).empty());
  CHECK(refusal_of(Kind::pause, completed_record()).empty());
  CHECK(refusal_of(Kind::resume, record_with(Kind::pause)).empty());
  CHECK(refusal_of(Kind::resume, failed_record()).empty());
  CHECK(refusal_of(Kind::promote, record_at_step(0)).empty());
  CHECK(refusal_of(Kind::promote, record_at_step(1)).empty());
  CHECK(refusal_of(Kind::abort, rolling_record()).empty());
  CHECK(refusal_of(Kind::undo, rolling_record()).empty());
  CHECK(refusal_of(Kind::undo, completed_record()).empty());
}

TEST_CASE("words that mean nothing as things stand are refused, with what may be said instead") {
  RecordedState without_a_way_back = rolling_record();
  without_a_way_back.revisions["group.web"].erase(8);
  const auto error = [](Kind kind, const RecordedState& recorded) {
    const auto intent = rollout_intent_of(kind, status_of_web(recorded), kAnna, kCommand);
    REQUIRE_FALSE(intent.ok());
    return fmt::format("rollout {}\n  {}\n  hint: {}\n", to_string(kind), intent.error().message, intent.error().hint);
  };
  check_golden("cmd/rollout/refusals.txt",
               error(Kind::promote, completed_record()) + error(Kind::promote, rolling_record()) +
                   error(Kind::promote, record_with(Kind::pause, record_at_step(1))) +
                   error(Kind::resume, rolling_record()) + error(Kind::resume, record_at_step(1)) +
                   error(Kind::abort, completed_record()) + error(Kind::abort, record_with(Kind::abort)) +
                   error(Kind::pause, record_with(Kind::abort)) + error(Kind::undo, without_a_way_back) +
                   error(Kind::undo, record_with(Kind::undo)) +
                   error(Kind::resume, record_after(RevisionRecord::Verdict::rolled_back)));
}

TEST_CASE("how a rolling update stands, with what to say next") {
  const auto shown = [](const RecordedState& recorded) {
    const RolloutStatus status = status_of_web(recorded);
    std::vector<SayableCommand> next;
    for (const auto& one : next_commands(status, OtherRun::none)) {
      next.push_back({one.lead, "vscale " + one.words + (one.options.force ? " --force" : "")});
    }
    return rollout_status_text(status, {.paint = {}, .times = kTimes, .next = next}) + "%%\n";
  };
  RecordedState resumed = record_with(Kind::resume, failed_record());
  resumed.rollout_intents["group.web"].failures = 1;
  check_golden("cmd/rollout/status.txt",
               shown(rolling_record()) + shown(record_at_step(0)) + shown(record_at_step(1)) +
                   shown(record_with(Kind::pause, record_at_step(1))) + shown(failed_record()) + shown(resumed) +
                   shown(record_with(Kind::abort)) + shown(record_with(Kind::undo)) +
                   shown(record_after(RevisionRecord::Verdict::rolled_back)) + shown(completed_record()));
}

TEST_CASE("while a run goes on nobody is told to begin another one") {
  CHECK(next_commands(status_of_web(rolling_record()), OtherRun::goes_on).empty());
  CHECK(next_commands(status_of_web(record_at_step(0)), OtherRun::goes_on).empty());
  CHECK(next_commands(status_of_web(record_with(Kind::undo)), OtherRun::goes_on).empty());
  const LockHolder bob{
      .id = "id-1", .operation = "apply", .user = "bob", .host = "ctl1", .pid = 812, .since = rollout_noon()};
  const std::string shown =
      rollout_status_text(status_of_web(rolling_record()), {.paint = {}, .times = kTimes, .next = {}, .running = bob});
  CHECK(shown.find("  run   apply by bob@ctl1 (pid 812), since 14:00\n") != std::string::npos);
}

TEST_CASE("what a person has to do about a rolling update") {
  std::string all;
  for (const auto& recorded : {record_at_step(1), record_with(Kind::pause), failed_record(), record_with(Kind::abort),
                               record_after(RevisionRecord::Verdict::rolled_back)}) {
    const RolloutStatus status = status_of_web(recorded);
    all += need_words(status) + "\n";
    for (const auto& one : next_commands(status, OtherRun::none))
      all += "  " + one.words + (one.options.force ? " --force\n" : "\n");
  }
  check_golden("cmd/rollout/needs.txt", all);
}

TEST_CASE("the history of a group tells what became of each revision, the newest first") {
  const RecordedState recorded = record_after(RevisionRecord::Verdict::rolled_back);
  std::vector<RevisionLine> lines;
  lines.push_back({.revision = recorded.revisions.at("group.web").at(9), .instances = 0});
  lines.push_back({.revision = recorded.revisions.at("group.web").at(8), .is_stable = true, .instances = 3});
  check_golden("cmd/rollout/history.txt", rollout_history_text("group.web", lines, kTimes) + "%%\n" +
                                              rollout_history_text("group.web", {}, kTimes));
}

TEST_CASE("what is answered to a word says what happens now, also to a run that is at it") {
  const LockHolder bob{
      .id = "id-1", .operation = "apply", .user = "bob", .host = "ctl1", .pid = 812, .since = rollout_noon()};
  std::string all;
  for (const Kind kind : {Kind::pause, Kind::resume, Kind::promote, Kind::abort, Kind::undo}) {
    const RecordedState before = kind == Kind::promote  ? record_at_step(1)
                                 : kind == Kind::resume ? failed_record()
                                                        : rolling_record();
    all += rollout_word_text(said(kind), status_of_web(before), std::nullopt);
    all += rollout_word_text(said(kind), status_of_web(before), bob) + "%%\n";
  }
  check_golden("cmd/rollout/words.txt", all);
}

TEST_CASE("how a rolling update stands, as a document") {
  const auto document = rollout_status_json(status_of_web(record_with(Kind::pause, record_at_step(0))));
  CHECK(document.at("standing") == "paused");
  CHECK(document.at("from") == 8);
  CHECK(document.at("to") == 9);
  CHECK(document.at("image").at("to").at("digest") == "sha256:41c7a2e09b2f1d33");
  CHECK(document.at("rests_until") == "2026-05-04T14:07:00.000Z");
  CHECK(document.at("intent").at("by") == "anna@ctl1");
  CHECK(document.at("undo_to") == 8);
}

}  // namespace vscale::test
