#include "cmd/run.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "schemas/json/plan_json.h"
#include "tests/cmd/fake_world.h"
#include "tests/cmd/planning/forwarding_domains.h"
#include "tests/support/golden.h"

namespace vscale::test {
namespace {

using Json = nlohmann::json;

/// A cluster that notes what was asked of it last.
class RememberingDomains final : public ForwardingDomains {
 public:
  using ForwardingDomains::ForwardingDomains;
  std::map<std::string, Result<HostSnapshot>> observe(const std::map<std::string, ObserveRequest>& hosts) override {
    requests = hosts;
    return ForwardingDomains::observe(hosts);
  }

  std::map<std::string, ObserveRequest> requests;
};

}  // namespace

TEST_CASE("plan, apply, and the next plan is empty") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(3));

  const auto before = world.vscale({"plan", "--detailed-exitcode"});
  CHECK(before.code == 2);
  check_golden("cmd/run_plan.txt", before.out);

  const auto applied = world.vscale({"apply", "--auto-approve"});
  CHECK(applied.code == 0);
  CHECK(applied.err.empty());
  CHECK(world.cluster().domains().size() == 3);

  const auto after = world.vscale({"plan", "--detailed-exitcode"});
  CHECK(after.code == 0);
  CHECK(holds(after.out, "No changes"));
}

TEST_CASE("a pipe gets a line for each action with its time") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(1));
  const auto applied = world.vscale({"apply", "--auto-approve"});
  check_golden("cmd/run_apply_pipe.txt", applied.out);
}

TEST_CASE("declined at the prompt is an error, and nothing is done") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(1));
  for (const std::string answer : {"no\n", "y\n", "Yes\n", ""}) {
    const auto declined = world.vscale_on_terminal({"apply"}, answer);
    CHECK(declined.code == 1);
    CHECK(holds(declined.err, "Only 'yes' will be accepted"));
    CHECK(holds(declined.err, "declined; nothing was done"));
  }
  CHECK(world.cluster().domains().empty());
  CHECK(world.vscale_on_terminal({"apply"}, "yes\n").code == 0);
  CHECK(world.cluster().domains().size() == 1);
}

TEST_CASE("where nobody can be asked, apply refuses without --auto-approve") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(1));
  const auto refused = world.vscale({"apply"});
  CHECK(refused.code == 1);
  CHECK(holds(refused.err, "nobody can be asked here"));
  CHECK(holds(refused.err, "--auto-approve"));
  CHECK(world.cluster().domains().empty());
}

TEST_CASE("destroy removes what vscale created, and nothing else") {
  AppliedWorld world(3);
  world.cluster().add_foreign_domain("kvm1", "somebody-elses", 1, kGiB);
  const auto destroyed = world.vscale({"destroy", "--auto-approve"});
  CHECK(destroyed.code == 0);
  check_golden("cmd/run_destroy.txt", destroyed.out);
  const auto left = world.cluster().domains();
  REQUIRE(left.size() == 1);
  CHECK(left.front().name == "somebody-elses");
  CHECK(world.vscale({"destroy", "--auto-approve"}).code == 0);
}

TEST_CASE("destroy needs no value of a sensitive variable") {
  AppliedWorld world(1);
  world.write("vscale.yaml", web_config(1) + "vars: { token: { sensitive: true } }\n");
  CHECK(world.vscale({"plan"}).code == 1);
  CHECK(world.vscale({"status"}).code == 0);
  CHECK(world.vscale({"validate"}).code == 0);
  CHECK(world.vscale({"destroy", "--auto-approve"}).code == 0);
  CHECK(world.cluster().domains().empty());
}

TEST_CASE("with a host that does not answer the rest is done, and the exit code says partial") {
  AppliedWorld world(2);
  world.cluster().cut("kvm2");
  world.write("vscale.yaml", web_config(4));

  const auto plan = world.vscale({"plan", "--detailed-exitcode"});
  CHECK(plan.code == 3);
  CHECK(holds(plan.out, "INCOMPLETE (kvm2)"));
  const auto applied = world.vscale({"apply", "--auto-approve"});
  CHECK(applied.code == 3);
  CHECK(world.vscale({"status"}).code == 3);

  world.cluster().heal("kvm2");
  CHECK(world.vscale({"apply", "--auto-approve"}).code == 0);
  CHECK(world.cluster().domains().size() == 4);
}

TEST_CASE("a saved plan is carried out without a question") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(2));
  const auto plan = world.vscale({"plan", "--out", "plan.bin"});
  CHECK(plan.code == 0);
  CHECK(holds(plan.err, "vscale apply plan.bin"));
  CHECK(world.vscale({"apply", "plan.bin"}).code == 0);
  CHECK(world.cluster().domains().size() == 2);
}

TEST_CASE("a saved plan is refused once the state has moved") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(1));
  REQUIRE(world.vscale({"plan", "--out", "plan.bin"}).code == 0);
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  const auto refused = world.vscale({"apply", "plan.bin"});
  CHECK(refused.code == 1);
  CHECK(holds(refused.err, "Saved plan is stale"));
  CHECK(holds(refused.err, "changed by another"));
}

TEST_CASE("a saved plan of another statefile is refused") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(1));
  REQUIRE(world.vscale({"plan", "--out", "plan.bin"}).code == 0);
  auto saved = saved_plan_from_text(world.written("plan.bin"));
  REQUIRE(saved.ok());
  saved->plan.lineage = "another";
  world.write("plan.bin", saved_plan_text(*saved));
  const auto refused = world.vscale({"apply", "plan.bin"});
  CHECK(refused.code == 1);
  CHECK(holds(refused.err, "Saved plan does not match the given state"));
}

TEST_CASE("a saved plan is refused once a file or a variable that it was made from has changed") {
  FakeWorld world;
  const std::string config = web_config(1) + "vars: { domain: { default: example.lan } }\n";
  world.write("vscale.yaml", config);
  REQUIRE(world.vscale({"plan", "--out", "plan.bin"}).code == 0);

  const auto other_variable = world.vscale({"apply", "plan.bin", "--var", "domain=other.lan"});
  CHECK(other_variable.code == 1);
  CHECK(holds(other_variable.err, "variables have changed after the plan was created"));

  world.write("vscale.yaml", config + "# a comment\n");
  const auto other_file = world.vscale({"apply", "plan.bin"});
  CHECK(other_file.code == 1);
  CHECK(holds(other_file.err, "vscale.yaml has changed after the plan was created"));

  world.write("vscale.yaml", config);
  CHECK(world.vscale({"apply", "plan.bin"}).code == 0);
}

TEST_CASE("with no backups kept an apply makes none, and goes on") {
  AppliedWorld world(1);
  world.write("vscale.yaml", web_config(2) + "state: { sqlite: { backup: { keep: 0 } } }\n");

  const auto applied = world.vscale({"apply", "--auto-approve"});

  INFO(applied.err);
  CHECK(applied.code == 0);
  for (const auto& file : std::filesystem::directory_iterator(world.folder())) {
    CHECK_FALSE(holds(file.path().filename().string(), ".backup-"));
  }
}

TEST_CASE("what was seen once without its mark is read again if it is an instance, or is called as one may be") {
  AppliedWorld world(1);
  world.cluster().add_foreign_domain("kvm1", "somebody-elses", 1, kGiB);
  world.cluster().add_foreign_domain("kvm1", "prod-forgotten-0", 1, kGiB);
  const auto ours = world.cluster().domains();
  REQUIRE(world.vscale({"plan"}).code == 0);
  auto state = world.outside().open_state(world.folder() + "/vscale.db", OpenMode::read_write);
  REQUIRE(state.ok());
  auto recorded = state->store->read();
  REQUIRE(recorded.ok());
  std::vector<Observation> unmarked;
  for (auto& [name, host] : recorded->hosts) {
    for (auto& domain : host.observed->domains) domain.ownership.reset();
    unmarked.push_back({.host = name, .view = {.snapshot = host.observed, .failure = std::nullopt}});
  }
  REQUIRE(state->store->record_observations(unmarked).ok());
  const auto asked = std::make_shared<RememberingDomains>(world.cluster());
  world.outside().reach_hosts = [&](const std::vector<HostConnection>&) {
    const auto cluster = std::shared_ptr<FakeCluster>(std::shared_ptr<void>(), &world.cluster());
    return HostPorts{.domains = asked, .volumes = cluster, .guests = cluster};
  };

  CHECK(world.vscale({"plan"}).code == 0);

  for (const auto& domain : ours) {
    const bool strange = domain.name == "somebody-elses";
    CHECK(asked->requests.at(domain.host).known_foreign.contains(domain.uuid) == strange);
  }
}

TEST_CASE("apply under another run's lock fails and names the holder") {
  AppliedWorld world(1);
  const RunInProgress other(world, "watch");

  const auto refused = world.vscale({"apply", "--auto-approve"});
  CHECK(refused.code == 1);
  CHECK(holds(refused.err, "bob"));
  CHECK(holds(refused.err, "watch"));

  const Instant before = world.clock().now();
  CHECK(world.vscale({"apply", "--auto-approve", "--lock-timeout", "30s"}).code == 1);
  CHECK(world.clock().now() - before == std::chrono::seconds{30});
  CHECK(world.vscale({"plan"}).code == 0);
  CHECK(holds(world.vscale({"status"}).out, "watch by bob@ctl1"));
}

TEST_CASE("a lock of a holder that died on another machine is forgotten by force, and only by its id") {
  AppliedWorld world(1);
  StateStoreOptions elsewhere;
  elsewhere.machine = "another machine";
  auto other = SqliteStateStore::open(world.folder() + "/vscale.db", OpenMode::read_write, elsewhere);
  REQUIRE(other.ok());
  auto held = (*other)->lock({.id = "left-behind",
                              .operation = "apply",
                              .user = "bob",
                              .host = "ctl2",
                              .pid = ::getpid(),
                              .since = world.clock().now()});
  REQUIRE(held.ok());
  // A file of its own stands for the kernel of the other machine, which is not asked here.
  std::filesystem::remove(world.folder() + "/vscale.db.lock");
  const auto refused = world.vscale({"apply", "--auto-approve"});
  CHECK(refused.code == 1);
  CHECK(holds(refused.err, "vscale force-unlock left-behind"));
  CHECK(Json::parse(world.vscale({"status", "--json"}).out)["running"]["id"] == "left-behind");

  const auto wrong = world.vscale({"force-unlock", "somebody"});
  CHECK(wrong.code == 1);
  CHECK(holds(wrong.err, "nobody holds the lock somebody"));
  CHECK(world.vscale({"apply", "--auto-approve"}).code == 1);
  const auto forced = world.vscale({"force-unlock", "left-behind"});

  INFO(forced.err);
  CHECK(forced.code == 0);
  CHECK(forced.out ==
        "lock left-behind is forgotten; what its holder had begun, the next apply\n"
        "  finishes\n");
  CHECK(world.vscale({"apply", "--auto-approve"}).code == 0);
}

TEST_CASE("the lock of a process that is alive here is not forgotten by force") {
  AppliedWorld world(1);
  const RunInProgress other(world);

  const auto refused = world.vscale({"force-unlock", "other", "--state", world.folder() + "/vscale.db"});

  CHECK(refused.code == 1);
  CHECK(holds(refused.err, "it is alive on this machine"));
}

TEST_CASE("an interrupt finishes what runs, exits 130, and the next apply goes on") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(3));
  int asked = 0;
  world.stop_when([&asked] { return ++asked > 12 ? StopRequest::finish_running : StopRequest::none; });
  const auto stopped = world.vscale({"apply", "--auto-approve"});
  CHECK(stopped.code == 130);
  CHECK(holds(stopped.out, "Nothing is lost"));
  CHECK(holds(stopped.out, "Stopped: "));
  CHECK(holds(stopped.out, "Go on: vscale apply"));

  world.stop_when({});
  CHECK(world.vscale({"apply", "--auto-approve"}).code == 0);
  CHECK(world.cluster().domains().size() == 3);
  CHECK(holds(world.vscale({"plan"}).out, "No changes"));
}

TEST_CASE("an action that fails is an error that names the thing and what was not begun") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(2));
  GuestBehaviour never;
  never.never_boots = true;
  world.cluster().behave("prod-web-1", never);
  const auto failed = world.vscale({"apply", "--auto-approve"});
  CHECK(failed.code == 1);
  check_golden("cmd/run_apply_failed.txt", failed.out);
}

TEST_CASE("apply --json is a stream of objects, from the version to the summary") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(1));
  const auto refused = world.vscale({"--json", "apply"});
  CHECK(refused.code == 1);

  const auto lines = lines_of(world.vscale({"apply", "--json", "--auto-approve"}).out);
  REQUIRE(lines.size() > 5);
  CHECK(lines.front()["type"] == "version");
  CHECK(lines[1]["type"] == "plan");
  CHECK(lines[1]["plan"]["summary"]["create"] == 1);
  CHECK(lines.back()["type"] == "summary");
  CHECK(lines.back()["exit_code"] == 0);
  std::set<int> begun;
  std::set<int> done;
  for (const auto& line : lines) {
    if (line["type"] != "version") CHECK(line.contains("at"));
    if (line["type"] == "action_start") begun.insert(line["id"].get<int>());
    if (line["type"] == "action_done") done.insert(line["id"].get<int>());
  }
  CHECK(begun == done);
  CHECK(done.size() == lines[1]["plan"]["actions"].size());
}

TEST_CASE("plan --json is one document, also for files with mistakes") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(1));
  const auto plan = world.vscale({"plan", "--json"});
  CHECK(plan.code == 0);
  CHECK(Json::parse(plan.out)["changes"][0]["address"] == "group.web[0]");

  world.write("vscale.yaml", "version: 1\nname: [\n");
  const auto broken = world.vscale({"plan", "--json"});
  CHECK(broken.code == 1);
  CHECK(Json::parse(broken.out)["errored"] == true);
}

TEST_CASE("what was last seen is planned from with --refresh=false") {
  AppliedWorld world(2);
  REQUIRE(world.vscale({"plan"}).code == 0);
  world.cluster().cut("kvm1");
  world.cluster().cut("kvm2");
  const auto plan = world.vscale({"plan", "--refresh=false", "--detailed-exitcode"});
  CHECK(plan.code == 0);
  CHECK(holds(plan.out, "the record of 2 hosts"));
}

TEST_CASE("names that nobody has are refused with a guess") {
  AppliedWorld world(2);
  const auto target = world.vscale({"plan", "--target", "wbe"});
  CHECK(target.code == 1);
  CHECK(holds(target.err, "there is no \"wbe\" in prod"));
  CHECK(holds(target.err, "did you mean \"web\"?"));
  CHECK(world.vscale({"plan", "--target", "web-1"}).code == 0);
  CHECK(world.vscale({"plan", "--replace", "prod-web-1", "--detailed-exitcode"}).code == 2);
}

TEST_CASE("console becomes virsh on the instance's host, and says so if there is nothing to see") {
  AppliedWorld world(1);
  world.vscale({"console", "group.web[0]"});
  CHECK(world.became() == std::vector<std::string>{"virsh", "console", "prod-web-0"});
  CHECK(world.became_with().at("LIBVIRT_DEFAULT_URI").starts_with("qemu+ssh://root@kvm"));
  world.cluster().power_off_by_hand("prod-web-0");
  const auto off = world.vscale({"console", "web-0"});
  CHECK(off.code == 1);
  CHECK(holds(off.err, "web-0 is shut off on kvm"));
}

TEST_CASE("status shows groups, instances and hosts, and what needs a hand last") {
  AppliedWorld world(3);
  world.cluster().add_foreign_domain("kvm2", "somebody-elses", 4, 8 * kGiB);
  world.clock().advance(std::chrono::minutes{5});
  check_golden("cmd/status_well.txt", world.vscale({"status"}).out);
  world.cluster().power_off_by_hand("prod-web-0");
  world.cluster().cut("kvm2");
  check_golden("cmd/status_needs.txt", world.vscale({"status"}).out);
  const auto document = Json::parse(world.vscale({"status", "--json"}).out);
  CHECK(document["groups"][0]["want"] == 3);
  CHECK(document["hosts"].size() == 2);
}

TEST_CASE("status before the first apply says what to do, and what is not there on a host that does not answer") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(2));
  world.cluster().cut("kvm2");
  const auto ran = world.vscale({"status"});
  CHECK(ran.code == 3);
  CHECK(holds(ran.out, "What is on it is not known"));
  CHECK(holds(ran.out, "Not as wanted: web: 2 to create"));
}

TEST_CASE("drift is shown apart, put right by apply, and gone afterwards") {
  AppliedWorld world(2);
  world.cluster().power_off_by_hand("prod-web-1");
  const auto plan = world.vscale({"plan", "--detailed-exitcode"});
  CHECK(plan.code == 2);
  check_golden("cmd/run_plan_drift.txt", plan.out);
  CHECK(world.vscale({"apply", "--auto-approve"}).code == 0);
  CHECK(world.vscale({"plan", "--detailed-exitcode"}).code == 0);
}

TEST_CASE("image pull sends images to the hosts ahead of need, once") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(1));
  const auto pulled = world.vscale({"image", "pull"});
  CHECK(pulled.code == 0);
  CHECK(world.cluster().volumes().size() == 2);
  CHECK(holds(world.vscale({"image", "pull"}).err, "Every host that needs them has the images."));
  check_golden("cmd/image_list.txt", world.vscale({"image", "list"}).out);
  CHECK_FALSE(holds(world.vscale({"plan"}).out, "send"));
}

TEST_CASE("image update that finds nothing newer changes no state") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(1));
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  const auto before = world.vscale({"state", "show", "--json"}).out;
  world.clock().advance(std::chrono::minutes{5});
  CHECK(world.vscale({"image", "update"}).code == 0);
  CHECK(world.vscale({"state", "show", "--json"}).out == before);
}

TEST_CASE("a newer image is taken by image update alone, which says whom it rolls") {
  AppliedWorld world(2);
  world.images().publish("debian-12", "newer bytes");
  CHECK(world.vscale({"plan", "--detailed-exitcode"}).code == 0);
  const auto updated = world.vscale({"image", "update", "debian-12"});
  CHECK(updated.code == 0);
  CHECK(holds(updated.out, "the next apply replaces 2"));
  CHECK(world.vscale({"plan", "--detailed-exitcode"}).code == 2);
  const auto unknown = world.vscale({"image", "update", "debian-11"});
  CHECK(unknown.code == 1);
  CHECK(holds(unknown.err, "did you mean \"debian-12\"?"));
}

TEST_CASE("inventories are made from the record") {
  AppliedWorld world(2);
  check_golden("cmd/inventory.ini", world.vscale({"inventory"}).out);
  check_golden("cmd/inventory.ssh", world.vscale({"inventory", "--format", "ssh-config"}).out);
  CHECK(Json::parse(world.vscale({"inventory", "--json"}).out)["instances"].size() == 2);
}

TEST_CASE("state list and show read the record") {
  AppliedWorld world(1);
  check_golden("cmd/state_list.txt", world.vscale({"state", "list"}).out);
  check_golden("cmd/state_show.txt", world.vscale({"state", "show", "web-0"}).out);
  CHECK(Json::parse(world.vscale({"state", "show", "--json"}).out)["instances"].size() == 1);
  CHECK(holds(world.vscale({"state", "show", "web-1"}).err, "nothing is recorded of \"web-1\""));
}

TEST_CASE("no secret appears in anything that is printed or saved") {
  FakeWorld world;
  const std::string secret = "hunter2-very-secret";
  std::string config = web_config(1) + "vars: { token: { sensitive: true } }\n";
  config.replace(config.find("{ user: debian }"), 16, "{ user: debian, userData: \"#!/bin/sh\\necho ${var.token}\" }");
  world.write("vscale.yaml", config);
  std::string all;
  for (const std::vector<std::string>& words : {std::vector<std::string>{"plan", "--json", "-v", "--out", "plan.bin"},
                                                {"plan", "-v"},
                                                {"apply", "--auto-approve", "--json"},
                                                {"status", "--json"},
                                                {"state", "show", "--json"},
                                                {"validate"}}) {
    auto with_variable = words;
    with_variable.insert(with_variable.end(), {"--var", "token=" + secret});
    const auto ran = world.vscale(with_variable);
    INFO(ran.err);
    CHECK(ran.code == 0);
    all += ran.out + ran.err;
  }
  CHECK_FALSE(holds(all, secret));
  CHECK_FALSE(holds(world.written("plan.bin"), secret));
  bool in_seed = false;
  for (const auto& volume : world.cluster().volumes()) {
    const auto held = world.cluster().volume(volume);
    in_seed = in_seed || (held->seed && holds(held->seed->user_data, secret));
  }
  CHECK(in_seed);
}

TEST_CASE("another value of a secret is no other machine: secrets are not in what is compared") {
  FakeWorld world;
  std::string config = web_config(1) + "vars: { token: { sensitive: true }, plain: { default: x } }\n";
  config.replace(config.find("{ user: debian }"), 16,
                 "{ user: debian, userData: \"#!/bin/sh\\necho ${var.token} ${var.plain}\" }");
  world.write("vscale.yaml", config);
  REQUIRE(world.vscale({"apply", "--auto-approve", "--var", "token=one"}).code == 0);

  CHECK(world.vscale({"plan", "--detailed-exitcode", "--var", "token=two"}).code == 0);
  CHECK(world.vscale({"plan", "--detailed-exitcode", "--var", "token=two", "--var", "plain=y"}).code == 2);
}

TEST_CASE("a file that is not there is named with what to do") {
  FakeWorld world;
  for (const std::string command : {"validate", "plan", "apply", "status", "inventory"}) {
    const auto ran = world.vscale({command, "-f", "missing.yaml"});
    CHECK(ran.code == 1);
    CHECK(holds(ran.err, "error: missing.yaml: cannot be opened"));
    CHECK(holds(ran.err, "hint: a relative path is looked up from " + world.folder()));
  }
  CHECK(holds(world.vscale({"plan", "-f", "/srv/missing.yaml"}).err, "hint: is its name right?"));
  const auto unnamed = world.vscale({"plan"});
  CHECK(unnamed.code == 1);
  CHECK(holds(unnamed.err, "hint: name the configuration with -f FILE"));
}

}  // namespace vscale::test
