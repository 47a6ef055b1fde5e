// Addresses that guests got by DHCP: known, and nobody's by right.

#include <catch2/catch.hpp>

#include "tests/engine/plan/planned.h"
#include "tests/support/builders.h"

namespace vscale::test {
namespace {

/// One guest by DHCP that has said what its address is.
PlayedWorld with_learned(const std::string& address) {
  Config config = config_with({a_group("web", 1)});
  config.networks[0].addresses.clear();
  PlayedWorld world = running(config);
  GuestNic& nic = world.input.recorded.instances.begin()->second.nics[0];
  nic.address = address;
  nic.learned = true;
  return world;
}

const std::optional<std::string>& address_waited_for(const Plan& plan) {
  return std::get<WaitForGates>(only_action(plan, "gate.wait", "group.web[0]").detail).nics.at(0).address;
}

TEST_CASE("an address that a guest says it has keeps nobody from the one that the file gives") {
  PlayedWorld world = with_learned("10.0.0.60");
  Group db = a_group("db", 1);
  db.instance.networks[0].address = "10.0.0.60";
  world.input.config.groups.push_back(db);

  const Plan plan = world.plan();

  CHECK(codes(plan).empty());
  CHECK(changes(plan) == Words{"create db-0"});
}

TEST_CASE("an address that a guest says it has is not handed out") {
  PlayedWorld world = with_learned("10.0.0.50");
  world.input.config.networks[0].addresses = {{ipv4(10, 0, 0, 50), ipv4(10, 0, 0, 51)}};
  world.input.config.groups[0].size = 2;

  world.carry_out(world.plan());

  CHECK(world.instance("group.web[1]").nics[0].address == "10.0.0.51");
}

TEST_CASE("an address that a guest says it has is not its own when it is made anew with one of the file's") {
  PlayedWorld world = with_learned("10.0.0.51");
  world.input.config.networks[0].addresses = {{ipv4(10, 0, 0, 50), ipv4(10, 0, 0, 59)}};
  world.input.options.replaces = {"group.web[0]"};

  world.carry_out(world.plan());

  CHECK(world.instance("group.web[0]").nics[0].address == "10.0.0.50");
}

TEST_CASE("no gate goes by an address that was learned before the guest was off") {
  PlayedWorld world = with_learned("192.168.122.9");
  world.domain("kvm1", "prod-web-0")->state = DomainState::shut_off;
  CHECK(address_waited_for(world.plan()) == std::nullopt);

  SECTION("also where the record does not say that it was learned") {
    world.input.recorded.instances.begin()->second.nics[0].learned = false;
    CHECK(address_waited_for(world.plan()) == std::nullopt);
  }
  SECTION("but by one that the file gives") {
    world.input.config.groups[0].instance.networks[0].address = "192.168.122.9";
    world.input.recorded.instances.begin()->second.nics[0].learned = false;
    CHECK(address_waited_for(world.plan()) == "192.168.122.9");
  }
}

TEST_CASE(
    "an address that was given stays its own though its network hands out none any more, or is called otherwise") {
  PlayedWorld world = running({web(1)});
  REQUIRE(world.instance("group.web[0]").nics[0].address == "10.0.0.50");
  world.domain("kvm1", "prod-web-0")->state = DomainState::shut_off;

  SECTION("new guests are to ask DHCP") {
    world.input.config.networks[0].addresses.clear();
    CHECK(address_waited_for(world.plan()) == "10.0.0.50");
    world.carry_out(world.plan());
    const GuestNic& card = world.instance("group.web[0]").nics[0];
    CHECK(card.address == "10.0.0.50");
    CHECK_FALSE(card.learned);
  }
  SECTION("the network has another name, and the replacement for that is held") {
    world.input.config.networks[0].name = world.input.config.groups[0].instance.networks[0].network = "front";
    world.input.options.allow = Disruption::live;
    CHECK(address_waited_for(world.plan()) == "10.0.0.50");
  }
}

}  // namespace
}  // namespace vscale::test
