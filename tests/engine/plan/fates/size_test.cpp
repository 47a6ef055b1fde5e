#include <catch2/catch.hpp>

#include "tests/engine/plan/planned.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"

/// How many instances a group has, and which.

namespace vscale::test {
namespace {

TEST_CASE("growing takes the lowest free ordinals, shrinking the highest") {
  PlayedWorld world = running({web(4)});
  world.input.config.groups[0].size = 3;
  world.carry_out(world.plan());
  // A gap, as a removal in the middle leaves it.
  world.input.recorded.instances.erase({InstanceAddress::Kind::group, "web", 1});
  std::erase_if(world.host("kvm2").domains.edit(),
                [](const LiveDomain& domain) { return domain.name == "prod-web-1"; });
  std::erase_if(world.input.recorded.volumes, [](const VolumeRecord& volume) { return volume.owner.ordinal == 1; });
  for (auto& [host, view] : world.input.live) {
    auto& volumes = view.snapshot->pools[0].volumes;
    volumes.erase("prod-web-1-root.qcow2");
    volumes.erase("prod-web-1-seed.iso");
  }
  world.input.config.groups[0].size = 4;
  CHECK(changes(world.plan()) == Words{"create web-1", "create web-3"});
  world.input.config.groups[0].size = 1;
  CHECK(changes(world.plan()) == Words{"destroy web-2"});
}

TEST_CASE("between min and max a scaled group keeps what it has; outside it is brought back in") {
  Group group = web(2);
  group.scaling = Scaling{};
  group.scaling->min = 2;
  group.scaling->max = 4;
  PlayedWorld world = running({group});
  world.input.config.groups[0].size = 4;
  CHECK(changes(world.plan()).empty());
  world.input.config.groups[0].scaling->min = 3;
  CHECK(changes(world.plan()) == Words{"create web-2"});
  world.input.config.groups[0].scaling->min = 1;
  world.input.config.groups[0].scaling->max = 1;
  CHECK(changes(world.plan()) == Words{"destroy web-1"});
}

TEST_CASE("a scaled group that was cut off while it was made for the first time goes on to its size") {
  Group group = web(5);
  group.scaling = Scaling{};
  group.scaling->min = 1;
  group.scaling->max = 10;
  PlayedWorld world(config_with({group}));
  const Plan plan = world.plan();
  const auto second = static_cast<std::size_t>(only_action(plan, "instance.claim", "group.web[1]").id);
  world.carry_out_and_die(plan, order_of_ids(plan), second, false);
  for (auto& [address, instance] : world.input.recorded.instances) instance.phase = Phase::claimed;
  for (auto& [host, view] : world.input.live) view.snapshot->domains.clear();
  REQUIRE(world.input.recorded.instances.size() == 2);
  world.converge();
  CHECK(world.input.recorded.instances.size() == 5);
}

TEST_CASE("an instance that `removed:` names and the file still wants is an error that says how to go on") {
  PlayedWorld world = running({web(4)});
  world.input.config.groups[0].size = 3;
  world.input.config.removed = {{"group.web[1]", Removed::Then::forget}};
  world.input.places = {{"groups.web", {"vscale.yaml", 3, 3, 3}},
                        {"removed[0].address", {"vscale.yaml", 9, 5, 12}},
                        {"removed[0]", {"vscale.yaml", 9, 5, 12}}};
  const Plan plan = world.plan();
  CHECK(only_error(plan).code == "removed_still_wanted");
  CHECK(only_error(plan).summary ==
        "removed: group.web[1] is still wanted: group.web has size 3, and the highest ordinals go first");
  CHECK(only_error(plan).hint == "take the `removed` entry out; to have it made anew: --replace group.web[1]");
  CHECK(only_error(plan).where.line == 9);
  world.input.config.removed[0].address = "group.web[3]";
  CHECK(changes(world.plan()) == Words{"forget web-3"});
}

TEST_CASE("an entry of `removed:` that has done its work is an error once the file wants such an instance again") {
  PlayedWorld world = running({web(1)});
  world.input.config.removed = {{"group.web[1]", Removed::Then::destroy}};
  CHECK_FALSE(has_changes(world.plan()));
  world.input.config.groups[0].size = 2;
  CHECK(only_error(world.plan()).code == "removed_still_wanted");
}

TEST_CASE("a machine is a group of one, with its own name and fixed address") {
  Group machine = a_machine("db1");
  machine.instance.networks[0].address = "10.0.0.50";
  machine.instance.networks[0].mac = "52:54:00:aa:bb:cc";
  PlayedWorld world = running({web(1), machine});
  CHECK(world.instance("machine.db1").name == "prod-db1");
  CHECK(world.instance("machine.db1").nics[0].address == "10.0.0.50");
  CHECK(world.instance("machine.db1").nics[0].mac == "52:54:00:aa:bb:cc");
  CHECK(world.instance("group.web[0]").nics[0].address == "10.0.0.51");
}

}  // namespace
}  // namespace vscale::test
