#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/cmd/fake_world.h"
#include "tests/support/golden.h"

namespace vscale::test {
namespace {

using Json = nlohmann::json;

}  // namespace

TEST_CASE("what status advises holds for the files, the variables and the statefile that were given") {
  FakeWorld world;
  world.write("prod.yaml", web_config(2) + "vars: { domain: { default: example.lan }, token: { sensitive: true } }\n");
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

TEST_CASE("status of one group tells of that group and its instances, as text and as JSON") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(2) +
                                 "  worker:\n    size: 1\n"
                                 "    template: { image: debian-12, vcpus: 1, memory: 1GiB, networks: [lan] }\n");
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  const std::string name = GENERATE("web", "group.web", "web-1");
  CAPTURE(name);

  const auto text = world.vscale({"status", name});
  const Json document = Json::parse(world.vscale({"status", name, "--json"}).out);

  CHECK(text.code == 0);
  CHECK(holds(text.out, "\nweb-0 "));
  CHECK(holds(text.out, "\nweb-1 "));
  CHECK_FALSE(holds(text.out, "worker"));
  REQUIRE(document.at("groups").size() == 1);
  CHECK(document.at("groups")[0].at("address") == "group.web");
  REQUIRE(document.at("instances").size() == 2);
  CHECK(document.at("instances")[1].at("address") == "group.web[1]");
  CHECK(Json::parse(world.vscale({"status", "--json"}).out).at("instances").size() == 3);
}

TEST_CASE("status of a group that is not there names those that are") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(2));
  const std::string name = GENERATE("db", "group.db", "db-0", "group.db[0]", "host.kvm1");
  CAPTURE(name);

  const auto refused = world.vscale({"status", name});

  CHECK(refused.code == 1);
  CHECK(refused.out.empty());
  CHECK(refused.err == "error: there is no group \"" + name + "\" in prod\n  hint: there is: web\n");
}

TEST_CASE("status of a group with a slip in its name names it, and what else there is only where there is more") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(1));
  CHECK(holds(world.vscale({"status", "wbe"}).err, "\n  hint: did you mean \"web\"?\n"));

  world.write("vscale.yaml", web_config(1) +
                                 "  worker:\n    size: 1\n"
                                 "    template: { image: debian-12, vcpus: 1, memory: 1GiB, networks: [lan] }\n");
  CHECK(holds(world.vscale({"status", "wbe"}).err, "\n  hint: did you mean \"web\"?; there is: web, worker\n"));
}

TEST_CASE("what a plan leaves alone as unknown is not missing for status") {
  FakeWorld world;
  world.write("vscale.yaml", web_in_place(1));
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  const std::string state = world.folder() + "/vscale.db";
  std::filesystem::copy_file(state, state + ".older");
  REQUIRE(world.vscale({"apply", "--auto-approve", "--replace", "web-0"}).code == 0);
  std::filesystem::copy_file(state + ".older", state, std::filesystem::copy_options::overwrite_existing);

  CHECK(holds(world.vscale({"plan"}).out, "Unknown, left alone"));
  const auto ran = world.vscale({"status"});
  INFO(ran.out);
  CHECK(ran.code == 3);
  CHECK(holds(ran.out, "unknown"));
  CHECK_FALSE(holds(ran.out, "missing"));
}

TEST_CASE("status tells of a guest without a definition") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(1));
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  world.cluster().undefine_by_hand("prod-web-0");
  CHECK(holds(world.vscale({"status"}).out,
              "Undefined by somebody while it runs, and gone from its host once it is off:\n   web-0 on kvm1."));
}

TEST_CASE("status shows a guest that was moved by hand where it is") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(1));
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  world.cluster().move_by_hand("prod-web-0", "kvm2");
  const auto status = world.vscale({"status"}).out;
  INFO(status);
  CHECK(holds(status, "web-0     kvm2  ready"));
}

TEST_CASE("status names what carries our mark and is not recorded, and counts it as foreign") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(2));
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  world.write("vscale.yaml", web_config(1) + "removed: [{ address: \"group.web[1]\", then: forget }]\n");
  const auto applied = world.vscale({"apply", "--auto-approve"});
  CHECK(holds(applied.out, "1 forget"));

  const auto status = world.vscale({"status"}).out;
  INFO(status);
  CHECK(holds(status,
              "Made by this installation and not recorded, so left alone: prod-web-1 on\n"
              "   kvm2. How to remove it:\n   vscale plan\n"));
  const auto json = nlohmann::json::parse(world.vscale({"status", "--json"}).out);
  CHECK(json.at("hosts")[1].at("ours") == 0);
  CHECK(json.at("hosts")[1].at("foreign") == 1);
}

TEST_CASE("status as a document") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(3));
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  world.cluster().add_foreign_domain("kvm1", "somebody-elses", 4, 8 * kGiB);
  world.clock().advance(std::chrono::minutes{5});
  world.cluster().power_off_by_hand("prod-web-0");
  world.cluster().cut("kvm2");

  const auto status = world.vscale({"status", "--json"});

  CHECK(status.code == 3);
  check_golden("cmd/status.json", nlohmann::ordered_json::parse(status.out).dump(2) + "\n");
}

TEST_CASE("the command to look at a host that is silent is one that a shell reads, whatever stands in its URI") {
  FakeWorld world;
  std::string config = web_config(1);
  const std::string uri = "qemu+ssh://root@kvm2/system";
  config.replace(config.find(uri), uri.size(), uri + "?keyfile=/home/o'brien/key");
  world.write("vscale.yaml", config);
  world.cluster().cut("kvm2");

  const Json needs = Json::parse(world.vscale({"status", "--json"}).out).at("needs");

  REQUIRE(!needs.empty());
  CHECK(needs[0].at("commands")[0] == R"(virsh -c 'qemu+ssh://root@kvm2/system?keyfile=/home/o'\''brien/key' list)");
}

TEST_CASE("a stale plan is to be made anew from the same files, for the same purpose") {
  FakeWorld world;
  world.write("prod.yaml", web_config(1));
  REQUIRE(world.vscale({"-f", "prod.yaml", "apply", "--auto-approve"}).code == 0);
  REQUIRE(world.vscale({"-f", "prod.yaml", "plan", "--destroy", "--target", "web", "--out", "gone.bin"}).code == 0);
  world.write("prod.yaml", web_config(2));

  const auto refused = world.vscale({"-f", "prod.yaml", "apply", "gone.bin"});

  CHECK(refused.code == 1);
  CHECK(holds(refused.err, "Saved plan is stale"));
  CHECK(holds(refused.err, "vscale -f prod.yaml plan --destroy --out FILE --target web"));
}

}  // namespace vscale::test
