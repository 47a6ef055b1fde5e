#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "engine/live/emulation.h"
#include "tests/cmd/fake_world.h"

/// What a person is told of the hosts, and what is kept of them.

namespace vscale::test {
namespace {

using Json = nlohmann::json;

RecordedState recorded_in(FakeWorld& world) {
  const auto state = world.outside().open_state(world.folder() + "/vscale.db", OpenMode::read_only);
  REQUIRE(state.ok());
  auto recorded = state->store->read();
  REQUIRE(recorded.ok());
  return *recorded;
}

/// kvm1 offers KVM, and its guests die under it; kvm2 offers none.
void break_kvm(FakeWorld& world) {
  const auto cluster = std::make_shared<FakeCluster>(1, world.clock());
  cluster->add_host({.name = "kvm1", .kvm = false, .traits = {"arch:x86_64", kKvmFailsTrait}});
  cluster->add_host({.name = "kvm2", .kvm = false, .traits = {"arch:x86_64"}});
  world.outside().reach_hosts = [cluster](const std::vector<HostConnection>&) {
    return HostPorts{.domains = cluster, .volumes = cluster, .guests = cluster};
  };
}

/// The program reaches hosts that answer as these machines.
std::shared_ptr<FakeCluster> answer_as(FakeWorld& world, const HostIdentity& kvm1, const HostIdentity& kvm2) {
  auto cluster = std::make_shared<FakeCluster>(1, world.clock());
  cluster->add_host({.name = "kvm1", .identity = kvm1});
  cluster->add_host({.name = "kvm2", .identity = kvm2});
  world.outside().reach_hosts = [cluster](const std::vector<HostConnection>&) {
    return HostPorts{.domains = cluster, .volumes = cluster, .guests = cluster};
  };
  return cluster;
}

const HostIdentity kFirst{"one", "4c4c4544-0000-4000-8000-000000000001"};
const HostIdentity kSecond{"two", "4c4c4544-0000-4000-8000-000000000002"};
const HostIdentity kThird{"three", "4c4c4544-0000-4000-8000-000000000003"};

}  // namespace

TEST_CASE("nothing is made anew where another machine answers for a host") {
  FakeWorld world;
  answer_as(world, kFirst, kSecond);
  world.write("vscale.yaml", web_config(4));
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);

  const auto elsewhere = answer_as(world, kFirst, kThird);
  const auto plan = world.vscale({"plan"});

  CHECK(plan.code == 3);
  CHECK(holds(plan.out, "host \"kvm2\" is another machine than before: three"));
  const auto apply = world.vscale({"apply", "--auto-approve"});
  CHECK(apply.code == 3);
  const auto domains = elsewhere->domains();
  CHECK(std::none_of(domains.begin(), domains.end(), [](const FakeDomain& one) { return one.host == "kvm2"; }));
  // Still so at the next look: a failure is no look at the machine.
  CHECK(world.vscale({"plan"}).code == 3);
  CHECK(recorded_in(world).hosts.at("kvm2").observed->identity == kSecond);
}

TEST_CASE("one machine under two names is used under one of them") {
  FakeWorld world;
  answer_as(world, kFirst, kFirst);
  world.write("vscale.yaml", web_config(1));

  const auto plan = world.vscale({"plan"});

  CHECK(plan.code == 3);
  CHECK(holds(plan.out, "host \"kvm2\" is the same machine as host \"kvm1\": one"));
}

TEST_CASE("the record says how each host is reached, and never with a password") {
  FakeWorld world;
  std::string config = web_config(1);
  config.replace(config.find("root@kvm2"), 4, "root:s3cret");
  world.write("vscale.yaml", config);

  REQUIRE(world.vscale({"plan"}).code == 0);

  const auto recorded = recorded_in(world);
  CHECK(recorded.hosts.at("kvm1").uri == "qemu+ssh://root@kvm1/system");
  CHECK(recorded.hosts.at("kvm2").uri == "qemu+ssh://root:***@kvm2/system");
}

TEST_CASE("plan warns once of a host where KVM is offered and fails, and not of one that has none") {
  FakeWorld world;
  break_kvm(world);
  world.write("vscale.yaml", web_config(3));

  const auto plan = world.vscale({"plan"});

  CHECK(holds(plan.out, "guests on kvm1 are emulated"));
  CHECK_FALSE(holds(plan.out, "guests on kvm2 are emulated"));
  const Json told = Json::parse(world.vscale({"plan", "--json"}).out).at("diagnostics");
  REQUIRE(told.size() == 1);
  CHECK(told[0].at("severity") == "warning");
  CHECK(told[0].at("code") == "kvm_fails");
}

TEST_CASE("status says of each host why its guests are emulated") {
  FakeWorld world;
  break_kvm(world);
  world.write("vscale.yaml", web_config(1));

  const auto text = world.vscale({"status"}).out;
  const Json hosts = Json::parse(world.vscale({"status", "--json"}).out).at("hosts");

  CHECK(holds(text, "Guests on kvm1 are emulated: it offers KVM, but a trial guest died."));
  CHECK(holds(text, "Guests on kvm2 are emulated: it offers no KVM."));
  CHECK(hosts[0].at("emulated_because") == "it offers KVM, but a trial guest died");
  CHECK(hosts[1].at("emulated_because") == "it offers no KVM");
}

TEST_CASE("a host whose KVM fails in the run is told of at its end, once") {
  FakeWorld world;
  const auto cluster = std::make_shared<FakeCluster>(1, world.clock());
  cluster->add_host({.name = "kvm1", .kvm_dies = true});
  cluster->add_host({.name = "kvm2"});
  world.outside().reach_hosts = [cluster](const std::vector<HostConnection>&) {
    return HostPorts{.domains = cluster, .volumes = cluster, .guests = cluster};
  };
  world.outside().network_probe = [cluster] { return cluster; };
  world.write("vscale.yaml", web_config(2));
  const bool json = GENERATE(false, true);
  std::vector<std::string> words{"apply", "--auto-approve"};
  if (json) words.emplace_back("--json");

  const auto first = world.vscale(words);
  world.write("vscale.yaml", web_config(3));
  const auto second = world.vscale(words);

  INFO(first.out << first.err);
  REQUIRE(first.code == 0);
  REQUIRE(second.code == 0);
  CHECK(holds(json ? first.out : first.err, "guests on kvm1 are emulated, and slow: KVM fails there"));
  CHECK(holds(first.out, "\"code\":\"kvm_fails\"") == json);
  CHECK_FALSE(holds(first.out + first.err, "guests on kvm2"));
  CHECK_FALSE(holds(second.err, "guests on kvm1"));
  CHECK_FALSE(holds(second.out, "\"type\":\"diagnostic\""));
}

TEST_CASE("status advises about a host that is down, and not to plan what no plan can help") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(2));
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  world.cluster().cut("kvm2");
  const auto down = world.vscale({"status"});
  CHECK(holds(down.out, "Its 1 instance is left alone."));
  CHECK(holds(down.out, "1 unknown"));
  CHECK_FALSE(holds(down.out, "Not as wanted"));
  world.write("vscale.yaml", web_config(3));
  CHECK(holds(world.vscale({"status"}).out, "Not as wanted: web: 1 to create\n"));
}

TEST_CASE("status wants of a scaled group what plan wants of it") {
  FakeWorld world;
  const std::string scaled = "    scaling: { min: 1, max: 5 }\n";
  world.write("vscale.yaml", web_config(3) + scaled);
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  world.write("vscale.yaml", web_config(2) + scaled);

  const auto planned = world.vscale({"plan"});
  const auto status = world.vscale({"status"});

  INFO(planned.out << status.out);
  CHECK(holds(planned.out, "No changes"));
  CHECK_FALSE(holds(status.out, "to destroy"));
  CHECK(holds(status.out, "3/3"));
}

}  // namespace vscale::test
