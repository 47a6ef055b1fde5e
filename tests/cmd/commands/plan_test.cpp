#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/cmd/fake_world.h"
#include "tests/cmd/watching/watched_world.h"

namespace vscale::test {
namespace {

using Json = nlohmann::json;

const std::string kDiffer = "The files differ from what was last applied: watch follows them once they are";

/// Two guests; then the file is given another policy, which changes nothing on the hosts, and is not applied.
struct NewPolicyWorld : WatchedWorld {
  NewPolicyWorld() : WatchedWorld(2) {
    std::string text = watched_config(2, "");
    text.replace(text.find("target: 50"), 10, "target: 60");
    write("vscale.yaml", text);
  }
};

}  // namespace

TEST_CASE("a plan that is made while a run goes on says so, and advises nobody to do what is being done") {
  FakeWorld world;
  world.write("prod.yaml", web_config(2));
  const auto quiet = world.vscale({"-f", "prod.yaml", "plan"});
  REQUIRE(holds(quiet.err, "To do it: vscale -f prod.yaml apply"));
  REQUIRE_FALSE(holds(quiet.out, "bob"));
  const RunInProgress run(world);

  const auto plan = world.vscale({"-f", "prod.yaml", "plan", "--detailed-exitcode"});

  CHECK(plan.code == 2);
  CHECK(holds(plan.out, "warning: apply by bob@ctl1 (pid "));
  CHECK(holds(plan.out, "has been at work for 5m"));
  CHECK(holds(plan.err, "How far that run is: vscale -f prod.yaml status\n"));
  CHECK_FALSE(holds(plan.err, "To do it"));
  const Json told = Json::parse(world.vscale({"-f", "prod.yaml", "plan", "--json"}).out).at("diagnostics");
  REQUIRE(told.size() == 1);
  CHECK(told[0].at("severity") == "warning");
  CHECK(told[0].at("code") == "run_in_progress");
}

TEST_CASE("beside a watch that rests a plan is as good as alone, and an apply is told to ask it to make way") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(2));
  const RunInProgress watch(world, "watch");

  const auto plan = world.vscale({"plan"});

  CHECK_FALSE(holds(plan.out, "at work"));
  CHECK(holds(plan.err, "To do it: vscale apply --lock-timeout 1m\n"));
  CHECK(holds(world.vscale({"plan", "--out", "plan.bin"}).err,
              "Saved. Carry out exactly this: vscale apply plan.bin --lock-timeout 1m\n"));
}

TEST_CASE(
    "a plan that is saved while a run goes on is not said to be good to carry out, nor speaks of that run later") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(2));
  Ran saved;
  {
    const RunInProgress run(world);
    saved = world.vscale({"plan", "--out", "plan.bin"});
  }

  CHECK(saved.code == 0);
  CHECK_FALSE(holds(saved.err, "Carry out exactly this"));
  CHECK(holds(saved.err, "the run that goes on changes the state"));
  CHECK_FALSE(holds(world.written("plan.bin"), "run_in_progress"));
}

TEST_CASE("a plan without changes is saved, and nobody is told to carry it out") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(1));
  REQUIRE(
      holds(world.vscale({"plan", "--out", "plan.bin"}).err, "Saved. Carry out exactly this: vscale apply plan.bin"));
  REQUIRE(world.vscale({"apply", "plan.bin"}).code == 0);

  const auto saved = world.vscale({"plan", "--out", "plan.bin"});

  CHECK(saved.code == 0);
  CHECK(saved.err == "Saved, though there is nothing to carry out.\n");
  CHECK(world.vscale({"apply", "plan.bin"}).code == 0);
}

TEST_CASE("a narrowed plan that finds nothing does not speak for the rest") {
  AppliedWorld world(2);
  std::string config = web_in_place(2);
  config.replace(config.find("user: debian"), 12, "user: anna");
  world.write("vscale.yaml", config);
  REQUIRE(world.vscale({"apply", "--target", "web-0", "--auto-approve"}).code == 0);

  const auto planned = world.vscale({"plan", "--target", "web-0"});

  INFO(planned.out);
  CHECK(planned.code == 0);
  CHECK(holds(planned.out, "\nNo changes where it looked: the rest was not planned.\n"));
}

TEST_CASE("a policy that changed in the file alone is something to apply, until it is applied") {
  NewPolicyWorld world;

  const auto planned = world.vscale({"plan", "--detailed-exitcode"});

  INFO(planned.out << planned.err);
  CHECK(planned.code == 2);
  CHECK(holds(planned.out, "\nNo changes: the hosts are as the files say.\n" + kDiffer + ":\n  vscale apply\n"));
  CHECK(world.vscale({"plan"}).code == 0);
  const auto applied = world.vscale({"apply", "--auto-approve"});
  REQUIRE(applied.code == 0);
  CHECK(holds(applied.err, "The files are accepted: watch follows them as they are now.\n"));
  const auto again = world.vscale({"plan", "--detailed-exitcode"});
  CHECK(again.code == 0);
  CHECK_FALSE(holds(again.out, kDiffer));
}

TEST_CASE("who plans in another folder is not told that the files which were applied differ") {
  WatchedWorld world(2);
  world.outside().working_folder = "/somewhere/else";

  const auto planned = world.vscale({"-f", world.folder() + "/vscale.yaml", "plan", "--detailed-exitcode"});

  INFO(planned.out << planned.err);
  CHECK(planned.code == 0);
  CHECK_FALSE(holds(planned.out, kDiffer));
}

TEST_CASE(
    "the same files in another checkout do not differ from what was applied, nor does what they name beside them") {
  WatchedWorld world(1);
  const std::string text = watched_config(1, "");
  world.write("vscale.yaml", text);
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  const std::string here = world.folder(), there = "/other/checkout";
  world.outside().working_folder = there;
  world.outside().read_file = [here, there, read = world.outside().read_file](const std::string& path) {
    return read(path.starts_with(there) ? here + path.substr(there.size()) : path);
  };
  const std::vector<std::string> plan = {"--state", here + "/vscale.db", "plan", "--detailed-exitcode"};

  const auto planned = world.vscale(plan);

  INFO(planned.out << planned.err);
  CHECK(planned.code == 0);
  CHECK_FALSE(holds(planned.out, kDiffer));
  world.write("vscale.yaml", text + "# more\nlimits: { destroy: 3 }\n");
  CHECK(holds(world.vscale(plan).out, kDiffer));
}

TEST_CASE("beside a watch that rests, the files that differ are applied by asking it to make way") {
  NewPolicyWorld world;
  const RunInProgress watch(world, "watch");

  CHECK(holds(world.vscale({"plan"}).out, kDiffer + ":\n  vscale apply --lock-timeout 1m\n"));
}

TEST_CASE("beside a run, nobody is told to apply the files that differ") {
  NewPolicyWorld world;
  const RunInProgress run(world);

  CHECK(holds(world.vscale({"plan"}).out, kDiffer + ".\n"));
}

TEST_CASE("a plan of files that differ, and of no change, is saved to be carried out") {
  NewPolicyWorld world;

  const auto saved = world.vscale({"plan", "--out", "plan.bin"});

  CHECK(holds(saved.out, kDiffer + ".\n"));
  CHECK(saved.err == "Saved. Carry out exactly this: vscale apply plan.bin\n");
  REQUIRE(world.vscale({"apply", "plan.bin"}).code == 0);
  CHECK(world.vscale({"plan", "--detailed-exitcode"}).code == 0);
}

TEST_CASE("with --json the files that differ are told by the exit code alone") {
  NewPolicyWorld world;

  const auto planned = world.vscale({"plan", "--json", "--detailed-exitcode"});

  CHECK(planned.code == 2);
  CHECK(Json::parse(planned.out).at("changes").empty());
}

TEST_CASE("a plan that is narrowed says nothing of files that differ, nor one of files that watch follows itself") {
  NewPolicyWorld world;

  const auto narrowed = world.vscale({"plan", "--target", "web", "--detailed-exitcode"});
  world.write("vscale.yaml", following_config("file", 2));
  const auto followed = world.vscale({"plan", "--detailed-exitcode"});

  INFO(narrowed.out << followed.out);
  CHECK(narrowed.code == 0);
  CHECK_FALSE(holds(narrowed.out, kDiffer));
  CHECK(followed.code == 0);
  CHECK_FALSE(holds(followed.out, kDiffer));
}

}  // namespace vscale::test
