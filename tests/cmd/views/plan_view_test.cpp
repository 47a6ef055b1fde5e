#include "cmd/views/plan_view.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "cmd/views/graph_view.h"
#include "cmd/views/run/run_steps.h"
#include "tests/cmd/plans.h"
#include "tests/cmd/views/too_wide_line.h"
#include "tests/support/golden.h"

namespace vscale::test {
namespace {

constexpr std::uint64_t kShownSeeds = 300;

const PlanHeading kHeading{.files = {"vscale.yaml"}, .hosts = 4, .read_in = Duration{41}};

std::string shown(const Plan& plan, Verbosity verbosity = Verbosity::normal) {
  return plan_text(plan, kHeading, {.paint = {}, .verbosity = verbosity});
}

}  // namespace

TEST_CASE("a plan that creates says where, with which address, and why") {
  check_golden("cmd/plan_creates.txt", shown(plan_that_creates()));
}

TEST_CASE("drift stands apart from change, and what is held or unknown comes after it") {
  check_golden("cmd/plan_everything.txt", shown(plan_with_everything()));
}

TEST_CASE("a plan that is incomplete although all hosts answer blames none of them") {
  Plan plan = empty_plan();
  plan.complete = false;
  plan.unknown = {{"group.web[0]", "kvm1", "kvm1 has another domain of its name", std::nullopt}};
  CHECK(shown(plan).ends_with("\n\nNo changes, but not everything is known. INCOMPLETE (web-0).\n"));
  for (int ordinal = 1; ordinal < 5; ++ordinal) {
    plan.unknown.push_back({fmt::format("group.web[{}]", ordinal), "kvm1", "why", std::nullopt});
  }
  CHECK(shown(plan).ends_with("INCOMPLETE (5 instances).\n"));
  plan.unknown.push_back({"host.kvm2", "kvm2", "it does not answer", std::nullopt});
  CHECK(shown(plan).ends_with("\n\nNo changes on the hosts that answer. INCOMPLETE (kvm2).\n"));
}

TEST_CASE("an update says each field once, and of its reasons what the fields have not said") {
  Plan plan = empty_plan();
  const auto resize = [&](int ordinal, std::vector<FieldChange> fields) -> Change& {
    Change change;
    change.address = fmt::format("group.web[{}]", ordinal);
    change.action = ChangeAction::update;
    change.disruption = Disruption::reboot;
    for (const auto& field : fields) {
      const std::string text = fmt::format("{} {} -> {}", field.field, field.before, field.after);
      change.reasons.push_back({Rule::size_of_machine_changed, text, {}});
    }
    change.fields = std::move(fields);
    change.from_host = change.host = "kvm1";
    return plan.changes.emplace_back(std::move(change));
  };
  resize(0, {{"memory", "128 MiB", "160 MiB"}, {"maxMemory", "128 MiB", "160 MiB"}});
  Change& moved = resize(1, {{"vcpus", "1", "2"}, {"maxVcpus", "4", "8"}});
  moved.reasons.insert(moved.reasons.begin(), {Rule::group_moved, "was group.www[1]; it keeps its name www-1", {}});
  add_action(plan, "group.web[0]", "kvm1", UpdateDomain{});
  plan.summary.update = 2;
  check_golden("cmd/plan_updates.txt", shown(plan));
}

TEST_CASE("what is replaced because it is asked for shows what comes along with it, and a disk that stays is counted") {
  Plan plan = empty_plan();
  for (const int ordinal : {0, 1}) {
    Change change;
    change.address = fmt::format("group.web[{}]", ordinal);
    change.action = ChangeAction::replace;
    change.disruption = Disruption::replace;
    change.reasons = {{Rule::replace_requested, "asked for by --replace", {}},
                      {Rule::size_of_machine_changed, "memory 128 MiB -> 256 MiB", {}},
                      {Rule::placement, "kvm1: stays where it is", {}},
                      {Rule::update_strategy, "2 at once (strategy recreate)", {}}};
    change.fields = {{"memory", "128 MiB", "256 MiB"}, {"maxMemory", "128 MiB", "256 MiB"}};
    change.from_host = change.host = "kvm1";
    change.addresses = {fmt::format("10.0.0.5{}", ordinal)};
    plan.changes.push_back(change);
  }
  Change gone;
  gone.address = "group.db[1]";
  gone.action = ChangeAction::destroy;
  gone.from_host = "kvm2";
  gone.reasons = {{Rule::not_wanted, "size 2 -> 1", {}},
                  {Rule::keep_disk, "disk data (1 GiB) stays on kvm2", {{"disk", "data"}, {"host", "kvm2"}}}};
  plan.changes.push_back(gone);
  Change settings;
  settings.address = "machine.db1";
  settings.action = ChangeAction::update;
  settings.from_host = settings.host = "kvm1";
  settings.reasons = {{Rule::spec_changed, "grace 1m -> 30s, recorded only", {}}};
  settings.fields = {{"grace", "1m", "30s"}};
  plan.changes.push_back(settings);
  plan.summary = {.update = 1, .replace = 2, .destroy = 1};
  add_action(plan, "group.db[1]", "kvm2", ReleaseInstance{});
  check_golden("cmd/plan_replaced.txt", shown(plan));
}

TEST_CASE("a group of which some grow, some boot and some go says of each what it will notice") {
  Plan plan = empty_plan();
  const auto change = [&](int ordinal, ChangeAction action, Disruption disruption, std::vector<FieldChange> fields) {
    plan.changes.push_back({.address = fmt::format("group.web[{}]", ordinal),
                            .action = action,
                            .disruption = disruption,
                            .reasons = {{Rule::size_of_machine_changed, fmt::format("reason {}", ordinal), {}}},
                            .fields = std::move(fields),
                            .from_host = "kvm1",
                            .host = action == ChangeAction::destroy ? "" : "kvm1",
                            .addresses = {}});
  };
  change(0, ChangeAction::update, Disruption::live, {{"disk", "27 MiB", "1 GiB"}});
  change(1, ChangeAction::update, Disruption::reboot, {{"disk", "27 MiB", "1 GiB"}, {"memory", "1 GiB", "2 GiB"}});
  change(2, ChangeAction::destroy, Disruption::none, {});
  add_action(plan, "group.web[0]", "kvm1", UpdateDomain{});
  plan.summary = {.update = 2, .destroy = 1};
  check_golden("cmd/plan_mixed.txt", shown(plan));
}

TEST_CASE("what is up and is only waited for is not said to be started") {
  Plan plan = empty_plan();
  for (const char* address : {"group.web[0]", "group.web[1]"}) {
    Change change;
    change.address = address;
    change.action = ChangeAction::start;
    change.host = "kvm1";
    change.reasons = {{Rule::unfinished, std::string("left by an earlier run: ") + address, {}}};
    plan.changes.push_back(change);
  }
  add_action(plan, "group.web[0]", "kvm1", WaitForGates{});
  add_action(plan, "group.web[1]", "kvm1", StartDomain{});
  add_action(plan, "group.web[1]", "kvm1", WaitForGates{});

  const std::string text = plan_text(plan, {}, {});

  INFO(text);
  CHECK(text.find("web-0  kvm1  wait until ready, left") != std::string::npos);
  CHECK(text.find("web-1  kvm1  start, left") != std::string::npos);
}

TEST_CASE("a plan with nothing to do says so") {
  check_golden("cmd/plan_empty.txt", shown(empty_plan()));
}

TEST_CASE("a plan with an error says that nothing can be applied") {
  Plan plan = plan_that_creates();
  plan.errored = true;
  plan.diagnostics = {{.severity = Severity::error,
                       .code = "no_place",
                       .summary = "group \"web\": web-2 fits on no host",
                       .label = {},
                       .hint = "kvm1: memory: 2128 MiB wanted, 1200 of 22000 free; kvm2: does not answer",
                       .where = {"vscale.yaml", 20, 5, 4},
                       .snippet = "    size: 3",
                       .also = {}}};
  check_golden("cmd/plan_errored.txt", shown(plan));
}

TEST_CASE("fifty equal creations are one line, and fifty lines with -v") {
  check_golden("cmd/plan_fifty.txt", shown(plan_of_fifty()));
  const std::string all = shown(plan_of_fifty(), Verbosity::verbose);
  CHECK(std::count(all.begin(), all.end(), '\n') > 50);
}

TEST_CASE("with -q a plan is its diagnostics and its last line") {
  CHECK(shown(plan_that_creates(), Verbosity::quiet) == "Plan: 3 create, 0 update, 0 replace, 0 destroy.\n");
}

TEST_CASE("colours change nothing but the colour") {
  const std::string coloured = plan_text(plan_with_everything(), kHeading, {.paint = {.on = true}});
  std::string plain;
  for (std::size_t i = 0; i < coloured.size(); ++i) {
    if (coloured[i] == '\x1b') {
      i = coloured.find('m', i);
      continue;
    }
    plain += coloured[i];
  }
  CHECK(coloured != plain);
  CHECK(plain == shown(plan_with_everything()));
}

TEST_CASE("where all changes are held back, nothing is said of hosts that are as the files say") {
  Plan plan;
  plan.changes.push_back({.address = "group.web[0]",
                          .action = ChangeAction::hold,
                          .disruption = Disruption::none,
                          .reasons = {{Rule::limit, "needs reboot, allowed is live", {}}},
                          .fields = {},
                          .from_host = "kvm1",
                          .host = "kvm1",
                          .addresses = {}});
  CHECK(shown(plan).ends_with("\n\nNothing to do now: 1 change is held back.\n"));
  plan.changes.push_back(plan.changes.front());
  CHECK(shown(plan).ends_with("\n\nNothing to do now: 2 changes are held back.\n"));
}

TEST_CASE("no line of any plan is wider than the page, nor holds a control character") {
  for (std::uint64_t seed = 0; seed < kShownSeeds; ++seed) {
    const Plan plan = random_plan(seed);
    for (const auto verbosity : {Verbosity::normal, Verbosity::verbose}) {
      const std::string text = shown(plan, verbosity);
      INFO("seed " << seed);
      REQUIRE(too_wide_line(text) == std::string());
      REQUIRE(std::none_of(text.begin(), text.end(), [](char c) { return c >= 0 && c < 0x20 && c != '\n'; }));
    }
  }
}

TEST_CASE("the same plan gives the same bytes") {
  CHECK(shown(random_plan(7)) == shown(random_plan(7)));
}

TEST_CASE("a graph has a node for each action and an edge for each need, with names escaped") {
  Plan plan = empty_plan();
  add_action(plan, "image.<&'\"; rm -rf", "kvm\"1\\", DeleteImage{});
  add_action(plan, "group.web[0]", "kvm1", StartDomain{"u"});
  add_action(plan, "group.web", "", Barrier{});
  check_golden("cmd/graph.dot", graph_text(plan, GraphFormat::dot));
  check_golden("cmd/graph.mermaid", graph_text(plan, GraphFormat::mermaid));
}

TEST_CASE("on a terminal the creation of an instance is one step, and each action is one in a pipe") {
  const Plan plan = plan_that_creates();
  const Steps folded = steps_of(plan, StepSize::folded);
  const Steps single = steps_of(plan, StepSize::single);
  CHECK(single.steps.size() == plan.actions.size());
  REQUIRE(folded.steps.size() == 8);  // the image, three times creation and gate, the barrier
  CHECK(folded.steps[1].label == "create on kvm1, 10.0.0.50");
  CHECK(folded.steps[1].actions == 3);
  CHECK(folded.steps[2].label == "wait until ready: http :80/health");
}

}  // namespace vscale::test
