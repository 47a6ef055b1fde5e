#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

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

}  // namespace

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
