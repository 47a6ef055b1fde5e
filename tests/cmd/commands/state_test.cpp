#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/cmd/fake_world.h"

/// What `vscale state` shows of the record, and what a person may call it.

namespace vscale::test {
namespace {

using Json = nlohmann::json;

/// With one instance of `web`, and the machine db1.
struct RecordedWorld : FakeWorld {
  RecordedWorld() {
    write("vscale.yaml", web_config(1) +
                             "machines:\n"
                             "  db1: { image: debian-12, vcpus: 1, memory: 1GiB, networks: [lan] }\n");
    const auto applied = vscale({"apply", "--auto-approve"});
    INFO(applied.out << applied.err);
    REQUIRE(applied.code == 0);
  }
};

TEST_CASE("state show takes the names that plan --target takes for groups, machines and instances") {
  RecordedWorld world;
  const auto address_of = [&world](const std::string& name) {
    REQUIRE(world.vscale({"plan", "--target", name}).code == 0);
    return Json::parse(world.vscale({"state", "show", name, "--json"}).out).at("address");
  };

  CHECK(address_of("group.web") == "group.web");
  CHECK(address_of("web") == "group.web");
  CHECK(address_of("web-0") == "group.web[0]");
  CHECK(address_of("prod-web-0") == "group.web[0]");
  CHECK(address_of("machine.db1") == "machine.db1");
  CHECK(address_of("db1") == "machine.db1");
}

TEST_CASE("state show of a name with a slip in it guesses the short name") {
  RecordedWorld world;
  const auto refused = world.vscale({"state", "show", "wbe"});
  CHECK(refused.code == 1);
  CHECK(refused.err == "error: nothing is recorded of \"wbe\"\n  hint: did you mean \"web\"?\n");
}

TEST_CASE("state list has the same addresses for a person and for a program, each once") {
  RecordedWorld world;

  std::istringstream lines(world.vscale({"state", "list"}).out);
  std::vector<std::string> told;
  for (std::string line; std::getline(lines, line);) told.push_back(line.substr(0, line.find(' ')));
  const Json document = Json::parse(world.vscale({"state", "list", "--json"}).out);

  CHECK(told == document.at("addresses").get<std::vector<std::string>>());
  CHECK(told == std::vector<std::string>{"group.web[0]", "machine.db1", "image.debian-12", "host.kvm1", "host.kvm2",
                                         "group.web"});
}

}  // namespace
}  // namespace vscale::test
