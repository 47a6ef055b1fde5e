#include <catch2/catch.hpp>

#include "engine/plan/images/image_pull.h"
#include "tests/engine/plan/plan_text.h"
#include "tests/engine/plan/planned.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"

/// What may become of a file that lies where an image is to go: guests may stand on it, on any host that shares the
/// pool.

namespace vscale::test {
namespace {

/// One web server on kvm1; kvm2 has nothing.
PlayedWorld one_on_kvm1(bool shared_pool) {
  Config config = config_with({web(1)}, {"kvm1", "kvm2"});
  config.storage[0].shared = shared_pool;
  PlayedWorld world = running(config);
  REQUIRE(world.instance("group.web[0]").host == "kvm1");
  return world;
}

void forget_copies(PlayedWorld& world) {
  world.input.recorded.image_copies.clear();
}

void hide_copy(PlayedWorld& world, const std::string& host) {
  auto& volumes = world.host(host).pools[0].volumes;
  volumes.erase(volumes.lower_bound("vscale-image-"));
}

/// The upload of a plan that makes the web server anew on `host`.
UploadImage upload_to(PlayedWorld& world, const std::string& host) {
  world.input.config.groups[0].hosts.names = {host};
  world.input.options.replaces = {"group.web[0]"};
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  const Action& action = only_action(plan, "image.upload", "image.debian-12");
  CHECK(action.host == host);
  return std::get<UploadImage>(action.detail);
}

/// The state lost the web server, whose domain runs on. Its mark says that it stands on the image of that digit; 0: it
/// says nothing.
void lose_record(PlayedWorld& world, char digit) {
  world.input.recorded.instances.clear();
  world.input.recorded.volumes.clear();
  for (auto& domain : world.host("kvm1").domains) {
    Ownership mark = *domain.ownership;
    mark.image_digest = digit == '0' ? "" : lock_of("debian-12", digit).digest;
    domain.ownership = mark;
  }
}

Plan pull(const PlayedWorld& world) {
  const PlanInput& input = world.input;
  return plan_image_pull(input.config, input.recorded, input.live, input.images, input.now);
}

TEST_CASE("the rest of an upload that was cut off makes way for the image") {
  PlayedWorld world(config_with({web(1)}, {"kvm1"}));
  CHECK(std::get<UploadImage>(only_action(world.plan(), "image.upload", "image.debian-12").detail).replace_existing);
}

TEST_CASE("what lies in place of a copy that the record lost stays, since an instance stands on it") {
  for (const bool shared : {false, true}) {
    PlayedWorld world = one_on_kvm1(shared);
    forget_copies(world);
    CHECK_FALSE(upload_to(world, "kvm1").replace_existing);
  }
}

TEST_CASE("what lies in place of a copy that its pool does not show stays, since an instance stands on it") {
  PlayedWorld world = one_on_kvm1(false);
  hide_copy(world, "kvm1");
  CHECK_FALSE(upload_to(world, "kvm1").replace_existing);
}

TEST_CASE("an instance of another host stands in nobody's way, unless the pool is shared") {
  for (const bool shared : {false, true}) {
    PlayedWorld world = one_on_kvm1(shared);
    forget_copies(world);
    CHECK(upload_to(world, "kvm2").replace_existing == !shared);
  }
}

TEST_CASE("nothing makes way in a pool that seems to be that of another host") {
  PlayedWorld world = one_on_kvm1(false);
  REQUIRE(std::get<UploadImage>(pull(world).actions.at(0).detail).replace_existing);
  world.host("kvm2").pools[0].volumes = world.host("kvm1").pools[0].volumes;
  CHECK_FALSE(std::get<UploadImage>(pull(world).actions.at(0).detail).replace_existing);
  world.input.config.groups[0].size = 2;
  const Plan plan = world.plan();
  const Action& upload = only_action(plan, "image.upload", "image.debian-12");
  CHECK(upload.host == "kvm2");
  CHECK_FALSE(std::get<UploadImage>(upload.detail).replace_existing);
}

TEST_CASE("nothing makes way in a pool that is not there yet, or is off: it may be made of another host's folder") {
  PlayedWorld world = one_on_kvm1(false);
  REQUIRE(upload_to(world, "kvm2").replace_existing);
  world.host("kvm2").pools[0].active = false;
  CHECK_FALSE(upload_to(world, "kvm2").replace_existing);
  world.input.config.storage[0].path = "/pool";
  world.host("kvm2").pools.clear();
  CHECK_FALSE(upload_to(world, "kvm2").replace_existing);
}

TEST_CASE("an instance of another image stands in nobody's way") {
  PlayedWorld world = one_on_kvm1(true);
  world.input.images["debian-12"] = lock_of("debian-12", 'b');
  CHECK(upload_to(world, "kvm2").replace_existing);
}

TEST_CASE("an instance that was moved by hand stands on the copy of the host where it is") {
  PlayedWorld world = one_on_kvm1(false);
  world.host("kvm2").domains.push_back(*world.domain("kvm1", "prod-web-0"));
  world.host("kvm1").domains.clear();
  const Plan plan = pull(world);
  CHECK(only_action(plan, "image.upload", "image.debian-12").host == "kvm2");
  CHECK_FALSE(std::get<UploadImage>(plan.actions[0].detail).replace_existing);
}

TEST_CASE("while a host is silent nothing in a shared pool makes way") {
  PlayedWorld world = one_on_kvm1(true);
  world.input.images["debian-12"] = lock_of("debian-12", 'b');
  world.input.live["kvm1"] = unreachable();
  const Plan plan = pull(world);
  CHECK_FALSE(std::get<UploadImage>(only_action(plan, "image.upload", "image.debian-12").detail).replace_existing);
}

TEST_CASE("a domain of ours that is not recorded stands on the image that its mark names, or on any") {
  for (const bool shared : {false, true}) {
    for (const char digit : {'0', 'a', 'b'}) {
      PlayedWorld world = one_on_kvm1(shared);
      forget_copies(world);
      lose_record(world, digit);
      const Plan plan = pull(world);
      for (const auto& action : plan.actions) {
        const bool reaches_it = shared || action.host == "kvm1";
        CHECK(std::get<UploadImage>(action.detail).replace_existing == (digit == 'b' || !reaches_it));
      }
      CHECK(count_kind(plan, "image.upload") == (shared ? 1 : 2));
    }
  }
}

TEST_CASE("a copy in a shared pool is there if any host sees it, since each knows only what it saw last") {
  PlayedWorld world = one_on_kvm1(true);
  hide_copy(world, "kvm1");
  world.input.options.replaces = {"group.web[0]"};
  CHECK(count_kind(world.plan(), "image.upload") == 0);
  CHECK(pull(world).actions.empty());
  hide_copy(world, "kvm2");
  CHECK(count_kind(world.plan(), "image.upload") == 1);
  CHECK(count_kind(pull(world), "image.upload") == 1);
}

}  // namespace
}  // namespace vscale::test
