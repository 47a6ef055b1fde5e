#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "tests/engine/plan/plan_text.h"
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
  CHECK(has_reason(world.plan(), "group.web[0]", Rule::held_by_strategy));
  world.input.options.replaces = {"web-0"};
  CHECK(changes(world.plan()) == Words{"replace web-0"});
}

std::set<int> ids_of(const Plan& plan, const Words& kinds) {
  std::set<int> ids;
  for (const auto& action : plan.actions) {
    if (std::find(kinds.begin(), kinds.end(), kind_of(action.detail)) != kinds.end()) ids.insert(action.id);
  }
  return ids;
}

bool waits_for_all(const Plan& plan, int id, const std::set<int>& others) {
  const auto before = all_before(plan, id);
  return std::includes(before.begin(), before.end(), others.begin(), others.end());
}

Group recreated(int size) {
  Group group = web(size);
  group.update.strategy = Update::Strategy::recreate;
  return group;
}

TEST_CASE("recreate takes all away before it makes any, and has everything there before it stops any") {
  PlayedWorld world = running({recreated(3)});
  world.input.images["debian-12"] = lock_of("debian-12", 'b');
  world.input.config.groups[0].size = 4;
  const Plan plan = world.plan();
  CHECK(changes(plan) == Words{"replace web-0", "replace web-1", "replace web-2", "create web-3"});
  CHECK(has_reason(plan, "group.web[1]", Rule::update_strategy));
  const auto uploads = ids_of(plan, {"image.upload"});
  const auto removals = ids_of(plan, {"domain.stop", "domain.undefine", "volume.delete"});
  REQUIRE(uploads.size() == 2);
  REQUIRE(removals.size() == 12);
  for (const int stop : ids_of(plan, {"domain.stop"})) CHECK(waits_for_all(plan, stop, uploads));
  const auto claims = ids_of(plan, {"instance.claim"});
  REQUIRE(claims.size() == 4);
  const auto gates = ids_of(plan, {"gate.wait"});
  for (const int claim : claims) {
    CHECK(waits_for_all(plan, claim, removals));
    for (const int gate : gates) CHECK_FALSE(waits_for_all(plan, claim, {gate}));
  }
  world.carry_out(plan);
  CHECK_FALSE(has_changes(world.plan()));
  CHECK(world.instance("group.web[2]").incarnation == 2);
}

TEST_CASE("recreate goes no further than limits.replace, and reboots one by one") {
  PlayedWorld world = running({recreated(3)});
  world.input.config.limits.replace = Amount{Amount::Unit::count, 2};
  world.input.images["debian-12"] = lock_of("debian-12", 'b');
  CHECK(changes(world.plan()) == Words{"replace web-0", "replace web-1", "hold web-2"});
  world.input.images["debian-12"] = lock_of("debian-12", 'a');
  world.input.config.groups[0].instance.memory_bytes += kGiB;
  world.input.config.groups[0].instance.max_memory_bytes += kGiB;
  const Plan plan = world.plan();
  const auto stops = ids_of(plan, {"domain.stop"});
  REQUIRE(stops.size() == 3);
  CHECK(waits_for_all(plan, *stops.rbegin(), {only_action(plan, "gate.wait", "group.web[1]").id}));
}

TEST_CASE("recreate makes nothing new beside a member that is unknown, and may be running") {
  PlayedWorld world = running({recreated(3)});
  const HostView kvm2 = world.input.live["kvm2"];
  world.input.images["debian-12"] = lock_of("debian-12", 'b');
  world.input.live["kvm2"] = unreachable();
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  CHECK(changes(plan) == Words{"hold web-0", "hold web-2"});
  CHECK(plan.changes[0].reasons.back().text == "web-1 is unknown, and recreate makes none before all are gone");
  CHECK(plan.actions.empty());
  world.input.live["kvm2"] = kvm2;
  CHECK(changes(world.plan()) == Words{"replace web-0", "replace web-1", "replace web-2"});
}

TEST_CASE("a member that is replaced by name, and stays as it was, does not wait for one that is unknown") {
  PlayedWorld world = running({recreated(3)});
  world.input.live["kvm2"] = unreachable();
  world.input.options.replaces = {"group.web[0]"};
  CHECK(changes(world.plan()) == Words{"replace web-0"});
}

template <class Detail>
std::size_t first_of(const Plan& plan) {
  const auto found = std::find_if(plan.actions.begin(), plan.actions.end(),
                                  [](const Action& action) { return std::holds_alternative<Detail>(action.detail); });
  REQUIRE(found != plan.actions.end());
  return static_cast<std::size_t>(found - plan.actions.begin());
}

TEST_CASE("a group that is recreated and was left half-way is made only when the rest of it is gone") {
  PlayedWorld world = running({recreated(3)});
  world.input.images["debian-12"] = lock_of("debian-12", 'b');
  const Plan plan = world.plan();
  SECTION("by a run that died when one of it was gone") {
    world.carry_out_and_die(plan, order_of_ids(plan), first_of<UndefineDomain>(plan) + 1, false);
  }
  SECTION("by a run that was to replace only one of it, and had claimed its place") {
    world.input.config.limits.replace = Amount{Amount::Unit::count, 1};
    const Plan of_one = world.plan();
    world.carry_out_and_die(of_one, order_of_ids(of_one), first_of<ClaimInstance>(of_one) + 1, false);
    world.input.config.limits.replace.reset();
  }
  const Plan again = world.plan();
  const auto removals = ids_of(again, {"domain.stop", "domain.undefine", "volume.delete"});
  REQUIRE(removals.size() >= 8);
  CHECK(waits_for_all(again, only_action(again, "instance.claim", "group.web[0]").id, removals));
  world.carry_out(again);
  CHECK_FALSE(has_changes(world.plan()));
}

const Change& only_change(const Plan& plan) {
  REQUIRE(plan.changes.size() == 1);
  return plan.changes.front();
}

Words rules_of(const Change& change) {
  Words rules;
  for (const auto& reason : change.reasons) rules.emplace_back(to_string(reason.rule));
  return rules;
}

TEST_CASE("what is asked to be replaced shows all else that the file changes, which comes along") {
  PlayedWorld world = running({web(1)});
  world.input.options.replaces = {"web-0"};
  auto& wanted = world.input.config.groups[0].instance;
  wanted.memory_bytes = wanted.max_memory_bytes = 4 * kGiB;
  wanted.cloud_init.user = "admin";
  const Plan plan = world.plan();
  const Change& change = only_change(plan);
  CHECK(rules_of(change) ==
        Words{"replace_requested", "spec_changed", "size_of_machine_changed", "size_of_machine_changed", "placement"});
  CHECK(change.fields ==
        std::vector<FieldChange>{{"user", "", "admin"}, {"memory", "2 GiB", "4 GiB"}, {"maxMemory", "2 GiB", "4 GiB"}});
  world.carry_out(plan);
  world.input.options.replaces.clear();
  CHECK_FALSE(has_changes(world.plan()));
}

TEST_CASE("what was changed outside on an instance that is replaced is drift all the same") {
  PlayedWorld world = running({web(2)});
  world.domain("kvm1", "prod-web-0")->state = DomainState::shut_off;
  world.domain("kvm2", "prod-web-1")->memory_bytes = 1 * kGiB;
  SECTION("because it is asked for") {
    world.input.options.replaces = {"group.web"};
  }
  SECTION("because the image is another") {
    world.input.images["debian-12"] = lock_of("debian-12", 'b');
  }
  const Plan plan = world.plan();
  CHECK(changes(plan) == Words{"replace web-0", "replace web-1"});
  CHECK(plan.drift == std::vector<Drift>{{"group.web[0]", "kvm1", "state", "running", "shut off", "made anew"},
                                         {"group.web[1]", "kvm2", "memory", "2 GiB", "1 GiB", "made anew"}});
}

TEST_CASE("a protected instance is not replaced for the reason that stands first, whatever else would come along") {
  Group group = web(1);
  group.lifecycle.prevent_destroy = true;
  PlayedWorld world = running({group});
  world.input.options.replaces = {"web-0"};
  world.input.config.groups[0].instance.memory_bytes = 1 * kGiB;
  CHECK(only_error(world.plan()).summary ==
        "group.web[0] would be replaced (asked for by --replace), and lifecycle.preventDestroy forbids it");
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
