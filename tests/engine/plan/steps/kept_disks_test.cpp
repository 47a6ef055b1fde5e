#include <catch2/catch.hpp>

#include "tests/engine/plan/plan_text.h"
#include "tests/engine/plan/planned.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"

/// Disks with `keep: true`.

namespace vscale::test {
namespace {

TEST_CASE("a kept disk waits for its ordinal, pins it to its host, and is attached again without being made anew") {
  Group group = web(2);
  group.instance.disks = {a_disk("data", 50 * kGiB, true)};
  PlayedWorld world = running({group});
  const std::string host = world.instance("group.web[1]").host;
  world.input.config.groups[0].size = 1;
  Plan plan = world.plan();
  CHECK(has_reason(plan, "group.web[1]", Rule::keep_disk));
  world.carry_out(plan);
  CHECK(world.host(host).pools[0].volumes.count("prod-web-1-data.qcow2") == 1);
  // The host would not be chosen now: it is nearly full.
  world.host(host).domains.push_back(foreign_domain("big", 8, 40 * kGiB));
  world.input.config.groups[0].size = 2;
  plan = world.plan();
  world.carry_out(plan);
  CHECK(world.instance("group.web[1]").host == host);
  for (const auto& action : plan.actions) {
    if (const auto* create = std::get_if<CreateVolume>(&action.detail)) CHECK(create->volume.disk != "data");
  }
}

TEST_CASE("a kept disk grows while it is attached again, and a missing one is warned about") {
  Group group = web(1);
  group.instance.disks = {a_disk("data", 50 * kGiB, true)};
  PlayedWorld world = running({group});
  world.input.config.groups[0].instance.disks[0].size_bytes = 60 * kGiB;
  world.input.options.replaces = {"group.web[0]"};
  Plan plan = world.plan();
  CHECK(count_kind(plan, "volume.resize") == 1);
  world.host("kvm1").pools[0].volumes.erase("prod-web-0-data.qcow2");
  plan = world.plan();
  CHECK(codes(plan) == Words{"kept_disk_gone"});
  CHECK(count_kind(plan, "volume.create") == 2);
}

TEST_CASE("destroy leaves kept disks, and takes them with --allow-data-loss, also those left before") {
  Group group = web(1);
  group.instance.disks = {a_disk("data", 50 * kGiB, true)};
  PlayedWorld world = running({group});
  world.input.options.destroy = true;
  world.carry_out(world.plan());
  CHECK(world.host("kvm1").pools[0].volumes == std::set<std::string>{"prod-web-0-data.qcow2"});
  CHECK_FALSE(has_changes(world.plan()));
  world.input.options.allow_data_loss = true;
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  // Nobody loses data unseen: it is a change of the instance that had the disk, and counts.
  REQUIRE(changes(plan) == Words{"destroy web-0"});
  CHECK(plan.changes[0].from_host == "kvm1");
  CHECK(has_reason(plan, "group.web[0]", Rule::destroy_requested));
  REQUIRE(has_reason(plan, "group.web[0]", Rule::keep_disk));
  CHECK(plan.changes[0].reasons.back().text == "disk data (50 GiB) is deleted from kvm1");
  CHECK(plan.summary.destroy == 1);
  world.carry_out(plan);
  CHECK(world.host("kvm1").pools[0].volumes.empty());
  CHECK(world.input.recorded.volumes.empty());
}

// ---- On another storage ---------------------------------------------------------------------------------------------

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
