#include <catch2/catch.hpp>
#include <memory>

#include "tests/cmd/fake_world.h"
#include "tests/cmd/planning/forwarding_domains.h"

/// A definition that cannot be read this time: what was known of the domain still holds.

namespace vscale::test {
namespace {

/// Hosts that tell of each domain what needs no definition.
class UnreadDomains final : public ForwardingDomains {
 public:
  using ForwardingDomains::ForwardingDomains;
  std::map<std::string, Result<HostSnapshot>> observe(const std::map<std::string, ObserveRequest>& hosts) override {
    auto seen = ForwardingDomains::observe(hosts);
    for (auto& [host, snapshot] : seen) {
      if (!snapshot) continue;
      for (auto& domain : snapshot->domains) {
        domain.ownership.reset();
        domain.nics.clear();
        domain.disk_paths.clear();
      }
    }
    return seen;
  }
};

void make_unreadable(FakeWorld& world) {
  const auto unread = std::make_shared<UnreadDomains>(world.cluster());
  const auto cluster = std::shared_ptr<FakeCluster>(std::shared_ptr<void>(), &world.cluster());
  world.outside().reach_hosts = [=](const std::vector<HostConnection>&) {
    return HostPorts{.domains = unread, .volumes = cluster, .guests = cluster};
  };
}

/// The copy of an image under the only domain there is.
VolumeRef copy_under_the_only_domain(FakeWorld& world) {
  const auto domains = world.cluster().domains();
  REQUIRE(domains.size() == 1);
  VolumeRef copy = domains[0].disks.at(0);
  copy.name = world.cluster().volume(copy)->backing_volume;
  REQUIRE(world.cluster().volume(copy).has_value());
  return copy;
}

TEST_CASE("the image under a forgotten machine stays while that cannot be read") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(1));
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  world.write("vscale.yaml", web_config(0) + "removed: [{ address: \"group.web[0]\", then: forget }]\n");
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  const VolumeRef copy = copy_under_the_only_domain(world);
  make_unreadable(world);
  for (int i = 0; i < 2; ++i) {  // what was not read the first time is not read the second time either
    const Ran destroyed = world.vscale({"destroy", "--auto-approve"});
    INFO(destroyed.out << destroyed.err);
    CHECK(destroyed.code == 0);
    CHECK(world.cluster().volume(copy).has_value());
  }
}

TEST_CASE("an instance whose definition cannot be read is left alone") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(1));
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  make_unreadable(world);
  const Ran destroyed = world.vscale({"destroy", "--auto-approve"});
  INFO(destroyed.out << destroyed.err);
  CHECK(destroyed.code == 3);
  REQUIRE(world.cluster().domains().size() == 1);
  CHECK(world.cluster().domains()[0].state == DomainState::running);
}

}  // namespace
}  // namespace vscale::test
