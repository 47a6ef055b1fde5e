#include <catch2/catch.hpp>

#include "tests/cmd/rollouts/lockstep_runner.h"
#include "tests/cmd/watching/watched_world.h"

/// What a watch follows, as files and what was applied change beneath it.

namespace vscale::test {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

TEST_CASE("a file that the configuration names counts once it is whole, though the configuration has not changed") {
  const std::string half = "#cloud-config\npackages: [nginx]\n";
  const std::string whole = half + "runcmd: [systemctl restart nginx]\n";
  WatchedWorld world(2);
  std::string text = following_config("file", 2);
  text.replace(text.find("user: debian"), 12, "user: debian, userDataFile: cloud-init.yaml");
  world.write("vscale.yaml", text);
  world.write("cloud-init.yaml", "#cloud-config\npackages: [curl]\n");
  world.outside().action_runner = [](const Config& config, WorldPorts ports, const std::shared_ptr<const void>&, int) {
    return std::make_unique<LockstepRunner>(config, ports);
  };
  world.watch_for(minutes{10});  // until all are of the first user-data
  const auto before = world.recorded().groups.at("group.web").revision;
  const Instant writes = world.clock().now() + minutes{1};
  std::optional<Instant> first_seen;
  const auto read_file = world.outside().read_file;
  world.outside().read_file = [&, read_file](const std::string& path) -> Result<std::string> {
    if (!path.ends_with("cloud-init.yaml") || world.clock().now() < writes) return read_file(path);
    first_seen = first_seen.value_or(world.clock().now());
    return *first_seen == world.clock().now() ? half : whole;
  };

  const auto ran = world.watch_for(minutes{15});

  INFO(ran.out << ran.err);
  REQUIRE(first_seen.has_value());
  const auto recorded = world.recorded();
  CHECK(recorded.groups.at("group.web").revision == before + 1);
  for (const auto& [address, instance] : recorded.instances) CHECK(instance.revision == before + 1);
}

TEST_CASE("once the file that is followed says follow: applied, it is not followed until it is applied") {
  WatchedWorld world(2);
  world.cluster().use_by_group("web", 1);
  world.write("vscale.yaml", following_config("file", 2));
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  world.cluster().happens_at(world.clock().now() + seconds{30},
                             [&](FakeCluster&) { world.write("vscale.yaml", following_config("applied", 4)); });

  const auto ran = world.watch_for(minutes{5});

  INFO(ran.out << ran.err);
  CHECK(world.guests_up() == 2);
  CHECK(times_in(ran.out, "the files say `follow: applied`") == 1);
}

TEST_CASE(
    "what a file said while it was followed goes on when it says follow: applied, and not what was applied before") {
  WatchedWorld world(2);
  world.cluster().use_by_group("web", 1);
  world.write("vscale.yaml", following_config("file", 2));
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  const Instant begin = world.clock().now();
  world.cluster().happens_at(begin + minutes{1},
                             [&](FakeCluster&) { world.write("vscale.yaml", following_config("file", 4)); });
  world.cluster().happens_at(begin + minutes{4},
                             [&](FakeCluster&) { world.write("vscale.yaml", following_config("applied", 1)); });

  const auto ran = world.watch_for(minutes{8});
  INFO(ran.out << ran.err);
  CHECK(world.guests_up() == 4);
  const auto ran_again = world.watch_for(minutes{3});
  INFO(ran_again.out << ran_again.err);
  CHECK(world.guests_up() == 4);

  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  const auto ran_at_last = world.watch_for(minutes{10});
  INFO(ran_at_last.out << ran_at_last.err);
  CHECK(world.guests_up() == 2);  // by its load
}

TEST_CASE("a file that says follow: applied is not followed from the start, whatever was applied says") {
  WatchedWorld world(2);
  world.cluster().use_by_group("web", 1);
  world.write("vscale.yaml", following_config("file", 2));
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  world.write("vscale.yaml", following_config("applied", 4));

  const auto ran = world.watch_for(minutes{5});

  INFO(ran.out << ran.err);
  CHECK(world.guests_up() == 2);
}

TEST_CASE("where what was applied says follow: file, the file is followed again as soon as it says so, too") {
  WatchedWorld world(2);
  world.cluster().use_by_group("web", 1);
  world.write("vscale.yaml", following_config("file", 2));
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  world.write("vscale.yaml", following_config("applied", 4));
  world.cluster().happens_at(world.clock().now() + minutes{2},
                             [&](FakeCluster&) { world.write("vscale.yaml", following_config("file", 3)); });

  const auto ran = world.watch_for(minutes{6});

  INFO(ran.out << ran.err);
  CHECK(world.guests_up() == 3);
}

TEST_CASE("a running watch that follows what was applied does not begin to follow a file that nobody applied") {
  WatchedWorld world(2);
  world.cluster().use_by_group("web", 1);
  world.cluster().happens_at(world.clock().now() + seconds{30},
                             [&](FakeCluster&) { world.write("vscale.yaml", following_config("file", 4)); });

  const auto ran = world.watch_for(minutes{4});

  INFO(ran.out << ran.err);
  CHECK(world.guests_up() == 2);
}

TEST_CASE("where nothing was applied, a file is followed only while it says so") {
  FakeWorld world;
  world.write("vscale.yaml", following_config("file", 2));
  const auto guests = [&] { return world.cluster().domains().size(); };
  std::size_t guests_before = 0;
  const Instant begin = world.clock().now();
  world.cluster().happens_at(begin + minutes{2},
                             [&](FakeCluster&) { world.write("vscale.yaml", following_config("applied", 5)); });
  world.cluster().happens_at(begin + minutes{6}, [&](FakeCluster&) {
    guests_before = guests();
    world.write("vscale.yaml", following_config("file", 3));
  });
  world.stop_when(
      [&] { return world.clock().now() < begin + minutes{10} ? StopRequest::none : StopRequest::finish_running; });

  const auto ran = world.vscale({"watch"});

  INFO(ran.out << ran.err);
  CHECK(guests_before == 2);
  CHECK(guests() == 3);
}

TEST_CASE("a file that was broken when watch began is followed once it is mended") {
  FakeWorld world;
  world.write("vscale.yaml", following_config("file", 2));
  REQUIRE(world.vscale({"plan"}).code == 0);  // makes the statefile
  world.write("vscale.yaml", "groups: [");
  const Instant begin = world.clock().now();
  world.stop_when([&] {
    if (world.clock().now() >= begin + minutes{1}) world.write("vscale.yaml", following_config("file", 2));
    return world.clock().now() < begin + minutes{4} ? StopRequest::none : StopRequest::finish_running;
  });

  const auto ran = world.vscale({"watch"});

  INFO(ran.out << ran.err);
  CHECK(holds(ran.out, "there is no configuration without a mistake"));
  CHECK(world.cluster().domains().size() == 2);
}

}  // namespace
}  // namespace vscale::test
