#include <catch2/catch.hpp>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "providers/fake/crash_point.h"
#include "tests/cmd/fake_world.h"
#include "tests/cmd/planning/forwarding_domains.h"

/// What the record says and the hosts' last look does not: nobody has looked since, so nothing is concluded from it.

namespace vscale::test {
namespace {

/// Does a guest stand on a disk that is not there any more?
void check_disks_under_domains(FakeWorld& world) {
  for (const auto& domain : world.cluster().domains()) {
    for (const auto& disk : domain.disks) {
      INFO(domain.name << " on " << domain.host << " without " << disk.name);
      CHECK(world.cluster().volume(disk).has_value());
    }
  }
}

/// A cluster on which something happens between the look of a plan and the plan.
class OvertakenDomains final : public ForwardingDomains {
 public:
  OvertakenDomains(Domains& domains, std::function<void()> meanwhile)
      : ForwardingDomains(domains), meanwhile_(std::move(meanwhile)) {}
  std::map<std::string, Result<HostSnapshot>> observe(const std::map<std::string, ObserveRequest>& hosts) override {
    auto seen = ForwardingDomains::observe(hosts);
    if (const auto once = std::exchange(meanwhile_, {})) once();
    return seen;
  }

 private:
  std::function<void()> meanwhile_;
};

/// `vscale plan`, with an apply that begins and ends after the plan has looked at the hosts.
Ran plan_beside_apply(FakeWorld& world) {
  const auto cluster = std::shared_ptr<FakeCluster>(std::shared_ptr<void>(), &world.cluster());
  const auto apply = [&world] {
    world.clock().advance(Duration{1});
    CHECK(world.vscale({"apply", "--auto-approve"}).code == 0);
  };
  const auto overtaken = std::make_shared<OvertakenDomains>(world.cluster(), apply);
  const auto reach_hosts = world.outside().reach_hosts;
  world.outside().reach_hosts = [&](const std::vector<HostConnection>&) {
    return HostPorts{.domains = overtaken, .volumes = cluster, .guests = cluster};
  };
  Ran plan = world.vscale({"plan", "--detailed-exitcode"});
  world.outside().reach_hosts = reach_hosts;
  return plan;
}

bool is_running(FakeWorld& world, const std::string& name) {
  for (const auto& domain : world.cluster().domains()) {
    if (domain.name == name) return domain.state == DomainState::running;
  }
  return false;
}

TEST_CASE("what a stopped apply has started is not taken for gone by a destroy that does not look") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(1));
  const auto how = GENERATE(StopRequest::finish_running, StopRequest::now);
  world.stop_when([&] { return is_running(world, "prod-web-0") ? how : StopRequest::none; });
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 130);
  world.stop_when({});

  const Ran blind = world.vscale({"destroy", "--refresh=false", "--auto-approve"});

  INFO(blind.out << blind.err);
  CHECK(blind.code == 3);
  CHECK(blind.out.find("vscale has worked on it since kvm1 was looked at") != std::string::npos);
  CHECK(is_running(world, "prod-web-0"));
  check_disks_under_domains(world);

  CHECK(world.vscale({"destroy", "--auto-approve"}).code == 0);
  CHECK(world.cluster().domains().empty());
}

TEST_CASE("killed at any point of an apply, a destroy that does not look leaves no domain without its disks") {
  CrashPoint crash;
  int boundary = 0;
  for (bool killed = true; killed; ++boundary) {
    INFO("killed at boundary " << boundary);
    FakeWorld world;
    world.write("vscale.yaml", web_config(1));
    REQUIRE(world.vscale({"plan"}).code == 0);
    world.clock().advance(Duration{1});
    world.cluster().crash_at(&crash);
    crash.arm(boundary);
    killed = false;
    try {
      world.vscale({"apply", "--auto-approve"});
    } catch (const SimulatedCrash&) {
      killed = true;
    }
    crash.arm(std::nullopt);

    world.vscale({"destroy", "--refresh=false", "--auto-approve"});

    check_disks_under_domains(world);
    world.clock().advance(Duration{1});
    CHECK(world.vscale({"destroy", "--auto-approve"}).code == 0);
    CHECK(world.cluster().domains().empty());
    world.cluster().crash_at(nullptr);
  }
  CHECK(boundary > 10);  // Else it is no longer about anything.
}

TEST_CASE("what a run makes beside a plan is not missing in it, and what it starts is not off") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(1));
  const bool made_before = GENERATE(false, true);
  if (made_before) {
    REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
    world.cluster().power_off_by_hand("prod-web-0");
    world.clock().advance(Duration{1});
  }

  const Ran plan = plan_beside_apply(world);

  INFO(plan.out << plan.err);
  CHECK(plan.code == 3);
  CHECK(plan.out.find("vscale has worked on it since kvm1 was looked at") != std::string::npos);
  CHECK(plan.out.find("outside") == std::string::npos);
  CHECK(plan.out.find("missing") == std::string::npos);
  CHECK(plan.out.find("shut off") == std::string::npos);
  CHECK(is_running(world, "prod-web-0"));
  CHECK(world.vscale({"plan", "--detailed-exitcode"}).code == 0);
}

}  // namespace
}  // namespace vscale::test
