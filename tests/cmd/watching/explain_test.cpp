#include <catch2/catch.hpp>

#include "cmd/status.h"
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

TEST_CASE("where the file has a mistake, explain tells it, and then explains by what was accepted") {
  WatchedWorld world(2);
  world.watch_for(minutes{1});
  std::string text = watched_config(2, "");
  text.replace(text.find("max: 6"), 6, "max: lots");
  world.write("vscale.yaml", text);

  const auto ran = world.vscale({"explain", "web"});

  INFO(ran.out << ran.err);
  CHECK(ran.code == 1);
  CHECK(holds(ran.err, "--> vscale.yaml:"));
  CHECK(holds(ran.err, "\nShown by what was last accepted, by anna@ctl1 ("));
  CHECK(holds(ran.out, "POLICY"));
  CHECK(!explained(world).at("decisions").empty());
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

TEST_CASE("explain and status count the ill as watch does: with those that are off, however those are held") {
  WatchedWorld world(5);
  std::string text = watched_config(5, "");
  text.replace(text.find("min: 1"), 6, "min: 5");
  world.write("vscale.yaml", text);
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  const Instant begin = world.clock().now();
  for (const int minute : {1, 2, 3, 4}) {  // the fourth time they are in a crash loop
    world.cluster().happens_at(begin + minutes{minute}, [](FakeCluster& cluster) {
      cluster.power_off_by_hand("prod-web-1");
      cluster.power_off_by_hand("prod-web-2");
    });
  }
  world.cluster().happens_at(begin + minutes{5}, [](FakeCluster& cluster) { cluster.hang_by_hand("prod-web-3"); });

  const auto ran = world.watch_for(minutes{7});

  const std::string why = "3 of 5 are ill, 2 allowed (maxUnhealthy 40 %)";
  INFO(ran.out);
  CHECK(world.guests_up() == 3);
  CHECK(holds(ran.out, "web-3      held: " + why));
  CHECK(explained(world).at("why_nobody_is_healed") == why);
  CHECK(holds(world.vscale({"status"}).out, "web: " + why));
}

TEST_CASE("what is off is no reason why nobody is healed, as it is started however many are") {
  WatchedWorld world(3);
  for (const char* guest : {"prod-web-0", "prod-web-1", "prod-web-2"}) world.cluster().power_off_by_hand(guest);
  REQUIRE(world.vscale({"suspend", "web", "heal"}).code == 0);
  world.watch_for(minutes{2});

  REQUIRE(world.recorded().health.size() == 3);
  CHECK(explained(world).at("why_nobody_is_healed").is_null());
}

TEST_CASE("failures that were noted of one that was in an instance's place before do not make it failing") {
  const InstanceAddress address{InstanceAddress::Kind::group, "web", 1};
  RecordedState recorded;
  recorded.instances[address].uuid = "new";
  HealthRecord& noted = recorded.health[address];
  noted.uuid = "old";
  noted.failures = 3;
  CHECK(!is_failing(recorded, address));
  noted.uuid = "new";
  CHECK(is_failing(recorded, address));
  noted.failures = 0;
  CHECK(!is_failing(recorded, address));
}

}  // namespace
}  // namespace vscale::test
