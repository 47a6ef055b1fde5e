#include <algorithm>
#include <catch2/catch.hpp>

#include "engine/plan/books/pool_use.h"
#include "tests/engine/plan/plan_text.h"
#include "tests/engine/plan/planned.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"

/// A domain is defined again as it was made, or not at all.

namespace vscale::test {
namespace {

/// A web server with a data disk, of which the file may make no other; its room for memory has to grow.
PlayedWorld needs_more_room() {
  Group group = web(1);
  group.instance.disks = {a_disk("data")};
  group.update.allow = Disruption::reboot;
  PlayedWorld world = running({group});
  world.input.config.groups[0].instance.max_memory_bytes = 4 * kGiB;
  return world;
}

void check_held_because_of(PlayedWorld& world, const std::string& text) {
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  CHECK_FALSE(plan.errored);
  CHECK(plan.actions.empty());
  REQUIRE(changes(plan) == Words{"hold web-0"});
  bool said_what = false;
  for (const auto& reason : plan.changes[0].reasons)
    said_what = said_what || reason.text.starts_with("maxMemory 2 GiB");
  CHECK(said_what);
  CHECK(plan.changes[0].reasons.back().text ==
        "needs a new definition, which waits for its replacement: " + text + " would come with it");
  CHECK(plan.changes[0].reasons.back().rule == Rule::needs_definition);
}

TEST_CASE("a data disk that somebody detached is attached again, by a reboot where the guest is up") {
  const bool is_up = GENERATE(true, false);
  Group group = web(1);
  group.instance.disks = {a_disk("data")};
  PlayedWorld world = running({group});
  const std::string host = world.instance("group.web[0]").host;
  auto& domain = *world.domain(host, "prod-web-0");
  REQUIRE(std::erase_if(domain.disk_paths.edit(),
                        [](const std::string& path) { return path.ends_with("-data.qcow2"); }) == 1);
  if (!is_up) domain.state = DomainState::shut_off;

  Plan plan = world.plan();
  INFO(plan_text(plan));
  CHECK(plan.drift.back().what == "disk data");
  CHECK(plan.drift.back().live == "detached");
  CHECK(has_reason(plan, "group.web[0]", Rule::detached_outside));
  CHECK(plan.drift.back().remedy == (is_up ? "attach again, by a reboot" : "attach again"));
  CHECK(count_kind(plan, "volume.delete") == 0);
  CHECK(count_kind(plan, "domain.define") == 1);

  world.converge();
  CHECK(world.domain(host, "prod-web-0")->disk_paths.size() == 2);
  CHECK(world.domain(host, "prod-web-0")->state == DomainState::running);
}

TEST_CASE("a card that somebody detached is attached again, by a reboot where the guest is up") {
  const bool is_up = GENERATE(true, false);
  PlayedWorld world = running({web(1)});
  auto& domain = *world.domain("kvm1", "prod-web-0");
  const std::string mac = world.instance("group.web[0]").nics[0].mac;
  domain.nics.clear();
  if (!is_up) domain.state = DomainState::shut_off;

  const Plan plan = world.plan();
  INFO(plan_text(plan));
  CHECK(plan.drift.back().what == "card " + mac + " on lan");
  CHECK(plan.drift.back().live == "detached");
  CHECK(plan.drift.back().remedy == (is_up ? "attach again, by a reboot" : "attach again"));

  world.converge();
  CHECK(world.domain("kvm1", "prod-web-0")->nics[0].mac == mac);
  CHECK(world.domain("kvm1", "prod-web-0")->state == DomainState::running);
}

TEST_CASE("a kept disk whose line comes back into the file was detached by nobody") {
  Group group = web(1);
  group.instance.disks = {a_disk("data", 50 * kGiB, true)};
  PlayedWorld world = running({group});
  world.input.config.groups[0].instance.disks.clear();
  world.converge();
  REQUIRE(world.domain("kvm1", "prod-web-0")->disk_paths.size() == 1);
  world.input.config.groups[0].instance.disks = group.instance.disks;
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  CHECK(plan.drift.empty());
  CHECK(changes(plan) == Words{"replace web-0"});
  world.carry_out(plan);
  CHECK(world.domain("kvm1", "prod-web-0")->disk_paths.size() == 2);
}

// ---- A definition that is gone, and not its disks ------------------------------------------------------------------

TEST_CASE("a guest that somebody undefined is defined again with its disks, and started") {
  Group group = web(2);
  group.instance.disks = {a_disk("data"), a_disk("kept", 50 * kGiB, true)};
  group.update.allow = Disruption::none;
  PlayedWorld world = running({group});
  const InstanceRecord before = world.instance("group.web[1]");
  world.host("kvm2").domains.clear();
  const bool seed_is_gone = GENERATE(false, true);
  if (seed_is_gone) world.host("kvm2").pools[0].volumes.erase("prod-web-1-seed.iso");

  const Plan plan = world.plan();
  INFO(plan_text(plan));
  CHECK(changes(plan) == Words{"update web-1"});
  CHECK(plan.changes[0].disruption == Disruption::none);
  CHECK(count_kind(plan, "volume.create") + count_kind(plan, "volume.delete") == 0);
  CHECK(count_kind(plan, "seed.write") == (seed_is_gone ? 1 : 0));
  world.carry_out(plan);
  CHECK(world.instance("group.web[1]").uuid == before.uuid);
  CHECK(world.domain("kvm2", "prod-web-1")->disk_paths.size() == 3);
  CHECK(world.domain("kvm2", "prod-web-1")->state == DomainState::running);
  CHECK_FALSE(has_changes(world.plan()));
}

TEST_CASE("it takes the sizes that the file has by now, and grows its disks") {
  PlayedWorld world = running({web(1)});
  world.host("kvm1").domains.clear();
  auto& instance = world.input.config.groups[0].instance;
  instance.memory_bytes = instance.max_memory_bytes = 4 * kGiB;
  instance.disk_bytes = 30 * kGiB;
  world.carry_out(world.plan());
  CHECK(world.domain("kvm1", "prod-web-0")->memory_bytes == 4 * kGiB);
  CHECK_FALSE(has_changes(world.plan()));
}

TEST_CASE("what is held back does not come with its definition, and what is ignored stays") {
  Group group = web(1);
  SECTION("held back") {
    group.update.allow = Disruption::none;
  }
  SECTION("ignored") {
    group.lifecycle.ignore_changes = {"vcpus", "memory"};
  }
  PlayedWorld world = running({group});
  world.host("kvm1").domains.clear();
  auto& instance = world.input.config.groups[0].instance;
  instance.vcpus = instance.max_vcpus = 4;
  instance.memory_bytes = instance.max_memory_bytes = 4 * kGiB;
  world.carry_out(world.plan());
  CHECK(world.domain("kvm1", "prod-web-0")->vcpus == 2);
  CHECK(world.domain("kvm1", "prod-web-0")->memory_bytes == 2 * kGiB);
  CHECK_FALSE(has_changes(world.plan()));
}

TEST_CASE("a larger maximum that comes with its definition is claimed, and needs room") {
  PlayedWorld world = running({web(1)});
  world.host("kvm1").domains.clear();
  world.input.config.groups[0].instance.max_memory_bytes = 4 * kGiB;
  const auto claimed = world.instance("group.web[0]").claim.memory_mib;
  SECTION("there is room") {
    world.carry_out(world.plan());
    const Claim claim = world.instance("group.web[0]").claim;
    CHECK(claim == claim_of(world.input.config.groups[0].instance, lock_of().virtual_size_bytes));
    CHECK(claim.memory_mib > claimed);
    CHECK_FALSE(has_changes(world.plan()));
  }
  SECTION("there is none") {
    world.host("kvm1").domains = {foreign_domain("big", 2, 60 * kGiB)};
    CHECK(only_error(world.plan()).code == "no_room_to_grow");
  }
}

TEST_CASE("where a pool is off that would tell of its disks, that is turned on first, and nothing is made anew") {
  PlayedWorld world = running({web(1)});
  world.host("kvm1").domains.clear();
  world.host("kvm1").pools[0].active = false;
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  REQUIRE(plan.actions.size() == 1);
  CHECK(count_kind(plan, "pool.ensure") == 1);
  CHECK_FALSE(plan.complete);  // there is more to do than this plan knows
  world.carry_out(plan);
  CHECK(changes(world.plan()) == Words{"update web-0"});
  CHECK(count_kind(world.plan(), "volume.delete") == 0);
}

TEST_CASE("it is not defined on a disk that a snapshot stands on") {
  PlayedWorld world = running({web(1)});
  world.host("kvm1").domains.clear();
  world.host("kvm1").pools[0].volumes.insert("prod-web-0-root.before-upgrade");
  const Plan plan = world.plan();
  CHECK(plan.actions.empty());
  REQUIRE(plan.unknown.size() == 1);
  CHECK(plan.unknown[0].why == "kvm1 has no such domain, and prod-web-0-root.before-upgrade beside its disk");
  REQUIRE(codes(plan) == Words{"snapshot_left"});
  CHECK(relies_on_pools(plan));  // or it would be missed for ever
  CHECK(plan.diagnostics[0].hint ==
        "on kvm1: qemu-img commit /var/lib/libvirt/default/prod-web-0-root.before-upgrade, then rm it, and plan again; "
        "if nobody needs what is in it, only rm it");
}

TEST_CASE("what is to be said in a shell names the right file, whatever its pool is called") {
  PlayedWorld world = running({web(1)});
  world.host("kvm1").domains.clear();
  world.host("kvm1").pools[0].path = "/srv/anna's disks";
  world.host("kvm1").pools[0].volumes.insert("prod-web-0-root.before-upgrade");
  const Plan plan = world.plan();
  REQUIRE(codes(plan) == Words{"snapshot_left"});
  CHECK(plan.diagnostics[0].hint.starts_with(
      R"(on kvm1: qemu-img commit '/srv/anna'\''s disks/prod-web-0-root.before-upgrade', then rm it)"));
}

TEST_CASE("its seed is written where it is now, wherever it was left") {
  PlayedWorld world = running({web(1)});
  move_by_hand(world, "prod-web-0", "kvm1", "kvm2");
  world.host("kvm2").pools[0].volumes.erase("prod-web-0-seed.iso");
  world.host("kvm1").pools[0].volumes.insert("prod-web-0-seed.iso");
  world.carry_out(world.plan());
  world.host("kvm2").domains.clear();
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  CHECK(only_action(plan, "seed.write", "group.web[0]").host == "kvm2");
  world.carry_out(plan);
  CHECK(world.host("kvm2").pools[0].volumes.count("prod-web-0-seed.iso") == 1);
  CHECK_FALSE(has_changes(world.plan()));
}

TEST_CASE("it is replaced where the file wants another one anyway") {
  PlayedWorld world = running({web(1)});
  world.host("kvm1").domains.clear();
  SECTION("another image") {
    world.input.images["debian-12"] = lock_of("debian-12", 'b');
  }
  SECTION("as --replace asks for it") {
    world.input.options.replaces = {"group.web[0]"};
  }
  SECTION("another image, by strategy onDelete: it was deleted") {
    world.input.config.groups[0].update.strategy = Update::Strategy::on_delete;
    world.input.images["debian-12"] = lock_of("debian-12", 'b');
  }
  CHECK(changes(world.plan()) == Words{"replace web-0"});
}

// ---- A definition that is gone while its guest runs ---------------------------------------------------------------

TEST_CASE("a guest that runs without a definition is given it again, and notices nothing") {
  Group group = web(1);
  group.update.allow = Disruption::none;
  PlayedWorld world = running({group});
  world.domain("kvm1", "prod-web-0")->transient = true;

  const Plan plan = world.plan();
  INFO(plan_text(plan));
  CHECK(plan.actions.size() == 1);
  CHECK(count_kind(plan, "domain.define") == 1);
  REQUIRE(changes(plan) == Words{"update web-0"});
  CHECK(plan.changes[0].disruption == Disruption::none);
  world.carry_out(plan);
  CHECK_FALSE(world.domain("kvm1", "prod-web-0")->transient);
  CHECK(world.domain("kvm1", "prod-web-0")->state == DomainState::running);
  CHECK(world.instance("group.web[0]").phase == Phase::ready);
  CHECK_FALSE(has_changes(world.plan()));
}

TEST_CASE("it has its definition before it is stopped for a change, or the change would cost its root disk") {
  const auto world_before = [] {
    PlayedWorld world = running({web(1)});
    LiveDomain& domain = *world.domain("kvm1", "prod-web-0");
    domain.transient = true;
    domain.nics.clear();
    auto& instance = world.input.config.groups[0].instance;
    instance.memory_bytes = instance.max_memory_bytes = 4 * kGiB;
    return world;
  };
  const std::size_t actions = world_before().plan().actions.size();
  REQUIRE(actions > 4);
  for (std::size_t at = 0; at < actions; ++at) {
    for (const bool did_it : {false, true}) {
      PlayedWorld world = world_before();
      const Plan plan = world.plan();
      INFO("dies at action " << at + 1 << (did_it ? ", which was done\n" : ", which was not done\n")
                             << plan_text(plan));
      world.carry_out_and_die(plan, order_of_ids(plan), at, did_it);
      REQUIRE(world.domain("kvm1", "prod-web-0") != nullptr);
      world.converge();
      CHECK(world.instance("group.web[0]").incarnation == 1);
      CHECK(world.domain("kvm1", "prod-web-0")->memory_bytes == 4 * kGiB);
      CHECK(world.domain("kvm1", "prod-web-0")->nics.size() == 1);
    }
  }
}

TEST_CASE("it is given its definition although its seed is gone, which is written first") {
  PlayedWorld world = running({web(1)});
  LiveDomain& domain = *world.domain("kvm1", "prod-web-0");
  domain.transient = true;
  domain.disk_paths.push_back("/var/lib/libvirt/default/prod-web-0-seed.iso");
  world.host("kvm1").pools[0].volumes.erase("prod-web-0-seed.iso");
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  const Action& written = only_action(plan, "seed.write", "group.web[0]");
  CHECK(only_action(plan, "domain.define", "group.web[0]").needs == std::vector<int>{written.id});
  world.carry_out(plan);
  CHECK_FALSE(has_changes(world.plan()));
}

TEST_CASE("it is given no card that it does without, as long as that is held back") {
  Group group = web(1);
  group.update.allow = Disruption::live;
  PlayedWorld world = running({group});
  LiveDomain& domain = *world.domain("kvm1", "prod-web-0");
  domain.transient = true;
  domain.nics.clear();
  world.carry_out(world.plan());
  CHECK_FALSE(world.domain("kvm1", "prod-web-0")->transient);
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  REQUIRE(plan.drift.size() == 1);  // still said
  CHECK(plan.drift[0].live == "detached");
  CHECK(plan.drift[0].remedy == "held: needs reboot");
}

TEST_CASE("it is given the sizes that it has, where others are held back") {
  Group group = web(1);
  group.update.allow = Disruption::live;
  PlayedWorld world = running({group});
  world.domain("kvm1", "prod-web-0")->transient = true;
  world.input.config.groups[0].instance.memory_bytes = 4 * kGiB;
  world.input.config.groups[0].instance.max_memory_bytes = 4 * kGiB;

  const Plan plan = world.plan();
  INFO(plan_text(plan));
  REQUIRE(plan.actions.size() == 1);
  const auto& spec = std::get<DefineDomain>(plan.actions[0].detail).spec;
  CHECK(spec.memory_bytes == 2 * kGiB);
  CHECK(spec.max_memory_bytes == 2 * kGiB);
}

TEST_CASE("it is given one, too, where its replacement waits for others") {
  PlayedWorld world = running({web(2)});
  world.input.images["debian-12"] = lock_of("debian-12", 'b');
  world.input.config.limits.replace = Amount{Amount::Unit::count, 1};
  const std::string host = world.instance("group.web[1]").host;
  world.domain(host, "prod-web-1")->transient = true;
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  CHECK(only_action(plan, "domain.define", "group.web[1]").needs.empty());
  CHECK(std::any_of(plan.drift.begin(), plan.drift.end(), [](const Drift& drift) {
    return drift.address == "group.web[1]" && drift.what == "definition" && drift.remedy == "define again";
  }));
}

TEST_CASE("one that cannot be defined as it is stays without, and the plan says why") {
  PlayedWorld world = needs_more_room();
  world.domain("kvm1", "prod-web-0")->transient = true;
  world.input.config.groups[0].instance.disks.clear();
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  CHECK(plan.actions.empty());
  REQUIRE_FALSE(plan.drift.empty());
  CHECK(plan.drift[0].what == "definition");
  CHECK(plan.drift[0].remedy == "held: needs replace");
}

/// A web server with a data disk, and the files of its domain.
struct WithDataDisk {
  PlayedWorld world = [] {
    Group group = web(1);
    group.instance.disks = {a_disk("data")};
    return running({group});
  }();
  LiveDomain& domain = *world.domain(world.instance("group.web[0]").host, "prod-web-0");

  std::string& data_path() {
    return *std::find_if(domain.disk_paths.begin(), domain.disk_paths.end(),
                         [](const std::string& path) { return path.ends_with("prod-web-0-data.qcow2"); });
  }
  void detach() { std::erase(domain.disk_paths.edit(), std::string(data_path())); }
};

TEST_CASE("a disk that goes on in a snapshot's file is not detached, and no new definition takes that file away") {
  WithDataDisk guest;
  guest.data_path() = "/var/lib/libvirt/default/prod-web-0-data.before-upgrade";
  CHECK(changes(guest.world.plan()).empty());
  CHECK(guest.world.plan().drift.empty());

  guest.world.input.config.groups[0].instance.max_memory_bytes = 4 * kGiB;
  const Plan plan = guest.world.plan();
  CHECK(plan.actions.empty());
  REQUIRE(changes(plan) == Words{"hold web-0"});
  CHECK(plan.changes[0].reasons.back().text ==
        "needs a new definition, and it has /var/lib/libvirt/default/prod-web-0-data.before-upgrade, which vscale did "
        "not make");
}

TEST_CASE("a guest is not stopped to attach a disk that is not there") {
  WithDataDisk guest;
  guest.detach();
  auto& pool = guest.world.host(guest.world.instance("group.web[0]").host).pools[0];
  REQUIRE(pool.volumes.erase("prod-web-0-data.qcow2") == 1);
  const Plan plan = guest.world.plan();
  CHECK(plan.actions.empty());
  REQUIRE(plan.drift.size() == 1);
  CHECK(plan.drift[0].live == "detached");
  CHECK(plan.drift[0].remedy == "held: kvm1 does not show its file prod-web-0-data.qcow2");
}

TEST_CASE("more room waits for the replacement where a network of the instance has left the file") {
  PlayedWorld world = needs_more_room();
  world.input.config.networks = {a_network("dmz")};
  world.input.config.groups[0].instance.networks[0].network = "dmz";
  check_held_because_of(world, "networks");
  world.input.config.groups[0].update.allow = Disruption::replace;
  world.converge();
  CHECK(world.domain(world.instance("group.web[0]").host, "prod-web-0")->max_memory_bytes == 4 * kGiB);
}

TEST_CASE("likewise where changes of networks are ignored") {
  PlayedWorld world = needs_more_room();
  world.input.config.networks = {a_network("dmz")};
  world.input.config.groups[0].instance.networks[0].network = "dmz";
  world.input.config.groups[0].lifecycle.ignore_changes = {"networks"};
  check_held_because_of(world, "networks");
}

TEST_CASE("more room takes no data disk away, nor another machine with it, as long as these are held back") {
  PlayedWorld world = needs_more_room();
  world.input.config.groups[0].instance.disks.clear();
  world.input.config.groups[0].instance.machine = "pc";
  check_held_because_of(world, "machine, disks");
}

TEST_CASE("more room does not wait for an image that is held back: no definition names it") {
  PlayedWorld world = needs_more_room();
  world.input.images["debian-12"] = lock_of("debian-12", 'b');
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  CHECK(count_kind(plan, "domain.define") == 1);
  world.carry_out(plan);
  CHECK(world.domain("kvm1", "prod-web-0")->max_memory_bytes == 4 * kGiB);
  CHECK(world.domain("kvm1", "prod-web-0")->ownership->image_digest == lock_of().digest);
  CHECK_FALSE(has_changes(world.plan()));
}

TEST_CASE("a definition whose outcome was lost is started as it is where the file has no more of its network") {
  Group group = web(1);
  group.update.allow = Disruption::reboot;
  PlayedWorld world = running({group});
  world.input.recorded.instances.begin()->second.phase = Phase::claimed;
  world.domain("kvm1", "prod-web-0")->state = DomainState::shut_off;
  world.input.config.networks = {a_network("dmz")};
  world.input.config.groups[0].instance.networks[0].network = "dmz";
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  CHECK(count_kind(plan, "domain.define") == 0);
  world.carry_out(plan);
  CHECK(world.instance("group.web[0]").phase == Phase::ready);
  CHECK_FALSE(has_changes(world.plan()));
}

}  // namespace
}  // namespace vscale::test
