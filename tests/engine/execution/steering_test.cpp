// What a run does about what operators say of a rolling update while it goes on.

#include <catch2/catch.hpp>
#include <set>

#include "engine/execution/executor.h"
#include "tests/engine/execution/scripted_run.h"

namespace vscale::test {
namespace {

using Kind = RolloutIntent::Kind;

constexpr Duration kBoot{std::chrono::seconds{20}};
constexpr Duration kRest{std::chrono::minutes{5}};
const std::string kSteered = "group.web";

/// What waits takes its time, unless it is cut short; all else is done at once.
class WaitingRunner final : public ActionRunner {
 public:
  explicit WaitingRunner(VirtualClock& clock) : clock_(clock) {}

  std::map<int, Duration> in_flight;  ///< Until when.
  std::vector<int> started;

  void start(const Action& action, ActionInput /*input*/) override {
    const Duration takes = std::holds_alternative<WatchRollout>(action.detail)   ? kRest
                           : std::holds_alternative<WaitForGates>(action.detail) ? kBoot
                                                                                 : Duration{0};
    started.push_back(action.id);
    in_flight[action.id] = clock_.uptime() + takes;
  }
  std::variant<ActionFinished, NothingYet> wait(Instant until, EventSink& /*sink*/) override {
    for (const auto& [id, ends] : in_flight) {
      const bool is_over = ends <= clock_.uptime();
      if (is_over || waits_cut_ || cut_.count(id) != 0) return finish(id, is_over);
    }
    clock_.sleep_until(until);
    return NothingYet{};
  }
  void cut_waits_short() override { waits_cut_ = true; }
  void cut_wait_short(int id) override { cut_.insert(id); }

 private:
  ActionFinished finish(int id, bool is_over) {
    in_flight.erase(id);
    if (is_over) return {id, ActionOutcome{}};
    return {id, Error{ErrorKind::timed_out, "stopped while waiting", {}, {}}};
  }

  VirtualClock& clock_;
  bool waits_cut_ = false;
  std::set<int> cut_;
};

/// Revision 2 of web is rolled out: a turn with web[3], a rest, and another turn with web[4].
struct SteeredRun {
  enum Id { first_turn = 1, start_3, wait_3, rest, second_turn, start_4, wait_4 };

  MemoryStateStore store{kLineage};
  VirtualClock clock;
  WaitingRunner runner{clock};
  EventWords events;
  Plan plan;
  Duration took{};

  SteeredRun() {
    RolloutRecord rollout;
    rollout.group = kSteered;
    rollout.from = 1;
    rollout.to = 2;
    store.state_.rollouts[kSteered] = rollout;
    PlanWriter writer;
    writer.add(kSteered, "", RolloutTurn{1});
    add_instance(writer, "group.web[3]", first_turn);
    writer.add(kSteered, "", WatchRollout{.step = 0, .lasts = kRest, .watched = {}, .gates = {}}, {wait_3});
    writer.add(kSteered, "", RolloutTurn{2}, {rest});
    add_instance(writer, "group.web[4]", second_turn);
    plan = std::move(writer.plan);
  }

  /// `happens` when the action has been in flight for two seconds; `stop` is asked for from then on.
  RunSummary execute_and(Id in_flight, const std::function<void()>& happens, StopRequest stop = StopRequest::none) {
    const RecordedState before = store.state_;
    std::optional<Duration> due;
    bool happened = false;
    const auto look = [&] {
      if (!due && runner.in_flight.count(in_flight) != 0) due = clock.uptime() + std::chrono::seconds{2};
      if (!happened && due && clock.uptime() >= *due) {
        happened = true;
        if (happens) happens();
      }
      return happened ? stop : StopRequest::none;
    };
    const Duration began = clock.uptime();
    RunSummary summary = execute(plan, before, {}, "run-1", {store, runner, clock, events, look});
    took = clock.uptime() - began;
    REQUIRE(happened);
    return summary;
  }
  RunSummary execute_and_say(Id in_flight, Kind kind, int step = 0) {
    return execute_and(in_flight, [&] {
      store.state_.rollout_intents[kSteered] = {
          .group = kSteered, .kind = kind, .revision = 2, .step = step, .by = "anna@ctl1"};
    });
  }

  [[nodiscard]] const RolloutRecord& rollout() const { return store.state_.rollouts.at(kSteered); }

 private:
  void add_instance(PlanWriter& writer, const std::string& address, int turn) {
    InstanceRecord made = instance(address, "kvm1", Phase::defined);
    made.revision = 2;
    store.state_.instances[made.address] = made;
    writer.wait(address, "kvm1", {writer.start(address, "kvm1", {turn})});
  }
};

}  // namespace

TEST_CASE("a rest that is promoted while it is in flight ends soon, its step is passed, and the run goes on") {
  SteeredRun run;

  const RunSummary summary = run.execute_and_say(SteeredRun::rest, Kind::promote);

  CHECK(summary.done == 7);
  CHECK(summary.failed.empty());
  CHECK(summary.held.empty());
  CHECK(run.took < 2 * kBoot + std::chrono::seconds{10});
  CHECK(run.rollout().steps_passed == 1);
  CHECK_FALSE(run.rollout().step_reached_at);
  CHECK(run.rollout().failures == 0);
  CHECK(run.store.state_.open_actions.empty());
}

TEST_CASE("a promotion of another step, and a resumption, end no rest") {
  SteeredRun run;
  SECTION("promote") {
    CHECK(run.execute_and_say(SteeredRun::rest, Kind::promote, 1).done == 7);
  }
  SECTION("resume") {
    CHECK(run.execute_and_say(SteeredRun::rest, Kind::resume).done == 7);
  }
  CHECK(run.took >= 2 * kBoot + kRest);
}

TEST_CASE("a rest that is undone, aborted or paused while it is in flight ends soon, and the rollout holds there") {
  const Kind kind = GENERATE(Kind::undo, Kind::abort, Kind::pause);
  CAPTURE(to_string(kind));
  SteeredRun run;

  const RunSummary summary = run.execute_and_say(SteeredRun::rest, kind);

  CHECK(run.runner.started == std::vector<int>{SteeredRun::start_3, SteeredRun::wait_3, SteeredRun::rest});
  CHECK(run.took < kBoot + std::chrono::seconds{10});
  REQUIRE(summary.held.size() == 1);
  CHECK(summary.held[0].kind == kind);
  CHECK(summary.failed.empty());
  CHECK(summary.skipped ==
        std::vector<int>{SteeredRun::rest, SteeredRun::second_turn, SteeredRun::start_4, SteeredRun::wait_4});
  CHECK_FALSE(summary.interrupted);
  CHECK(run.rollout().steps_passed == 0);
  CHECK(run.rollout().failures == 0);
  CHECK(run.store.state_.open_actions.empty());
  const auto& events = run.store.events_;
  CHECK(std::none_of(events.begin(), events.end(), [](const auto& event) { return event.kind == "failed"; }));
}

TEST_CASE("undo ends the wait for a new instance, which counts as no failure") {
  SteeredRun run;

  const RunSummary summary = run.execute_and_say(SteeredRun::wait_3, Kind::undo);

  CHECK(run.took < kBoot);
  CHECK(summary.failed.empty());
  REQUIRE(summary.held.size() == 1);
  CHECK(summary.held[0].kind == Kind::undo);
  CHECK(run.store.state_.rollouts.at("group.web").failures == 0);
  const InstanceRecord& web_3 = run.store.state_.instances.at(*parse_instance_address("group.web[3]"));
  CHECK(web_3.phase == Phase::started);
  CHECK_FALSE(web_3.failed);
}

TEST_CASE("what holds a rollout lets the turn in flight come to its end, and begins nothing after it") {
  const Kind kind = GENERATE(Kind::abort, Kind::pause);
  CAPTURE(to_string(kind));
  SteeredRun run;

  const RunSummary summary = run.execute_and_say(SteeredRun::wait_3, kind);

  CHECK(run.runner.started == std::vector<int>{SteeredRun::start_3, SteeredRun::wait_3});
  CHECK(run.took >= kBoot);
  CHECK(summary.done == 3);
  CHECK(summary.failed.empty());
  CHECK(summary.held.size() == 1);
  CHECK_FALSE(summary.interrupted);
  CHECK(run.store.state_.instances.at(*parse_instance_address("group.web[3]")).phase == Phase::ready);
}

TEST_CASE("a stop while a rollout rests or waits for gates is no failure of it") {
  const auto in_flight = GENERATE(SteeredRun::rest, SteeredRun::wait_3);
  CAPTURE(in_flight);
  SteeredRun run;

  const RunSummary summary = run.execute_and(in_flight, {}, StopRequest::finish_running);

  CHECK(summary.interrupted);
  CHECK(summary.failed.empty());
  CHECK(run.rollout().failures == 0);
  CHECK(run.rollout().steps_passed == 0);
  CHECK_FALSE(run.store.state_.instances.at(*parse_instance_address("group.web[3]")).failed);
  CHECK(run.store.state_.open_actions.empty());
}

}  // namespace vscale::test
