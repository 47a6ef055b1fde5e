#include <catch2/catch.hpp>
#include <memory>

#include "tests/cmd/watching/watched_world.h"
#include "tests/support/crowded_guests.h"

/// What watch makes of a guest that nobody could ask whether it is well.

namespace vscale::test {

TEST_CASE("a guest that its host has no room to ask, as its neighbour hangs, is neither ill nor well") {
  WatchedWorld world(3);
  world.cluster().use_by_group("web", 3);
  const InstanceAddress neighbour{InstanceAddress::Kind::group, "web", 1};
  const InstanceAddress hung{InstanceAddress::Kind::group, "web", 2};
  const auto crowded = std::make_shared<CrowdedGuests>(world.cluster());
  world.outside().reach_hosts = [&](const std::vector<HostConnection>&) {
    const auto cluster = std::shared_ptr<FakeCluster>(std::shared_ptr<void>(), &world.cluster());
    return HostPorts{.domains = cluster, .volumes = cluster, .guests = crowded, .events = cluster};
  };
  world.watch_for(std::chrono::minutes{1});
  const auto before = world.recorded();
  crowded->without_room = {before.instances.at(neighbour).uuid};
  world.cluster().hang_by_hand("prod-web-2");

  const auto ran = world.watch_for(std::chrono::minutes{5});

  INFO(ran.out);
  const auto after = world.recorded();
  CHECK(after.instances.at(hung).incarnation == 2);
  CHECK(after.instances.at(neighbour) == before.instances.at(neighbour));
  const auto remembered = after.health.find(neighbour);
  CHECK((remembered == after.health.end() || remembered->second.failures == 0));
}

}  // namespace vscale::test
