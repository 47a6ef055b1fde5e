#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "engine/plan/images/image_volume.h"
#include "engine/plan/reconcile.h"
#include "engine/recorded/apply_change.h"
#include "tests/engine/plan/plan_text.h"
#include "tests/engine/plan/planned.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"

/// What was given up runs on: it stands on a copy of an image, and has an address.

namespace vscale::test {
namespace {

Words hosts_that_lose_images(const Plan& plan) {
  INFO(plan_text(plan));
  CHECK_FALSE(plan.errored);
  Words hosts;
  for (const auto& action : plan.actions) {
    if (std::holds_alternative<DeleteImage>(action.detail)) hosts.push_back(action.host);
  }
  return hosts;
}

std::vector<Diagnostic> told(const Plan& plan, const std::string& code) {
  std::vector<Diagnostic> found;
  std::copy_if(plan.diagnostics.begin(), plan.diagnostics.end(), std::back_inserter(found),
               [&](const Diagnostic& diagnostic) { return diagnostic.code == code; });
  return found;
}

void fall_silent(PlayedWorld& world, const std::string& host) {
  world.look();
  world.input.live[host] = unreachable();
  world.look();
}

/// web-0 on kvm1 and web-1 on kvm2.
PlayedWorld two_running(bool shared_pool = false) {
  Config config = config_with({web(2)});
  config.storage[0].shared = shared_pool;
  PlayedWorld world(std::move(config));
  world.carry_out(world.plan());
  return world;
}

/// The file gives up web-1 and wants no more of web-0.
void forget_one(PlayedWorld& world) {
  world.input.config.groups.clear();
  world.input.config.removed = {{"group.web[0]", Removed::Then::destroy}, {"group.web[1]", Removed::Then::forget}};
  world.carry_out(world.plan());
  REQUIRE(world.input.recorded.instances.empty());
}

/// Then web-1 alone runs, on kvm2, with 10.0.0.51 and on debian-12.
PlayedWorld with_one_forgotten(bool shared_pool = false) {
  PlayedWorld world = two_running(shared_pool);
  forget_one(world);
  REQUIRE(world.domain("kvm2", "prod-web-1") != nullptr);
  return world;
}

void take_image_out_of_file(PlayedWorld& world) {
  world.input.config.images.clear();
  world.input.images.clear();
}

void make_mark_old(PlayedWorld& world) {
  LiveDomain& domain = *world.domain("kvm2", "prod-web-1");
  Ownership mark = *domain.ownership;
  mark.image_digest.clear();
  mark.addresses.clear();
  domain.ownership = std::move(mark);
}

Words addresses_given(const Plan& plan) {
  Words addresses;
  for (const auto& action : plan.actions) {
    if (const auto* claim = std::get_if<ClaimInstance>(&action.detail)) {
      addresses.push_back(claim->instance.nics.at(0).address.value_or("none"));
    }
  }
  return addresses;
}

// ---- What it stands on ----------------------------------------------------------------------------------------------

TEST_CASE("a domain's mark says which image it stands on and which addresses it was given") {
  Config config = config_with({web(1)});
  config.networks.push_back(a_network("dmz"));
  config.networks[1].bridge = "br1";
  config.networks.push_back(a_network("wild"));
  config.networks[2].addresses.clear();
  auto& cards = config.groups[0].instance.networks;
  cards.push_back({.network = "wild", .address = std::nullopt, .mac = std::nullopt});
  cards.push_back({.network = "wild", .address = "192.0.2.9", .mac = std::nullopt});
  cards.push_back({.network = "dmz", .address = std::nullopt, .mac = std::nullopt});
  PlayedWorld world(std::move(config));
  world.carry_out(world.plan());
  const Ownership& mark = *world.domain("kvm1", "prod-web-0")->ownership;
  CHECK(mark.image_digest == lock_of().digest);
  CHECK(mark.addresses ==
        std::vector<StaticAddress>{{"lan", "10.0.0.50"}, {"wild", "192.0.2.9"}, {"dmz", "10.0.0.50"}});
}

TEST_CASE("an address that DHCP gave is not in the mark, also when that is written anew") {
  Config config = config_with({web(1)});
  config.networks[0].addresses.clear();
  PlayedWorld world(std::move(config));
  world.carry_out(world.plan());
  world.input.recorded.instances.begin()->second.nics[0].address = "10.0.0.77";
  world.input.config.groups[0].name = "www";
  world.input.config.moved = {{"group.web", "group.www"}};
  world.carry_out(world.plan());
  const Ownership& mark = *world.domain("kvm1", "prod-web-0")->ownership;
  CHECK(mark.address.group == "www");
  CHECK(mark.image_digest == lock_of().digest);
  CHECK(mark.addresses.empty());
}

TEST_CASE("the image under a forgotten machine stays on its host, also when the image has left the file") {
  PlayedWorld world = with_one_forgotten();
  take_image_out_of_file(world);
  const Plan plan = world.plan();
  CHECK(hosts_that_lose_images(plan) == Words{"kvm1"});
  const auto kept = told(plan, "image_kept");
  REQUIRE(kept.size() == 1);
  CHECK(kept[0].severity == Severity::warning);
  CHECK(kept[0].summary ==
        "1 copy of images in pool default on kvm2 stays: domain prod-web-1 on kvm2, which is not recorded, may stand "
        "on it");
  CHECK(kept[0].hint == "if nobody needs prod-web-1 any more, remove it by hand on kvm2, then plan again");
}

TEST_CASE("the image under a forgotten machine stays when a newer one has come, and older ones are not to be kept") {
  PlayedWorld world(config_with({web(1), a_group("old", 1)}));
  world.carry_out(world.plan());
  REQUIRE(world.domain("kvm2", "prod-old-0") != nullptr);
  world.input.config.images[0].keep = 0;
  world.input.config.groups.pop_back();
  world.input.config.removed = {{"group.old", Removed::Then::forget}};
  world.carry_out(world.plan());
  world.input.images["debian-12"] = lock_of("debian-12", 'b');
  world.carry_out(world.plan());
  const Plan plan = world.plan();
  CHECK_FALSE(has_changes(plan));
  const auto& there = world.host("kvm2").pools[0].volumes;
  CHECK(there.count(image_volume_name(kLineage, lock_of())) == 1);
  CHECK(world.host("kvm1").pools[0].volumes.count(image_volume_name(kLineage, lock_of())) == 0);
}

TEST_CASE("destroy leaves the image under a forgotten machine, until that is gone") {
  PlayedWorld world = with_one_forgotten();
  world.input.options.destroy = true;
  Plan plan = world.plan();
  CHECK(hosts_that_lose_images(plan) == Words{"kvm1"});
  CHECK(told(plan, "image_kept").size() == 1);
  world.host("kvm2").domains.clear();
  plan = world.plan();
  CHECK(hosts_that_lose_images(plan) == Words{"kvm1", "kvm2"});
  CHECK(told(plan, "image_kept").empty());
}

TEST_CASE("in a shared pool no image goes on which any host runs a forgotten machine") {
  PlayedWorld world = with_one_forgotten(true);
  world.input.options.destroy = true;
  SECTION("that host answers") {
    const Plan plan = world.plan();
    CHECK(hosts_that_lose_images(plan).empty());
    CHECK(told(plan, "image_kept").at(0).summary ==
          "1 copy of images in shared pool default stays: domain prod-web-1 on kvm2, which is not recorded, may stand "
          "on it");
    world.host("kvm2").domains.clear();
    CHECK(hosts_that_lose_images(world.plan()).size() == 1);
  }
  SECTION("that host has fallen silent") {
    fall_silent(world, "kvm2");
    const Plan plan = world.plan();
    CHECK(hosts_that_lose_images(plan).empty());
    CHECK(told(plan, "image_kept").at(0).summary ==
          "1 copy of images in shared pool default stays: domain prod-web-1 on kvm2, which is not recorded and was "
          "there when kvm2 last answered, may stand on it");
    CHECK(told(plan, "image_kept").at(0).hint == "plan again once kvm2 answers");
    CHECK(told(plan, "orphan").empty());
  }
  SECTION("that host has left the file") {
    world.look();
    world.input.config.hosts.pop_back();
    world.input.live.erase("kvm2");
    const Plan plan = world.plan();
    CHECK(hosts_that_lose_images(plan).empty());
    CHECK(told(plan, "image_kept").at(0).hint ==
          "put kvm2 back under `hosts` and plan again; if it is gone for good, no plan deletes what it may stand on: "
          "do so by hand");
  }
}

TEST_CASE("a machine that is forgotten while its host is silent is remembered with what was last seen of that host") {
  PlayedWorld world(config_with({web(2)}));
  world.input.config.storage[0].shared = true;
  world.look();  // nobody has looked since it was defined
  world.carry_out(world.plan());
  world.input.live["kvm2"] = unreachable();
  world.input.recorded.hosts["kvm2"].failure = world.input.live["kvm2"].failure;
  forget_one(world);
  world.input.options.destroy = true;
  CHECK(hosts_that_lose_images(world.plan()).empty());
  world.input.options.destroy = false;
  world.input.config.groups = {a_group("db", 2)};
  CHECK(addresses_given(world.plan()) == Words{"10.0.0.50", "10.0.0.52"});
}

TEST_CASE("what an older mark does not say is taken for granted: it may stand on any image of its host") {
  PlayedWorld world = with_one_forgotten();
  make_mark_old(world);
  ImageCopyRecord other = world.input.recorded.image_copies.back();
  REQUIRE(other.host == "kvm2");
  other.digest = lock_of("debian-11", 'c').digest;
  other.image = "debian-11";
  other.volume = image_volume_name(kLineage, lock_of("debian-11", 'c'));
  world.host("kvm2").pools[0].volumes.insert(other.volume);
  apply(world.input.recorded, PutImageCopy{other});
  world.host("kvm2").pools[0].volumes.insert(image_volume_name(kLineage, lock_of("debian-10", 'd')));
  take_image_out_of_file(world);
  const Plan plan = world.plan();
  CHECK(hosts_that_lose_images(plan) == Words{"kvm1"});
  CHECK(told(plan, "image_kept").at(0).summary ==
        "3 copies of images in pool default on kvm2 stay: domain prod-web-1 on kvm2, which is not recorded, may stand "
        "on them");
}

TEST_CASE("several forgotten machines in one pool are one warning") {
  PlayedWorld world(config_with({web(3)}, {"kvm1"}));
  world.carry_out(world.plan());
  world.input.config.groups.clear();
  world.input.config.removed = {{"group.web", Removed::Then::forget}};
  world.carry_out(world.plan());
  world.input.options.destroy = true;
  const Plan plan = world.plan();
  CHECK(hosts_that_lose_images(plan).empty());
  REQUIRE(told(plan, "image_kept").size() == 1);
  CHECK(told(plan, "image_kept")[0].summary ==
        "1 copy of images in pool default on kvm1 stays: domain prod-web-0 on kvm1, which is not recorded, and 2 more "
        "may stand on it");
}

TEST_CASE("what a killed upload left goes, though instances elsewhere use that image") {
  PlayedWorld world(config_with({web(1)}));
  world.carry_out(world.plan());
  const std::string copy = image_volume_name(kLineage, lock_of());
  world.host("kvm2").pools[0].volumes.insert(copy);
  CHECK(hosts_that_lose_images(world.plan()) == Words{"kvm2"});
}

TEST_CASE("what a killed upload left goes beside a forgotten machine that stands on another image") {
  PlayedWorld world = with_one_forgotten();
  world.host("kvm2").pools[0].volumes.insert(image_volume_name(kLineage, lock_of("debian-11", 'c')));
  CHECK(hosts_that_lose_images(world.plan()) == Words{"kvm2"});
}

TEST_CASE("a copy that is not recorded stays under a forgotten machine, whoever made it so") {
  PlayedWorld world = with_one_forgotten();
  world.input.recorded.image_copies.clear();
  CHECK(hosts_that_lose_images(world.plan()) == Words{"kvm1"});
}

TEST_CASE("a copy that came with an instance that was moved by hand stays under it, and goes with it") {
  PlayedWorld world = running({web(1)});
  move_by_hand(world, "prod-web-0", "kvm1", "kvm2");
  world.host("kvm2").pools[0].volumes.insert(image_volume_name(kLineage, lock_of()));
  world.carry_out(world.plan());
  CHECK(hosts_that_lose_images(world.plan()).empty());
  CHECK(world.host("kvm2").pools[0].volumes.count(image_volume_name(kLineage, lock_of())) == 1);
  world.input.options.destroy = true;
  const Plan plan = world.plan();
  CHECK(hosts_that_lose_images(plan) == Words{"kvm1", "kvm2"});
  CHECK_FALSE(std::find_if(plan.actions.begin(), plan.actions.end(), [](const Action& action) {
                return std::holds_alternative<DeleteImage>(action.detail) && action.host == "kvm2";
              })->needs.empty());
}

// ---- Its address ----------------------------------------------------------------------------------------------------

TEST_CASE("the address of a forgotten machine is not handed out again") {
  PlayedWorld world = with_one_forgotten();
  world.input.config.groups = {a_group("db", 2)};
  SECTION("while it runs") {}
  SECTION("while its host is silent") {
    fall_silent(world, "kvm2");
  }
  SECTION("after its host has left the file") {
    world.look();
    world.input.config.hosts.pop_back();
    world.input.live.erase("kvm2");
  }
  CHECK(addresses_given(world.plan()) == Words{"10.0.0.50", "10.0.0.52"});
}

TEST_CASE("the address of a forgotten machine is free once that is gone") {
  PlayedWorld world = with_one_forgotten();
  world.host("kvm2").domains.clear();
  world.look();
  world.input.config.groups = {a_group("db", 2)};
  CHECK(addresses_given(world.plan()) == Words{"10.0.0.50", "10.0.0.51"});
}

TEST_CASE("what vscale destroyed itself is known to be gone, although its host falls silent before anybody looks") {
  PlayedWorld world = two_running();
  world.look();
  world.input.config.groups[0].size = 1;
  world.carry_out(world.plan());
  world.input.live["kvm2"] = unreachable();
  world.input.config.groups.push_back(a_group("db", 1));
  CHECK(addresses_given(world.plan()) == Words{"10.0.0.51"});
}

TEST_CASE("an address that the file fixes and a forgotten machine has is an error that names the machine") {
  PlayedWorld world = with_one_forgotten();
  Group db = a_machine("db1");
  db.instance.networks[0].address = "10.0.0.51";
  world.input.config.groups = {db};
  SECTION("which runs") {
    const auto taken = told(world.plan(), "address_taken");
    REQUIRE(taken.size() == 1);
    CHECK(taken[0].severity == Severity::error);
    CHECK(taken[0].summary ==
          "machine.db1 wants address 10.0.0.51 of network lan, and domain prod-web-1 on kvm2, which is not recorded, "
          "has it");
    CHECK(taken[0].hint == "give it another address; or, if nobody needs that domain, remove it by hand");
  }
  SECTION("which nobody sees just now") {
    fall_silent(world, "kvm2");
    CHECK(
        told(world.plan(), "address_taken").at(0).summary ==
        "machine.db1 wants address 10.0.0.51 of network lan, and domain prod-web-1 on kvm2, which is not recorded and "
        "was there when kvm2 last answered, has it");
  }
  SECTION("which was on a host that the file has given up: who writes it down knows that it is free") {
    world.look();
    world.input.config.hosts.pop_back();
    world.input.live.erase("kvm2");
    const Plan plan = world.plan();
    CHECK(told(plan, "address_taken").empty());
    CHECK(addresses_given(plan) == Words{"10.0.0.51"});
  }
}

TEST_CASE("an instance that comes back after it was forgotten is somebody else than the one that runs on") {
  PlayedWorld world = with_one_forgotten();
  const LiveDomain forgotten = *world.domain("kvm2", "prod-web-1");
  fall_silent(world, "kvm2");
  world.input.config.removed.clear();
  world.input.config.groups = {web(2)};
  const Plan plan = world.plan();
  const auto claim = std::find_if(plan.actions.begin(), plan.actions.end(), [](const Action& action) {
    const auto* claims = std::get_if<ClaimInstance>(&action.detail);
    return claims != nullptr && claims->instance.name == "prod-web-1";
  });
  REQUIRE(claim != plan.actions.end());
  const InstanceRecord& instance = std::get<ClaimInstance>(claim->detail).instance;
  CHECK(instance.uuid != forgotten.uuid);
  CHECK(instance.nics[0].mac != forgotten.nics[0].mac);
  CHECK(instance.nics[0].address != "10.0.0.51");
}

TEST_CASE("an instance that was moved by hand is recorded, wherever it is") {
  PlayedWorld world = two_running();
  world.look();
  world.host("kvm1").domains.push_back(world.host("kvm2").domains[0]);
  world.input.live["kvm2"] = unreachable();
  const Plan plan = world.plan();
  CHECK(told(plan, "orphan").empty());
  CHECK(told(plan, "image_kept").empty());
}

TEST_CASE(
    "a name of ours that the statefile does not know may be one that was forgotten, or newer than the statefile") {
  PlayedWorld world = with_one_forgotten();
  world.input.config.removed.clear();
  world.input.config.groups = {web(2)};
  world.input.recorded.serial = 7;
  const auto taken = told(world.plan(), "name_taken");
  REQUIRE(taken.size() == 1);
  CHECK(taken[0].summary.find("group.web[1] would be called prod-web-1, and kvm2 has a domain of that name, which is "
                              "ours") == 0);
  CHECK(
      taken[0].hint ==
      "was an older backup restored? then use the newer statefile; if it was forgotten and nobody needs it, remove it "
      "by hand on kvm2");
}

// ---- Words of a narrowed plan ---------------------------------------------------------------------------------------

TEST_CASE("a target that means nothing is answered with some of what there is, however much that is") {
  std::vector<Group> groups;
  for (int i = 10; i < 25; ++i) groups.push_back(a_group(fmt::format("g{}", i), 0));
  PlayedWorld world(config_with(groups));
  world.input.options.targets = {"group.wbe"};
  CHECK(told(world.plan(), "unknown_address").at(0).hint ==
        "there are: group.g10, group.g11, group.g12, group.g13, group.g14, group.g15, group.g16, group.g17, group.g18, "
        "group.g19 and 5 more");
  world.input.config.groups.clear();
  CHECK(told(world.plan(), "unknown_address").at(0).hint == "nothing is wanted or recorded");
}

}  // namespace
}  // namespace vscale::test
