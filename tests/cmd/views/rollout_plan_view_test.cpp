#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "cmd/views/plan_view.h"
#include "cmd/views/rollout/outline_view.h"
#include "cmd/views/rollout/simulation_view.h"
#include "cmd/views/run/run_steps.h"
#include "tests/cmd/plans.h"
#include "tests/cmd/views/too_wide_line.h"
#include "tests/support/golden.h"

namespace vscale::test {
namespace {

constexpr std::uint64_t kOddSeeds = 60;

std::string plan_shown(const Plan& plan, Verbosity verbosity = Verbosity::normal) {
  const PlanHeading heading{.files = {"vscale.yaml"}, .hosts = 4, .read_in = Duration{41}};
  return plan_text(plan, heading, {.paint = {}, .verbosity = verbosity});
}

std::string simulated(const Plan& plan, Verbosity verbosity = Verbosity::normal) {
  return simulation_text(plan, plan.rollouts.front(), verbosity);
}

/// Two steps, the first of which only a person passes.
Plan plan_that_waits() {
  Plan plan = plan_that_rolls();
  RolloutOutline& rollout = plan.rollouts.front();
  rollout.steps.front().pause.reset();
  rollout.steps.front().manual_pause = true;
  rollout.turns.resize(2);
  rollout.turns.back().rests = "pause until promoted";
  rollout.held = "waits at step 1 of 2, for `rollout promote`";
  for (int i : {1, 2}) {
    Change& change = plan.changes[static_cast<std::size_t>(i)];
    change.action = ChangeAction::hold;
    change.disruption = Disruption::none;
    change.reasons = {{Rule::rollout_waits, "waits for step 1 of 2 to be promoted", {{"step", std::int64_t{1}}}}};
    change.fields.clear();
    change.successor.clear();
  }
  plan.summary.replace = 1;
  return plan;
}

/// As the file's disks want it: nothing beside what it replaces.
Plan plan_in_place() {
  Plan plan = plan_that_rolls();
  RolloutOutline& rollout = plan.rollouts.front();
  rollout.in_place = true;
  rollout.in_place_why = "its disk data is kept";
  rollout.surge = 0;
  rollout.unavailable = 1;
  rollout.peak = 3;
  rollout.lowest = 2;
  rollout.min_ready = std::chrono::seconds{30};
  rollout.max_failures = 1;
  rollout.on_failure = Update::OnFailure::pause;
  for (auto& change : plan.changes) {
    change.successor.clear();
    change.host = change.from_host;
  }
  return plan;
}

/// Twelve at four a turn.
Plan plan_of_twelve() {
  Plan plan = plan_that_rolls();
  RolloutOutline& rollout = plan.rollouts.front();
  const Change first = plan.changes.front();
  plan.changes.clear();
  rollout.turns.clear();
  rollout.size = 12;
  rollout.surge = 6;
  rollout.peak = 18;
  rollout.lowest = 12;
  for (int turn = 0; turn < 2; ++turn) {
    RolloutTurnOutline outline{
        .number = turn + 1, .comes = {}, .goes = {}, .fresh = 6 * turn, .available = 12, .total = 18, .rests = {}};
    for (int i = 6 * turn; i < 6 * turn + 6; ++i) {
      Change change = first;
      change.address = fmt::format("group.web[{}]", i);
      change.successor = fmt::format("group.web[{}]", 12 + i);
      change.from_host = "kvm1";
      change.host = i % 2 == 0 ? "kvm1" : "kvm2";
      change.addresses = {fmt::format("10.0.0.{}", 62 + i)};
      plan.changes.push_back(change);
      outline.comes.push_back({change.successor, change.host});
      if (turn == 1) outline.goes.push_back({fmt::format("group.web[{}]", i - 6), "kvm1"});
    }
    rollout.turns.push_back(outline);
  }
  plan.summary.replace = 12;
  return plan;
}

}  // namespace

TEST_CASE("a rolling update is planned with its budget, who follows whom and where, and its bounds") {
  check_golden("cmd/rollout/plan_rolls.txt", plan_shown(plan_that_rolls()));
}

TEST_CASE("a rolling update that waits for a person says so at its end, and holds the others in one line") {
  check_golden("cmd/rollout/plan_waits.txt", plan_shown(plan_that_waits()));
}

TEST_CASE("successors that keep their names are not named twice, and why is said") {
  check_golden("cmd/rollout/plan_in_place.txt", plan_shown(plan_in_place()));
}

TEST_CASE("a rolling update that goes back says to which revision") {
  Plan plan = plan_that_rolls();
  RolloutOutline& rollout = plan.rollouts.front();
  rollout.back = true;
  rollout.from = 9;
  rollout.to = 8;
  rollout.failures = 1;
  rollout.what = "image debian-12 41c7a2e0 -> 9f86d081";
  for (auto& change : plan.changes) change.reasons.front() = {Rule::rollout, "goes back to revision 8", {}};
  const std::string text = plan_shown(plan);
  INFO(text);
  CHECK(text.find("  group.web: back to revision 8: image debian-12 41c7a2e0 ") != std::string::npos);
  CHECK(text.find("goes back to revision 8") == std::string::npos);
  CHECK(text.find("on failure: pause; 1 failed so\n      far\n") != std::string::npos);
}

TEST_CASE("many replacements of one rolling update are one line, and each of them has one with -v") {
  check_golden("cmd/rollout/plan_twelve.txt", plan_shown(plan_of_twelve()));
  const std::string all = plan_shown(plan_of_twelve(), Verbosity::verbose);
  CHECK(all.find("-/+ web-11  kvm1  -> web-23  kvm2  10.0.0.73") != std::string::npos);
}

TEST_CASE("a rolling update for which there is no room does not say that it fits") {
  Plan plan = plan_that_rolls();
  plan.errored = true;
  Diagnostic& no_place = plan.diagnostics.emplace_back();
  no_place.code = "no_place";
  no_place.summary = "web-3 fits on no host";
  CHECK(plan_shown(plan).find("peak of 4 VMs; never below 3 ready") != std::string::npos);
}

TEST_CASE("a rolling update that begins nothing now says what holds it, beside those that it holds") {
  Plan plan = plan_that_waits();
  plan.rollouts.front().held = "paused by anna@ctl1: wrong kernel";
  plan.rollouts.front().turns.clear();
  Change& first = plan.changes.front();
  first = plan.changes.back();
  first.address = "group.web[0]";
  plan.actions.clear();
  plan.summary.replace = 0;
  check_golden("cmd/rollout/plan_paused.txt", plan_shown(plan));
}

TEST_CASE("what a new instance is beside the rolling update has its own reason") {
  Plan plan = plan_that_rolls();
  plan.changes[1].reasons.push_back({Rule::retried, "web-4 failed and is made again", {}});
  plan.changes.push_back({.address = "group.web[6]",
                          .action = ChangeAction::create,
                          .disruption = Disruption::none,
                          .reasons = {{Rule::wanted, "size 4, there are 3", {}}},
                          .fields = {},
                          .successor = {},
                          .from_host = {},
                          .host = "kvm1",
                          .addresses = {"10.0.0.56"}});
  const std::string text = plan_shown(plan);
  INFO(text);
  CHECK(text.find("-> web-4  kvm3  10.0.0.54, web-4 failed and is made again") != std::string::npos);
  CHECK(text.find("+   web-6  kvm1  10.0.0.56, size 4, there are 3") != std::string::npos);
}

TEST_CASE("steps are said as they are written: how far, and how they rest") {
  const UpdateStep manual{.to = {Amount::Unit::percent, 50}, .manual_pause = true, .pause = {}, .bake = {}};
  CHECK(step_text(manual, true) == "first 50%, pause until promoted");
  CHECK(step_text(manual, false) == "50%, pause until promoted");
  const UpdateStep all{
      .to = {Amount::Unit::percent, 100}, .manual_pause = false, .pause = {}, .bake = std::chrono::minutes{10}};
  CHECK(step_text(all, true) == "all, bake 10m");
}

TEST_CASE("a simulated rolling update has a line for each turn, and its bounds") {
  check_golden("cmd/rollout/simulated.txt", simulated(plan_that_rolls()));
  check_golden("cmd/rollout/simulated_waits.txt", simulated(plan_that_waits()));
}

TEST_CASE("a simulated turn with many moves names the first ones, and all of them with -v") {
  check_golden("cmd/rollout/simulated_twelve.txt", simulated(plan_of_twelve()));
  const std::string all = simulated(plan_of_twelve(), Verbosity::verbose);
  CHECK(all.find("+ web-23 kvm2") != std::string::npos);
  CHECK(all.find("more") == std::string::npos);
}

TEST_CASE("a simulated rolling update as a document has the outline that a plan has") {
  const Plan plan = plan_that_waits();
  const auto document = simulation_json(plan, "group.web", &plan.rollouts.front());
  CHECK(document.at("group") == "group.web");
  CHECK(document.at("rollout").at("turns").size() == 2);
  CHECK(document.at("rollout").at("held") == "waits at step 1 of 2, for `rollout promote`");
  CHECK(simulation_json(plan, "group.db", nullptr).at("rollout").is_null());
}

TEST_CASE("no line of a rolling update is wider than the page, whatever stands in it") {
  for (std::uint64_t seed = 0; seed < kOddSeeds; ++seed) {
    const Plan odd = random_plan(seed);
    Plan plan = plan_that_rolls();
    plan.diagnostics.clear();
    RolloutOutline& rollout = plan.rollouts.front();
    for (std::size_t i = 0; i < odd.changes.size(); ++i) {
      const Change& change = odd.changes[i];
      rollout.what = rollout.held = rollout.in_place_why = change.reasons.front().text;
      rollout.in_place = i % 2 == 0;
      rollout.turns[i % rollout.turns.size()].comes.push_back({change.address, change.host});
      rollout.turns[i % rollout.turns.size()].rests = change.from_host;
      Change& mine = plan.changes[i % plan.changes.size()];
      mine.successor = change.address;
      mine.host = change.host;
      mine.from_host = change.from_host;
    }
    for (const auto verbosity : {Verbosity::normal, Verbosity::verbose}) {
      const std::string text = plan_shown(plan, verbosity) + simulated(plan, verbosity);
      INFO("seed " << seed << "\n" << text);
      REQUIRE(too_wide_line(text) == std::string());
      REQUIRE(std::none_of(text.begin(), text.end(), [](char c) { return c >= 0 && c < 0x20 && c != '\n'; }));
    }
  }
}

TEST_CASE("the steps of a rolling update tell what it leads to, and its turns are bookkeeping") {
  const Plan plan = plan_that_rolls();
  const Steps steps = steps_of(plan, StepSize::folded);
  const auto label = [&](int id) { return steps.steps[steps.of_action[static_cast<std::size_t>(id) - 1]].label; };
  const auto shown = [&](int id) { return steps.steps[steps.of_action[static_cast<std::size_t>(id) - 1]].shown; };
  CHECK(label(1) == "rollout 8 -> 9");
  CHECK_FALSE(shown(2));
  CHECK(label(8) == "step 1: rest for 5m, 1 new watched");
  CHECK(label(9) == "step 2: wait until promoted");
  CHECK(label(10) == "revision 9 is complete");
  auto back = std::get<BeginRollout>(plan.actions.front().detail);
  back.rollout.to = 8;
  back.condemned = 9;
  CHECK(action_label({.id = 1, .address = "group.web", .host = {}, .needs = {}, .detail = back}) ==
        "roll back to revision 8");
}

}  // namespace vscale::test
