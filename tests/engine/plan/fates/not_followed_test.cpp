#include <catch2/catch.hpp>

#include "tests/engine/plan/planned.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"

/// What a changed file does not do to what was made before is said.

namespace vscale::test {
namespace {

TEST_CASE("an address that left its network's pool is kept, and said to be outside") {
  PlayedWorld world = running({web(2)});
  world.input.config.networks[0].addresses = {{ipv4(10, 0, 0, 60), ipv4(10, 0, 0, 99)}};
  const Plan plan = world.plan();
  CHECK(plan.actions.empty());
  REQUIRE(codes(plan) == Words{"address_outside"});
  CHECK(plan.diagnostics[0].summary ==
        "group.web: outside the addresses of network lan, and kept: web-0 10.0.0.50, web-1 10.0.0.51");
  CHECK(plan.diagnostics[0].hint == "to bring them there, make them anew: vscale plan --replace group.web");
}

TEST_CASE("a replacement gets an address of the pool when the old one is outside of it now") {
  PlayedWorld world = running({web(2)});
  world.input.config.networks[0].addresses = {{ipv4(10, 0, 0, 51), ipv4(10, 0, 0, 99)}};
  world.input.options.replaces = {"group.web"};
  world.carry_out(world.plan());
  const auto& instances = world.input.recorded.instances;
  CHECK(instances.at({InstanceAddress::Kind::group, "web", 0}).nics[0].address == "10.0.0.52");
  CHECK(instances.at({InstanceAddress::Kind::group, "web", 1}).nics[0].address == "10.0.0.51");
  world.input.options.replaces.clear();
  CHECK(world.plan().diagnostics.empty());
}

TEST_CASE("an address that the file gives by name need not be in the pool") {
  Group group = web(1);
  group.instance.networks[0].address = "10.0.0.7";
  PlayedWorld world = running({group});
  CHECK(world.plan().diagnostics.empty());
}

TEST_CASE("cards stay on the bridge that they were made on, which is said when the file names another") {
  PlayedWorld world = running({web(1)});
  world.input.config.networks[0].bridge = "br1";
  const Plan plan = world.plan();
  CHECK(plan.actions.empty());
  REQUIRE(codes(plan) == Words{"card_elsewhere"});
  CHECK(plan.diagnostics[0].summary ==
        "group.web: network lan is br1 in the file, and these stay where they are: web-0 on br0");
}

TEST_CASE("disks stay in the pool that they were made in, which is said when the file names another") {
  PlayedWorld world = running({web(2)});
  world.input.config.storage[0].pool = "fast";
  const Plan plan = world.plan();
  CHECK(changes(plan).empty());
  REQUIRE(codes(plan) == Words{"disks_elsewhere"});
  CHECK(plan.diagnostics[0].summary ==
        "group.web: storage local is pool fast in the file, and the disks of these stay in pool default: web-0, web-1");
  CHECK(plan.diagnostics[0].hint == "to bring them there, make them anew: vscale plan --replace group.web");
}

TEST_CASE("what guests were told of their network is kept, which is said when the file says otherwise") {
  PlayedWorld world = running({web(2)});
  world.input.config.networks[0].prefix = 16;
  world.input.config.networks[0].dns = {"10.0.0.2", "10.0.0.3"};
  const Plan plan = world.plan();
  CHECK(plan.actions.empty());
  REQUIRE(codes(plan) == Words{"settings_kept"});
  CHECK(plan.diagnostics[0].summary ==
        "group.web: network lan has prefix 16, gateway 10.0.0.1, dns 10.0.0.2 10.0.0.3 in the file, and guests made "
        "with prefix 24, gateway 10.0.0.1 keep that: web-0, web-1");
  CHECK(plan.diagnostics[0].hint == "a guest learns of its network when it is made: vscale plan --replace group.web");
  world.input.options.replaces = {"group.web[1]"};
  world.carry_out(world.plan());
  world.input.options.replaces.clear();
  CHECK(world.plan().diagnostics.at(0).summary.ends_with("keep that: web-0"));
}

TEST_CASE("a claim that is still to be made keeps nothing of what its network was when it was claimed") {
  PlayedWorld world(config_with({web(1)}));
  const Plan plan = world.plan();
  const auto claim = static_cast<std::size_t>(only_action(plan, "instance.claim", "group.web[0]").id);
  world.carry_out_and_die(plan, order_of_ids(plan), claim, false);
  REQUIRE(world.instance("group.web[0]").phase == Phase::claimed);
  world.input.config.networks[0].gateway = "10.0.0.254";
  CHECK(changes(world.plan()) == Words{"create web-0"});
  CHECK(world.plan().diagnostics.empty());
}

TEST_CASE("guests by DHCP, and those recorded before it was, are not said to keep anything") {
  Config config = config_with({web(1)});
  config.networks[0].addresses.clear();
  PlayedWorld by_dhcp = running(config);
  by_dhcp.input.config.networks[0].prefix = 16;
  CHECK(by_dhcp.plan().diagnostics.empty());
  PlayedWorld older = running({web(1)});
  older.input.recorded.instances.begin()->second.nics[0].settings.clear();
  older.input.config.networks[0].prefix = 16;
  CHECK(older.plan().diagnostics.empty());
}

TEST_CASE("many instances that do not follow are counted, and few are named") {
  PlayedWorld world = running({web(9)});
  world.input.config.networks[0].bridge = "br1";
  const Plan plan = world.plan();
  REQUIRE(codes(plan) == Words{"card_elsewhere"});
  const std::string end = "web-0 on br0, web-1 on br0, web-2 on br0, web-3 on br0, web-4 on br0 and 4 more";
  CHECK(plan.diagnostics[0].summary.find(end) != std::string::npos);
}

TEST_CASE("what is on a host that its group no longer allows stays there, which is said with the way out") {
  PlayedWorld world = running({web(3)});
  Group& group = world.input.config.groups[0];
  world.input.places["groups.web.hosts"] = {"vscale.yaml", 5, 5, 5};
  SECTION("by name") {
    group.hosts.names = {"kvm1"};
  }
  SECTION("by label") {
    group.hosts.labels = {{"rack", "r1"}};
    world.input.config.hosts[0].labels = {{"rack", "r1"}};
  }
  Plan plan = world.plan();
  CHECK(plan.actions.empty());
  REQUIRE(codes(plan) == Words{"host_not_allowed"});
  CHECK(plan.diagnostics[0].summary ==
        "group.web: on hosts that the file does not allow for it, and left there: web-1 on kvm2 (not in its `hosts`)");
  CHECK(plan.diagnostics[0].hint == "to bring them elsewhere, make them anew: vscale plan --replace group.web[1]");
  CHECK(plan.diagnostics[0].where.line == 5);
  world.input.options.replaces = {"group.web[1]"};
  world.carry_out(world.plan());
  world.input.options.replaces.clear();
  CHECK(world.instance("group.web[1]").host == "kvm1");
  CHECK(world.plan().diagnostics.empty());
}

TEST_CASE("likewise what is on a host without a trait that its group requires by now") {
  PlayedWorld world = running({web(2)});
  world.input.config.groups[0].placement.requires_traits = {"uefi"};
  world.host("kvm1").traits.insert("uefi");
  const Plan plan = world.plan();
  CHECK(plan.actions.empty());
  REQUIRE(codes(plan) == Words{"host_not_allowed"});
  CHECK(plan.diagnostics[0].summary.ends_with("left there: web-1 on kvm2 (trait uefi: it does not have it)"));
  world.host("kvm1").traits.erase("uefi");
  CHECK(world.plan().diagnostics[0].hint.ends_with("vscale plan --replace group.web[0] --replace group.web[1]"));
}

TEST_CASE("a pool that lies elsewhere than the file says is used where it is, which is said once") {
  PlayedWorld world = running({web(2)});
  world.input.config.storage[0].path = "/srv/images";
  const Plan plan = world.plan();
  CHECK(plan.actions.empty());
  REQUIRE(codes(plan) == Words{"pool_elsewhere"});
  CHECK(plan.diagnostics[0].summary ==
        "storage local: pool default is there already, and is used where it is: kvm1 at /var/lib/libvirt/default, kvm2 "
        "at /var/lib/libvirt/default");
  world.input.config.storage[0].path = "/var/lib/libvirt/default/";
  CHECK(world.plan().diagnostics.empty());
}

}  // namespace
}  // namespace vscale::test
