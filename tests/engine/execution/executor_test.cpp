#include "engine/execution/executor.h"

#include <catch2/catch.hpp>

#include "tests/engine/execution/scripted_run.h"

namespace vscale::test {
namespace {

using Ids = std::vector<int>;
using Words = std::vector<std::string>;

Error broken() {
  return {ErrorKind::failed, "it broke", {}, {}};
}
Error disk_full() {
  return {ErrorKind::no_capacity, "vscale.db: no space left", {}, {}};
}

/// Three instances on one host, each made by a chain of define, start and wait: ids 1-3, 4-6, 7-9.
Plan three_chains() {
  PlanWriter writer;
  for (const std::string address : {"group.web[0]", "group.web[1]", "group.web[2]"}) {
    const int define = writer.add(address, "kvm1", DefineDomain{});
    writer.wait(address, "kvm1", {writer.start(address, "kvm1", {define})});
  }
  return writer.plan;
}

TEST_CASE("what is ready begins in the order of the plan, and what needs it follows") {
  ScriptedRun run;
  run.limits.parallel = 1;
  PlanWriter writer;
  writer.start("group.web[0]", "kvm1");
  writer.start("group.web[1]", "kvm1", {1});
  writer.start("group.web[2]", "kvm1", {1, 2});
  writer.start("group.web[3]", "kvm1");
  writer.plan.actions[3].host = "kvm2";

  const RunSummary summary = run.execute(writer.plan);

  CHECK(run.runner.started == Ids{1, 2, 3, 4});
  CHECK(summary.done == 4);
  CHECK(summary.failed.empty());
  CHECK(summary.skipped.empty());
  CHECK_FALSE(summary.interrupted);
}

TEST_CASE("an empty plan is a run that does nothing") {
  ScriptedRun run;
  const RunSummary summary = run.execute(PlanWriter().plan);
  CHECK(summary.done == 0);
  CHECK(run.events.words == Words{"run of 0"});
  CHECK(run.store.commits_.empty());
}

TEST_CASE("after a failure its dependants are skipped and everything else goes on") {
  ScriptedRun run;
  run.runner.errors[2] = broken();

  const RunSummary summary = run.execute(three_chains());

  CHECK(summary.done == 7);
  CHECK(summary.failed == std::vector<FailedAction>{{2, broken()}});
  CHECK(summary.skipped == Ids{3});
  CHECK_FALSE(summary.interrupted);
}

TEST_CASE("whatever waits for a failed action, through however many others, is told with the one that failed") {
  ScriptedRun run;
  run.runner.errors[1] = broken();
  PlanWriter writer;
  writer.start("group.db[0]", "kvm1");
  writer.add("group.db", "", Barrier{}, {1});
  writer.add("group.web[0]", "kvm1", DefineDomain{}, {2});
  writer.start("group.web[0]", "kvm1", {3});

  run.execute(writer.plan);

  CHECK(run.events.words == Words{"run of 4", "started 1", "failed 1", "skipped 2 because of 1",
                                  "skipped 3 because of 1", "skipped 4 because of 1"});
}

TEST_CASE("an action with two failed needs is skipped once") {
  ScriptedRun run;
  run.runner.errors[1] = broken();
  run.runner.errors[2] = broken();
  PlanWriter writer;
  writer.start("group.web[0]", "kvm1");
  writer.start("group.web[1]", "kvm1");
  writer.add("group.web", "", Barrier{}, {1, 2});

  CHECK(run.execute(writer.plan).skipped == Ids{3});
}

TEST_CASE("a failure is written down with its error, for the journal and for the history") {
  ScriptedRun run;
  run.runner.errors[1] = broken();
  PlanWriter writer;
  writer.start("group.web[0]", "kvm1");

  run.execute(writer.plan);

  REQUIRE(run.store.commits_.size() == 2);
  REQUIRE(run.store.commits_[1].ended.has_value());
  CHECK(run.store.commits_[1].ended->error == broken());
  REQUIRE(run.store.events_.size() == 1);
  CHECK(run.store.events_[0].kind == "failed");
  CHECK(run.store.events_[0].address == "group.web[0]");
  CHECK(run.store.state_.open_actions.empty());
}

TEST_CASE("no more is in flight than the limits allow: in all, on a host, of a group, and of uploads to a host") {
  ScriptedRun run;
  run.limits = {.parallel = 5, .per_host = 3, .per_group = 4, .uploads_per_host = 1, .booting_per_host = 10};
  PlanWriter writer;
  for (int i = 0; i < 12; ++i)
    writer.add(fmt::format("group.web[{}]", i), i % 2 == 0 ? "kvm1" : "kvm2", DefineDomain{});
  for (int i = 0; i < 12; ++i) writer.add("image.debian", i % 2 == 0 ? "kvm1" : "kvm2", UploadImage{});
  int most = 0;
  int most_on_host = 0;
  int most_of_group = 0;
  int most_uploads = 0;
  run.runner.at_start = [&] {
    const auto& in_flight = run.runner.in_flight;
    most = std::max(most, static_cast<int>(in_flight.size()));
    most_on_host = std::max({most_on_host, run.runner.running_on("kvm1"), run.runner.running_on("kvm2")});
    int of_group = 0;
    int uploads = 0;
    for (const auto& action : in_flight) {
      of_group += action.address.rfind("group.web", 0) == 0 ? 1 : 0;
      uploads += std::holds_alternative<UploadImage>(action.detail) && action.host == "kvm1" ? 1 : 0;
    }
    most_of_group = std::max(most_of_group, of_group);
    most_uploads = std::max(most_uploads, uploads);
  };

  CHECK(run.execute(writer.plan).done == 24);

  CHECK(most == 5);
  CHECK(most_on_host == 3);
  CHECK(most_of_group == 4);
  CHECK(most_uploads == 1);
}

TEST_CASE("whoever waits for a slot, the first one that finds all of its own free begins") {
  ScriptedRun run;
  run.limits = {.parallel = 3, .per_host = 2, .per_group = 2, .uploads_per_host = 1, .booting_per_host = 1};
  PlanWriter writer;
  writer.start("group.web[0]", "kvm1");
  writer.start("group.web[1]", "kvm1");  // one boots there already
  writer.add("group.web[2]", "kvm1", DefineDomain{});
  writer.add("group.db[0]", "kvm1", DefineDomain{});   // the host is full
  writer.add("group.web[3]", "kvm2", DefineDomain{});  // the group is
  writer.add("group.db[1]", "kvm2", DefineDomain{});

  run.execute(writer.plan);

  CHECK(run.runner.started == Ids{1, 3, 6, 2, 4, 5});
}

TEST_CASE("an instance boots until its gates have passed, and no more boot at once than allowed") {
  ScriptedRun run;
  run.limits.booting_per_host = 1;
  run.limits.per_host = 10;

  CHECK(run.execute(three_chains()).done == 9);

  CHECK(run.runner.started == Ids{1, 4, 7, 2, 3, 5, 6, 8, 9});
}

TEST_CASE("with one slot of every kind a run still comes to its end") {
  ScriptedRun run;
  run.limits = {.parallel = 1, .per_host = 1, .per_group = 1, .uploads_per_host = 1, .booting_per_host = 1};
  CHECK(run.execute(three_chains()).done == 9);
}

TEST_CASE("a boot whose gates will never be waited for gives its slot back") {
  ScriptedRun run;
  run.limits.booting_per_host = 1;
  SECTION("since the start failed") {
    run.runner.errors[2] = broken();
  }
  SECTION("since the gates failed") {
    run.runner.errors[3] = broken();
  }
  const RunSummary summary = run.execute(three_chains());
  CHECK(summary.failed.size() == 1);
  CHECK(summary.done + static_cast<int>(summary.skipped.size()) == 8);
}

TEST_CASE("gates that wait for another instance on the same host cannot stop the run for good") {
  ScriptedRun run;
  run.limits.booting_per_host = 1;
  PlanWriter writer;
  writer.start("group.web[0]", "kvm1");
  writer.start("group.db[0]", "kvm1", {1});
  writer.wait("group.db[0]", "kvm1", {2});
  writer.wait("group.web[0]", "kvm1", {1, 3});

  CHECK(run.execute(writer.plan).done == 4);
}

TEST_CASE("intent is written before an action begins, and the outcome when it has ended") {
  ScriptedRun run;
  run.store.state_.instances = {{*parse_instance_address("group.web[0]"), instance("group.web[0]", "kvm1")}};
  run.runner.at_start = [&] {
    REQUIRE(run.store.commits_.size() == 1);
    CHECK(run.store.commits_[0].begun->kind == "domain.start");
    CHECK(run.store.commits_[0].begun->address == "group.web[0]");
    CHECK(run.store.commits_[0].begun->run_id == "run-1");
    CHECK(run.store.state_.open_actions.size() == 1);
  };
  PlanWriter writer;
  writer.start("group.web[0]", "kvm1");

  const RunSummary summary = run.execute(writer.plan);

  REQUIRE(run.store.commits_.size() == 2);
  CHECK(run.store.commits_[1].ended->ok);
  CHECK(run.store.state_.open_actions.empty());
  CHECK(run.store.state_.instances.begin()->second.phase == Phase::started);
  CHECK(summary.serial == run.store.state_.serial);
}

TEST_CASE("what only changes the record is one transaction, and needs nobody to perform it") {
  ScriptedRun run;
  PlanWriter writer;
  writer.add("group.web[0]", "kvm1", ClaimInstance{instance("group.web[0]", "kvm1"), {}, group_record("group.web")});
  writer.add("group.web", "", Barrier{}, {1});

  const RunSummary summary = run.execute(writer.plan);

  CHECK(summary.done == 2);
  CHECK(run.runner.started.empty());
  REQUIRE(run.store.commits_.size() == 1);
  CHECK(run.store.commits_[0].begun.has_value());
  CHECK(run.store.commits_[0].ended.has_value());
  CHECK(run.store.state_.open_actions.empty());
  CHECK(run.store.state_.instances.size() == 1);
}

TEST_CASE("an action is told what the record knows when it begins, not when the plan was made") {
  ScriptedRun run;
  auto known = instance("group.cp[0]", "kvm1", Phase::defined);
  run.store.state_.instances = {{known.address, known}};
  run.runner.outcomes[2].addresses = {{"mac-of-group.cp[0]", "10.0.0.9"}};
  PlanWriter writer;
  writer.start("group.cp[0]", "kvm1");
  writer.wait("group.cp[0]", "kvm1", {1});
  writer.add("group.web[0]", "kvm1", WriteSeed{}, {2});

  run.execute(writer.plan);

  CHECK(run.runner.inputs[2].started_at == VirtualClock::kStart);
  CHECK(run.runner.inputs[2].name == "prod-cp-0");
  CHECK(run.runner.inputs[2].lineage == kLineage);
  CHECK(run.runner.inputs[3].known_addresses.all() ==
        std::map<InstanceAddress, std::string>{{*parse_instance_address("group.cp[0]"), "10.0.0.9"}});
}

TEST_CASE("each seed is told the addresses that are known when it is written") {
  ScriptedRun run;
  const auto known = instance("group.cp[0]", "kvm1", Phase::started);
  run.store.state_.instances = {{known.address, known}};
  run.runner.outcomes[2].addresses = {{"mac-of-group.cp[0]", "10.0.0.9"}};
  PlanWriter writer;
  writer.add("group.web[0]", "kvm1", WriteSeed{});
  writer.wait("group.cp[0]", "kvm1", {1});
  writer.add("group.web[1]", "kvm1", WriteSeed{}, {2});
  writer.add("group.cp[0]", "kvm1", ReleaseInstance{}, {3});
  writer.add("group.web[2]", "kvm1", WriteSeed{}, {4});

  run.execute(writer.plan);

  std::vector<std::size_t> known_to;
  for (const int seed : {1, 3, 5}) known_to.push_back(run.runner.inputs[seed].known_addresses.all().size());
  CHECK(known_to == std::vector<std::size_t>{0, 1, 0});
}

TEST_CASE("what an older state has for an address and is none is told to no other guest") {
  ScriptedRun run;
  auto known = instance("group.cp[0]", "kvm1", Phase::ready);
  known.nics[0].address = "10.0.0.9\nruncmd: [reboot]";
  run.store.state_.instances = {{known.address, known}};
  PlanWriter writer;
  const int seed = writer.add("group.web[0]", "kvm1", WriteSeed{});

  run.execute(writer.plan);

  CHECK(run.runner.inputs[seed].known_addresses.all().empty());
}

TEST_CASE("what an earlier run left open in the journal is closed before anything begins") {
  ScriptedRun run;
  run.store.state_.open_actions = {{7, "run-0", "domain.start", "group.web[0]", "kvm1", {}}};

  run.execute(PlanWriter().plan);

  REQUIRE(run.store.commits_.size() == 1);
  CHECK(run.store.commits_[0].ended->journal_id == 7);
  CHECK_FALSE(run.store.commits_[0].ended->ok);
  CHECK(run.store.state_.open_actions.empty());
}

TEST_CASE("asked to stop, a run finishes what is in flight and begins nothing more") {
  ScriptedRun run;
  run.limits.parallel = 1;
  run.stop_request = [&] { return run.runner.started.empty() ? StopRequest::none : StopRequest::finish_running; };

  const RunSummary summary = run.execute(three_chains());

  CHECK(summary.done == 1);
  CHECK(summary.failed.empty());
  CHECK(summary.skipped == Ids{2, 3, 4, 5, 6, 7, 8, 9});
  CHECK(summary.left_open.empty());
  CHECK(summary.interrupted);
  CHECK(run.store.state_.open_actions.empty());
  CHECK(run.events.words.at(2) == "stopping, 1 running");
  CHECK(std::count(run.events.words.begin(), run.events.words.end(), "skipped 9 because of 0") == 1);
}

TEST_CASE("a stop that came too late to leave anything undone is no interruption") {
  ScriptedRun run;
  run.stop_request = [&] { return run.runner.started.empty() ? StopRequest::none : StopRequest::finish_running; };
  PlanWriter writer;
  writer.start("group.web[0]", "kvm1");
  const RunSummary summary = run.execute(writer.plan);
  CHECK(summary.done == 1);
  CHECK_FALSE(summary.interrupted);
}

TEST_CASE("asked to stop, a run waits for gates no longer: they are left undone, and have not failed") {
  ScriptedRun run;
  auto booting = instance("group.web[0]", "kvm1", Phase::started);
  run.store.state_.instances = {{booting.address, booting}};
  run.runner.errors[1] = {ErrorKind::timed_out, "stopped while waiting", {}, {}};
  run.stop_request = [&] { return run.runner.started.empty() ? StopRequest::none : StopRequest::finish_running; };
  PlanWriter writer;
  writer.wait("group.web[0]", "kvm1");

  const RunSummary summary = run.execute(writer.plan);

  CHECK(run.runner.waits_cut);
  CHECK(summary.failed.empty());
  CHECK(summary.skipped == Ids{1});
  CHECK(summary.interrupted);
  CHECK(run.store.state_.open_actions.empty());
  CHECK(run.store.state_.instances.begin()->second.phase == Phase::started);
  CHECK(run.store.events_.empty());
}

RunHook hook_of(const std::string& uuid) {
  RunHook hook;
  hook.uuid = uuid;
  return hook;
}

TEST_CASE("asked to stop, a hook that is cut short is left undone, and has not failed") {
  ScriptedRun run;
  auto ready = instance("group.web[0]", "kvm1", Phase::started);
  run.store.state_.instances = {{ready.address, ready}};
  run.runner.errors[1] = {ErrorKind::timed_out, "ended, as vscale was asked to stop", {}, {}};
  run.stop_request = [&] { return run.runner.started.empty() ? StopRequest::none : StopRequest::finish_running; };
  PlanWriter writer;
  writer.add("group.web[0]", "kvm1", hook_of(uuid_of("group.web[0]")));

  const RunSummary summary = run.execute(writer.plan);

  CHECK(summary.failed.empty());
  CHECK(summary.skipped == Ids{1});
  CHECK(run.store.events_.empty());
}

TEST_CASE("what runs a hook or takes one back knows the cards of its instance, and others' addresses") {
  ScriptedRun run;
  auto web = instance("group.web[0]", "kvm1", Phase::ready);
  web.nics[0].address = "10.0.0.50";
  run.store.state_.instances = {{web.address, web}};
  PlanWriter writer;
  const std::string uuid = uuid_of("group.web[0]");
  writer.add("group.web[0]", "kvm1", hook_of(uuid));
  writer.add("group.web[0]", "kvm1", StopDomain{.uuid = uuid, .undo = {Hook{}}}, {1});
  REQUIRE(run.execute(writer.plan).done == 2);
  for (const int id : {1, 2}) {
    CHECK(run.runner.inputs.at(id).nics == web.nics);
    CHECK(run.runner.inputs.at(id).known_addresses.all().at(web.address) == "10.0.0.50");
  }
}

TEST_CASE("told to stop now, a run returns at once and leaves what is in flight open in the journal") {
  ScriptedRun run;
  run.limits.parallel = 2;
  run.runner.finish_nothing = true;
  run.stop_request = [&] { return run.runner.started.size() < 2 ? StopRequest::none : StopRequest::now; };

  const RunSummary summary = run.execute(three_chains());

  CHECK(summary.left_open == Ids{1, 4});
  CHECK(summary.skipped == Ids{2, 3, 5, 6, 7, 8, 9});
  CHECK(summary.interrupted);
  CHECK(run.store.state_.open_actions.size() == 2);
}

TEST_CASE("a run that hangs looks again and again whether it is to stop") {
  ScriptedRun run;
  run.runner.finish_nothing = true;
  int asked = 0;
  run.stop_request = [&] { return ++asked < 10 ? StopRequest::none : StopRequest::now; };
  CHECK(run.execute(three_chains()).left_open == Ids{1, 4, 7});
  CHECK(asked == 10);
}

TEST_CASE("a claim that collides with another writer's fails its own branch only") {
  ScriptedRun run;
  const auto taken = instance("group.db[0]", "kvm1");
  run.store.state_.instances = {{taken.address, taken}};
  auto colliding = instance("group.web[0]", "kvm1");
  colliding.nics[0].mac = taken.nics[0].mac;
  PlanWriter writer;
  writer.add("group.web[0]", "kvm1", ClaimInstance{colliding, {}, group_record("group.web")});
  writer.add("group.web[0]", "kvm1", DefineDomain{}, {1});
  writer.start("group.db[0]", "kvm1");

  const RunSummary summary = run.execute(writer.plan);

  REQUIRE(summary.failed.size() == 1);
  CHECK(summary.failed[0].id == 1);
  CHECK(summary.failed[0].error.kind == ErrorKind::conflict);
  CHECK(summary.skipped == Ids{2});
  CHECK(summary.done == 1);
  CHECK_FALSE(summary.state_error.has_value());
}

TEST_CASE("claims stand on the generations that the plan was made from, moved by the run's own claims and releases") {
  ScriptedRun run;
  const auto leaving = instance("group.db[0]", "kvm1");
  run.store.state_.instances = {{leaving.address, leaving}};
  run.store.state_.hosts["kvm1"].generation = 7;
  PlanWriter writer;
  for (const std::string address : {"group.web[0]", "group.web[1]"}) {
    writer.add(address, "", ClaimInstance{instance(address, "kvm1"), {}, group_record("group.web")});
  }
  writer.add("group.db[0]", "", ReleaseInstance{}, {2});
  writer.add("group.web[2]", "", ClaimInstance{instance("group.web[2]", "kvm1"), {}, group_record("group.web")}, {3});
  writer.add("group.web[3]", "", ClaimInstance{instance("group.web[3]", "kvm2"), {}, group_record("group.web")});

  const RunSummary summary = run.execute(writer.plan);

  CHECK(summary.done == 5);
  std::vector<std::map<std::string, std::int64_t>> expected;
  for (const auto& commit : run.store.commits_) expected.push_back(commit.expected_generations);
  CHECK(expected == std::vector<std::map<std::string, std::int64_t>>{
                        {{"kvm1", 7}}, {{"kvm1", 8}}, {}, {{"kvm1", 10}}, {{"kvm2", 0}}});
}

TEST_CASE("a claim on a host of which another writer has claimed since the plan was made is a conflict") {
  ScriptedRun run;
  PlanWriter writer;
  for (const std::string address : {"group.web[0]", "group.web[1]"}) {
    writer.add(address, "", ClaimInstance{instance(address, "kvm1"), {}, group_record("group.web")});
  }
  const RecordedState planned_from = run.store.state_;
  run.store.state_.hosts["kvm1"].generation = 1;

  const RunSummary summary = execute(writer.plan, planned_from, run.limits, "run-1",
                                     {run.store, run.runner, run.clock, run.events, run.stop_request});

  REQUIRE(summary.failed.size() == 2);
  CHECK(summary.failed[0].error.kind == ErrorKind::conflict);
  CHECK(run.store.state_.instances.empty());
  CHECK_FALSE(summary.state_error.has_value());
}

TEST_CASE("what grows where it is, or is followed to another host, claims as a new one does, and nothing else does") {
  ScriptedRun run;
  const auto web = instance("group.web[0]", "kvm1", Phase::ready);
  run.store.state_.instances = {{web.address, web}};
  run.store.state_.hosts["kvm1"].generation = 7;
  run.store.state_.hosts["kvm2"].generation = 3;
  InstanceRecord protected_now = web;
  protected_now.prevent_destroy = true;
  InstanceRecord grown = protected_now;
  grown.claim.vcpus = 4;
  InstanceRecord followed = grown;
  followed.host = "kvm2";
  PlanWriter writer;
  for (const auto& after : {protected_now, grown, followed}) {
    const std::vector<int> needs =
        writer.plan.actions.empty() ? std::vector<int>{} : Ids{writer.plan.actions.back().id};
    writer.add("group.web[0]", "", ChangeRecord{{PutInstance{after}}}, needs);
  }

  const RunSummary summary = run.execute(writer.plan);

  CHECK(summary.done == 3);
  std::vector<std::map<std::string, std::int64_t>> expected;
  for (const auto& commit : run.store.commits_) expected.push_back(commit.expected_generations);
  CHECK(expected == std::vector<std::map<std::string, std::int64_t>>{{}, {{"kvm1", 7}}, {{"kvm2", 3}}});
}

TEST_CASE("an outcome that contradicts the record fails its own branch only, and is no open action") {
  ScriptedRun run;
  const Error taken{ErrorKind::conflict, "group.db[0] has that already", {}, "plan again"};
  run.store.fail_commit(1, taken, MemoryStateStore::Failing::once);
  run.limits.parallel = 1;

  const RunSummary summary = run.execute(three_chains());

  REQUIRE(summary.failed.size() == 1);
  CHECK(summary.failed[0].id == 1);
  CHECK(summary.failed[0].error.kind == ErrorKind::conflict);
  CHECK(summary.failed[0].error.message ==
        "domain.define of group.web[0] was done, but that could not be recorded: group.db[0] has that already");
  CHECK_FALSE(summary.state_error.has_value());
  CHECK(summary.done == 6);
  CHECK(summary.skipped.size() == 2);
  CHECK(run.store.state_.open_actions.empty());
  REQUIRE(run.store.events_.size() >= 1);
  CHECK(run.store.events_[0].kind == "failed");
}

TEST_CASE("when the intent cannot be written the action is not begun, and what is in flight is finished") {
  ScriptedRun run;
  run.store.fail_commit(1, disk_full(), MemoryStateStore::Failing::once);

  const RunSummary summary = run.execute(three_chains());

  CHECK(run.runner.started == Ids{1});
  CHECK(summary.done == 1);
  CHECK(summary.failed == std::vector<FailedAction>{{4, disk_full()}});
  CHECK(summary.state_error == disk_full());
  CHECK(summary.skipped == Ids{2, 3, 5, 6, 7, 8, 9});
  CHECK_FALSE(summary.interrupted);
  CHECK(run.runner.waits_cut);
  CHECK(run.store.state_.open_actions.empty());
}

TEST_CASE("when the outcome cannot be written the run ends, says what was done, and leaves it open in the journal") {
  ScriptedRun run;
  run.limits.parallel = 1;
  run.store.fail_commit(1, disk_full(), MemoryStateStore::Failing::from_then_on);

  const RunSummary summary = run.execute(three_chains());

  CHECK(summary.done == 0);
  REQUIRE(summary.failed.size() == 1);
  CHECK(summary.failed[0].error.message ==
        "domain.define of group.web[0] was done, but that could not be recorded: vscale.db: no space left");
  CHECK(summary.state_error == disk_full());
  CHECK(summary.skipped.size() == 8);
  CHECK(run.store.state_.open_actions.size() == 1);
}

}  // namespace
}  // namespace vscale::test
