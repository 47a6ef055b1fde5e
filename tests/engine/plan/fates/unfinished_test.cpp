#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "tests/engine/plan/plan_text.h"
#include "tests/engine/plan/planned.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"

/// What an earlier run left half-way.

namespace vscale::test {
namespace {

TEST_CASE("what an earlier run left half-way is finished, or removed if nobody wants it any more") {
  for (const Phase phase : {Phase::claimed, Phase::defined, Phase::started, Phase::leaving}) {
    PlayedWorld world = running({web(1)});
    world.input.recorded.instances.begin()->second.phase = phase;
    INFO(to_string(phase));
    CHECK(has_reason(world.plan(), "group.web[0]", Rule::unfinished));
    PlayedWorld unwanted = world;
    world.converge();
    CHECK(world.instance("group.web[0]").phase == Phase::ready);
    unwanted.input.config.groups[0].size = 0;
    unwanted.converge();
    CHECK(unwanted.input.recorded.instances.empty());
    CHECK(unwanted.host("kvm1").domains.empty());
  }
}

/// web-0 with a disk that is kept, whose removal an earlier run has begun; the file wants it.
PlayedWorld with_removal_begun() {
  Group group = web(1);
  group.instance.disks = {a_disk("data", 50 * kGiB, true)};
  PlayedWorld world = running({group});
  world.input.recorded.instances.begin()->second.phase = Phase::leaving;
  return world;
}

TEST_CASE("one whose removal never came to its host is kept if it is wanted again, and is no easier to take away") {
  PlayedWorld world = with_removal_begun();
  SECTION("nothing is done to it but to wait until it is ready") {
    const Plan plan = world.plan();
    INFO(plan_text(plan));
    CHECK(changes(plan) == Words{"start web-0"});
    CHECK(has_reason(plan, "group.web[0]", Rule::unfinished));
    REQUIRE(plan.actions.size() == 1);
    CHECK(count_kind(plan, "gate.wait") == 1);
    world.carry_out(plan);
    CHECK(world.instance("group.web[0]").phase == Phase::ready);
    CHECK(world.plan().actions.empty());
  }
  SECTION("it is protected as any other") {
    world.input.config.groups[0].lifecycle.prevent_destroy = true;
    world.input.config.groups[0].size = 0;
    CHECK(codes(world.plan()) == Words{"prevent_destroy"});
  }
  SECTION("one that is off is made anew, as it was begun") {
    world.domain("kvm1", "prod-web-0")->state = DomainState::shut_off;
    CHECK(changes(world.plan()) == Words{"replace web-0"});
  }
}

TEST_CASE("a boot that used up its bound is waited for again, with the numbers and the next step") {
  PlayedWorld world = running({web(1)});
  auto& record = world.input.recorded.instances.begin()->second;
  record.phase = Phase::started;
  record.started_at = world.input.now;
  record.ready_at.reset();
  const Duration bound = world.input.config.groups[0].health.startup_timeout;
  world.input.now += bound;
  CHECK(codes(world.plan()).empty());
  world.input.now += std::chrono::minutes{2};
  const Plan plan = world.plan();
  const std::string numbers = fmt::format("not ready for {}, its bound was {}",
                                          show_duration(bound + std::chrono::minutes{2}), show_duration(bound));
  REQUIRE(plan.changes.size() == 1);
  CHECK(plan.changes[0].reasons[0].text == "unfinished: " + numbers);
  CHECK(codes(plan) == Words{"boot_stalled"});
  CHECK(plan.diagnostics[0].summary == "group.web[0] is up on kvm1, and " + numbers + "; it is only waited for again");
  CHECK(plan.diagnostics[0].hint ==
        "look what it says: vscale console web-0; or make it anew: vscale plan --replace web-0");
  CHECK_FALSE(plan.errored);
  CHECK(plan.actions.size() == 1);
  CHECK(count_kind(plan, "gate.wait") == 1);
  // Stopped meanwhile, it is a new boot and no stalled one.
  world.domain("kvm1", "prod-web-0")->state = DomainState::shut_off;
  CHECK(codes(world.plan()).empty());
}

TEST_CASE("a claim whose template has changed since is made anew, as another incarnation") {
  PlayedWorld world(config_with({web(1)}));
  const Plan plan = world.plan();
  world.carry_out_and_die(plan, order_of_ids(plan), 3, true);
  world.input.config.groups[0].instance.cloud_init.user = "anna";
  world.converge();
  CHECK(world.instance("group.web[0]").incarnation == 2);
}

/// One web server that an apply has claimed, over image A, and not defined; then the image becomes B.
PlayedWorld claimed_before_the_image_changed(Group group) {
  PlayedWorld world(config_with({std::move(group)}));
  world.input.config.images[0].keep = 0;
  const Plan plan = world.plan();
  std::size_t claim = 0;
  while (std::string("instance.claim") != kind_of(plan.actions[claim].detail)) ++claim;
  world.carry_out_and_die(plan, order_of_ids(plan), claim + 1, true);
  REQUIRE(world.instance("group.web[0]").phase == Phase::claimed);
  world.input.images["debian-12"] = lock_of("debian-12", 'b');
  return world;
}

/// What the record and the mark say it stands on is what it stands on, and stays there.
void check_stands_on_b(PlayedWorld& world) {
  const std::string b = lock_of("debian-12", 'b').digest;
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  CHECK(changes(plan) != Words{"hold web-0"});
  std::string backing;
  for (const auto& action : plan.actions) {
    const auto* create = std::get_if<CreateVolume>(&action.detail);
    if (create != nullptr && create->volume.role == VolumeRecord::Role::root) backing = create->backing_volume;
  }
  world.carry_out(plan);
  const InstanceRecord& record = world.instance("group.web[0]");
  const Config& config = world.input.config;
  CHECK(record.image_digest == b);
  CHECK(record.spec_hash == spec_hash(config.groups[0].instance, b));
  CHECK(record.revision == world.input.recorded.groups.at("group.web").revision);
  CHECK(world.domain(record.host, record.name)->ownership->image_digest == b);
  world.input.images["debian-12"] = lock_of("debian-12", 'c');
  world.input.options.allow = Disruption::live;
  for (const auto& action : world.plan().actions) {
    if (const auto* gone = std::get_if<DeleteImage>(&action.detail)) CHECK(gone->volume != backing);
  }
}

TEST_CASE("what was never defined is made as the file has it now, and recorded as what it is") {
  Group group = web(1);
  SECTION("though nothing is replaced by itself") {
    group.update.strategy = Update::Strategy::on_delete;
    PlayedWorld world = claimed_before_the_image_changed(group);
    check_stands_on_b(world);
  }
  SECTION("though only what is live is allowed") {
    PlayedWorld world = claimed_before_the_image_changed(group);
    world.input.options.allow = Disruption::live;
    check_stands_on_b(world);
  }
  SECTION("though changes of the image are ignored") {
    group.lifecycle.ignore_changes = {"image"};
    PlayedWorld world = claimed_before_the_image_changed(group);
    check_stands_on_b(world);
  }
}

TEST_CASE("a claim whose hash was made by other rules is made anew by today's") {
  PlayedWorld world = claimed_before_the_image_changed(web(1));
  world.input.recorded.instances.begin()->second.spec_hash = "0:abc";
  check_stands_on_b(world);
}

TEST_CASE("a claim is made anew though its network has left the file") {
  Group group = web(1);
  group.lifecycle.ignore_changes = {"networks"};
  PlayedWorld world = claimed_before_the_image_changed(group);
  world.input.config.networks = {a_network("dmz")};
  world.input.config.groups[0].instance.networks[0].network = "dmz";
  world.carry_out(world.plan());
  CHECK(world.instance("group.web[0]").nics[0].network == "dmz");
  CHECK_FALSE(has_changes(world.plan()));
}

}  // namespace
}  // namespace vscale::test
