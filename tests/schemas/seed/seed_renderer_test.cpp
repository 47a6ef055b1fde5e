#include "schemas/seed/seed_renderer.h"

#include <yaml-cpp/yaml.h>

#include <catch2/catch.hpp>
#include <string>

#include "tests/schemas/reading.h"
#include "tests/support/golden.h"

namespace vscale::test {
namespace {

SeedRequest request_for(int ordinal) {
  return {.address = {InstanceAddress::Kind::group, "web", ordinal},
          .name = "prod-web-" + std::to_string(ordinal),
          .instance_id = "prod-web-" + std::to_string(ordinal) + "-1",
          .host = "kvm1",
          .nics = {{"lan", "52:54:00:12:34:56", "10.0.0.50"}},
          .known_addresses = {}};
}

SeedRenderer renderer_for(const std::string& yaml, const World& world = {}) {
  const ReadConfig found = read(yaml, world);
  REQUIRE(found.config.has_value());
  return {*found.config, found.variables};
}

SeedFiles seed_of(const std::string& yaml, const World& world = {}, const SeedRequest& request = request_for(0)) {
  SeedRenderer renderer = renderer_for(yaml, world);
  const Result<SeedFiles> files = renderer.seed_for(request);
  INFO((files.ok() ? "" : to_string(files.error())));
  REQUIRE(files.ok());
  return *files;
}

Error error_of(const std::string& yaml, const World& world = {}, const SeedRequest& request = request_for(0)) {
  SeedRenderer renderer = renderer_for(yaml, world);
  const Result<SeedFiles> files = renderer.seed_for(request);
  REQUIRE_FALSE(files.ok());
  return files.error();
}

std::string with_user_data(const std::string& text) {
  return with_template("      cloudInit:\n        userData: '" + text + "'\n");
}

std::string together(const SeedFiles& files) {
  return "== meta-data\n" + files.meta_data + "== network-config\n" + files.network_config + "== user-data\n" +
         files.user_data + "== vendor-data\n" + files.vendor_data;
}

}  // namespace

TEST_CASE("a seed holds the guest's name, network, user-data with secrets, keys and the agent") {
  const std::string yaml = with_template(R"(      cloudInit:
        userData: |
          #cloud-config
          fqdn: ${name}.${var.domain}
          write_files:
            - { path: /etc/token, content: "${var.token} ${env.HOME} ${group}-${ordinal} ${address} on ${host}" }
            - { path: /etc/peer, content: "${group.web[1].address} $${LITERAL}" }
        user: debian
        sshKeys: ["ssh-ed25519 AAAAC3 anna@home", "ssh-rsa AAAAB3 ben"]
)") + "    size: 2\nvars: { domain: { default: example.lan }, token: { sensitive: true } }\n";
  SeedRequest request = request_for(0);
  request.nics = {{"lan", "52:54:00:12:34:56", "10.0.0.50"}, {"lan", "52:54:00:12:34:57", {}}};
  request.known_addresses = KnownAddresses({{{InstanceAddress::Kind::group, "web", 1}, "10.0.0.51"}});
  check_golden(
      "schemas/seed.txt",
      together(seed_of(yaml, {.environment = {{"HOME", "/root"}}, .assignments = {"token=hunter2"}}, request)));
}

TEST_CASE("a group without cloudInit gets a name, a network and the agent's script alone") {
  const SeedFiles files = seed_of(with_group(""));
  CHECK(files.meta_data == "instance-id: \"prod-web-0-1\"\nlocal-hostname: \"prod-web-0\"\n");
  CHECK(files.user_data.empty());
  CHECK(files.vendor_data.rfind("#!/bin/sh\n", 0) == 0);
}

TEST_CASE("an image with its agent, or without any, and vendorData: false get no script") {
  for (const char* agent : {"present", "none"}) {
    std::string yaml = with_group("");
    yaml.replace(yaml.find("debian-12.qcow2"), 15, std::string("debian-12.qcow2, agent: ") + agent);
    CHECK(seed_of(yaml).vendor_data.empty());
  }
  CHECK(seed_of(with_template("      cloudInit: { vendorData: false }\n")).vendor_data.empty());
  CHECK(seed_of(with_template("      cloudInit: { vendorData: false, user: anna }\n")).vendor_data ==
        "#cloud-config\nuser: \"anna\"\n");
}

TEST_CASE("a script as user-data stays byte for byte what it is") {
  const SeedFiles files =
      seed_of(with_template("      cloudInit: { substitute: false, userDataFile: run.sh, user: debian, "
                            "sshKeys: [\"ssh-ed25519 AAAA anna\"] }\n"),
              {.files = {{"/config/run.sh", "#!/bin/sh\necho ${HOME} $${x}\n"}}});
  CHECK(files.user_data == "#!/bin/sh\necho ${HOME} $${x}\n");
  CHECK(YAML::Load(files.meta_data)["public-keys"][0].as<std::string>() == "ssh-ed25519 AAAA anna");
}

TEST_CASE("hostile values come out as they went in, and break nothing around them") {
  const std::string hostile = "a\"b'c: {d}\n- e # <&>; rm -rf ${name} $${x} \\n";
  const SeedFiles files =
      seed_of(with_user_data("${var.x}|${var.s}|${env.E}") + "vars: { x: {}, s: { sensitive: true } }\n",
              {.environment = {{"E", hostile}}, .assignments = {"x=" + hostile, "s=" + hostile}});
  CHECK(files.user_data == hostile + "|" + hostile + "|" + hostile);
  SeedRequest request = request_for(0);
  request.instance_id = hostile;
  const SeedFiles named = seed_of(with_group(""), {}, request);
  CHECK(YAML::Load(named.meta_data)["instance-id"].as<std::string>() == hostile);
}

TEST_CASE("a guest by DHCP is told so, and only the first gateway becomes the route") {
  std::string yaml = with_template("      networks: [lan, wan, dyn]\n");
  yaml.replace(yaml.find("  lan:"), 6,
               "  wan: { bridge: br1, addresses: [192.0.2.10], gateway: 192.0.2.1, dns: "
               "[192.0.2.2, 192.0.2.3], prefix: 28 }\n  dyn: { network: default }\n  lan:");
  SeedRequest request = request_for(0);
  request.nics = {{"lan", "52:54:00:00:00:01", "10.0.0.50"},
                  {"wan", "52:54:00:00:00:02", "192.0.2.10"},
                  {"dyn", "52:54:00:00:00:03", {}}};
  check_golden("schemas/seed_network_config.txt", seed_of(yaml, {}, request).network_config);
}

TEST_CASE("what cannot be filled in is an error that names it and never a secret") {
  CHECK(error_of(with_user_data("${group.web[1].address}") + "    size: 2\n").message ==
        "user-data of group.web[0]: the address of group.web[1] is not known yet");
  CHECK(error_of(with_user_data("${var.s}") + "vars: { s: { sensitive: true } }\n",
                 {.secrets = ReadInput::Secrets::not_demanded})
            .message == "user-data of group.web[0]: variable \"s\" has no value");
  CHECK(error_of(with_user_data("${env.E}"), {.secrets = ReadInput::Secrets::not_demanded}).message ==
        "user-data of group.web[0]: the environment has no variable \"E\"");
  SeedRequest by_dhcp = request_for(0);
  by_dhcp.nics = {{"lan", "52:54:00:00:00:01", {}}};
  CHECK(error_of(with_user_data("${address}"), {}, by_dhcp).kind == ErrorKind::invalid);
  SeedRequest unknown_group = request_for(0);
  unknown_group.address.group = "api";
  CHECK(error_of(with_group(""), {}, unknown_group).message ==
        "seed of group.api[0]: the configuration has no such group");
  SeedRequest unknown_network = request_for(0);
  unknown_network.nics[0].network = "wan";
  CHECK(error_of(with_group(""), {}, unknown_network).message ==
        "seed of group.web[0]: network \"wan\" does not exist");
}

}  // namespace vscale::test
