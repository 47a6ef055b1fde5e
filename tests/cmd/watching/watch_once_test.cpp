#include <catch2/catch.hpp>

#include "tests/cmd/watching/statefile/refusing_store.h"
#include "tests/cmd/watching/watched_world.h"

/// `vscale watch --once`, as cron runs it: by its exit code somebody learns whether all was done.

namespace vscale::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const Error kFullDisk{.kind = ErrorKind::no_capacity,
                      .message = "statefile vscale.db cannot grow: the disk is full",
                      .detail = {},
                      .hint = "make room"};

TEST_CASE("watch --once where nothing has been applied yet is an error, which says so") {
  FakeWorld world;
  world.write("vscale.yaml", watched_config(2, ""));

  const auto ran = world.vscale({"watch", "--once"});

  INFO(ran.out << ran.err);
  CHECK(ran.code == 1);
  CHECK(holds(ran.out, "nothing has been applied yet: vscale apply"));
}

TEST_CASE("watch --once without a configuration that has no mistake is an error") {
  FakeWorld world;
  world.write("vscale.yaml", watched_config(2, ""));
  REQUIRE(world.vscale({"plan"}).code == 0);  // makes the statefile
  world.write("vscale.yaml", "groups: [");

  const auto ran = world.vscale({"watch", "--once"});

  INFO(ran.out << ran.err);
  CHECK(ran.code == 1);
  CHECK(holds(ran.out, "there is no configuration without a mistake"));
}

TEST_CASE("watch --once beside a broken file does what was applied, and ends with an error for the file") {
  WatchedWorld world(2);
  world.cluster().power_off_by_hand("prod-web-0");
  world.write("vscale.yaml", "groups: [");

  const auto ran = world.vscale({"watch", "--once"});

  INFO(ran.out << ran.err);
  CHECK(ran.code == 1);
  CHECK(world.guests_up() == 2);
}

TEST_CASE("watch --once where what was applied cannot be read here is an error") {
  WatchedWorld world(2);
  apply_what_cannot_be_read_later(world);
  world.write("vscale.yaml", watched_config(2, ""));

  const auto ran = world.vscale({"watch", "--once"});

  INFO(ran.out << ran.err);
  CHECK(ran.code == 1);
  CHECK(holds(ran.out, "what was applied cannot be read here"));
}

TEST_CASE("watch --once that cannot write what it has decided does nothing, and is an error") {
  WatchedWorld world(2);
  world.cluster().power_off_by_hand("prod-web-0");
  refuse_commits(world, [](const Commit& commit) {
    return commit.expected_writes_of_others ? std::optional(kFullDisk) : std::nullopt;
  });

  const auto ran = world.vscale({"watch", "--once"});

  INFO(ran.out << ran.err);
  CHECK(ran.code == 1);
  CHECK(holds(ran.out, "the disk is full"));
  CHECK(world.guests_up() == 1);
}

TEST_CASE("watch --once is no error where there is nothing to do") {
  WatchedWorld world(2);
  world.cluster().use_by_group("web", 2);

  const auto ran = world.vscale({"watch", "--once"});

  INFO(ran.out << ran.err);
  CHECK(ran.code == 0);
}

TEST_CASE("watch --once every five minutes knows what instances have used since the last time") {
  WatchedWorld world(2);
  world.cluster().use_by_group("web", 3.9);
  for (int look = 0; look < 4; ++look) {
    world.vscale({"watch", "--once"});
    world.clock().advance(minutes{5});
  }
  INFO(world.vscale({"explain", "web"}).out);
  CHECK(world.guests_up() == 4);
}

TEST_CASE("watch --once after hours of silence does not know what instances have used meanwhile") {
  WatchedWorld world(2);
  world.cluster().use_by_group("web", 3.9);
  for (int look = 0; look < 4; ++look) {
    world.vscale({"watch", "--once"});
    world.clock().advance(hours{1});
  }
  INFO(world.vscale({"explain", "web"}).out);
  CHECK(world.guests_up() == 2);
  CHECK(world.decisions().back().recommendations.front().kind == Recommendation::Kind::error);
}

TEST_CASE("a watch that stays makes no sample of a time that it has not looked at") {
  WatchedWorld world(2);
  world.cluster().use_by_group("web", 3.9);
  world.watch_for(seconds{5});
  world.clock().advance(minutes{5});

  world.watch_for(seconds{5});

  CHECK(world.guests_up() == 2);
  CHECK(world.decisions().back().recommendations.front().kind == Recommendation::Kind::error);
}

}  // namespace
}  // namespace vscale::test
