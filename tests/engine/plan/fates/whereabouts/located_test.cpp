#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/engine/plan/plan_text.h"
#include "tests/engine/plan/planned.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"

/// Where an instance is found, and what is concluded when it is not.

namespace vscale::test {
namespace {

TEST_CASE("a domain that is gone is unknown, not missing, while another host is silent") {
  PlayedWorld world = running(config_with({web(2)}, {"kvm1", "kvm2", "kvm3"}));
  world.host("kvm1").domains.clear();
  world.input.live["kvm3"] = unreachable();
  const Plan plan = world.plan();
  CHECK(changes(plan).empty());
  CHECK(plan.drift.empty());
  REQUIRE(plan.unknown.size() == 2);
  CHECK(plan.unknown[1].address == "group.web[0]");
  CHECK(plan.unknown[1].why == "kvm1 has no such domain, but it may have been moved to kvm3, which does not answer");
}

/// A web server that an apply has begun to make, with the first `count` actions done and the next one under way; and
/// the hosts as they were before.
PlayedWorld begun_since_the_last_look(std::size_t count) {
  PlayedWorld world(config_with({web(1)}));
  const Live last_look = world.input.live;
  const Plan plan = world.plan();
  world.input.now += std::chrono::seconds{1};
  world.carry_out_and_die(plan, order_of_ids(plan), count, true);
  world.input.live = last_look;
  return world;
}

std::size_t index_of(const Plan& plan, const std::string& kind) {
  return static_cast<std::size_t>(only_action(plan, kind, "group.web[0]").id) - 1;
}

TEST_CASE("what was made since its host was looked at is unknown, not gone") {
  const Plan plan = PlayedWorld(config_with({web(1)})).plan();
  for (const std::string under_way : {"domain.define", "domain.start", "gate.wait"}) {
    PlayedWorld world = begun_since_the_last_look(index_of(plan, under_way));
    for (const bool destroy : {false, true}) {
      world.input.options.destroy = destroy;
      const Plan blind = reconcile(world.input);
      INFO("killed in " << under_way << "\n" << plan_text(blind));
      CHECK(blind.actions.empty());
      CHECK(blind.drift.empty());
      REQUIRE(blind.unknown.size() == 1);
      CHECK(blind.unknown[0].address == "group.web[0]");
      CHECK(blind.unknown[0].why ==
            "vscale has worked on it since kvm1 was looked at; plan again, and not with --refresh=false");
      CHECK_FALSE(blind.complete);
    }
  }
}

TEST_CASE("a claim from before the last look may have been defined since, by a run that was killed") {
  PlayedWorld world(config_with({web(1)}));
  const Plan first = world.plan();
  world.carry_out_and_die(first, order_of_ids(first), index_of(first, "domain.define"), false);
  world.input.now += std::chrono::seconds{1};
  for (auto& [host, view] : world.input.live) view.snapshot->seen_at = world.input.now;
  const Live last_look = world.input.live;
  const Plan second = world.plan();
  world.input.now += std::chrono::seconds{1};
  world.carry_out_and_die(second, order_of_ids(second), index_of(second, "domain.define"), true);
  REQUIRE(world.instance("group.web[0]").phase == Phase::claimed);
  world.input.live = last_look;
  world.input.options.destroy = true;
  const Plan blind = reconcile(world.input);
  INFO(plan_text(blind));
  CHECK(blind.actions.empty());
  CHECK(blind.unknown.size() == 1);
}

TEST_CASE("an instance that is up on another host is not started again where it was, though defined there") {
  PlayedWorld world = running({web(1)});
  LiveDomain moved = *world.domain("kvm1", "prod-web-0");
  world.domain("kvm1", "prod-web-0")->state = DomainState::shut_off;
  world.host("kvm2").domains.push_back(moved);
  world.host("kvm2").pools[0].volumes = world.host("kvm1").pools[0].volumes;
  const Plan plan = world.plan();
  CHECK(count_kind(plan, "domain.start") == 0);
  CHECK(codes(plan) == Words{"second_definition"});
  world.carry_out(plan);
  CHECK(world.instance("group.web[0]").host == "kvm2");
}

/// web-0 was migrated from kvm1 to kvm3, which a plan saw that nobody carried out; then kvm3 was cut off.
PlayedWorld last_seen_on_kvm3(DomainState state) {
  PlayedWorld world = running(config_with({web(1)}, {"kvm1", "kvm2", "kvm3"}));
  LiveDomain moved = *world.domain("kvm1", "prod-web-0");
  moved.state = state;
  world.domain("kvm1", "prod-web-0")->state = DomainState::shut_off;
  HostSnapshot& seen = world.host("kvm3");
  seen.domains.push_back(moved);
  seen.seen_at = world.input.now + std::chrono::seconds{1};
  world.input.recorded.hosts["kvm3"].observed = seen;
  world.input.now += std::chrono::minutes{1};
  world.input.live["kvm3"] = unreachable();
  return world;
}

void check_left_alone(PlayedWorld& world, const std::string& why) {
  for (const bool destroy : {false, true}) {
    world.input.options.destroy = destroy;
    const Plan plan = world.plan();
    INFO(plan_text(plan));
    CHECK(plan.actions.empty());
    CHECK(plan.drift.empty());
    REQUIRE_FALSE(plan.unknown.empty());
    CHECK(plan.unknown.back().address == "group.web[0]");
    CHECK(plan.unknown.back().why == why);
  }
}

TEST_CASE("an instance that was last seen up on a host that is now silent is not started where it is off") {
  const char* const kWhy = "it was last seen up on kvm3, which does not answer";
  for (const DomainState state : {DomainState::running, DomainState::paused}) {
    PlayedWorld world = last_seen_on_kvm3(state);
    check_left_alone(world, kWhy);
    // Nor where the definition that is off is on a host of which nobody knew.
    move_by_hand(world, "prod-web-0", "kvm1", "kvm2");
    check_left_alone(world, kWhy);
    world.host("kvm2").domains.clear();
    check_left_alone(world, kWhy);
  }
}

TEST_CASE("an instance that was last seen up on a host that has left the file is not started, nor made anew") {
  const char* const kWhy = "it was last seen up on kvm3, which is no longer in the file";
  PlayedWorld world = last_seen_on_kvm3(DomainState::running);
  world.input.config.hosts.pop_back();
  world.input.live.erase("kvm3");
  check_left_alone(world, kWhy);
  world.host("kvm1").domains.clear();
  check_left_alone(world, kWhy);
}

TEST_CASE("what was last seen off on a silent host is started where it is recorded, and so is what ran here since") {
  PlayedWorld off = last_seen_on_kvm3(DomainState::shut_off);
  CHECK(count_kind(off.plan(), "domain.start") == 1);
  PlayedWorld back = last_seen_on_kvm3(DomainState::running);
  back.input.recorded.instances.begin()->second.started_at = back.input.now;
  CHECK(count_kind(back.plan(), "domain.start") == 1);
}

TEST_CASE("the record follows a domain that was moved by hand before anything is waited for") {
  Group db = a_group("db", 1);
  Group front = web(1);
  front.depends_on = {"group.db"};
  PlayedWorld world = running({db, front});
  const std::string from = world.instance("group.web[0]").host;
  const std::string to = from == "kvm1" ? "kvm2" : "kvm1";
  move_by_hand(world, "prod-web-0", from, to);
  world.domain(to, "prod-web-0")->state = DomainState::shut_off;
  world.input.config.groups[0].size = 2;
  const Plan plan = world.plan();
  const Action& follow = only_action(plan, "record.change", "group.web[0]");
  CHECK(follow.needs.empty());
  const Action& gates = only_action(plan, "barrier", "group.db");
  CHECK(only_action(plan, "domain.start", "group.web[0]").needs == std::vector<int>{gates.id, follow.id});
  // The run dies while the gates are waited for, and then the domain goes for good: its disks are still known.
  std::vector<std::size_t> order = order_of_ids(plan);
  const auto first = static_cast<std::ptrdiff_t>(follow.id);
  std::rotate(order.begin(), order.begin() + first - 1, order.begin() + first);
  world.carry_out_and_die(plan, order, 1, false);
  std::erase_if(world.host(to).domains.edit(), [](const LiveDomain& domain) { return domain.name == "prod-web-0"; });
  world.input.config.groups[1].size = 0;
  world.converge();
  CHECK(world.host(to).pools[0].volumes.count("prod-web-0-root.qcow2") == 0);
  CHECK(world.host(to).pools[0].volumes.count("prod-web-0-seed.iso") == 0);
}

TEST_CASE("a domain whose removal was begun is unknown, not gone, while another host is silent") {
  PlayedWorld world = running(config_with({web(1)}, {"kvm1", "kvm2", "kvm3"}));
  world.input.recorded.instances.begin()->second.phase = Phase::leaving;
  const HostView cut_off = world.input.live["kvm3"];
  const LiveDomain moved = *world.domain("kvm1", "prod-web-0");
  world.host("kvm1").domains.clear();
  world.input.live["kvm3"] = unreachable();
  for (const int size : {1, 0}) {
    world.input.config.groups[0].size = size;
    const Plan plan = world.plan();
    INFO(plan_text(plan));
    CHECK(plan.actions.empty());
    REQUIRE(plan.unknown.size() == 2);
    CHECK(plan.unknown[1].why == "kvm1 has no such domain, but it may have been moved to kvm3, which does not answer");
  }
  // It was there indeed.
  world.input.live["kvm3"] = cut_off;
  world.host("kvm3").domains.push_back(moved);
  std::swap(world.host("kvm3").pools[0].volumes, world.host("kvm1").pools[0].volumes);
  world.converge();
  CHECK(world.host("kvm3").domains.empty());
  CHECK(world.input.recorded.instances.empty());
}

TEST_CASE("the same domain up twice is an error, and neither is touched") {
  PlayedWorld world = running({web(1)});
  world.host("kvm2").domains.push_back(*world.domain("kvm1", "prod-web-0"));
  const Plan plan = world.plan();
  CHECK(only_error(plan).code == "twin");
  CHECK(plan.actions.empty());
}

TEST_CASE("a domain with our uuid that lost its mark is left alone") {
  PlayedWorld world = running({web(1)});
  world.domain("kvm1", "prod-web-0")->ownership.reset();
  world.domain("kvm1", "prod-web-0")->state = DomainState::shut_off;
  const Plan plan = world.plan();
  CHECK(plan.actions.empty());
  REQUIRE(plan.unknown.size() == 1);
  CHECK(plan.unknown[0].why == "domain prod-web-0 on kvm1 has its uuid, but not vscale's mark");
}

TEST_CASE("our own domain that is not recorded is reported and left alone") {
  PlayedWorld world = running({web(1)});
  world.input.recorded.instances.clear();
  world.input.recorded.volumes.clear();
  world.input.config.groups[0].size = 0;
  world.domain("kvm1", "prod-web-0")->disk_paths.push_back("/srv/install.iso");  // not made for it
  const Plan plan = world.plan();
  REQUIRE(codes(plan) == Words{"orphan"});
  CHECK(plan.diagnostics[0].hint ==
        "was an older backup of the state restored? then use the newer statefile; if it was forgotten and nobody needs "
        "it, on kvm1: virsh destroy prod-web-0, and virsh undefine prod-web-0; its disks stay: "
        "/var/lib/libvirt/default/prod-web-0-root.qcow2");
  CHECK(count_kind(plan, "domain.undefine") == 0);
}

TEST_CASE("how to remove one that is not recorded names no disk that is") {
  Group group = web(1);
  group.instance.disks = {a_disk("data", 50 * kGiB, true)};
  PlayedWorld world = running({group});
  world.input.recorded.instances.clear();
  std::erase_if(world.input.recorded.volumes,
                [](const VolumeRecord& volume) { return volume.role != VolumeRecord::Role::data; });
  const Plan plan = world.plan();
  REQUIRE_FALSE(plan.diagnostics.empty());
  CHECK(plan.diagnostics[0].hint.ends_with("its disks stay: /var/lib/libvirt/default/prod-web-0-root.qcow2"));
}

TEST_CASE("disks are not removed under a domain that has them now, though it is not the recorded one") {
  PlayedWorld world = running({web(1)});
  const RecordedState backup = world.input.recorded;
  world.input.options.replaces = {"group.web[0]"};
  world.carry_out(world.plan());
  world.input.options.replaces.clear();
  world.input.recorded = backup;

  for (const bool destroy : {false, true}) {
    world.input.options.destroy = destroy;
    world.input.config.groups[0].size = 0;
    const Plan plan = world.plan();
    INFO(plan_text(plan));
    CHECK(count_kind(plan, "volume.delete") == 0);
    REQUIRE(plan.unknown.size() == 1);
    CHECK(plan.unknown[0].why ==
          "kvm1 has a domain prod-web-0 with another uuid, which may stand on its disks: was an older backup of the "
          "state restored? then use the newer statefile; if nobody needs it, on kvm1: virsh destroy prod-web-0, "
          "if it is up, and virsh undefine prod-web-0");
    CHECK_FALSE(plan.complete);
  }
}

TEST_CASE("a foreign domain with the name of a lost one is an error where that is to come, and keeps its disks") {
  for (const Phase phase : {Phase::ready, Phase::claimed}) {
    PlayedWorld world = running({web(1)});
    world.host("kvm1").domains = {foreign_domain("prod-web-0")};
    world.input.recorded.instances.begin()->second.phase = phase;
    const Plan plan = world.plan();
    INFO(to_string(phase) << "\n" << plan_text(plan));
    CHECK(only_error(plan).summary ==
          "group.web[0] would be called prod-web-0, and kvm1 has a domain of that name, which vscale did not make");
    CHECK(only_error(plan).hint == "rename or remove that domain, or choose another `name`");
    CHECK(plan.actions.empty());
    CHECK(plan.complete);

    world.input.config.groups[0].size = 0;
    for (const bool destroy : {false, true}) {
      world.input.options.destroy = destroy;
      const Plan removal = world.plan();
      CHECK(removal.actions.empty());
      REQUIRE(removal.unknown.size() == 1);
      CHECK(removal.unknown[0].why ==
            "kvm1 has another domain prod-web-0, which may stand on its disks: rename or remove that domain");
    }
  }
}

TEST_CASE("what a migration by hand left defined does not keep a claim of later from being finished") {
  PlayedWorld world = running({web(1)});
  LiveDomain left = *world.domain("kvm1", "prod-web-0");
  left.state = DomainState::shut_off;
  world.host("kvm2").domains.push_back(left);
  world.input.options.replaces = {"group.web[0]"};
  const Plan plan = world.plan();
  world.carry_out_and_die(plan, order_of_ids(plan), index_of(plan, "instance.claim") + 1, false);
  world.input.options.replaces.clear();
  REQUIRE(world.instance("group.web[0]").phase == Phase::claimed);
  const Plan again = world.plan();
  INFO(plan_text(again));
  CHECK(again.unknown.empty());
  CHECK(changes(again) == Words{"create web-0"});
  // Where it is up, or stands where the claim is, it is in the way.
  world.domain("kvm2", "prod-web-0")->state = DomainState::running;
  CHECK(world.plan().unknown.size() == 1);
  world.host("kvm2").domains.clear();
  world.host("kvm1").domains.push_back(left);
  CHECK(world.plan().unknown.size() == 1);
}

TEST_CASE("a guest that is just shutting down is looked at again later") {
  PlayedWorld world = running({web(1)});
  world.domain("kvm1", "prod-web-0")->state = DomainState::shutting_down;
  const Plan plan = world.plan();
  CHECK(plan.actions.empty());
  CHECK(plan.unknown[0].why == "it is in shutdown just now");
}

}  // namespace
}  // namespace vscale::test
