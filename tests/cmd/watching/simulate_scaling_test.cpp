#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/cmd/fake_world.h"
#include "tests/support/golden.h"

/// Policies on paper: `vscale simulate scaling`.

namespace vscale::test {
namespace {

Ran simulated(const std::vector<std::string>& more = {}) {
  FakeWorld world;
  world.write("vscale.yaml", read_source_file("examples/scaling/vscale.yaml"));
  world.write("load.csv", read_source_file("examples/scaling/load.csv"));
  std::vector<std::string> words{"simulate", "scaling", "web", "--trace", "load.csv"};
  words.insert(words.end(), more.begin(), more.end());
  return world.vscale(words);
}

/// Every ten minutes three of much load and seven of little: as long as shrinking must be needed for five, the group
/// shrinks each time, and is called back at once.
std::string load_that_flaps() {
  std::string csv = "time,load\n";
  for (int begin_s = 0; begin_s <= 8 * 3600; begin_s += 600) {
    csv += std::to_string(begin_s) + ",300\n" + std::to_string(begin_s + 180) + ",60\n";
  }
  return csv;
}

/// Of a played document, the ticks in which the direction changed.
std::vector<std::size_t> reversals_in(const nlohmann::json& document) {
  std::vector<std::size_t> reversals;
  int size = document.at("ticks").front().at("size");
  int direction = 0;
  for (std::size_t i = 0; i < document.at("ticks").size(); ++i) {
    const int change = document.at("ticks")[i].at("size").get<int>() - size;
    size += change;
    if (change * direction < 0) reversals.push_back(i);
    if (change != 0) direction = change;
  }
  return reversals;
}

}  // namespace

TEST_CASE("a group that a load makes flap reverses three times, is called back once more, and rests for an hour") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(4) +
                                 "    scaling: { min: 2, max: 8, policies: { cpu: { kind: target, metric: cpu, "
                                 "target: 60 } } }\n");
  world.write("load.csv", load_that_flaps());

  const auto ran = world.vscale({"simulate", "scaling", "web", "--trace", "load.csv", "--json"});

  INFO(ran.err);
  REQUIRE(ran.code == 0);
  const auto document = nlohmann::json::parse(ran.out);
  REQUIRE(document.at("evaluate_ms") == 15'000);
  constexpr std::size_t kTicksOfHour = 4 * 60;
  const auto reversals = reversals_in(document);
  // Eight hours of that would be a hundred of them, were nothing to guard against it.
  REQUIRE(reversals.size() >= 12);
  CHECK(reversals.size() <= 32);
  for (std::size_t i = 4; i < reversals.size(); ++i) CHECK(reversals[i] - reversals[i - 4] > kTicksOfHour);
  CHECK(holds(ran.out, "flaps: shrinking must be needed for 10m"));
}

TEST_CASE("a day of load is played against the policies, and every change has its reason") {
  const auto ran = simulated();
  CHECK(ran.err.empty());
  CHECK(ran.code == 0);
  check_golden("cmd/simulate_scaling.txt", ran.out);
}

TEST_CASE("a slower boot leaves a load uncarried for longer") {
  const auto hours_short = [](const std::string& boot) {
    return nlohmann::json::parse(simulated({"--boot", boot, "--json"}).out).at("hours_short").get<double>();
  };
  CHECK(hours_short("20m") > hours_short("1m"));
}

TEST_CASE("the document of a simulation has every look") {
  const auto document = nlohmann::json::parse(simulated({"--json"}).out);
  CHECK(document.at("group") == "group.web");
  CHECK(document.at("begin") == "2026-11-29T23:00:00.000Z");
  CHECK(document.at("ticks").size() == 24 * 60 * 4);
  CHECK(document.at("ticks").front().at("size") == 2);
  CHECK(document.at("changes") == 10);
}

TEST_CASE("what cannot be simulated says why, and makes no statefile") {
  FakeWorld world;
  world.write("vscale.yaml", read_source_file("examples/one-group.yaml"));
  world.write("load.csv", "0,1\n60,2\n");
  std::string told;
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"web", "--trace", "load.csv"}, {"wep", "--trace", "load.csv"}, {"web", "--trace", "none.csv"}, {"web"}}) {
    std::vector<std::string> all{"simulate", "scaling"};
    all.insert(all.end(), words.begin(), words.end());
    const auto ran = world.vscale(all);
    CHECK(ran.code != 0);
    told += ran.err + "\n";
  }
  check_golden("cmd/simulate_scaling_refused.txt", told);
}

}  // namespace vscale::test
