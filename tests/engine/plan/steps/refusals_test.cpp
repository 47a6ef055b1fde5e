#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "tests/engine/plan/plan_text.h"
#include "tests/engine/plan/planned.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"

/// What the file wants and hosts, names or addresses do not give.

namespace vscale::test {
namespace {

TEST_CASE("a name that a foreign domain has on any host is an error that names the host") {
  PlayedWorld world(config_with({web(1)}));
  world.host("kvm2").domains.push_back(foreign_domain("prod-web-0"));
  const Plan plan = world.plan();
  CHECK(only_error(plan).summary ==
        "group.web[0] would be called prod-web-0, and kvm2 has a domain of that name, which vscale did not make");
  CHECK(count_kind(plan, "domain.define") == 0);
}

TEST_CASE("a domain of a lost statefile is told from a foreign one") {
  PlayedWorld world(config_with({web(1)}));
  LiveDomain lost = foreign_domain("prod-web-0");
  lost.ownership = Ownership{"prod", {InstanceAddress::Kind::group, "web", 0}, 1, 1, "another-lineage", ""};
  world.host("kvm1").domains.push_back(lost);
  CHECK(only_error(world.plan()).hint == "use the statefile that made it, or remove that domain by hand");
}

TEST_CASE("a domain of ours that the statefile does not know is told from one of another statefile") {
  PlayedWorld world(config_with({web(1)}));
  world.input.recorded.serial = 7;
  LiveDomain newer = foreign_domain("prod-web-0");
  newer.ownership = Ownership{"prod", {InstanceAddress::Kind::group, "web", 0}, 1, 1, world.input.recorded.lineage, ""};
  world.host("kvm1").domains.push_back(newer);
  const Plan plan = world.plan();
  REQUIRE(codes(plan) == Words{"orphan", "name_taken"});
  const Diagnostic& error = plan.diagnostics.back();
  CHECK(error.summary ==
        "group.web[0] would be called prod-web-0, and kvm1 has a domain of that name, which is ours but not in this "
        "statefile (serial 7)");
  CHECK(
      error.hint ==
      "was an older backup restored? then use the newer statefile; if it was forgotten and nobody needs it, remove it "
      "by hand on kvm1");
}

TEST_CASE("a volume of the name that somebody else made is an error, not overwritten") {
  PlayedWorld world(config_with({web(1)}));
  world.host("kvm1").pools[0].volumes.insert("prod-web-0-root.qcow2");
  CHECK(only_error(world.plan()).summary ==
        "group.web[0] needs volume prod-web-0-root.qcow2 in pool default on kvm1: it is there already, and not "
        "recorded: vscale did not make it, or has forgotten it");
}

TEST_CASE("what finds no place while a candidate is silent waits; the plan is incomplete, not wrong") {
  Group group = web(2);
  group.placement.anti_affinity = {{"host", "", AntiAffinity::Mode::hard}};
  PlayedWorld world(config_with({group}));
  world.input.live["kvm2"] = unreachable();
  const Plan plan = world.plan();
  CHECK_FALSE(plan.errored);
  CHECK_FALSE(plan.complete);
  CHECK(changes(plan) == Words{"create web-0"});
  REQUIRE(plan.unknown.size() == 2);
  CHECK(plan.unknown[1].address == "group.web[1]");
}

Group large(int size, std::uint64_t memory_bytes) {
  Group group = web(size);
  group.instance.memory_bytes = group.instance.max_memory_bytes = memory_bytes;
  return group;
}

TEST_CASE("a size that no host can hold is one error for the group, and says that no host is large enough") {
  PlayedWorld world(config_with({large(5, 100 * kGiB)}));
  world.input.places = {{"groups.web.size", {"vscale.yaml", 8, 5, 4}},
                        {"groups.web.template", {"vscale.yaml", 9, 5, 8}}};
  const Plan plan = world.plan();
  CHECK(only_error(plan).summary ==
        "group.web: 5 of 5 instances fit on no host: kvm1: memory: 102680 MiB wanted, 62260 of 62260 free; kvm2: "
        "memory: 102680 MiB wanted, 62260 of 62260 free");
  CHECK(only_error(plan).hint ==
        "no host is large enough for one of them, even empty: make the template smaller, or add a larger host");
  CHECK(only_error(plan).where.line == 9);
  CHECK(changes(plan).empty());
}

TEST_CASE("where there is room for some, the error counts them and says what would make room for all") {
  const Plan plan = PlayedWorld(config_with({large(5, 40 * kGiB)})).plan();
  CHECK(only_error(plan).summary ==
        "group.web: 3 of 5 instances fit on no host: kvm1: memory: 41120 MiB wanted, 21140 of 62260 free; kvm2: "
        "memory: 41120 MiB wanted, 21140 of 62260 free");
  CHECK(only_error(plan).hint ==
        "there is room for 2 of 5: a smaller `size`, a smaller template, more hosts, or free what others take there");
  CHECK(changes(plan) == Words{"create web-0", "create web-1"});
}

TEST_CASE("where some of a group are there already, the error counts those that are to be placed, and says so") {
  PlayedWorld world = running({large(5, 20 * kGiB)});
  world.input.config.groups[0].size = 8;
  const Plan plan = world.plan();
  CHECK(only_error(plan).summary ==
        "group.web: 2 of the 3 that are to be placed fit on no host: kvm1: memory: 20600 MiB wanted, 460 of 62260 "
        "free; kvm2: memory: 20600 MiB wanted, 460 of 62260 free");
  CHECK(only_error(plan).hint ==
        "there is room for 1 of the 3 that are to be placed: a smaller `size`, a smaller template, more hosts, or free "
        "what others take there");
}

TEST_CASE("groups that find no place are told one by one, and each for its own reason") {
  Group apart = a_group("db", 3);
  apart.placement.anti_affinity = {{"host", "", AntiAffinity::Mode::hard}};
  Group picky = a_group("gpu", 2);
  picky.placement.requires_traits = {"gpu"};
  Group nowhere = a_group("cron", 1);
  nowhere.hosts.labels = {{"rack", "r9"}};
  const Plan plan = PlayedWorld(config_with({apart, picky, nowhere})).plan();
  REQUIRE(codes(plan) == Words{"no_place", "no_place", "no_place"});
  CHECK(plan.diagnostics[0].summary ==
        "group.db[2] fits on no host: kvm1: antiAffinity: 1 of group.db on this host; kvm2: antiAffinity: 1 of "
        "group.db on this host");
  CHECK(plan.diagnostics[0].hint ==
        "there is room for 2 of 3: a smaller `size`, more hosts, or mode: soft in placement.antiAffinity");
  CHECK(plan.diagnostics[1].summary ==
        "group.gpu: 2 of 2 instances fit on no host: kvm1: trait gpu: it does not have it; kvm2: trait gpu: it does "
        "not have it");
  CHECK(plan.diagnostics[1].hint == "change `hosts`, `placement` or the template, or give a host what it lacks");
  CHECK(plan.diagnostics[2].summary == "group.cron[0] fits on no host: no host is selected by its `hosts`");
}

TEST_CASE("what cannot grow where it is is one error for the group") {
  PlayedWorld world = running({web(4)});
  auto& wanted = world.input.config.groups[0].instance;
  wanted.memory_bytes = wanted.max_memory_bytes = 40 * kGiB;
  CHECK(only_error(world.plan()).summary ==
        "group.web: 2 instances cannot grow where they are: kvm1: memory: 41120 MiB wanted, 21140 of 62260 free; kvm2: "
        "memory: 41120 MiB wanted, 21140 of 62260 free");
  CHECK(only_error(world.plan()).hint ==
        "free capacity on kvm1, kvm2, or make each of them anew, which may be elsewhere: --replace group.web[2]");
}

TEST_CASE("what a guest has already is not asked for again when something else of it grows") {
  PlayedWorld world = running({web(1)});
  auto& wanted = world.input.config.groups[0].instance;
  REQUIRE(wanted.vcpus == 2);
  world.host("kvm1").vcpus = 1;
  wanted.memory_bytes = wanted.max_memory_bytes = wanted.memory_bytes + kGiB;
  CHECK(changes(world.plan()) == Words{"update web-0"});
  wanted.vcpus = wanted.max_vcpus = 3;
  CHECK(codes(world.plan()) == Words{"no_room_to_grow"});
}

TEST_CASE("memory that is ignored and was raised by hand does not keep a disk from growing") {
  PlayedWorld world = running({web(1)});
  Group& group = world.input.config.groups[0];
  group.lifecycle.ignore_changes = {"memory"};
  LiveDomain& domain = *world.domain("kvm1", "prod-web-0");
  domain.memory_bytes = domain.max_memory_bytes = 80 * kGiB;
  group.instance.disk_bytes += 10 * kGiB;
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  CHECK(plan.diagnostics.empty());
  CHECK(changes(plan) == Words{"update web-0"});
}

TEST_CASE("a size that no host can hold is one error for those that are there and those that are to come") {
  PlayedWorld world = running({web(4)});
  auto& wanted = world.input.config.groups[0].instance;
  wanted.memory_bytes = wanted.max_memory_bytes = 100 * kGiB;
  world.input.config.groups[0].size = 6;
  CHECK(only_error(world.plan()).summary ==
        "group.web: 6 of 6 instances fit on no host: kvm1: memory: 102680 MiB wanted, 57996 of 62260 free; kvm2: "
        "memory: 102680 MiB wanted, 57996 of 62260 free");
  CHECK(only_error(world.plan()).hint ==
        "no host is large enough for one of them, even empty: make the template smaller, or add a larger host");
}

TEST_CASE("a disk that would shrink is an error at its place, and the rest is planned") {
  PlayedWorld world = running({web(1), a_group("db", 0)});
  world.input.config.groups[0].instance.disk_bytes = 10 * kGiB;
  world.input.config.groups[1].size = 1;
  world.input.places["groups.web.template.disk"] = {"vscale.yaml", 9, 13, 5};
  const Plan plan = world.plan();
  CHECK(only_error(plan).where.line == 9);
  CHECK(only_error(plan).summary == "group.web[0]: disk is 20 GiB, and the file says 10 GiB: a disk cannot shrink");
  CHECK(only_error(plan).hint == "leave it at 20 GiB, or replace the instance: --replace group.web[0]");
  CHECK(changes(plan) == Words{"create db-0"});
}

TEST_CASE("a data disk that would shrink is an error at its size, whichever of the disks it is") {
  Group group = web(1);
  group.instance.disks = {a_disk("data"), a_disk("log", 50 * kGiB, true)};
  PlayedWorld world = running({group});
  world.input.config.groups[0].instance.disks[1].size_bytes = 10 * kGiB;
  world.input.places = {{"groups.web", {"vscale.yaml", 3, 3, 3}},
                        {"groups.web.template.disks[1]", {"vscale.yaml", 12, 7, 5}},
                        {"groups.web.template.disks[1].size", {"vscale.yaml", 13, 7, 5}}};
  SECTION("of one that stays") {}
  SECTION("of one that is made anew") {
    world.input.options.replaces = {"group.web[0]"};
  }
  CHECK(only_error(world.plan()).where.line == 13);
  CHECK(only_error(world.plan()).hint.find("--replace") == std::string::npos);
}

TEST_CASE("a move that cannot be followed is an error at its entry") {
  PlayedWorld world = running({web(1)});
  world.input.config.moved = {{"group.web", "group.app"}};
  world.input.places = {{"moved", {"vscale.yaml", 20, 1, 5}}, {"moved[0]", {"vscale.yaml", 21, 3, 5}}};
  CHECK(only_error(world.plan()).where.line == 21);
  world.input.places.erase("moved[0]");
  CHECK(only_error(world.plan()).where.line == 20);
}

TEST_CASE("an image that does not fit onto the disk is an error with both sizes") {
  Group group = web(2);
  group.instance.disk_bytes = 1 * kGiB;
  CHECK(only_error(PlayedWorld(config_with({group})).plan()).summary ==
        "group.web: disk 1 GiB is smaller than image debian-12, which is 2 GiB");
}

TEST_CASE("when a network has no address left, each instance without one is an error") {
  Config config = config_with({web(3)});
  config.networks[0].addresses = {{ipv4(10, 0, 0, 50), ipv4(10, 0, 0, 51)}};
  const Plan plan = PlayedWorld(config).plan();
  CHECK(only_error(plan).summary == "group.web[2]: network lan has no free address left of 2");
  CHECK(changes(plan) == Words{"create web-0", "create web-1"});
}

TEST_CASE("a fixed address that another instance has already is an error that names it") {
  PlayedWorld world = running({web(1)});
  Group machine = a_machine("db1");
  machine.instance.networks[0].address = "10.0.0.50";
  world.input.config.groups.push_back(machine);
  CHECK(only_error(world.plan()).summary ==
        "machine.db1 wants address 10.0.0.50 of network lan, and group.web[0] has it");
}

Group with_mac(const std::string& name, const std::string& mac) {
  Group machine = a_machine(name);
  machine.instance.networks[0].mac = mac;
  return machine;
}

TEST_CASE("machines that are to swap their MACs are errors before either of them is touched") {
  PlayedWorld world = running({with_mac("db1", "52:54:00:aa:00:01"), with_mac("db2", "52:54:00:aa:00:02")});
  auto& groups = world.input.config.groups;
  std::swap(groups[0].instance.networks[0].mac, groups[1].instance.networks[0].mac);
  const Plan plan = world.plan();
  REQUIRE(codes(plan) == Words{"mac_taken", "mac_taken"});
  CHECK(plan.diagnostics[0].summary == "machine.db1 wants MAC 52:54:00:aa:00:02, and machine.db2 has it");
  CHECK(plan.diagnostics[0].hint ==
        "give it another MAC; one that machine.db2 is to give up is free in the plan after");
  CHECK(count_kind(plan, "domain.stop") == 0);
}

TEST_CASE("a MAC that another instance or a domain has already is an error that names it") {
  PlayedWorld world = running({web(1)});
  std::string mac = world.instance("group.web[0]").nics[0].mac;
  SECTION("one that is recorded") {
    world.input.config.groups.push_back(with_mac("db1", mac));
    CHECK(only_error(world.plan()).summary == fmt::format("machine.db1 wants MAC {}, and group.web[0] has it", mac));
  }
  SECTION("one that is forgotten") {
    world.input.recorded.instances.clear();
    world.input.recorded.volumes.clear();
    world.input.config.groups = {with_mac("db1", mac)};
    REQUIRE(codes(world.plan()) == Words{"orphan", "mac_taken"});
    CHECK(world.plan().diagnostics[1].summary ==
          fmt::format("machine.db1 wants MAC {}, and domain prod-web-0 on kvm1, which is not recorded, has it", mac));
  }
}

TEST_CASE("a network that has another name now hands out no address that is in use under the old one") {
  PlayedWorld world = running({web(2), a_group("db", 1)});
  const auto before = world.instance("group.web[0]").nics[0];
  world.input.config.networks = {a_network("lan2")};
  for (auto& group : world.input.config.groups) group.instance.networks[0].network = "lan2";
  world.input.config.groups[1].update.allow = Disruption::reboot;
  world.input.config.groups[0].size = 3;
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  CHECK(changes(plan) == Words{"replace web-0", "replace web-1", "create web-2", "hold db-0"});
  world.carry_out(plan);
  CHECK(world.instance("group.web[0]").nics[0].network == "lan2");
  CHECK(world.instance("group.web[0]").nics[0].address == before.address);
  CHECK(world.instance("group.web[0]").nics[0].mac == before.mac);
  CHECK(world.instance("group.web[1]").nics[0].address == "10.0.0.51");
  CHECK(world.instance("group.db[0]").nics[0].address == "10.0.0.52");
  CHECK(world.instance("group.web[2]").nics[0].address == "10.0.0.53");
}

/// `web` on the network `lan` of br0, and a second network, which nobody is on.
Config with_second_network(const std::string& name, const std::string& bridge) {
  Config config = config_with({web(1)});
  config.networks.push_back(a_network(name));
  config.networks[1].bridge = bridge;
  return config;
}

TEST_CASE("an address that a machine is to have is no other's on any network of the same bridge") {
  PlayedWorld world = running(with_second_network("lan2", "br0"));
  world.input.config.networks[1].addresses.clear();
  Group db = a_machine("db1");
  db.instance.networks[0] = {.network = "lan2", .address = "10.0.0.50", .mac = std::nullopt};
  world.input.config.groups.push_back(db);
  CHECK(only_error(world.plan()).summary ==
        "machine.db1 wants address 10.0.0.50 of network lan2, and group.web[0] has it");
  world.input.config.networks[1].bridge = "br1";
  CHECK(codes(world.plan()).empty());
}

TEST_CASE("a pool that goes from one network to another of the same bridge hands out nothing that is in use there") {
  PlayedWorld world = running(with_second_network("lan2", "br0"));
  world.input.config.networks[0].addresses = {{ipv4(10, 0, 0, 100), ipv4(10, 0, 0, 199)}};
  Group app = a_group("app", 1);
  app.instance.networks[0].network = "lan2";
  world.input.config.groups.push_back(app);
  world.carry_out(world.plan());
  CHECK(world.instance("group.web[0]").nics[0].address == "10.0.0.50");
  CHECK(world.instance("group.app[0]").nics[0].address == "10.0.0.51");
}

TEST_CASE("a network with another name takes no address from another network that has the same") {
  Group web_group = web(1);
  web_group.instance.networks[0].network = "dmz";
  Config config = with_second_network("dmz", "br1");
  config.groups = {a_group("app", 1), web_group};
  PlayedWorld world = running(config);
  REQUIRE(world.instance("group.app[0]").nics[0].address == "10.0.0.50");
  REQUIRE(world.instance("group.web[0]").nics[0].address == "10.0.0.50");
  world.input.config.networks[0].name = "lan2";
  world.input.config.groups[0].instance.networks[0].network = "lan2";
  world.input.config.groups[0].update.allow = Disruption::reboot;
  world.input.options.replaces = {"group.web[0]"};
  world.carry_out(world.plan());
  CHECK(world.instance("group.web[0]").nics[0].address == "10.0.0.50");
}

}  // namespace
}  // namespace vscale::test
