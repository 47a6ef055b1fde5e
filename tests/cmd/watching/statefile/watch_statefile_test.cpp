#include <catch2/catch.hpp>
#include <filesystem>

#include "cmd/watching/tick.h"
#include "tests/cmd/rollouts/lockstep_runner.h"
#include "tests/cmd/watching/statefile/refusing_store.h"
#include "tests/cmd/watching/watched_world.h"

/// A watch whose statefile others write to, or move away.

namespace vscale::test {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

const Error kSomebodyWrote{.kind = ErrorKind::conflict,
                           .message = "somebody else has written to the statefile since it was read",
                           .detail = {},
                           .hint = "read it again"};

/// Of what a tick decides, the first `times` are refused, as if somebody had written a moment before.
void contest_decisions(FakeWorld& world, int times) {
  auto left = std::make_shared<int>(times);
  refuse_commits(world, [left](const Commit& commit) -> std::optional<Error> {
    if (!commit.expected_writes_of_others || *left == 0) return std::nullopt;
    --*left;
    return kSomebodyWrote;
  });
}

// ---- Others write --------------------------------------------------------------------------------------------------

TEST_CASE("a plan that somebody makes during every look keeps nobody from being healed") {
  WatchedWorld world(2);
  world.cluster().use_by_group("web", 2);
  world.cluster().power_off_by_hand("prod-web-0");
  bool is_planning = false;
  int plans = 0;
  interrupt_looks(world, [&] {
    if (is_planning) return;  // a plan looks at hosts, too
    is_planning = true;
    plans += world.vscale({"plan"}).code == 0 ? 1 : 0;
    is_planning = false;
  });

  const auto ran = world.watch_for(minutes{1});

  INFO(ran.out << ran.err);
  CHECK(plans > 0);
  CHECK(world.guests_up() == 2);
  CHECK(!holds(ran.out, "nothing was decided"));
}

TEST_CASE("what a look has found is decided again where somebody has written meanwhile") {
  WatchedWorld world(2);
  world.cluster().power_off_by_hand("prod-web-0");
  contest_decisions(world, kDecisionTries - 1);

  const auto ran = world.vscale({"watch", "--once"});

  INFO(ran.out << ran.err);
  CHECK(ran.code == 0);
  CHECK(world.guests_up() == 2);
}

TEST_CASE("where somebody writes each time that it is decided, nothing follows, and that is an error") {
  WatchedWorld world(2);
  world.cluster().power_off_by_hand("prod-web-0");
  contest_decisions(world, kDecisionTries);

  const auto ran = world.vscale({"watch", "--once"});

  INFO(ran.out << ran.err);
  CHECK(ran.code == 1);
  CHECK(holds(ran.out, "nothing was decided by this look"));
  CHECK(world.guests_up() == 1);
}

TEST_CASE("that nothing can be decided is told once, and is over as soon as nobody writes any more") {
  WatchedWorld world(2);
  world.cluster().use_by_group("web", 1);
  world.cluster().power_off_by_hand("prod-web-0");
  contest_decisions(world, 4 * kDecisionTries);

  const auto ran = world.watch_for(minutes{3});

  INFO(ran.out << ran.err);
  CHECK(times_in(ran.out, "nothing was decided by this look") == 1);
  CHECK(world.guests_up() == 2);
}

TEST_CASE("who is ill and left so is told of also where the first decision was thrown away") {
  WatchedWorld world(2);
  REQUIRE(world.vscale({"suspend", "web", "heal"}).code == 0);
  world.cluster().power_off_by_hand("prod-web-0");
  contest_decisions(world, 1);

  const auto ran = world.watch_for(minutes{1});

  INFO(ran.out << ran.err);
  CHECK(times_in(ran.out, "held: heal is suspended") == 1);
  CHECK(holds(world.vscale({"events", "--since", "10m"}).out, "heal is suspended"));
}

// ---- Others move it away --------------------------------------------------------------------------------------------

TEST_CASE("a statefile that is moved away ends the watch with an error, and nothing more is begun") {
  WatchedWorld world(2);
  world.cluster().use_by_group("web", 2);
  const std::filesystem::path path = world.folder() + "/vscale.db";
  const Instant moved = world.clock().now() + minutes{1};
  world.cluster().happens_at(moved, [&](FakeCluster& cluster) {
    std::filesystem::rename(path, world.folder() + "/elsewhere.db");
    cluster.power_off_by_hand("prod-web-0");
  });

  const auto ran = world.watch_for(minutes{5});

  INFO(ran.out << ran.err);
  CHECK(ran.code == 1);
  CHECK(holds(ran.out, "the statefile was moved away"));
  CHECK(world.clock().now() < moved + seconds{30});
  CHECK(world.guests_up() == 1);
}

TEST_CASE("another statefile in place of the one that is open ends the watch, be it the same to the byte") {
  const auto words = GENERATE(std::vector<std::string>{"watch"}, std::vector<std::string>{"watch", "--dry-run"});
  WatchedWorld world(2);
  world.cluster().use_by_group("web", 2);
  const std::filesystem::path path = world.folder() + "/vscale.db";
  const std::filesystem::path backup = world.folder() + "/backup.db";
  std::filesystem::copy_file(path, backup);
  world.cluster().happens_at(world.clock().now() + minutes{1},
                             [&](FakeCluster&) { std::filesystem::rename(backup, path); });

  const auto ran = world.watch_for(minutes{5}, words);

  INFO(ran.out << ran.err);
  CHECK(ran.code == 1);
  CHECK(holds(ran.out, "the statefile was moved away"));
}

TEST_CASE("a standby watch ends, too, where the statefile is moved away whose lock it waits for") {
  WatchedWorld world(2);
  const RunInProgress bob(world, "watch");
  const std::filesystem::path path = world.folder() + "/vscale.db";
  const Instant moved = world.clock().now() + minutes{1};
  bool is_moved = false;
  world.stop_when([&] {
    if (!is_moved && world.clock().now() >= moved) {
      std::filesystem::rename(path, world.folder() + "/elsewhere.db");
      is_moved = true;
    }
    return world.clock().now() < moved + minutes{5} ? StopRequest::none : StopRequest::finish_running;
  });

  const auto ran = world.vscale({"watch"});

  INFO(ran.out << ran.err);
  CHECK(ran.code == 1);
  CHECK(world.clock().now() < moved + seconds{30});
}

TEST_CASE("what is in flight when the statefile is moved away comes to its end, and is recorded") {
  WatchedWorld world(2);
  world.cluster().use_by_group("web", 2);
  world.outside().action_runner = [](const Config& config, WorldPorts ports, const std::shared_ptr<const void>&, int) {
    return std::make_unique<LockstepRunner>(config, ports);
  };
  const Instant off = world.clock().now() + minutes{1};
  world.cluster().happens_at(off, [](FakeCluster& cluster) { cluster.power_off_by_hand("prod-web-0"); });
  // It has been started by then, and is waited for until its agent answers.
  world.cluster().happens_at(off + seconds{4}, [&](FakeCluster&) {
    for (const char* part : {"", "-wal"}) {
      std::filesystem::rename(world.folder() + "/vscale.db" + part, world.folder() + "/elsewhere.db" + part);
    }
  });

  const auto ran = world.watch_for(minutes{5});

  INFO(ran.out << ran.err);
  CHECK(ran.code == 1);
  CHECK(world.guests_up() == 2);
  const auto state = world.outside().open_state(world.folder() + "/elsewhere.db", OpenMode::read_write);
  REQUIRE(state.ok());
  const auto recorded = state->store->read();
  REQUIRE(recorded.ok());
  CHECK(recorded->open_actions.empty());
  CHECK(*recorded->instances.at({InstanceAddress::Kind::group, "web", 0}).started_at >= off);
}

}  // namespace
}  // namespace vscale::test
