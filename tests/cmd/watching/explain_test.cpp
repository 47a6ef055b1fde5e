#include <catch2/catch.hpp>

#include "tests/cmd/watching/watched_world.h"

/// What `vscale explain`, `status` and `events` tell of a group that is watched.

namespace vscale::test {
namespace {

using std::chrono::minutes;

/// With a window by day in Berlin, where it is winter, and an event on Mondays at UTC.
std::string with_schedules() {
  std::string text = watched_config(2, "");
  text.insert(text.find("policies: {") + 11,
              " office: { kind: schedule, zone: Europe/Berlin, start: \"0 7 * * MON-FRI\", end: \"0 19 * * MON-FRI\", "
              "min: 2 }, early: { kind: schedule, at: \"30 6 * * MON\", size: 3 },");
  return text;
}

nlohmann::json explained(FakeWorld& world) {
  return nlohmann::json::parse(world.vscale({"explain", "web", "--json"}).out);
}

TEST_CASE("explain tells the next five things that a group's schedules will do, by the clocks of their zones") {
  WatchedWorld world(2);
  world.write("vscale.yaml", with_schedules());

  const auto next = explained(world).at("next");

  REQUIRE(next.size() == 5);
  for (std::size_t i = 1; i < next.size(); ++i) CHECK(next[i - 1].at("at") <= next[i].at("at"));
  for (const auto& one : next) {
    const bool is_office = one.at("policy") == "office";
    INFO(one.dump());
    CHECK(holds(one.at("local"), is_office ? "Europe/Berlin" : "UTC"));
    CHECK(holds(one.at("what"), is_office ? "window" : "size 3"));
    const std::string local = one.at("local");
    CHECK(world.vscale({"explain", "web"}).out.find(local) != std::string::npos);
  }
}

TEST_CASE("explain of a group without schedules says nothing of what comes next") {
  WatchedWorld world(2);
  CHECK(explained(world).at("next").empty());
  CHECK(!holds(world.vscale({"explain", "web"}).out, "NEXT"));
}

TEST_CASE("explain tells the last decisions with what each policy said, what each layer made of it, and who won") {
  WatchedWorld world(2);
  world.cluster().use_by_group("web", 3.9);
  world.watch_for(minutes{5});

  const auto text = world.vscale({"explain", "web"}).out;
  const auto decisions = explained(world).at("decisions");

  INFO(text);
  REQUIRE(!decisions.empty());
  CHECK(holds(text, "4 wanted, by"));
  CHECK(holds(text, "2 -> 4: cpu"));
  CHECK(holds(text, "POLICY"));
  CHECK(holds(text, "LAYER"));
}

TEST_CASE("status says what an operator has suspended, until it is resumed or its time is over") {
  WatchedWorld world(2);
  CHECK(!holds(world.vscale({"status"}).out, "suspended"));
  REQUIRE(world.vscale({"suspend", "web", "heal", "--for", "1h"}).code == 0);
  REQUIRE(world.vscale({"suspend", "web", "scale"}).code == 0);
  CHECK(holds(world.vscale({"status"}).out, "heal suspended, scale suspended"));
  REQUIRE(world.vscale({"resume", "web", "scale"}).code == 0);
  CHECK(holds(world.vscale({"status"}).out, "heal suspended"));
  CHECK(!holds(world.vscale({"status"}).out, "scale suspended"));
  // It is no need of anybody's: somebody wanted it so.
  CHECK(!holds(world.vscale({"status"}).out, "Not as wanted"));
  world.clock().sleep_until(world.clock().now() + minutes{61});
  CHECK(!holds(world.vscale({"status"}).out, "suspended"));
}

}  // namespace
}  // namespace vscale::test
