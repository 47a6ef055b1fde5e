#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/cmd/fake_world.h"

using namespace vscale;
using test::FakeWorld;
using Json = nlohmann::json;

namespace {

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("what status advises holds for the files, the variables and the statefile that were given") {
  FakeWorld world;
  world.write("prod.yaml",
              test::web_config(2) + "vars: { domain: { default: example.lan }, token: { sensitive: true } }\n");
  const std::vector<std::string> given{"-f",    "prod.yaml",     "--var",   "domain=other.lan",
                                       "--var", "token=letmein", "--state", "other.db"};
  const auto with = [&given](const std::vector<std::string>& words) {
    std::vector<std::string> all = given;
    all.insert(all.end(), words.begin(), words.end());
    return all;
  };

  const auto text = world.vscale(with({"status"})).out;
  const Json needs = Json::parse(world.vscale(with({"status", "--json"})).out).at("needs");

  INFO(text);
  REQUIRE(needs.size() == 1);
  CHECK(needs[0].at("commands")[1].get<std::string>().ends_with(" --state other.db apply"));
  CHECK_FALSE(holds(text, "letmein"));
  CHECK(
      text.ends_with("\n   vscale -f prod.yaml --var domain=other.lan --var token=<secret> \\\n"
                     "     --state other.db plan\n"
                     "   vscale -f prod.yaml --var domain=other.lan --var token=<secret> \\\n"
                     "     --state other.db apply\n"));
}

TEST_CASE("a stale plan is to be made anew from the same files, for the same purpose") {
  FakeWorld world;
  world.write("prod.yaml", test::web_config(1));
  REQUIRE(world.vscale({"-f", "prod.yaml", "apply", "--auto-approve"}).code == 0);
  REQUIRE(world.vscale({"-f", "prod.yaml", "plan", "--destroy", "--target", "web", "--out", "gone.bin"}).code == 0);
  world.write("prod.yaml", test::web_config(2));

  const auto refused = world.vscale({"-f", "prod.yaml", "apply", "gone.bin"});

  CHECK(refused.code == 1);
  CHECK(holds(refused.err, "Saved plan is stale"));
  CHECK(holds(refused.err, "vscale -f prod.yaml plan --destroy --out FILE --target web"));
}
