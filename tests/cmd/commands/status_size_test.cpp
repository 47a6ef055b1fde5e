#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/cmd/watching/watched_world.h"

/// Whose word the size of a scaled group is, as `vscale status` and `explain` tell it.

namespace vscale::test {
namespace {

using Json = nlohmann::json;
using std::chrono::minutes;

/// web between those sizes, with nobody but operators to say more.
std::string scaled_config(int min, int max) {
  return web_config(std::max(2, min)) + "    scaling: { min: " + std::to_string(min) + ", max: " + std::to_string(max) +
         " }\n";
}

/// With web of two, applied, between 1 and 6.
struct OperatedWorld : FakeWorld {
  OperatedWorld() {
    write("vscale.yaml", scaled_config(1, 6));
    const auto applied = vscale({"apply", "--auto-approve"});
    INFO(applied.out << applied.err);
    REQUIRE(applied.code == 0);
  }
};

Json group_in_status(FakeWorld& world) {
  return Json::parse(world.vscale({"status", "--json"}).out).at("groups")[0];
}

}  // namespace

TEST_CASE("where the file's max lets a group have less than a policy wanted, status and explain say so") {
  WatchedWorld world(2);
  world.cluster().use_by_group("web", 3.9);
  world.watch_for(minutes{5});
  REQUIRE(group_in_status(world).at("want") == 4);
  CHECK(group_in_status(world).at("owner").at("by") == "cpu");
  CHECK(group_in_status(world).at("bound").is_null());
  std::string text = watched_config(2, "");
  world.write("vscale.yaml", text.replace(text.find("max: 6"), 6, "max: 3"));

  const auto status = world.vscale({"status"}).out;
  const Json group = group_in_status(world);
  const auto explained = world.vscale({"explain", "web"}).out;

  INFO(status << explained);
  CHECK(holds(status, "size 3: max of the file"));
  CHECK(group.at("want") == 3);
  CHECK(group.at("bound") == "max");
  CHECK(group.at("owner").at("size") == 4);
  CHECK(holds(explained, "web: 3 wanted: max of the file (policy cpu wanted 4 since "));
  CHECK(Json::parse(world.vscale({"explain", "web", "--json"}).out).at("bound") == "max");
}

TEST_CASE("where the file's min wants more of a group than an operator did, status says so") {
  OperatedWorld world;
  REQUIRE(world.vscale({"scale", "web", "2"}).code == 0);
  CHECK_FALSE(holds(world.vscale({"status"}).out, "of the file"));

  world.write("vscale.yaml", scaled_config(3, 6));

  CHECK(group_in_status(world).at("want") == 3);
  CHECK(group_in_status(world).at("bound") == "min");
  CHECK(holds(world.vscale({"status"}).out, "size 3: min of the file"));
}

TEST_CASE("who wants another size of a group that somebody holds is told whose word that ends") {
  OperatedWorld world;
  REQUIRE(world.vscale({"scale", "web", "2", "--for", "10m"}).code == 0);

  const auto said = world.vscale({"scale", "web", "3"});

  INFO(said.out << said.err);
  CHECK(holds(said.out + said.err, "anna@ctl1 had held it for 10m more, which is over"));
}

TEST_CASE("a size is held, and watch looks again, after some time") {
  OperatedWorld world;
  for (const std::string none : {"0s", "0ms", "00m"}) {
    const auto held = world.vscale({"scale", "web", "2", "--for", none});
    CHECK(held.code == 1);
    CHECK(holds(held.err, "--for: it must be longer than " + none));
    CHECK(world.vscale({"watch", "--once", "--interval", none}).code == 1);
  }
  CHECK(world.vscale({"scale", "web", "2", "--for", "soon"}).code == 1);
  CHECK(world.vscale({"scale", "web", "2", "--for", "1s"}).code == 0);
}

TEST_CASE("status says who holds the size of a group and until when, as long as he does") {
  OperatedWorld world;
  REQUIRE(world.vscale({"scale", "web", "2"}).code == 0);
  CHECK(group_in_status(world).at("held_until").is_null());
  REQUIRE(world.vscale({"scale", "web", "2", "--for", "1h", "--reason", "launch day"}).code == 0);

  const auto status = world.vscale({"status"}).out;
  const Json group = group_in_status(world);

  INFO(status);
  REQUIRE(group.at("held_until").is_string());
  CHECK(group.at("owner").at("by") == "anna@ctl1");
  CHECK(group.at("owner").at("reason") == "launch day");
  CHECK(holds(status, "size 2: held by anna@ctl1 until " + group.at("held_until").get<std::string>().substr(11, 5)));
  CHECK_FALSE(holds(status, "Not as wanted"));
  world.clock().advance(minutes{61});
  CHECK_FALSE(holds(world.vscale({"status"}).out, "held"));
  CHECK(group_in_status(world).at("held_until").is_null());
}

}  // namespace vscale::test
