#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "engine/plan/reconcile.h"
#include "tests/engine/plan/plan_text.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"

/// Disks with `keep: true` and another storage.

namespace vscale::test {
namespace {

/// One web server whose disk `data` is on `local`; `fast` is there, too.
PlayedWorld with_data_disk(bool keep) {
  Group group = web(1);
  group.instance.disks = {a_disk("data", 50 * kGiB, keep)};
  Config config = config_with({group}, {"kvm1"});
  config.storage.push_back(a_storage("fast", "nvme"));
  config.storage.back().path = "/srv/nvme";
  PlayedWorld world(std::move(config));
  world.carry_out(world.plan());
  world.input.config.groups[0].instance.disks[0].storage = "fast";
  return world;
}

TEST_CASE("a kept disk that the file wants on another storage is an error, not an empty disk") {
  PlayedWorld world = with_data_disk(true);
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  REQUIRE(plan.errored);
  REQUIRE(plan.diagnostics.size() == 1);
  CHECK(plan.diagnostics[0].code == "kept_disk_storage");
  CHECK(plan.diagnostics[0].summary ==
        "group.web[0]: its kept disk data is on storage local, and the file says fast: its data would stay behind");
  CHECK(plan.diagnostics[0].hint ==
        "set disks[data].storage back to local; to move the data, add a disk of another name on fast and copy it in "
        "the guest; to give it up, apply keep: false first");
  CHECK(plan.actions.empty());
}

TEST_CASE("a kept disk that waits for its ordinal on another storage is the same error") {
  PlayedWorld world = with_data_disk(true);
  world.input.config.groups[0].size = 0;
  world.carry_out(world.plan());
  world.input.config.groups[0].size = 1;
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  REQUIRE(plan.diagnostics.size() == 1);
  CHECK(plan.diagnostics[0].code == "kept_disk_storage");
}

TEST_CASE("a disk that is not kept goes to another storage by replacement") {
  PlayedWorld world = with_data_disk(false);
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  CHECK_FALSE(plan.errored);
  REQUIRE(plan.changes.size() == 1);
  CHECK(plan.changes[0].action == ChangeAction::replace);
}

}  // namespace
}  // namespace vscale::test
