#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "engine/plan/image_volume.h"
#include "engine/plan/reconcile.h"
#include "tests/engine/plan_text.h"
#include "tests/engine/played_world.h"
#include "tests/support/builders.h"

/// What was given up runs on, and stands on more than its own disks.

namespace vscale::test {
namespace {

std::vector<std::string> hosts_that_lose_images(const Plan& plan) {
  std::vector<std::string> hosts;
  for (const auto& action : plan.actions) {
    if (std::holds_alternative<DeleteImage>(action.detail)) hosts.push_back(action.host);
  }
  return hosts;
}

const Diagnostic* diagnostic(const Plan& plan, const std::string& code) {
  const auto found = std::find_if(plan.diagnostics.begin(), plan.diagnostics.end(),
                                  [&](const Diagnostic& candidate) { return candidate.code == code; });
  return found == plan.diagnostics.end() ? nullptr : &*found;
}

/// web-0 on kvm1 and web-1 on kvm2; then web-1 is forgotten and runs on.
PlayedWorld with_one_forgotten(bool shared_pool = false) {
  Config config = config_with({web(2)});
  config.storage[0].shared = shared_pool;
  PlayedWorld world(std::move(config));
  world.carry_out(world.plan());
  world.input.config.groups.clear();
  world.input.config.removed = {{"group.web[0]", Removed::Then::destroy}, {"group.web[1]", Removed::Then::forget}};
  world.carry_out(world.plan());
  REQUIRE(world.input.recorded.instances.empty());
  REQUIRE(world.domain("kvm2", "prod-web-1") != nullptr);
  return world;
}

TEST_CASE("the image under a forgotten machine stays on its host, also when the image has left the file") {
  PlayedWorld world = with_one_forgotten();
  world.input.config.images.clear();
  world.input.images.clear();
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  CHECK(hosts_that_lose_images(plan) == std::vector<std::string>{"kvm1"});
  const Diagnostic* kept = diagnostic(plan, "image_kept");
  REQUIRE(kept != nullptr);
  CHECK(kept->severity == Severity::warning);
  CHECK(kept->summary ==
        "copies of images in pool default on kvm2 stay: domain prod-web-1 on kvm2 carries this installation's mark, is "
        "not recorded there, and may stand on them");
  CHECK(kept->hint == "if nobody needs prod-web-1 any more, remove it by hand, then plan again");
}

TEST_CASE("destroy leaves the image under a forgotten machine, until that is gone") {
  PlayedWorld world = with_one_forgotten();
  world.input.options.destroy = true;
  Plan plan = world.plan();
  INFO(plan_text(plan));
  CHECK(hosts_that_lose_images(plan) == std::vector<std::string>{"kvm1"});
  CHECK(diagnostic(plan, "image_kept") != nullptr);
  world.host("kvm2").domains.clear();
  plan = world.plan();
  CHECK(hosts_that_lose_images(plan) == std::vector<std::string>{"kvm1", "kvm2"});
  CHECK(diagnostic(plan, "image_kept") == nullptr);
}

TEST_CASE("in a shared pool no image goes while any host runs a forgotten machine") {
  PlayedWorld world = with_one_forgotten(true);
  world.input.options.destroy = true;
  CHECK(hosts_that_lose_images(world.plan()).empty());
  world.host("kvm2").domains.clear();
  CHECK(hosts_that_lose_images(world.plan()).size() == 1);
}

TEST_CASE("a copy that is not recorded, of an image that somebody stands on, is no leftover") {
  PlayedWorld world(config_with({web(1)}, {"kvm1"}));
  world.carry_out(world.plan());
  world.input.recorded.image_copies.clear();
  CHECK(hosts_that_lose_images(world.plan()).empty());
  // It goes with the last one that stands on it, and after it.
  world.input.options.destroy = true;
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  REQUIRE(hosts_that_lose_images(plan).size() == 1);
  const auto gone = std::find_if(plan.actions.begin(), plan.actions.end(), [](const Action& action) {
    return std::holds_alternative<DeleteImage>(action.detail);
  });
  CHECK_FALSE(gone->needs.empty());
}

}  // namespace
}  // namespace vscale::test
