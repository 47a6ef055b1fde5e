#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cmd/views/inventory_view.h"
#include "tests/cmd/fake_world.h"

namespace vscale::test {
namespace {

using Words = std::vector<std::string>;

bool has_word(const Words& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string config_with(const std::string& cloud_init, int size) {
  std::string text = web_config(size);
  const std::string usual = "cloudInit: { user: debian }";
  return text.replace(text.find(usual), usual.size(), "cloudInit: " + cloud_init);
}

/// With `web` of that size applied from this configuration.
struct Applied : FakeWorld {
  explicit Applied(const std::string& config) {
    write("anna.pub", "ssh-ed25519 AAAA anna\n");
    write("ben.pub", "ssh-ed25519 BBBB ben\n");
    write("vscale.yaml", config);
    const auto applied = vscale({"apply", "--auto-approve"});
    INFO(applied.out << applied.err);
    REQUIRE(applied.code == 0);
  }

  /// What `vscale WORDS` became.
  Words becomes(const Words& words) {
    vscale(words);
    return became();
  }
};

/// The word that ssh is to call the instance by when it looks for its key.
std::string host_key_alias(const Words& argv) {
  const auto found =
      std::find_if(argv.begin(), argv.end(), [](const std::string& word) { return word.starts_with("HostKeyAlias="); });
  return found == argv.end() ? "" : *found;
}

}  // namespace

TEST_CASE("ssh becomes ssh to the recorded address, with the user of the template and known hosts of its own") {
  Applied world(web_config(2));

  const Words argv = world.becomes({"ssh", "web-1", "--", "uptime", "-p"});

  const std::string known_hosts = "UserKnownHostsFile=\"" + world.folder() + "/vscale.db.known_hosts\"";
  CHECK(Words(argv.begin(), argv.begin() + 6) ==
        Words{"ssh", "-o", known_hosts, "-o", "StrictHostKeyChecking=accept-new", "-o"});
  CHECK(Words(argv.begin() + 7, argv.end()) == Words{"-l", "debian", "--", "10.0.0.51", "uptime", "-p"});
  CHECK(host_key_alias(argv).starts_with("HostKeyAlias=prod-web-1."));
}

TEST_CASE("known hosts lie beside the statefile that was named, whatever its path holds") {
  Applied world(web_config(1));
  const std::string state = world.folder() + "/100%\" odd.db";
  std::filesystem::copy_file(world.folder() + "/vscale.db", state);

  const Words argv = world.becomes({"ssh", "web-0", "--state", state});

  CHECK(has_word(argv, "UserKnownHostsFile=\"" + world.folder() + "/100%%\\\" odd.db.known_hosts\""));
}

TEST_CASE("to ssh a replaced instance is another machine at the same address, and a started one is the same") {
  Applied world(web_in_place(1));
  const std::string first = host_key_alias(world.becomes({"ssh", "web-0"}));

  world.cluster().power_off_by_hand("prod-web-0");
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  const std::string started = host_key_alias(world.becomes({"ssh", "web-0"}));
  REQUIRE(world.vscale({"apply", "--auto-approve", "--replace", "web-0"}).code == 0);
  const Words replaced = world.becomes({"ssh", "web-0"});

  CHECK(started == first);
  CHECK(host_key_alias(replaced) != first);
  CHECK(has_word(replaced, "10.0.0.50"));
}

TEST_CASE("ssh takes the private key that lies beside a public one of the group") {
  Applied world(config_with("{ user: debian, sshKeys: [anna.pub, ben.pub] }", 1));
  const auto offers = [&](const std::string& key) {
    return has_word(world.becomes({"ssh", "web-0"}), "IdentityFile=\"" + world.folder() + "/" + key + "\"");
  };
  CHECK_FALSE(offers("anna"));

  world.write("ben", "a private key");

  CHECK(offers("ben"));
  CHECK_FALSE(offers("anna"));
}

TEST_CASE("ssh offers no key that the configuration names for another group") {
  Applied world(config_with("{ user: debian, sshKeys: [anna.pub] }", 1) +
                "  other:\n    size: 0\n    template: { image: debian-12, vcpus: 1, memory: 1GiB, networks: [lan], "
                "cloudInit: { sshKeys: [ben.pub] } }\n");
  world.write("ben", "a private key");

  CHECK_FALSE(has_word(world.becomes({"ssh", "web-0"}), "IdentityFile=\"" + world.folder() + "/ben\""));
}

TEST_CASE("ssh into what is not there is refused with a guess") {
  Applied world(web_config(2));
  const auto unknown = world.vscale({"ssh", "web-7"});
  CHECK(unknown.code == 1);
  CHECK(holds(unknown.err, "there is no instance \"web-7\" in prod"));
  CHECK(holds(world.vscale({"ssh", "web"}).err, "that is a group; its instances: web-0, web-1"));
  CHECK(world.became().empty());
}

TEST_CASE("ssh to a guest whose address DHCP has not told says what tells it") {
  std::string config = web_config(1);
  const std::string addresses = ", addresses: [10.0.0.50-10.0.0.99], prefix: 24, gateway: 10.0.0.1";
  config.erase(config.find(addresses), addresses.size());
  Applied world(config);
  auto state = world.outside().open_state(world.folder() + "/vscale.db", OpenMode::read_write);
  REQUIRE(state.ok());
  const auto record = [&](Phase phase) {
    InstanceRecord instance = state->store->read()->instances.begin()->second;
    instance.phase = phase;
    instance.nics[0].address.reset();
    instance.nics[0].learned = false;
    REQUIRE(state->store->commit({.at = {}, .begun = {}, .ended = {}, .changes = {PutInstance{instance}}, .events = {}})
                .ok());
  };

  record(Phase::ready);
  const auto ready = world.vscale({"ssh", "web-0"});
  record(Phase::started);
  const auto started = world.vscale({"ssh", "web-0", "--state", "vscale.db"});
  record(Phase::leaving);
  const auto leaving = world.vscale({"ssh", "web-0"});

  CHECK(ready.code == 1);
  CHECK(holds(ready.err, "web-0 has no known address (it is ready): network lan gives it by DHCP"));
  CHECK(holds(ready.err, "/system domifaddr prod-web-0 --source agent`"));
  CHECK(holds(ready.err, "vscale console web-0"));
  CHECK_FALSE(holds(ready.err, "vscale apply"));
  CHECK(holds(started.err, "`vscale --state vscale.db apply` waits until it is ready"));
  CHECK(holds(started.err, "`vscale --state vscale.db console web-0`"));
  CHECK(holds(leaving.err, "`vscale apply` finishes it"));
  CHECK(world.became().empty());
}

TEST_CASE("console shows the password of a host's URI to virsh, and to nobody who lists processes") {
  std::string config = web_config(2);
  for (const std::string host : {"kvm1", "kvm2"}) config.replace(config.find("root@" + host), 4, "root:s3cret");
  Applied world(config);

  const Words argv = world.becomes({"console", "web-0"});

  CHECK(argv == Words{"virsh", "console", "prod-web-0"});
  for (const std::string variable : {"VIRSH_DEFAULT_CONNECT_URI", "LIBVIRT_DEFAULT_URI"}) {
    CHECK(holds(world.became_with().at(variable), "root:s3cret@kvm"));
  }
}

TEST_CASE("console and inventory advise commands with the files that were given") {
  FakeWorld world;
  world.write("prod.yaml", web_config(1));
  CHECK(holds(world.vscale({"-f", "prod.yaml", "inventory"}).err, "To make them: vscale -f prod.yaml apply\n"));
  REQUIRE(world.vscale({"-f", "prod.yaml", "apply", "--auto-approve"}).code == 0);
  world.cluster().power_off_by_hand("prod-web-0");

  const auto off = world.vscale({"-f", "prod.yaml", "console", "web-0"});

  CHECK(holds(off.err, "`vscale -f prod.yaml plan` shows why"));
  CHECK(holds(off.err, "`vscale -f prod.yaml apply`"));
}

TEST_CASE("a text that a state has for an address is in no inventory") {
  RecordedState recorded;
  InstanceRecord instance;
  instance.address = {InstanceAddress::Kind::group, "web", 0};
  instance.name = "prod-web-0";
  instance.nics = {{.network = "lan", .mac = "52:54:00:00:00:01", .address = "10.0.0.9\n  ProxyCommand x"},
                   {.network = "lan", .mac = "52:54:00:00:00:02", .address = "10.0.0.10"}};
  recorded.instances[instance.address] = instance;

  const std::vector<Guest> guests = guests_of({}, recorded);

  REQUIRE(guests.size() == 1);
  CHECK(guests[0].ip_addresses == Words{"10.0.0.10"});
}

TEST_CASE("an inventory of nothing says so beside a document that is valid") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(2));
  for (const std::string format : {"ansible", "ssh-config", "json"}) {
    const auto ran = world.vscale({"inventory", "--format", format});
    CHECK(ran.code == 0);
    CHECK(ran.err == "There are no guests yet. To make them: vscale apply\n");
  }
  const auto document = world.vscale({"inventory", "--json"});
  CHECK(nlohmann::json::parse(document.out)["instances"].empty());
  CHECK(document.err.empty());
}

TEST_CASE("a graph of nothing says so beside a document that is valid") {
  Applied world(web_config(1));
  for (const std::string format : {"dot", "mermaid"}) {
    const auto ran = world.vscale({"graph", "--format", format});
    CHECK(ran.code == 0);
    CHECK(ran.err == "There is nothing to draw: the plan has no actions.\n");
  }
  CHECK(world.vscale({"graph"}).out.starts_with("digraph \"prod\" {"));
  CHECK(world.vscale({"graph", "-q"}).err.empty());
  CHECK_FALSE(holds(world.vscale({"graph", "--replace", "web-0"}).err, "nothing to draw"));
}

TEST_CASE("a saved plan is drawn as it was, also when it could not be carried out any more") {
  Applied world(web_config(1));
  REQUIRE(world.vscale({"plan", "--replace", "web-0", "--out", "plan.bin"}).code == 0);
  const auto before = world.vscale({"graph", "--replace", "web-0"});
  world.write("vscale.yaml", web_config(2));

  const auto drawn = world.vscale({"graph", "plan.bin"});
  const auto mermaid = world.vscale({"graph", "plan.bin", "--format", "mermaid"});
  const auto missing = world.vscale({"graph", "no.bin"});

  CHECK(drawn.code == 0);
  CHECK(drawn.out == before.out);
  CHECK(holds(drawn.out, " -> "));
  CHECK(holds(mermaid.out, " --> "));
  CHECK(missing.code == 1);
  CHECK(holds(missing.err, "no.bin: cannot be opened"));
}

}  // namespace vscale::test
