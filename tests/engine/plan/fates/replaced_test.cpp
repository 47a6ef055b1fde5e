#include <catch2/catch.hpp>

#include "tests/engine/plan/planned.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"

/// What is replaced, as what, and when.

namespace vscale::test {
namespace {

TEST_CASE("onDelete replaces nothing by itself") {
  Group group = web(1);
  group.update.strategy = Update::Strategy::on_delete;
  PlayedWorld world = running({group});
  world.input.images["debian-12"] = lock_of("debian-12", 'b');
  CHECK(changes(world.plan()) == Words{"hold web-0"});
  world.input.options.replaces = {"web-0"};
  CHECK(changes(world.plan()) == Words{"replace web-0"});
}

TEST_CASE("a replacement by DHCP keeps its MAC and asks for an address again") {
  Config config = config_with({web(1)});
  config.networks[0].addresses.clear();
  PlayedWorld world = running(config);
  auto& recorded = world.input.recorded.instances.begin()->second;
  recorded.nics[0].address = "192.168.1.23";  // found by its lease
  const std::string mac = recorded.nics[0].mac;
  world.input.options.replaces = {"group.web[0]"};
  world.carry_out(world.plan());
  CHECK(world.instance("group.web[0]").nics[0].mac == mac);
  CHECK_FALSE(world.instance("group.web[0]").nics[0].address);
  CHECK(world.instance("group.web[0]").incarnation == 2);
}

TEST_CASE("user-data with onChange: nextCreate replaces nothing, now or when it is set back") {
  Group group = web(1);
  group.instance.cloud_init.user_data = TemplateText{"one"};
  PlayedWorld world = running({group});
  auto& init = world.input.config.groups[0].instance.cloud_init;
  init.user_data = TemplateText{"two"};
  CHECK(changes(world.plan()) == Words{"replace web-0"});
  init.on_change = CloudInit::OnChange::next_create;
  CHECK_FALSE(has_changes(world.plan()));
}

TEST_CASE("a spec hash of other rules is made again, and nothing is replaced") {
  PlayedWorld world = running({web(1)});
  world.input.recorded.instances.begin()->second.spec_hash = "0:abc";
  const Plan plan = world.plan();
  CHECK(count_kind(plan, "record.change") == static_cast<int>(plan.actions.size()));
  CHECK(plan.actions.size() == 1);
  world.carry_out(plan);
  CHECK_FALSE(has_changes(world.plan()));
}

TEST_CASE("a new revision begins with the first replacement, and growth within it does not make another") {
  PlayedWorld world = running({web(1)});
  world.input.images["debian-12"] = lock_of("debian-12", 'b');
  world.carry_out(world.plan());
  CHECK(world.instance("group.web[0]").revision == 2);
  world.input.config.groups[0].size = 2;
  world.carry_out(world.plan());
  CHECK(world.instance("group.web[1]").revision == 2);
  CHECK(world.input.recorded.groups.at("group.web").revision == 2);
}

TEST_CASE("an image that changes is named on both sides, or on neither") {
  PlayedWorld world = running({web(1)});
  world.input.images["debian-12"] = lock_of("debian-12", 'b');
  CHECK(world.plan().changes[0].fields ==
        std::vector<FieldChange>{{"image", "debian-12 aaaaaaaa", "debian-12 bbbbbbbb"}});
  world.input.recorded.image_copies.clear();
  CHECK(world.plan().changes[0].fields == std::vector<FieldChange>{{"image", "aaaaaaaa", "bbbbbbbb"}});
}

}  // namespace
}  // namespace vscale::test
