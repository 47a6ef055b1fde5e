#include <fmt/format.h>
#include <fmt/ranges.h>

#include <catch2/catch.hpp>

#include "tests/engine/plan/plan_text.h"
#include "tests/engine/simulation/simulated_world.h"
#include "tests/support/builders.h"
#include "tests/support/golden.h"

/// Rolling updates over a fake cluster in virtual time, with the executor that walks them: new versions that are bad,
/// steps, and operators who say something in between.

namespace vscale::test {
namespace {

constexpr int kStoryRoundsMax = 8;
const std::string kRolled = "group.web";

UpdateStep step(Amount to, std::optional<Duration> pause = {}, std::optional<Duration> bake = {}) {
  UpdateStep step;
  step.to = to;
  step.pause = pause;
  step.bake = bake;
  return step;
}

UpdateStep until_promoted(Amount to) {
  UpdateStep held = step(to);
  held.manual_pause = true;
  return held;
}

const Amount kOne{Amount::Unit::count, 1};
const Amount kAll{Amount::Unit::percent, 100};

/// Three of web are there, all ready, of the first version.
class Rollout {
 public:
  explicit Rollout(std::uint64_t seed = 1) : world(seed) {
    world.config.groups.erase(world.config.groups.begin());  // db, which is of the same image
    web() = rolls_beside(web());
    web().depends_on.clear();
    web().update.on_failure = Update::OnFailure::pause;
    world.settle(kStoryRoundsMax);
    world.story.clear();
  }

  SimulatedWorld world;

  Group& web() { return world.group("web"); }
  Update& update() { return web().update; }
  void publish(const std::string& version = "newer") { world.images.publish("debian-12", version); }
  /// What starts from now on never answers.
  void break_image() { world.cluster.behave(GuestBehaviour{.never_boots = true}); }
  void mend_image() { world.cluster.behave(GuestBehaviour{}); }

  Plan apply() {
    Plan plan = world.plan();
    world.apply(plan);
    return plan;
  }

  void say(RolloutIntent::Kind kind) {
    const RecordedState recorded = world.recorded();
    RolloutIntent said{.group = kRolled, .kind = kind, .at = world.clock.now(), .by = "anna@ctl1"};
    said.revision = recorded.groups.at(kRolled).revision;
    if (const auto rollout = recorded.rollouts.find(kRolled); rollout != recorded.rollouts.end()) {
      said.step = rollout->second.steps_passed;
      said.failures = rollout->second.failures;
    }
    world.commit({PutRolloutIntent{said}});
  }

  /// How many are ready of each revision: {1: 2, 2: 1}.
  std::map<std::int64_t, int> ready() {
    std::map<std::int64_t, int> ready;
    for (const auto& [address, instance] : world.recorded().instances) {
      if (address.group == "web" && instance.phase == Phase::ready) ++ready[instance.revision];
    }
    return ready;
  }
  /// The name of the first one of that revision.
  std::string any_of(std::int64_t revision) {
    for (const auto& [address, instance] : world.recorded().instances) {
      if (instance.revision == revision) return instance.name;
    }
    return "";
  }
  std::int64_t stable() { return world.recorded().groups.at(kRolled).stable; }
  const RevisionRecord revision(std::int64_t number) { return world.recorded().revisions.at(kRolled).at(number); }
  bool is_in_progress() { return world.recorded().rollouts.count(kRolled) != 0; }
};

using Ready = std::map<std::int64_t, int>;

bool warns(const Plan& plan, const std::string& code) {
  return std::any_of(plan.diagnostics.begin(), plan.diagnostics.end(),
                     [&](const Diagnostic& diagnostic) { return diagnostic.code == code; });
}

// One action is performed after the other, so what an action is done in is also what others took before it.
TEST_CASE("a rolling update reads like a story, and always like the same") {
  Rollout rollout;
  rollout.world.limits = {.parallel = 1, .per_host = 1, .per_group = 1, .uploads_per_host = 1, .booting_per_host = 1};
  rollout.update().steps = {step(kOne, std::chrono::minutes{5}), step(kAll, {}, std::chrono::minutes{10})};
  rollout.publish();
  rollout.apply();
  CHECK(rollout.ready() == Ready{{2, 3}});
  CHECK(rollout.stable() == 2);
  CHECK_FALSE(rollout.is_in_progress());
  CHECK(rollout.world.plan().actions.empty());
  check_golden("execution/story_of_a_rollout.txt", fmt::format("{}\n", fmt::join(rollout.world.story, "\n")));
}

TEST_CASE("a new version that never comes up stops the rollout, and the old ones serve on") {
  Rollout rollout;
  rollout.publish();
  rollout.break_image();
  rollout.apply();
  CHECK(rollout.ready() == Ready{{1, 3}});
  CHECK(rollout.stable() == 1);

  const Plan next = rollout.world.plan();

  CHECK(next.actions.empty());
  CHECK(warns(next, "rollout_stopped"));
  CHECK(rollout.world.recorded().rollouts.at(kRolled).failures == 1);
}

TEST_CASE("a stopped rollout goes on when it is resumed, and what failed is made again") {
  Rollout rollout;
  rollout.publish();
  rollout.break_image();
  rollout.apply();
  rollout.mend_image();
  rollout.say(RolloutIntent::Kind::resume);
  rollout.apply();
  CHECK(rollout.ready() == Ready{{2, 3}});
  CHECK(rollout.stable() == 2);
  CHECK(rollout.world.plan().actions.empty());
}

TEST_CASE("with onFailure: rollback a bad version goes back by itself, and is not tried again") {
  Rollout rollout;
  rollout.update().on_failure = Update::OnFailure::rollback;
  rollout.publish();
  rollout.break_image();
  rollout.apply();
  rollout.mend_image();
  const Plan back = rollout.apply();
  REQUIRE(back.rollouts.size() == 1);
  CHECK(back.rollouts[0].back);
  CHECK(rollout.ready() == Ready{{1, 3}});
  CHECK(rollout.world.recorded().instances.size() == 3);
  CHECK(rollout.revision(2).verdict == RevisionRecord::Verdict::rolled_back);
  CHECK(rollout.stable() == 1);

  const Plan again = rollout.world.plan();
  CHECK(again.actions.empty());
  CHECK(warns(again, "rolled_back"));

  SECTION("until the file changes") {
    rollout.publish("newest");
    rollout.apply();
    CHECK(rollout.ready() == Ready{{3, 3}});
    CHECK(rollout.stable() == 3);
  }
  SECTION("or by force") {
    PlanOptions force;
    force.force = true;
    rollout.world.apply(rollout.world.plan(force));
    CHECK(rollout.ready() == Ready{{2, 3}});
    CHECK(rollout.revision(2).verdict == RevisionRecord::Verdict::wanted);
  }
  CHECK(rollout.world.plan().actions.empty());
}

TEST_CASE("what a bad version was made of is gone with it, whatever had changed in it") {
  Rollout rollout;
  rollout.update().on_failure = Update::OnFailure::rollback;
  rollout.web().instance.cloud_init.user_data = TemplateText{"#!/bin/sh\nfalse\n"};
  rollout.break_image();
  rollout.apply();
  rollout.mend_image();
  const Template before = rollout.revision(1).made_of;
  rollout.world.settle(kStoryRoundsMax);
  CHECK(rollout.ready() == Ready{{1, 3}});
  CHECK(rollout.revision(1).made_of == before);
  CHECK_FALSE(before.cloud_init.user_data.has_value());
  CHECK(rollout.revision(2).made_of.cloud_init.user_data.has_value());
  // And what is made from now on is made of the stable one.
  rollout.web().size = 4;
  rollout.world.settle(kStoryRoundsMax);
  CHECK(rollout.ready() == Ready{{1, 4}});
  CHECK(rollout.world.plan().actions.empty());
}

TEST_CASE("what is made while a rollout rests does not change where it leads, nor what is said of it") {
  Rollout rollout;
  rollout.publish();
  rollout.break_image();
  rollout.apply();
  rollout.mend_image();
  rollout.web().size = 4;
  rollout.world.settle(kStoryRoundsMax);
  CHECK(rollout.ready() == Ready{{1, 4}});
  CHECK(rollout.world.recorded().groups.at(kRolled).revision == 2);
  rollout.say(RolloutIntent::Kind::resume);
  rollout.world.settle(kStoryRoundsMax);
  CHECK(rollout.ready() == Ready{{2, 4}});
}

TEST_CASE("of several steps that come to the same number the last one counts, and is promoted once") {
  Rollout rollout;
  rollout.web().size = 2;
  rollout.world.settle(kStoryRoundsMax);
  rollout.update().steps = {step(kOne), until_promoted({Amount::Unit::percent, 50}), step(kAll)};
  rollout.publish();
  const Plan first = rollout.apply();
  CHECK(first.rollouts.at(0).held == "waits at step 2 of 3, until it is promoted");
  CHECK(rollout.world.plan().actions.empty());
  rollout.say(RolloutIntent::Kind::promote);
  rollout.apply();
  CHECK(rollout.ready() == Ready{{2, 2}});
  CHECK(rollout.world.plan().actions.empty());
}

TEST_CASE("a step that was promoted stays passed, whatever is said next") {
  Rollout rollout;
  rollout.update().steps = {until_promoted(kOne), step(kAll)};
  rollout.publish();
  rollout.apply();
  rollout.say(RolloutIntent::Kind::promote);
  rollout.break_image();
  rollout.apply();
  CHECK(warns(rollout.world.plan(), "rollout_stopped"));
  rollout.mend_image();
  rollout.say(RolloutIntent::Kind::resume);
  rollout.apply();
  CHECK(rollout.ready() == Ready{{2, 3}});
}

TEST_CASE("what is asked to be replaced while a rollout is paused goes by turns, as ever") {
  Rollout rollout;
  rollout.say(RolloutIntent::Kind::pause);
  PlanOptions options;
  options.replaces = {kRolled};
  const Plan plan = rollout.world.plan(options);
  REQUIRE(plan.rollouts.size() == 1);
  CHECK(plan.rollouts[0].lowest == 3);
  CHECK(plan.summary.replace == 3);
  CHECK(plan.summary.destroy == 0);
  rollout.world.apply(plan);
  CHECK(rollout.ready() == Ready{{1, 3}});
}

TEST_CASE("a cloud-init error fails at once, and is made again at once where that is put up with") {
  Rollout rollout;
  rollout.web().health.gates[0].kind = Gate::Kind::cloud_init;
  rollout.update().max_failures = 1;
  rollout.publish();
  rollout.world.cluster.behave(GuestBehaviour{.cloud_init_status = "error"});
  rollout.apply();
  CHECK(rollout.world.recorded().rollouts.at(kRolled).failures == 1);
  rollout.mend_image();
  rollout.apply();
  CHECK(rollout.ready() == Ready{{2, 3}});
}

TEST_CASE("a rollout that has stopped is at rest: no later plan touches what failed") {
  Rollout rollout;
  rollout.publish();
  rollout.world.cluster.behave(GuestBehaviour{.crashes_after = std::chrono::seconds{5}});
  rollout.apply();
  CHECK(rollout.ready() == Ready{{1, 3}});
  CHECK(rollout.world.plan().actions.empty());
  CHECK(rollout.world.recorded().rollouts.at(kRolled).failures == 1);
}

TEST_CASE("what is made again during a bake is looked after from its own beginning") {
  Rollout rollout;
  rollout.update().max_failures = 1;
  rollout.update().steps = {step(kAll, {}, std::chrono::minutes{10})};
  rollout.publish();
  rollout.world.cluster.behave("prod-web-4", GuestBehaviour{.crashes_after = std::chrono::minutes{9}});
  rollout.apply();
  CHECK(rollout.stable() == 1);
  rollout.mend_image();
  rollout.world.cluster.behave("prod-web-4", GuestBehaviour{});
  const Plan again = rollout.world.plan();
  const auto watch = std::find_if(again.actions.begin(), again.actions.end(), [](const Action& action) {
    return std::holds_alternative<WatchRollout>(action.detail);
  });
  REQUIRE(watch != again.actions.end());
  CHECK(std::get<WatchRollout>(watch->detail).lasts == std::chrono::minutes{10});
  rollout.world.apply(again);
  CHECK(rollout.ready() == Ready{{2, 3}});
  CHECK(rollout.stable() == 2);
}

TEST_CASE("Force overrules an undo for good, also where nothing is left to roll out") {
  Rollout rollout;
  rollout.publish();
  rollout.apply();
  rollout.say(RolloutIntent::Kind::undo);
  PlanOptions force;
  force.force = true;
  rollout.world.apply(rollout.world.plan(force));
  CHECK(rollout.world.plan().actions.empty());
  CHECK(rollout.ready() == Ready{{2, 3}});
}

TEST_CASE("a way back that is aborted stays where it is") {
  Rollout rollout;
  rollout.update().steps = {until_promoted(kOne), step(kAll)};
  rollout.publish();
  rollout.apply();
  rollout.say(RolloutIntent::Kind::promote);
  rollout.apply();
  rollout.say(RolloutIntent::Kind::undo);
  const Plan back = rollout.world.plan();
  bool said = false;
  rollout.world.before_wait = [&] {
    if (said || rollout.ready()[1] == 0) return;
    said = true;
    rollout.say(RolloutIntent::Kind::abort);
  };
  rollout.world.apply(back);
  rollout.world.before_wait = {};
  REQUIRE(said);
  const Plan rests = rollout.world.plan();
  INFO(plan_text(rests));
  CHECK(rests.actions.empty());
  CHECK(warns(rests, "rollout_stopped"));
}

TEST_CASE("a group that is recreated goes back, too, and is not tried again") {
  Rollout rollout;
  rollout.update().strategy = Update::Strategy::recreate;
  rollout.update().on_failure = Update::OnFailure::rollback;
  rollout.publish();
  rollout.break_image();
  rollout.apply();
  rollout.mend_image();
  rollout.apply();
  CHECK(rollout.ready() == Ready{{1, 3}});
  CHECK(rollout.revision(2).verdict == RevisionRecord::Verdict::rolled_back);
  CHECK(rollout.world.plan().actions.empty());
}

TEST_CASE("a version with a smaller disk goes back to one that had a larger") {
  Rollout rollout;
  rollout.update().on_failure = Update::OnFailure::rollback;
  rollout.publish();
  rollout.web().instance.disk_bytes = 10 * kGiB;
  rollout.break_image();
  rollout.apply();
  rollout.mend_image();
  rollout.apply();
  CHECK(rollout.ready() == Ready{{1, 3}});
  CHECK(rollout.world.plan().actions.empty());
}

TEST_CASE("hooks that welcome a guest are run again where they failed, and it is not counted on before") {
  Rollout rollout;
  Hook join;
  join.command = {{"/usr/bin/lb"}, {"add"}};
  rollout.web().hooks.after_ready = {join};
  rollout.update().max_failures = 1;
  rollout.publish();
  rollout.world.commands.answer = [](const Command&) {
    return CommandExit{.code = 1, .out = {}, .err = "no such pool"};
  };
  rollout.apply();
  CHECK(rollout.ready() == Ready{{1, 3}});
  rollout.world.commands.answer = {};
  rollout.apply();
  CHECK(rollout.ready() == Ready{{2, 3}});
}

TEST_CASE("failures that the file puts up with are tried again, and one more stops it") {
  Rollout rollout;
  rollout.update().max_failures = 1;
  rollout.publish();
  rollout.break_image();
  rollout.apply();
  SECTION("and it comes up the second time") {
    rollout.mend_image();
    rollout.apply();
    CHECK(rollout.ready() == Ready{{2, 3}});
  }
  SECTION("and it fails again") {
    rollout.apply();
    CHECK(rollout.ready() == Ready{{1, 3}});
    CHECK(rollout.world.recorded().rollouts.at(kRolled).failures == 2);
    CHECK(warns(rollout.world.plan(), "rollout_stopped"));
  }
}

TEST_CASE("a new version that fails in its bake goes back, whole as it is") {
  Rollout rollout;
  rollout.update().on_failure = Update::OnFailure::rollback;
  rollout.update().steps = {step(kAll, {}, std::chrono::minutes{10})};
  rollout.publish();
  rollout.world.cluster.behave(GuestBehaviour{.crashes_after = std::chrono::minutes{4}});
  rollout.apply();
  CHECK(rollout.stable() == 1);
  rollout.mend_image();
  rollout.world.settle(kStoryRoundsMax);
  CHECK(rollout.ready() == Ready{{1, 3}});
  CHECK(rollout.revision(2).verdict == RevisionRecord::Verdict::rolled_back);
}

TEST_CASE("a version that comes up and falls over a moment later has not replaced everybody by then") {
  Rollout rollout;
  rollout.publish();
  rollout.world.cluster.behave(GuestBehaviour{.crashes_after = std::chrono::seconds{8}});
  rollout.apply();
  CHECK(rollout.ready()[1] >= 2);
  CHECK(rollout.stable() == 1);
  CHECK(rollout.world.recorded().rollouts.at(kRolled).failures == 1);
  CHECK(warns(rollout.world.plan(), "rollout_stopped"));
}

TEST_CASE("the last one that falls over before the end keeps its version from being called stable") {
  Rollout rollout;
  rollout.publish();
  rollout.world.cluster.behave("prod-web-5", GuestBehaviour{.crashes_after = std::chrono::seconds{7}});
  rollout.apply();
  CHECK(rollout.stable() == 1);
  CHECK(rollout.is_in_progress());
  CHECK(rollout.world.recorded().rollouts.at(kRolled).failures == 1);
}

/// An apply, in which somebody says so as soon as the rollout rests.
RunSummary say_at_rest(Rollout& rollout, RolloutIntent::Kind kind) {
  bool said = false;
  rollout.world.before_wait = [&] {
    const auto rollouts = rollout.world.recorded().rollouts;
    const auto at = rollouts.find(kRolled);
    if (said || at == rollouts.end() || !at->second.step_reached_at) return;
    said = true;
    rollout.say(kind);
  };
  const RunSummary summary = rollout.world.apply(rollout.world.plan());
  rollout.world.before_wait = {};
  REQUIRE(said);
  return summary;
}

TEST_CASE("a bake that was cut begins anew, for nobody looked meanwhile; a pause goes on") {
  Rollout rollout;
  const bool bakes = GENERATE(true, false);
  rollout.update().steps = {until_promoted(kOne)};
  rollout.publish();
  rollout.apply();
  rollout.update().steps = {bakes ? step(kOne, {}, std::chrono::minutes{10}) : step(kOne, std::chrono::minutes{10})};
  rollout.world.clock.advance(std::chrono::minutes{4});

  const Plan next = rollout.world.plan();

  const auto rest = std::find_if(next.actions.begin(), next.actions.end(), [](const Action& action) {
    const auto* watch = std::get_if<WatchRollout>(&action.detail);
    return watch != nullptr && watch->step;
  });
  INFO(plan_text(next));
  REQUIRE(rest != next.actions.end());
  const Duration lasts = std::get<WatchRollout>(rest->detail).lasts;
  if (bakes) CHECK(lasts == std::chrono::minutes{10});
  if (!bakes) CHECK(lasts <= std::chrono::minutes{6});
}

TEST_CASE("a step that bakes and then waits for a person does not bake again with every plan") {
  Rollout rollout;
  UpdateStep baked = until_promoted(kOne);
  baked.bake = std::chrono::minutes{10};
  rollout.update().steps = {baked, step(kAll)};
  rollout.publish();
  rollout.apply();
  REQUIRE(rollout.is_in_progress());
  CHECK(rollout.world.plan().actions.empty());
}

TEST_CASE("what was promoted once waits for a person again when the file comes back to it") {
  Rollout rollout;
  rollout.update().steps = {until_promoted(kOne), step(kAll)};
  rollout.publish("second");
  rollout.apply();
  rollout.say(RolloutIntent::Kind::promote);
  rollout.apply();
  REQUIRE(rollout.stable() == 2);
  rollout.publish("third");
  rollout.apply();
  REQUIRE(rollout.ready() == Ready{{2, 2}, {3, 1}});
  rollout.publish("second");
  rollout.world.settle(kStoryRoundsMax);
  CHECK(rollout.ready() == Ready{{2, 2}, {3, 1}});
  rollout.say(RolloutIntent::Kind::promote);
  rollout.apply();
  CHECK(rollout.ready() == Ready{{2, 3}});
}

TEST_CASE("abort and undo that are said before the end keep what is there from being called stable") {
  Rollout rollout;
  const auto kind = GENERATE(RolloutIntent::Kind::abort, RolloutIntent::Kind::undo);
  rollout.publish();
  bool said = false;
  rollout.world.before_wait = [&] {
    if (said || rollout.ready()[2] < 3) return;
    said = true;
    rollout.say(kind);
  };
  rollout.apply();
  REQUIRE(said);
  CHECK(rollout.stable() == 1);
  rollout.world.before_wait = {};
  rollout.world.settle(kStoryRoundsMax);
  if (kind == RolloutIntent::Kind::undo) CHECK(rollout.ready() == Ready{{1, 3}});
  if (kind == RolloutIntent::Kind::abort) CHECK(rollout.ready()[2] == 3);
  CHECK(rollout.world.plan().actions.empty());
}

TEST_CASE("promoted while its new ones are baked, a rollout does not come to the rest after it") {
  Rollout rollout;
  UpdateStep baked = until_promoted(kOne);
  baked.bake = std::chrono::minutes{10};
  rollout.update().steps = {baked, step(kAll)};
  rollout.publish();
  const RunSummary summary = say_at_rest(rollout, RolloutIntent::Kind::promote);
  REQUIRE(summary.held.size() == 1);
  CHECK(summary.held[0].kind == RolloutIntent::Kind::promote);
  CHECK(summary.failed.empty());
  rollout.apply();
  CHECK(rollout.ready() == Ready{{2, 3}});
}

TEST_CASE("force for what was given up lets a rollout that goes well rest where it does") {
  Rollout rollout;
  rollout.update().steps = {until_promoted(kOne), step(kAll)};
  rollout.publish();
  rollout.apply();
  PlanOptions force;
  force.force = true;
  CHECK(rollout.world.plan(force).actions.empty());
}

TEST_CASE("a canary on a host that has fallen silent is not made once more while its rollout rests") {
  Rollout rollout;
  rollout.update().steps = {until_promoted(kOne), step(kAll)};
  rollout.publish();
  rollout.apply();
  rollout.say(GENERATE(RolloutIntent::Kind::pause, RolloutIntent::Kind::abort));
  for (const auto& [address, instance] : rollout.world.recorded().instances) {
    if (instance.revision == 2) rollout.world.cluster.cut(instance.host);
  }
  const Plan plan = rollout.world.plan();
  INFO(plan_text(plan));
  CHECK(plan.actions.empty());
}

TEST_CASE("a step that a person passes holds the rollout until it is promoted") {
  Rollout rollout;
  rollout.update().steps = {until_promoted(kOne), step(kAll)};
  rollout.publish();
  const Plan first = rollout.apply();
  CHECK(rollout.ready() == Ready{{1, 2}, {2, 1}});
  CHECK(first.rollouts.at(0).held == "waits at step 1 of 2, until it is promoted");
  CHECK(rollout.world.plan().actions.empty());
  CHECK(rollout.world.recorded().rollouts.at(kRolled).step_reached_at.has_value());

  SECTION("promote") {
    rollout.say(RolloutIntent::Kind::promote);
    rollout.apply();
    CHECK(rollout.ready() == Ready{{2, 3}});
    CHECK(rollout.stable() == 2);
  }
  SECTION("undo") {
    rollout.say(RolloutIntent::Kind::undo);
    rollout.apply();
    CHECK(rollout.ready() == Ready{{1, 3}});
    CHECK(rollout.revision(2).verdict == RevisionRecord::Verdict::rolled_back);
  }
  SECTION("abort") {
    rollout.say(RolloutIntent::Kind::abort);
    CHECK(rollout.world.plan().actions.empty());
    CHECK(warns(rollout.world.plan(), "rollout_stopped"));
    CHECK(rollout.ready() == Ready{{1, 2}, {2, 1}});
  }
  SECTION("a member that dies meanwhile is made of the new version, which is known to work") {
    rollout.world.cluster.remove_by_hand(rollout.any_of(1));
    rollout.apply();
    CHECK(rollout.ready() == Ready{{1, 1}, {2, 2}});
  }
  CHECK(rollout.world.plan().actions.empty());
}

TEST_CASE("undo goes back from a version that was completed long ago") {
  Rollout rollout;
  rollout.publish();
  rollout.apply();
  CHECK(rollout.stable() == 2);
  rollout.say(RolloutIntent::Kind::undo);
  rollout.apply();
  CHECK(rollout.ready() == Ready{{1, 3}});
  CHECK(rollout.stable() == 1);
  CHECK(rollout.world.plan().actions.empty());
}

TEST_CASE("a pause by hand in the middle of a run lets what has begun come to its end, and nothing more begin") {
  Rollout rollout;
  rollout.publish();
  bool said = false;
  rollout.world.before_wait = [&] {
    if (said || rollout.ready()[2] == 0) return;
    said = true;
    rollout.say(RolloutIntent::Kind::pause);
  };
  const Plan plan = rollout.world.plan();
  const RunSummary summary = rollout.world.apply(plan);
  REQUIRE(said);
  REQUIRE(summary.held.size() == 1);
  CHECK(summary.failed.empty());
  CHECK_FALSE(summary.interrupted);
  const Ready ready = rollout.ready();
  CHECK(ready.at(1) + ready.at(2) >= 3);
  CHECK(ready.at(2) < 3);
  CHECK(rollout.world.plan().actions.empty());

  rollout.world.before_wait = {};
  rollout.say(RolloutIntent::Kind::resume);
  rollout.apply();
  CHECK(rollout.ready() == Ready{{2, 3}});
}

TEST_CASE("the copies of the stable version's image stay until another one is stable") {
  Rollout rollout;
  rollout.world.config.images[0].keep = 0;
  rollout.publish();
  rollout.break_image();
  const std::string before = rollout.revision(1).image.digest;
  rollout.apply();
  const auto copies_of = [&](const std::string& digest) {
    const RecordedState recorded = rollout.world.recorded();
    return std::count_if(recorded.image_copies.begin(), recorded.image_copies.end(),
                         [&](const ImageCopyRecord& copy) { return copy.digest == digest; });
  };
  CHECK(copies_of(before) == 3);
  rollout.mend_image();
  rollout.say(RolloutIntent::Kind::resume);
  rollout.world.settle(kStoryRoundsMax);
  CHECK(rollout.stable() == 2);
  CHECK(copies_of(before) == 0);
}

}  // namespace
}  // namespace vscale::test
