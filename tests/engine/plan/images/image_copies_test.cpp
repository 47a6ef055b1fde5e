#include <algorithm>
#include <catch2/catch.hpp>

#include "engine/plan/images/image_volume.h"
#include "tests/engine/plan/plan_text.h"
#include "tests/engine/plan/planned.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"

/// Copies of images: sent once, and kept as long as they are needed.

namespace vscale::test {
namespace {

TEST_CASE("an image is sent once to each host, whoever needs it") {
  const Plan plan = PlayedWorld(config_with({web(4), a_group("db", 4)})).plan();
  CHECK(count_kind(plan, "image.upload") == 2);
}

TEST_CASE("a copy that was deleted from its pool is sent again") {
  PlayedWorld world = running({web(1)});
  auto& volumes = world.host("kvm1").pools[0].volumes;
  volumes.erase(volumes.lower_bound("vscale-image-"));
  world.input.options.replaces = {"group.web[0]"};
  CHECK(count_kind(world.plan(), "image.upload") == 1);
}

TEST_CASE("of older copies as many stay as keep says; one that is in use always does") {
  PlayedWorld world = running(config_with({web(1)}, {"kvm1"}));
  for (const char digit : {'b', 'c', 'd'}) {
    world.input.images["debian-12"] = lock_of("debian-12", digit);
    world.input.now += std::chrono::hours{1};
    world.carry_out(world.plan());
  }
  // Now d is used and c is kept; a and b went when they were second.
  CHECK(world.input.recorded.image_copies.size() == 2);
  world.input.config.images[0].keep = 0;
  CHECK(count_kind(world.plan(), "image.delete") == 1);
  world.input.config.groups[0].update.allow = Disruption::live;
  world.input.images["debian-12"] = lock_of("debian-12", 'e');
  CHECK(count_kind(world.plan(), "image.delete") == 1);  // c again; d is in use
}

/// As if both hosts had mounted one folder, and the file did not say so.
void share_unmarked(PlayedWorld& world) {
  auto& first = world.host("kvm1").pools[0].volumes;
  auto& second = world.host("kvm2").pools[0].volumes;
  first.insert(second.begin(), second.end());
  second = first;
}

TEST_CASE("no copy is deleted from a pool that two hosts seem to share, though the file does not say so") {
  PlayedWorld world = running({web(1)});
  share_unmarked(world);
  const Plan plan = world.plan();
  CHECK(plan.actions.empty());
  REQUIRE(codes(plan) == Words{"pool_looks_shared"});
  CHECK(
      plan.diagnostics[0].summary ==
      "pool default: kvm2 shows prod-web-0-root.qcow2, which is recorded on kvm1: the hosts seem to share it, and the "
      "file does not say so; no copy of an image is deleted or replaced there");
  CHECK(
      plan.diagnostics[0].hint ==
      "if they share it, write `shared: true` in storage local; if they do not, kvm2 has a file of its own of "
      "that name, as after a copy by hand, or of a guest that was forgotten: rename it if anybody needs what is on it; "
      "else make sure that no domain uses it there, and delete it on kvm2");
}

TEST_CASE("what lies in the pool of a host that has another name now is not called left over") {
  PlayedWorld world = with_kept_disk();
  auto renamed = world.input.live.extract("kvm2");
  renamed.key() = "kvmB";
  renamed.mapped().snapshot->host = "kvmB";
  world.input.live.insert(std::move(renamed));
  world.input.config.hosts[1].name = "kvmB";

  const Plan plan = world.plan();

  INFO(plan_text(plan));
  REQUIRE(codes(plan) == Words{"pool_looks_shared"});
  CHECK(plan.diagnostics[0].hint ==
        "if kvmB is kvm2 by another name, call it kvm2 again: disks that were kept stay recorded there; delete nothing "
        "on kvmB before that is known");
}

TEST_CASE("a recorded copy stays, too, where the pool seems to be another host's") {
  PlayedWorld world = running({web(2)});
  world.input.config.images[0].keep = 0;
  world.input.config.groups[0].update.allow = Disruption::live;
  world.input.config.groups[0].size = 1;
  world.input.images["debian-12"] = lock_of("debian-12", 'b');
  world.input.recorded.revisions.clear();  // else the stable one's stay anyway
  REQUIRE(count_kind(world.plan(), "image.delete") == 1);
  share_unmarked(world);
  CHECK(count_kind(world.plan(), "image.delete") == 0);
}

TEST_CASE("what a cut-off upload left is deleted where only another host has a copy of that name") {
  PlayedWorld world = running({web(1)});
  const auto& copies = world.host("kvm1").pools[0].volumes;
  world.host("kvm2").pools[0].volumes.insert(*copies.lower_bound("vscale-image-"));
  const Plan plan = world.plan();
  CHECK(only_action(plan, "image.delete", plan.actions.at(0).address).host == "kvm2");
  CHECK(plan.diagnostics.empty());
}

/// A backup of a run that failed while it sent the image is restored when web-0 on kvm1 and web-1 on kvm2 are long up.
PlayedWorld restored_from_failed_upload() {
  PlayedWorld world = running({web(2)});
  for (auto& [address, instance] : world.input.recorded.instances) instance.phase = Phase::claimed;
  world.input.recorded.volumes.clear();
  world.input.recorded.image_copies.clear();
  return world;
}

TEST_CASE("the image under guests of which an older backup knows nothing but their claims stays") {
  PlayedWorld world = restored_from_failed_upload();
  CHECK(world.plan().actions.empty());
  // Nor is it sent over what they stand on.
  world.input.config.groups[0].size = 3;
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  CHECK(count_kind(plan, "image.delete") == 0);
  CHECK_FALSE(std::get<UploadImage>(only_action(plan, "image.upload", "image.debian-12").detail).replace_existing);
}

TEST_CASE("a copy on no record stays in a shared pool while a host is silent that may have a guest on it") {
  Config config = config_with({});
  config.storage[0].shared = true;
  PlayedWorld world(config);
  for (const char* host : {"kvm1", "kvm2"}) {
    world.host(host).pools[0].volumes.insert(image_volume_name(kLineage, lock_of("debian-12", 'b')));
  }
  CHECK(count_kind(world.plan(), "image.delete") == 1);
  world.input.live["kvm2"] = unreachable();
  CHECK(count_kind(world.plan(), "image.delete") == 0);
}

TEST_CASE("the copy that a new guest is made on stays, though the file calls its image otherwise now") {
  PlayedWorld world = running(config_with({web(2)}));
  world.input.config.groups[0].size = 1;
  world.carry_out(world.plan());
  // kvm2 has a copy and no guest.
  world.input.config.images[0].name = "debian";
  world.input.config.images[0].keep = 0;
  world.input.config.groups[0].instance.image = "debian";
  world.input.images = {{"debian", lock_of("debian")}};
  world.input.config.groups[0].size = 2;
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  CHECK(only_action(plan, "instance.claim", "group.web[1]").host == "kvm2");
  CHECK(count_kind(plan, "image.upload") == 0);
  CHECK(count_kind(plan, "image.delete") == 0);
}

TEST_CASE("a domain that was moved by hand, its disks copied, makes no pool look shared") {
  PlayedWorld world = running({web(1)});
  share_unmarked(world);
  world.host("kvm2").domains = world.host("kvm1").domains;
  world.host("kvm1").domains.clear();
  CHECK(codes(world.plan()).empty());
}

TEST_CASE("what a copy by hand left behind makes a pool look shared until it is deleted") {
  PlayedWorld world = running({web(1)});
  share_unmarked(world);
  world.host("kvm2").domains = world.host("kvm1").domains;
  world.host("kvm1").domains.clear();
  world.carry_out(world.plan());
  REQUIRE(world.instance("group.web[0]").host == "kvm2");
  const Plan plan = world.plan();
  REQUIRE(codes(plan) == Words{"pool_looks_shared"});
  CHECK(plan.diagnostics[0].hint.ends_with("delete it on kvm1"));
  std::erase_if(world.host("kvm1").pools[0].volumes, [](const std::string& name) { return name.starts_with("prod-"); });
  CHECK(codes(world.plan()).empty());
}

/// kvm1 and kvm2 share their pool, and the file does not say so; web-1 on kvm2 was forgotten, and then all else was
/// destroyed.
PlayedWorld all_but_a_forgotten_one_destroyed() {
  PlayedWorld world = running({web(2)});
  REQUIRE(world.instance("group.web[1]").host == "kvm2");
  share_unmarked(world);
  std::erase_if(world.input.recorded.volumes, [](const VolumeRecord& volume) { return volume.host == "kvm2"; });
  std::erase_if(world.input.recorded.instances, [](const auto& entry) { return entry.second.host == "kvm2"; });
  world.input.options.destroy = true;
  world.carry_out(world.plan());
  // What kvm1 deleted is gone from kvm2, too.
  world.host("kvm2").pools[0].volumes = world.host("kvm1").pools[0].volumes;
  REQUIRE(world.input.recorded.volumes.empty());
  return world;
}

TEST_CASE("the image under a forgotten guest stays in a pool that hosts share, however often all else is destroyed") {
  PlayedWorld world = all_but_a_forgotten_one_destroyed();
  for (const bool silent : {false, true}) {
    if (silent) {
      world.input.recorded.hosts["kvm2"].host = "kvm2";
      world.input.recorded.hosts["kvm2"].observed = world.host("kvm2");
      world.input.live["kvm2"] = unreachable();
    }
    const Plan plan = world.plan();
    INFO(plan_text(plan));
    CHECK(count_kind(plan, "image.delete") == 0);
    const auto looks = std::find_if(plan.diagnostics.begin(), plan.diagnostics.end(),
                                    [](const Diagnostic& told) { return told.code == "pool_looks_shared"; });
    REQUIRE(looks != plan.diagnostics.end());
    CHECK(
        looks->summary ==
        "pool default: kvm1 shows prod-web-1-root.qcow2, which domain prod-web-1 has on kvm2: the hosts seem to share "
        "it, and the file does not say so; no copy of an image is deleted or replaced there");
  }
}

TEST_CASE("a forgotten guest makes no pool look shared whose hosts do not show each other's files") {
  PlayedWorld world = all_but_a_forgotten_one_destroyed();
  std::erase_if(world.host("kvm1").pools[0].volumes, [](const std::string& name) { return name.starts_with("prod-"); });
  CHECK(count_kind(world.plan(), "image.delete") == 1);
}

TEST_CASE("a file that somebody lends to many makes no pool look shared") {
  PlayedWorld world = all_but_a_forgotten_one_destroyed();
  std::erase_if(world.host("kvm1").pools[0].volumes, [](const std::string& name) { return name.starts_with("prod-"); });
  world.host("kvm1").pools[0].volumes.insert("virtio-win.iso");
  world.domain("kvm2", "prod-web-1")->disk_paths.push_back("/var/lib/libvirt/default/virtio-win.iso");
  CHECK(count_kind(world.plan(), "image.delete") == 1);
}

TEST_CASE("a host that shows what is there, and not the disk, does not share the pool") {
  PlayedWorld world = running({web(1)});
  share_unmarked(world);
  world.host("kvm1").pools[0].volumes.erase("prod-web-0-root.qcow2");
  world.host("kvm1").pools[0].volumes.erase("prod-web-0-seed.iso");
  CHECK(codes(world.plan()) == Words{"disk_lost"});
}

}  // namespace
}  // namespace vscale::test
