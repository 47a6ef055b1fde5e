// What an apply does about a rolling update when somebody says something of it, or interrupts it, or when it fails.

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <memory>

#include "tests/cmd/fake_world.h"
#include "tests/cmd/rollouts/lockstep_runner.h"
#include "tests/support/golden.h"

namespace vscale::test {
namespace {

constexpr int kSize = 3;
const GuestBehaviour kNeverAnswers{.never_boots = true};
const std::string kRestsAfterOne = "{ steps: [{ to: 1, pause: 5m }, { to: \"100%\" }] }";
const std::string kEndsWithBake = "{ steps: [{ to: \"100%\", bake: 10m }], onFailure: ";

/// How many are ready of each revision.
using ReadyOf = std::map<std::int64_t, int>;

/// Three of web, all ready, and a newer image that the next apply rolls out.
class SteeredWorld : public AppliedWorld {
 public:
  explicit SteeredWorld(const std::string& update) : AppliedWorld(kSize) {
    write("vscale.yaml", web_config(kSize) + "    update: " + update + "\n");
    images().publish("debian-12", "newer");
    REQUIRE(vscale({"image", "update", "debian-12"}).code == 0);
    outside().action_runner = [](const Config& config, WorldPorts ports, const std::shared_ptr<const void>&, int) {
      return std::make_unique<LockstepRunner>(config, ports);
    };
  }

  Ran apply() { return vscale({"apply", "--auto-approve"}); }

  /// The first time that a run finds it to be so.
  void once(std::function<bool()> is_so, std::function<void()> happens) {
    stop_when([is_so = std::move(is_so), happens = std::move(happens), done = false]() mutable {
      if (!done && is_so()) {
        done = true;
        happens();
      }
      return StopRequest::none;
    });
  }
  void interrupt_when(std::function<bool()> is_so) {
    stop_when([is_so = std::move(is_so), asked = false]() mutable {
      asked = asked || is_so();
      return asked ? StopRequest::finish_running : StopRequest::none;
    });
  }

  RecordedState record() {
    return outside().open_state(folder() + "/vscale.db", OpenMode::read_only)->store->read().value();
  }
  std::optional<RolloutRecord> rollout() {
    const auto rollouts = record().rollouts;
    const auto found = rollouts.find("group.web");
    return found == rollouts.end() ? std::nullopt : std::optional(found->second);
  }
  bool is_at_rest() {
    const auto now = rollout();
    return now && now->step_reached_at;
  }
  bool goes_back() {
    const auto now = rollout();
    return now && now->to == 1;
  }
  /// Up for a moment, and not ready yet.
  bool is_waited_for(const std::string& name) {
    const auto instances = record().instances;
    return std::any_of(instances.begin(), instances.end(), [&](const auto& entry) {
      const InstanceRecord& instance = entry.second;
      return instance.name == name && instance.phase == Phase::started &&
             clock().now() - *instance.started_at >= std::chrono::seconds{2};
    });
  }
  ReadyOf ready() {
    ReadyOf ready;
    for (const auto& [address, instance] : record().instances) {
      if (instance.phase == Phase::ready && !instance.failed) ++ready[instance.revision];
    }
    return ready;
  }
  std::ptrdiff_t failures_told() {
    constexpr int kMany = 1000;
    const auto opened = outside().open_state(folder() + "/vscale.db", OpenMode::read_only);
    const auto events = opened->store->events(Instant{}, kMany).value();
    return std::count_if(events.begin(), events.end(), [](const auto& event) { return event.kind == "failed"; });
  }

  void put(const RecordChange& change) {
    const auto opened = outside().open_state(folder() + "/vscale.db", OpenMode::read_write);
    REQUIRE(opened->store->commit({.at = clock().now(), .begun = {}, .ended = {}, .changes = {change}, .events = {}}));
  }

  /// As somebody finds it who asks the guests themselves.
  int answering() {
    const auto domains = cluster().domains();
    return static_cast<int>(std::count_if(domains.begin(), domains.end(), [this](const FakeDomain& domain) {
      const GuestBehaviour& guest = domain.behaviour;
      return is_up(domain.state) && !guest.never_boots && clock().now() - *domain.started_at >= guest.agent;
    }));
  }
  std::ptrdiff_t times_done(const std::string& what) {
    const auto& log = cluster().log();
    return std::count_if(log.begin(), log.end(), [&](const auto& line) { return holds(line, what); });
  }
};

}  // namespace

TEST_CASE("promote from beside ends a timed rest at once, and the run goes on to its end") {
  SteeredWorld world(kRestsAfterOne);
  Instant promoted_at{};
  std::optional<Instant> passed_at;
  world.stop_when([&] {
    if (promoted_at == Instant{} && world.is_at_rest()) {
      CHECK(world.vscale({"rollout", "promote", "web"}).code == 0);
      promoted_at = world.clock().now();
    }
    const auto rollout = world.rollout();
    if (!passed_at && rollout && rollout->steps_passed == 1) passed_at = world.clock().now();
    return StopRequest::none;
  });

  const auto applied = world.apply();

  INFO(applied.out << applied.err);
  CHECK(applied.code == 0);
  CHECK(holds(applied.out, "1 new watched (promoted by "));
  REQUIRE(passed_at);
  CHECK(*passed_at - promoted_at < std::chrono::seconds{10});
  CHECK(world.ready() == ReadyOf{{2, kSize}});
  CHECK(world.failures_told() == 0);
}

TEST_CASE("undo from beside ends a timed rest: nothing more of the new version begins, and the run goes back") {
  SteeredWorld world(kRestsAfterOne);
  Instant undone_at{};
  std::optional<Instant> held_at;
  world.stop_when([&] {
    if (undone_at == Instant{} && world.is_at_rest()) {
      CHECK(world.vscale({"rollout", "undo", "web", "--reason", "wrong kernel"}).code == 0);
      undone_at = world.clock().now();
    }
    if (undone_at != Instant{} && !held_at && world.is_between_runs()) held_at = world.clock().now();
    return StopRequest::none;
  });

  const auto applied = world.apply();

  INFO(applied.out << applied.err);
  CHECK(applied.code == 1);
  CHECK(holds(applied.out, "Planned again: the rollout of web was undone by anna@ctl1 (wrong"));
  CHECK(world.times_done("defined prod-web-4") == 0);
  REQUIRE(held_at);
  CHECK(*held_at - undone_at < std::chrono::seconds{10});
  CHECK(world.ready() == ReadyOf{{1, kSize}});
  CHECK(world.failures_told() == 0);
}

TEST_CASE("pause and abort in the middle of a turn let it come to its end, begin nothing more, and are no failure") {
  const std::string word = GENERATE("pause", "abort");
  CAPTURE(word);
  SteeredWorld world("{}");
  world.once([&] { return world.is_waited_for("prod-web-3"); },
             [&] {
               CHECK(world.vscale({"rollout", word, "web"}).code == 0);
             });

  const auto applied = world.apply();

  INFO(applied.out << applied.err);
  CHECK(applied.code == 0);
  CHECK(holds(applied.out, word == "pause" ? "Paused: rollout of web, by anna@ctl1. Go on:"
                                           : "Aborted: rollout of web, by anna@ctl1. How it stands: "));
  CHECK(world.ready() == ReadyOf{{1, kSize}, {2, 1}});
  CHECK(world.times_done(" defined ") == kSize + 1);
  CHECK(world.failures_told() == 0);
  CHECK(world.vscale({"plan", "--detailed-exitcode"}).code == 0);
}

TEST_CASE("an interrupt while a rolling update waits is no failure of it, and the next apply goes on to the end") {
  const bool at_rest = GENERATE(false, true);
  CAPTURE(at_rest);
  SteeredWorld world(kRestsAfterOne);
  world.interrupt_when([&] { return at_rest ? world.is_at_rest() : world.is_waited_for("prod-web-3"); });

  const auto stopped = world.apply();

  INFO(stopped.out << stopped.err);
  CHECK(stopped.code == 130);
  REQUIRE(world.rollout());
  CHECK(world.rollout()->failures == 0);
  CHECK(world.failures_told() == 0);

  world.stop_when({});
  const auto applied = world.apply();
  INFO(applied.out << applied.err);
  CHECK(applied.code == 0);
  CHECK(world.ready() == ReadyOf{{2, kSize}});
  CHECK(world.times_done("started prod-web-3") == 1);
  CHECK(world.failures_told() == 0);
}

TEST_CASE("one apply of a version that does not come up goes back within its approval, above its bound all the while") {
  struct Bad {
    std::string budget, name;
    int lowest;
  };
  const auto bad = GENERATE(Bad{"maxSurge: 1, maxUnavailable: 0", "prod-web-3", 3},  // the first new one
                            Bad{"maxSurge: 1, maxUnavailable: 0", "prod-web-4", 3},  // one that others came before
                            Bad{"maxSurge: 1, maxUnavailable: 0, maxFailures: 2", "prod-web-3", 3},
                            Bad{"maxSurge: 0, maxUnavailable: 1", "prod-web-0", 2},
                            Bad{"maxSurge: 0, maxUnavailable: 1", "prod-web-1", 2});
  CAPTURE(bad.budget, bad.name);
  SteeredWorld world("{ " + bad.budget + ", onFailure: rollback }");
  world.cluster().behave(bad.name, kNeverAnswers);
  int lowest = kSize;
  world.stop_when([&] {
    if (world.goes_back()) world.cluster().behave(bad.name, {});
    lowest = std::min(lowest, world.answering());
    return StopRequest::none;
  });

  const auto applied = world.apply();

  INFO(applied.out << applied.err);
  CHECK(applied.code == 1);
  CHECK(holds(applied.out, "did not become available"));
  CHECK(holds(applied.out, "Rolled back: web is of revision 1 again."));
  CHECK(lowest == bad.lowest);
  CHECK(world.ready() == ReadyOf{{1, kSize}});
  CHECK(world.cluster().domains().size() == kSize);
  CHECK(world.vscale({"plan", "--detailed-exitcode"}).code == 0);
}

TEST_CASE(
    "one apply of a version that is to be there all at once, and does not come up, goes back within its approval") {
  SteeredWorld world("{ strategy: recreate, onFailure: rollback }");
  const auto behave = [&](const GuestBehaviour& behaviour) {
    for (const char* name : {"prod-web-0", "prod-web-1", "prod-web-2"}) world.cluster().behave(name, behaviour);
  };
  behave(kNeverAnswers);
  world.stop_when([&] {
    if (world.goes_back()) behave({});
    return StopRequest::none;
  });

  const auto applied = world.apply();

  INFO(applied.out << applied.err);
  CHECK(applied.code == 1);
  CHECK(holds(applied.out, "Rolled back: web is of revision 1 again."));
  CHECK(world.ready() == ReadyOf{{1, kSize}});
  CHECK(world.vscale({"plan", "--detailed-exitcode"}).code == 0);
}

TEST_CASE("a new instance that falls ill in the bake is a failure: the rolling update stops there, or goes back") {
  const std::string on_failure = GENERATE("pause", "rollback");
  CAPTURE(on_failure);
  SteeredWorld world(kEndsWithBake + on_failure + " }");
  int failures = 0;
  bool ill = false;
  world.stop_when([&] {
    if (!ill && world.is_at_rest()) {
      CHECK(world.ready() == ReadyOf{{2, kSize}});
      world.cluster().behave_from_now("prod-web-4", kNeverAnswers);
      ill = true;
    }
    const auto rollout = world.rollout();
    if (rollout && rollout->to == 2) failures = rollout->failures;
    return StopRequest::none;
  });

  const auto applied = world.apply();

  INFO(applied.out << applied.err);
  CHECK(applied.code == 1);
  REQUIRE(ill);
  CHECK(holds(applied.out, "web-4"));
  if (on_failure == "pause") {
    REQUIRE(world.rollout());
    CHECK(world.rollout()->failures == 1);
    CHECK(world.record().groups.at("group.web").stable == 1);
    CHECK(world.cluster().domains().size() == kSize);
    CHECK(holds(world.vscale({"rollout", "status", "web"}).out, "STOPPED: 1 failed, 0 allowed"));
    CHECK(world.vscale({"plan", "--detailed-exitcode"}).code == 0);
  } else {
    CHECK(failures == 1);
    CHECK(holds(applied.out, "Rolled back: web is of revision 1 again."));
    CHECK(world.ready() == ReadyOf{{1, kSize}});
  }
}

TEST_CASE("a rolling update that was interrupted ends with what it did, what it left, and how to go on") {
  SteeredWorld world("{}");
  world.interrupt_when([&] { return world.is_waited_for("prod-web-4"); });

  const auto stopped = world.apply();

  CHECK(stopped.code == 130);
  check_golden("cmd/rollout/interrupted.txt", stopped.out);
}

TEST_CASE("what stands beside others is not too much for status, nor what a scaled group is to have") {
  SteeredWorld world("{}\n    scaling: { min: 1, max: 9 }");
  world.interrupt_when([&] { return world.is_waited_for("prod-web-3"); });
  REQUIRE(world.apply().code == 130);
  world.stop_when({});
  REQUIRE(world.cluster().domains().size() == kSize + 1);

  const auto status = world.vscale({"status"});

  INFO(status.out);
  CHECK_FALSE(holds(status.out, "to destroy"));
  CHECK(holds(status.out, "0 of 3 new"));
  const auto planned = world.vscale({"plan"});
  CHECK(holds(planned.out, "never below 3 ready"));
}

TEST_CASE("status tells of who was drained and has not been stopped") {
  SteeredWorld world("{}");
  InstanceRecord drained = world.record().instances.begin()->second;
  drained.drained = true;
  world.put(PutInstance{drained});
  const auto status = world.vscale({"status"});
  INFO(status.out);
  CHECK(holds(status.out, "drained"));
}

TEST_CASE("a way back that is given up says nothing of the revision that it led to") {
  SteeredWorld world(kRestsAfterOne);
  world.stop_when([&, undone = false, aborted = false]() mutable {
    if (!undone && world.is_at_rest()) undone = world.vscale({"rollout", "undo", "web"}).code == 0;
    if (!aborted && world.goes_back()) aborted = world.vscale({"rollout", "abort", "web"}).code == 0;
    return StopRequest::none;
  });

  const auto applied = world.apply();

  INFO(applied.out << applied.err);
  world.stop_when({});
  CHECK(world.record().revisions.at("group.web").at(1).verdict == RevisionRecord::Verdict::wanted);
  CHECK(world.record().revisions.at("group.web").at(2).verdict == RevisionRecord::Verdict::rolled_back);
  CHECK(world.vscale({"plan", "--detailed-exitcode"}).code == 0);
}

TEST_CASE("what was undone and not gone back from yet is not said to be rolled back, whatever is said next") {
  SteeredWorld world("{}");
  REQUIRE(world.apply().code == 0);
  for (const char* word : {"undo", "pause", "resume"}) REQUIRE(world.vscale({"rollout", word, "web"}).code == 0);
  const auto status = world.vscale({"rollout", "status", "web"});
  INFO(status.out);
  CHECK(holds(status.out, "goes back to revision 1"));
  CHECK(holds(status.out, "Go on: vscale apply\n"));
}

TEST_CASE("undo after abort says to go back, and not to try again what was given up") {
  SteeredWorld world("{ steps: [{ to: 1, pause: manual }] }");
  REQUIRE(world.apply().code == 0);
  REQUIRE(world.vscale({"rollout", "abort", "web"}).code == 0);
  const auto undone = world.vscale({"rollout", "undo", "web"});
  INFO(undone.out << undone.err);
  CHECK(holds(undone.out + undone.err, "Go on: vscale apply"));
  CHECK_FALSE(holds(undone.out + undone.err, "--force"));
}

}  // namespace vscale::test
