#include "engine/rollout/course.h"

#include <catch2/catch.hpp>

#include "engine/desired/spec_hash.h"
#include "tests/support/builders.h"

namespace vscale::test {
namespace {

using Kind = Course::Kind;
using Intent = RolloutIntent::Kind;

const std::string kWeb = "group.web";

/// A group whose revision 8 is stable and whose file wants 9, which is another image.
struct Standing {
  Config config = config_with({rolls_beside(web(3))});
  ImageLock old_lock = lock_of("debian-12", 'a');
  ImageLock new_lock = lock_of("debian-12", 'b');
  RecordedState recorded = empty_state();
  bool force = false;

  Standing() {
    put(8, old_lock).completed_at = kNow;
    put(9, new_lock);
    recorded.groups[kWeb] = {kWeb, 9, hash(new_lock), "", 8};
    recorded.rollouts[kWeb] = {.group = kWeb, .from = 8, .to = 9, .started_at = kNow};
  }

  Update& update() { return config.groups[0].update; }
  RolloutRecord& rollout() { return recorded.rollouts[kWeb]; }
  RevisionRecord& revision(std::int64_t number) { return recorded.revisions[kWeb][number]; }

  std::string hash(const ImageLock& lock) { return spec_hash(config.groups[0].instance, lock.digest); }

  RevisionRecord& put(std::int64_t number, const ImageLock& lock) {
    RevisionRecord revision;
    revision.group = kWeb;
    revision.number = number;
    revision.spec_hash = hash(lock);
    revision.image = lock;
    revision.made_of = config.groups[0].instance;
    return recorded.revisions[kWeb][number] = revision;
  }

  void say(Intent kind, std::int64_t revision = 9) {
    recorded.rollout_intents[kWeb] = {.group = kWeb,
                                      .kind = kind,
                                      .revision = revision,
                                      .failures = rollout().failures,
                                      .at = kNow,
                                      .by = "anna@ctl1"};
  }

  Course course() { return course_with(new_lock); }
  Course course_with(const ImageLock& lock) {
    return course_of({.config = config,
                      .group = config.groups[0],
                      .spec_hash = hash(lock),
                      .recorded = recorded,
                      .recorded_as = kWeb,
                      .force = force});
  }
};

TEST_CASE("a rollout in progress goes on, to the revision that the file wants") {
  Standing standing;
  const Course course = standing.course();
  CHECK(course.kind == Kind::forward);
  CHECK(course.target() == 9);
  CHECK(course.made_of == nullptr);
}

TEST_CASE("what the file never had before is the next revision, and what it had is known by its number") {
  Standing standing;
  CHECK(standing.course_with(lock_of("debian-12", 'c')).target() == 10);
  CHECK(standing.course_with(standing.old_lock).target() == 8);
  standing.recorded = empty_state();
  CHECK(standing.course().target() == 1);
}

TEST_CASE("more failures than are allowed stop the rollout, send it back, or nothing, as the file says") {
  Standing standing;
  standing.update().max_failures = 1;
  standing.rollout().failures = 1;
  CHECK(standing.course().kind == Kind::forward);
  standing.rollout().failures = 2;
  standing.rollout().failure = "web-3 on kvm2: gate agent has not passed";
  SECTION("pause") {
    const Course course = standing.course();
    CHECK(course.kind == Kind::stopped);
    CHECK(course.why == "2 failed, 1 allowed");
    CHECK(course.failure == "web-3 on kvm2: gate agent has not passed");
    // What is missing meanwhile is made of what is known to work.
    REQUIRE(course.made_of != nullptr);
    CHECK(course.made_of->number == 8);
  }
  SECTION("rollback") {
    standing.update().on_failure = Update::OnFailure::rollback;
    const Course course = standing.course();
    CHECK(course.kind == Kind::back);
    CHECK(course.target() == 8);
    CHECK(course.wanted == 9);
  }
  SECTION("continue") {
    standing.update().on_failure = Update::OnFailure::proceed;
    CHECK(standing.course().kind == Kind::forward);
  }
}

TEST_CASE("a revision that was rolled back is not tried again until the file changes, or by force") {
  Standing standing;
  standing.revision(9).verdict = RevisionRecord::Verdict::rolled_back;
  standing.revision(9).why = "1 failed, 0 allowed";
  standing.recorded.rollouts.clear();
  CHECK(standing.course().kind == Kind::back);
  CHECK(standing.course().why == "1 failed, 0 allowed");
  CHECK(standing.course_with(lock_of("debian-12", 'c')).kind == Kind::forward);
  standing.force = true;
  CHECK(standing.course().kind == Kind::forward);
  CHECK(standing.course().target() == 9);
}

TEST_CASE("nothing goes back twice: where the way back fails itself, it stops") {
  Standing standing;
  standing.update().on_failure = Update::OnFailure::rollback;
  standing.revision(9).verdict = RevisionRecord::Verdict::rolled_back;
  standing.rollout() = {
      .group = kWeb, .from = 9, .to = 8, .failures = 1, .failure = "web-0: HTTP 500", .started_at = kNow};
  const Course course = standing.course();
  CHECK(course.kind == Kind::stopped);
  CHECK(course.why == "the way back has failed, too: 1 failed, 0 allowed");
  REQUIRE(course.made_of != nullptr);
  CHECK(course.made_of->number == 8);
}

TEST_CASE("a group without a completed revision cannot go back: it stops, and says so") {
  Standing standing;
  standing.update().on_failure = Update::OnFailure::rollback;
  standing.revision(8).completed_at.reset();
  standing.rollout().failures = 1;
  const Course course = standing.course();
  CHECK(course.kind == Kind::stopped);
  CHECK_FALSE(course.can_go_back);
  CHECK(course.made_of == nullptr);
}

TEST_CASE("a completed revision whose network has left the file is no way back") {
  Standing standing;
  standing.update().on_failure = Update::OnFailure::rollback;
  standing.rollout().failures = 1;
  standing.revision(8).made_of.networks[0].network = "gone";
  CHECK_FALSE(standing.course().can_go_back);
}

TEST_CASE("a pause by hand holds whatever is to be rolled out, until it is lifted") {
  Standing standing;
  standing.say(Intent::pause);
  CHECK(standing.course().kind == Kind::paused);
  CHECK(standing.course().why == "paused by anna@ctl1");
  CHECK(standing.course_with(lock_of("debian-12", 'c')).kind == Kind::paused);
  standing.say(Intent::resume);
  CHECK(standing.course().kind == Kind::forward);
}

TEST_CASE("what is missing while a complete group is paused is made of what the file has, which is stable") {
  Standing standing;
  standing.recorded.rollouts.clear();
  standing.revision(9).completed_at = kNow + Duration{1000};
  standing.recorded.groups[kWeb].stable = 9;
  standing.say(Intent::pause);
  CHECK(standing.course().kind == Kind::paused);
  CHECK(standing.course().made_of == nullptr);
  CHECK(standing.course().target() == 9);
}

TEST_CASE("force does not put up with failures: for what has stopped there is resume") {
  Standing standing;
  standing.rollout().failures = 1;
  standing.force = true;
  CHECK(standing.course().kind == Kind::stopped);
  CHECK_FALSE(standing.course().is_overruled);
  standing.revision(9).verdict = RevisionRecord::Verdict::aborted;
  CHECK(standing.course().kind == Kind::forward);
  CHECK(standing.course().is_overruled);
}

TEST_CASE("resume and promote forgive the failures so far, and none that come later") {
  Standing standing;
  standing.rollout().failures = 1;
  standing.say(GENERATE(Intent::resume, Intent::promote));
  CHECK(standing.course().kind == Kind::forward);
  CHECK(standing.course().failures == 0);
  standing.rollout().failures = 2;
  CHECK(standing.course().kind == Kind::stopped);
}

TEST_CASE("what was aborted stays as it is, until the file changes, or by force") {
  Standing standing;
  standing.say(Intent::abort);
  CHECK(standing.course().kind == Kind::stopped);
  CHECK(standing.course().why == "aborted by anna@ctl1");
  CHECK(standing.course_with(lock_of("debian-12", 'c')).kind == Kind::forward);
  standing.force = true;
  CHECK(standing.course().kind == Kind::forward);
}

TEST_CASE("undo goes back from a rollout in progress, and from one that was completed") {
  Standing standing;
  standing.say(Intent::undo);
  CHECK(standing.course().kind == Kind::back);
  CHECK(standing.course().target() == 8);
  standing.recorded.rollouts.clear();
  standing.revision(9).completed_at = kNow + Duration{1000};
  standing.recorded.groups[kWeb].stable = 9;
  CHECK(standing.course().kind == Kind::back);
  CHECK(standing.course().target() == 8);
}

TEST_CASE("an older revision that was rolled back itself is no way back") {
  Standing standing;
  standing.put(7, lock_of("debian-12", '7')).completed_at = kNow - Duration{1000};
  standing.revision(8).verdict = RevisionRecord::Verdict::rolled_back;
  standing.say(Intent::undo);
  CHECK(standing.course().target() == 7);
}

TEST_CASE("who goes back takes along what changes in place: sizes, keys and health are the file's") {
  Standing standing;
  RevisionRecord revision = standing.revision(8);
  revision.made_of.machine = "pc";
  revision.made_of.disks = {a_disk("data", 10 * kGiB)};
  Group& group = standing.config.groups[0];
  group.instance.memory_bytes = group.instance.max_memory_bytes = 8 * kGiB;
  group.instance.cloud_init.ssh_keys = {"ssh-ed25519 AAAA anna"};
  group.instance.disks = {a_disk("data", 20 * kGiB, true), a_disk("more")};

  const Group made = made_of(group, revision);

  CHECK(made.instance.machine == "pc");
  CHECK(made.instance.memory_bytes == 8 * kGiB);
  CHECK(made.instance.cloud_init.ssh_keys == group.instance.cloud_init.ssh_keys);
  REQUIRE(made.instance.disks.size() == 1);
  CHECK(made.instance.disks[0].size_bytes == 20 * kGiB);
  CHECK(made.instance.disks[0].keep);
  CHECK(made.update == group.update);
}

}  // namespace
}  // namespace vscale::test
