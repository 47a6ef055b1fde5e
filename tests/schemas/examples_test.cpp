#include <catch2/catch.hpp>
#include <string>

#include "tests/schemas/reading.h"
#include "tests/support/golden.h"

namespace vscale::test {
namespace {

Config example(const std::string& name, const World& world = {}) {
  return config_of(read_source_file("examples/" + name), world);
}

}  // namespace

TEST_CASE("every example is right, but for the one that is not meant to be") {
  const World world{.environment = {{"JOIN_TOKEN", "hunter2"}},
                    .files = {{"/build-quickstart/ssh_key.pub", "ssh-ed25519 AAAA anna\n"}},
                    .assignments = {"adminPassword=hunter3"}};
  for (const std::string& file : source_files_below("examples", ".yaml")) {
    INFO(file);
    World own = world;
    if (file != "examples/secrets.yaml") own.assignments.clear();
    const ReadConfig found = read(read_source_file(file), own);
    CHECK(found.config.has_value() == (file != "examples/broken.yaml"));
  }
}

TEST_CASE("the quickstart is three VMs on two hosts that it brings along") {
  const Config config =
      example("quickstart/vscale.yaml", {.files = {{"/build-quickstart/ssh_key.pub", "ssh-ed25519 AAAA anna\n"}}});
  CHECK(config.hosts.size() == 2);
  CHECK(config.groups[0].size == 3);
}

TEST_CASE("the example with one group is three VMs on this machine") {
  const Config config = example("one-group.yaml");
  REQUIRE(config.groups.size() == 1);
  CHECK(config.groups[0].size == 3);
  CHECK(config.groups[0].health.gates[0].kind == Gate::Kind::agent);
  CHECK(config.networks[0].addresses.empty());
}

TEST_CASE("the example with three hosts waits for its database and keeps its data") {
  const Config config = example("three-hosts.yaml");
  REQUIRE(config.groups.size() == 3);
  CHECK(config.groups[0].depends_on == std::vector<std::string>{"machine.db"});
  CHECK(selected_hosts(config, config.groups[1].hosts) == std::vector<std::string>{"kvm1", "kvm2"});
  CHECK(config.groups[2].instance.disks[0].keep);
}

TEST_CASE("the example with secrets leaves them unexpanded") {
  const Config config = example(
      "secrets.yaml", {.environment = {{"JOIN_TOKEN", "hunter2"}}, .assignments = {"adminPassword=hunter3", "size=4"}});
  CHECK(config.groups[0].size == 4);
  const std::string user_data = config.groups[0].instance.cloud_init.user_data->text;
  CHECK(user_data.find("ntp.example.lan") != std::string::npos);
  CHECK(user_data.find("${env.JOIN_TOKEN}") != std::string::npos);
  CHECK(user_data.find("hunter") == std::string::npos);
}

TEST_CASE("the example with defaults says once what its groups have in common") {
  const Config config = example("defaults.yaml");
  CHECK(config.groups[0].instance.vcpus == 4);
  CHECK(config.groups[0].instance.memory_bytes == 4 * kGiB);
  CHECK(config.groups[1].instance.vcpus == 16);
  CHECK(config.groups[1].instance.cloud_init.user_data.has_value());
  CHECK(config.hosts[1].overcommit_vcpus == 2.0);
}

TEST_CASE("the broken example shows all of its mistakes") {
  check_golden("schemas/example_broken.txt", messages_for(read_source_file("examples/broken.yaml")));
}

}  // namespace vscale::test
