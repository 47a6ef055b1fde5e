#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/cmd/fake_world.h"
#include "tests/support/golden.h"

namespace vscale::test {
namespace {

using Json = nlohmann::json;

Result<RecordedState> record_read_by(FakeWorld& world) {
  return world.outside().open_state(world.folder() + "/vscale.db", OpenMode::read_only)->store->read();
}

std::vector<EventRecord> events_in(FakeWorld& world) {
  constexpr int kMany = 1000;
  const auto opened = world.outside().open_state(world.folder() + "/vscale.db", OpenMode::read_only);
  return *opened->store->events(Instant{}, kMany);
}

/// Revision 1 of web was completed, and 2 is being rolled out: it waits at a step for a person.
void put_rollout(FakeWorld& world) {
  const RevisionRecord one = record_read_by(world)->revisions.at("group.web").at(1);
  RevisionRecord two = one;
  two.number = 2;
  two.completed_at.reset();
  GroupRecord group{.address = "group.web", .revision = 2, .spec_hash = {}, .cursor_host = {}, .stable = 1};
  RolloutRecord rollout;
  rollout.group = "group.web";
  rollout.from = 1;
  rollout.to = 2;
  rollout.step_reached_at = world.clock().now();
  rollout.started_at = world.clock().now();
  const auto opened = world.outside().open_state(world.folder() + "/vscale.db", OpenMode::read_write);
  const auto committed =
      opened->store->commit({.at = world.clock().now(),
                             .begun = {},
                             .ended = {},
                             .changes = {PutRevision{one}, PutRevision{two}, PutGroup{group}, PutRollout{rollout}},
                             .events = {}});
  REQUIRE(committed.ok());
}

struct RollingWorld : AppliedWorld {
  RollingWorld() : AppliedWorld(3) {
    write("vscale.yaml", config());
    put_rollout(*this);
  }
  static std::string config() {
    return web_config(3) + "    update: { steps: [{ to: 1, pause: manual }, { to: \"100%\" }] }\n";
  }
};

}  // namespace

TEST_CASE("a word about a group that is not there names those that are") {
  AppliedWorld world(1);
  for (const std::string word : {"status", "pause", "resume", "promote", "abort", "undo", "history"}) {
    CAPTURE(word);
    const auto refused = world.vscale({"rollout", word, "wbe"});
    CHECK(refused.code == 1);
    CHECK(refused.out.empty());
    CHECK(holds(refused.err, "there is no group \"wbe\" in prod\n  hint: did you mean \"web\"?"));
  }
  CHECK(holds(world.vscale({"simulate", "rollout", "wbe"}).err, "did you mean \"web\"?"));
}

TEST_CASE("a word that means nothing is refused, and nothing is written") {
  AppliedWorld world(1);
  const auto before = events_in(world).size();
  for (const std::string word : {"resume", "promote", "abort", "undo"}) {
    CAPTURE(word);
    const auto refused = world.vscale({"rollout", word, "web"});
    CHECK(refused.code == 1);
    CHECK(holds(refused.err, "hint: "));
  }
  CHECK(events_in(world).size() == before);
}

TEST_CASE("before anything was created nothing can be said of a rollout, and nothing is created") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(1));
  CHECK(world.vscale({"rollout", "pause", "web"}).code == 1);
  CHECK_FALSE(std::filesystem::exists(world.folder() + "/vscale.db"));
  const auto history = world.vscale({"rollout", "history", "web"});
  CHECK(history.code == 0);
  CHECK(history.out == "web: no revision is recorded yet.\n");
}

TEST_CASE("a pause is written down with who, when and why, also while somebody holds the lock") {
  AppliedWorld world(3);
  const RunInProgress run(world);
  const auto paused = world.vscale({"rollout", "pause", "web", "--reason", "wrong kernel"});
  CHECK(paused.code == 0);
  INFO(paused.out << paused.err);
  CHECK(
      paused.out.starts_with("Paused: nothing of web is rolled out until it is resumed.\n"
                             "The apply of bob@ctl1 (pid "));
  CHECK(holds(paused.out, ") comes to a rest after what it is doing.\n"));
  const auto event = events_in(world).back();
  CHECK(event.kind == "rollout pause");
  CHECK(event.address == "group.web");
  CHECK(event.text == "by anna@ctl1: wrong kernel");
}

TEST_CASE("a pause holds until it is resumed, and status says so with the command") {
  AppliedWorld world(3);
  const auto paused = world.vscale({"rollout", "pause", "web", "--reason", "wrong kernel"});
  CHECK(paused.err == "Go on: vscale rollout resume web\n");
  const auto recorded = record_read_by(world);
  REQUIRE(recorded->rollout_intents.contains("group.web"));
  CHECK(recorded->rollout_intents.at("group.web").revision == recorded->groups.at("group.web").revision);

  const std::string status = world.vscale({"status"}).out;
  INFO(status);
  CHECK(holds(status, "PAUSED by anna "));
  CHECK(holds(status, "\n   vscale rollout resume web\n"));
  const auto resumed = world.vscale({"rollout", "resume", "web"});
  CHECK(resumed.out == "Resumed: web may be rolled out again.\n");
  CHECK_FALSE(holds(world.vscale({"status"}).out, "PAUSED"));
}

TEST_CASE("a rolling update that waits is told of by status and rollout status, and goes on once it is promoted") {
  RollingWorld world;
  const auto shown = world.vscale({"rollout", "status", "web"});
  CHECK(shown.code == 0);
  check_golden("cmd/rollout/installation.txt", world.vscale({"status"}).out + "%%\n" + shown.out);

  const auto promoted = world.vscale({"rollout", "promote", "web", "--json"});
  const Json document = Json::parse(promoted.out);
  CHECK(document.at("intent").at("kind") == "promote");
  CHECK(document.at("intent").at("by") == "anna@ctl1");
  CHECK(document.at("next") == Json::array({"vscale apply", "vscale rollout undo web"}));
  CHECK(Json::parse(world.vscale({"rollout", "status", "web", "--json"}).out).at("rollout").at("standing") ==
        "rolling");
}

TEST_CASE("what is said next to a rolling update holds for the files that were given") {
  RollingWorld world;
  world.write("prod.yaml", world.config());
  const auto said = world.vscale({"-f", "prod.yaml", "rollout", "pause", "web"});
  CHECK(
      said.err.ends_with("Go on: vscale -f prod.yaml rollout resume web\n"
                         "Back: vscale -f prod.yaml rollout undo web\n"));
  CHECK(world.vscale({"-f", "prod.yaml", "rollout", "promote", "web"})
            .err.ends_with("  hint: it goes on after: vscale -f prod.yaml rollout resume web\n"));
  CHECK(world.vscale({"-f", "prod.yaml", "-q", "rollout", "abort", "web"}).err.empty());
  CHECK(holds(world.vscale({"-f", "prod.yaml", "rollout", "status", "web"}).out,
              "\nAgain: vscale -f prod.yaml apply --force\n"));
}

TEST_CASE("undo and abort name the revisions that they are about, and history lists all of them") {
  RollingWorld world;
  CHECK(world.vscale({"rollout", "undo", "web"}).out == "Undone: web goes back to revision 1.\n");
  const auto aborted = world.vscale({"rollout", "abort", "web"});
  CHECK(aborted.code == 1);
  CHECK(holds(aborted.err, "error: web goes back to revision 1 with the next apply: "));
  CHECK(holds(aborted.err, "hint: go on with: vscale apply\n"));
  const Json history = Json::parse(world.vscale({"rollout", "history", "web", "--json"}).out);
  REQUIRE(history.at("revisions").size() == 2);
  CHECK(history.at("revisions")[0].at("number") == 2);
  CHECK(history.at("revisions")[0].at("is_rolled_out") == true);
  CHECK_FALSE(history.at("revisions")[0].contains("made_of"));
  CHECK(history.at("revisions")[1].at("stable") == true);
  CHECK(history.at("revisions")[1].at("instances") == 3);
}

TEST_CASE("a simulation of what has nothing to roll says so, and touches no host") {
  AppliedWorld world(2);
  const auto simulated = world.vscale({"simulate", "rollout", "web"});
  CHECK(simulated.code == 0);
  CHECK(simulated.out == "web: nothing is rolled out by turns. What else changes: `vscale plan`.\n");
  const Json document = Json::parse(world.vscale({"simulate", "rollout", "web", "--json"}).out);
  CHECK(document.at("group") == "group.web");
  CHECK(document.at("rollout").is_null());
  CHECK(world.vscale({"simulate", "rollout", "web", "--refresh=false"}).code == 0);
}

TEST_CASE("a simulation shows the errors of the plan, and ends with 1; a silent host makes it incomplete") {
  AppliedWorld world(2);
  std::string config = web_config(2);
  config.replace(config.find("memory: 2GiB"), 12, "memory: 2000GiB");
  world.write("vscale.yaml", config + "    lifecycle: { ignoreChanges: [] }\n");
  const auto refused = world.vscale({"simulate", "rollout", "web", "--replace", "web-0"});
  INFO(refused.out << refused.err);
  CHECK(refused.code == 1);
  CHECK(holds(refused.out, "error: "));
  world.write("vscale.yaml", web_config(2));
  world.cluster().cut("kvm2");
  CHECK(world.vscale({"simulate", "rollout", "web"}).code == 3);
}

}  // namespace vscale::test
