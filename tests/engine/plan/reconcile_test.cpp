#include "engine/plan/reconcile.h"

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "engine/plan/images/image_pull.h"
#include "tests/engine/plan/plan_text.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"

namespace vscale::test {
namespace {

PlayedWorld running(Config config) {
  PlayedWorld world(std::move(config));
  world.carry_out(world.plan());
  REQUIRE_FALSE(has_changes(world.plan()));
  return world;
}
PlayedWorld running(std::vector<Group> groups) {
  return running(config_with(std::move(groups)));
}

/// "create web-0", in the plan's order; images are left out.
std::vector<std::string> changes(const Plan& plan) {
  std::vector<std::string> words;
  for (const auto& change : plan.changes) {
    const auto address = parse_instance_address(change.address);
    if (address) words.push_back(std::string(to_string(change.action)) + " " + short_name(*address));
  }
  return words;
}

std::vector<std::string> codes(const Plan& plan) {
  std::vector<std::string> words;
  for (const auto& diagnostic : plan.diagnostics) words.push_back(diagnostic.code);
  return words;
}

const Diagnostic& only_error(const Plan& plan) {
  INFO(plan_text(plan));
  REQUIRE(plan.errored);
  REQUIRE(plan.diagnostics.size() == 1);
  return plan.diagnostics.front();
}

bool has_reason(const Plan& plan, const std::string& address, Rule rule) {
  return std::any_of(plan.changes.begin(), plan.changes.end(), [&](const Change& change) {
    return change.address == address && std::any_of(change.reasons.begin(), change.reasons.end(),
                                                    [&](const Reason& reason) { return reason.rule == rule; });
  });
}

const Action& only_action(const Plan& plan, const std::string& kind, const std::string& address) {
  const auto is_it = [&](const Action& action) { return action.address == address && kind == kind_of(action.detail); };
  INFO(plan_text(plan));
  REQUIRE(std::count_if(plan.actions.begin(), plan.actions.end(), is_it) == 1);
  return *std::find_if(plan.actions.begin(), plan.actions.end(), is_it);
}

/// Somebody moves a domain to another host, with its disks.
void move_by_hand(PlayedWorld& world, const std::string& name, const std::string& from, const std::string& to) {
  world.host(to).domains.push_back(*world.domain(from, name));
  std::erase_if(world.host(from).domains, [&](const LiveDomain& domain) { return domain.name == name; });
  auto& volumes = world.host(from).pools[0].volumes;
  for (auto at = volumes.begin(); at != volumes.end();) {
    const bool moves = at->starts_with(name + "-");
    if (moves) world.host(to).pools[0].volumes.insert(*at);
    at = moves ? volumes.erase(at) : std::next(at);
  }
}

int count_kind(const Plan& plan, const std::string& kind) {
  return static_cast<int>(std::count_if(plan.actions.begin(), plan.actions.end(),
                                        [&](const Action& action) { return kind == kind_of(action.detail); }));
}

using Words = std::vector<std::string>;

// ---- How many, and which ------------------------------------------------------------------------------------------

TEST_CASE("growing takes the lowest free ordinals, shrinking the highest") {
  PlayedWorld world = running({web(4)});
  world.input.config.groups[0].size = 3;
  world.carry_out(world.plan());
  // A gap, as a removal in the middle leaves it.
  world.input.recorded.instances.erase({InstanceAddress::Kind::group, "web", 1});
  std::erase_if(world.host("kvm2").domains, [](const LiveDomain& domain) { return domain.name == "prod-web-1"; });
  std::erase_if(world.input.recorded.volumes, [](const VolumeRecord& volume) { return volume.owner.ordinal == 1; });
  for (auto& [host, view] : world.input.live) {
    auto& volumes = view.snapshot->pools[0].volumes;
    volumes.erase("prod-web-1-root.qcow2");
    volumes.erase("prod-web-1-seed.iso");
  }
  world.input.config.groups[0].size = 4;
  CHECK(changes(world.plan()) == Words{"create web-1", "create web-3"});
  world.input.config.groups[0].size = 1;
  CHECK(changes(world.plan()) == Words{"destroy web-2"});
}

TEST_CASE("between min and max a scaled group keeps what it has; outside it is brought back in") {
  Group group = web(2);
  group.scaling = Scaling{};
  group.scaling->min = 2;
  group.scaling->max = 4;
  PlayedWorld world = running({group});
  world.input.config.groups[0].size = 4;
  CHECK(changes(world.plan()).empty());
  world.input.config.groups[0].scaling->min = 3;
  CHECK(changes(world.plan()) == Words{"create web-2"});
  world.input.config.groups[0].scaling->min = 1;
  world.input.config.groups[0].scaling->max = 1;
  CHECK(changes(world.plan()) == Words{"destroy web-1"});
}

TEST_CASE("a machine is a group of one, with its own name and fixed address") {
  Group machine = a_machine("db1");
  machine.instance.networks[0].address = "10.0.0.50";
  machine.instance.networks[0].mac = "52:54:00:aa:bb:cc";
  PlayedWorld world = running({web(1), machine});
  CHECK(world.instance("machine.db1").name == "prod-db1");
  CHECK(world.instance("machine.db1").nics[0].address == "10.0.0.50");
  CHECK(world.instance("machine.db1").nics[0].mac == "52:54:00:aa:bb:cc");
  CHECK(world.instance("group.web[0]").nics[0].address == "10.0.0.51");
}

// ---- Never twice, never somebody else's ---------------------------------------------------------------------------

TEST_CASE("a domain that is gone is unknown, not missing, while another host is silent") {
  PlayedWorld world = running(config_with({web(2)}, {"kvm1", "kvm2", "kvm3"}));
  world.host("kvm1").domains.clear();
  world.input.live["kvm3"] = unreachable();
  const Plan plan = world.plan();
  CHECK(changes(plan).empty());
  CHECK(plan.drift.empty());
  REQUIRE(plan.unknown.size() == 2);
  CHECK(plan.unknown[1].address == "group.web[0]");
  CHECK(plan.unknown[1].why == "kvm1 has no such domain, but it may have been moved to kvm3, which does not answer");
}

TEST_CASE("an instance that is up on another host is not started again where it was, though defined there") {
  PlayedWorld world = running({web(1)});
  LiveDomain moved = *world.domain("kvm1", "prod-web-0");
  world.domain("kvm1", "prod-web-0")->state = DomainState::shut_off;
  world.host("kvm2").domains.push_back(moved);
  const Plan plan = world.plan();
  CHECK(count_kind(plan, "domain.start") == 0);
  CHECK(codes(plan) == Words{"second_definition"});
  world.carry_out(plan);
  CHECK(world.instance("group.web[0]").host == "kvm2");
}

TEST_CASE("the record follows a domain that was moved by hand before anything is waited for") {
  Group db = a_group("db", 1);
  Group front = web(1);
  front.depends_on = {"group.db"};
  PlayedWorld world = running({db, front});
  const std::string from = world.instance("group.web[0]").host;
  const std::string to = from == "kvm1" ? "kvm2" : "kvm1";
  move_by_hand(world, "prod-web-0", from, to);
  world.domain(to, "prod-web-0")->state = DomainState::shut_off;
  world.input.config.groups[0].size = 2;
  const Plan plan = world.plan();
  const Action& follow = only_action(plan, "record.change", "group.web[0]");
  CHECK(follow.needs.empty());
  const Action& gates = only_action(plan, "barrier", "group.db");
  CHECK(only_action(plan, "domain.start", "group.web[0]").needs == std::vector<int>{gates.id, follow.id});
  // The run dies while the gates are waited for, and then the domain goes for good: its disks are still known.
  std::vector<std::size_t> order = order_of_ids(plan);
  const auto first = static_cast<std::ptrdiff_t>(follow.id);
  std::rotate(order.begin(), order.begin() + first - 1, order.begin() + first);
  world.carry_out_and_die(plan, order, 1, false);
  std::erase_if(world.host(to).domains, [](const LiveDomain& domain) { return domain.name == "prod-web-0"; });
  world.input.config.groups[1].size = 0;
  world.converge();
  CHECK(world.host(to).pools[0].volumes.count("prod-web-0-root.qcow2") == 0);
  CHECK(world.host(to).pools[0].volumes.count("prod-web-0-seed.iso") == 0);
}

TEST_CASE("a domain whose removal was begun is unknown, not gone, while another host is silent") {
  PlayedWorld world = running(config_with({web(1)}, {"kvm1", "kvm2", "kvm3"}));
  world.input.recorded.instances.begin()->second.phase = Phase::leaving;
  const HostView cut_off = world.input.live["kvm3"];
  const LiveDomain moved = *world.domain("kvm1", "prod-web-0");
  world.host("kvm1").domains.clear();
  world.input.live["kvm3"] = unreachable();
  for (const int size : {1, 0}) {
    world.input.config.groups[0].size = size;
    const Plan plan = world.plan();
    INFO(plan_text(plan));
    CHECK(plan.actions.empty());
    REQUIRE(plan.unknown.size() == 2);
    CHECK(plan.unknown[1].why == "kvm1 has no such domain, but it may have been moved to kvm3, which does not answer");
  }
  // It was there indeed.
  world.input.live["kvm3"] = cut_off;
  world.host("kvm3").domains.push_back(moved);
  world.converge();
  CHECK(world.host("kvm3").domains.empty());
  CHECK(world.input.recorded.instances.empty());
}

TEST_CASE("the same domain up twice is an error, and neither is touched") {
  PlayedWorld world = running({web(1)});
  world.host("kvm2").domains.push_back(*world.domain("kvm1", "prod-web-0"));
  const Plan plan = world.plan();
  CHECK(only_error(plan).code == "twin");
  CHECK(plan.actions.empty());
}

TEST_CASE("a domain with our uuid that lost its mark is left alone") {
  PlayedWorld world = running({web(1)});
  world.domain("kvm1", "prod-web-0")->ownership.reset();
  world.domain("kvm1", "prod-web-0")->state = DomainState::shut_off;
  const Plan plan = world.plan();
  CHECK(plan.actions.empty());
  REQUIRE(plan.unknown.size() == 1);
  CHECK(plan.unknown[0].why == "domain prod-web-0 on kvm1 has its uuid, but not vscale's mark");
}

TEST_CASE("a name that a foreign domain has on any host is an error that names the host") {
  PlayedWorld world(config_with({web(1)}));
  world.host("kvm2").domains.push_back(foreign_domain("prod-web-0"));
  const Plan plan = world.plan();
  CHECK(only_error(plan).summary ==
        "group.web[0] would be called prod-web-0, and kvm2 has a domain of that name, which vscale did not make");
  CHECK(count_kind(plan, "domain.define") == 0);
}

TEST_CASE("a domain of a lost statefile is told from a foreign one") {
  PlayedWorld world(config_with({web(1)}));
  LiveDomain lost = foreign_domain("prod-web-0");
  lost.ownership = Ownership{"prod", {InstanceAddress::Kind::group, "web", 0}, 1, 1, "another-lineage", ""};
  world.host("kvm1").domains.push_back(lost);
  CHECK(only_error(world.plan()).hint == "use the statefile that made it, or remove that domain by hand");
}

TEST_CASE("a volume of the name that somebody else made is an error, not overwritten") {
  PlayedWorld world(config_with({web(1)}));
  world.host("kvm1").pools[0].volumes.insert("prod-web-0-root.qcow2");
  CHECK(only_error(world.plan()).summary ==
        "group.web[0] needs volume prod-web-0-root.qcow2 in pool default on kvm1: it is there already, and vscale did "
        "not make it");
}

TEST_CASE("our own domain that is not recorded is reported and left alone") {
  PlayedWorld world = running({web(1)});
  world.input.recorded.instances.clear();
  world.input.recorded.volumes.clear();
  world.input.config.groups[0].size = 0;
  const Plan plan = world.plan();
  CHECK(codes(plan) == Words{"orphan"});
  CHECK(count_kind(plan, "domain.undefine") == 0);
}

TEST_CASE("a group that was renamed keeps its domains' names, and a new group of the old name must wait for them") {
  PlayedWorld world = running({a_group("www", 1)});
  world.input.config.groups[0].name = "web";
  world.input.config.moved = {{"group.www", "group.web"}};
  world.carry_out(world.plan());
  CHECK(world.instance("group.web[0]").name == "prod-www-0");
  CHECK(world.domain("kvm1", "prod-www-0")->ownership->address.group == "web");
  world.input.config.moved.clear();
  world.input.config.groups.push_back(a_group("www", 1));
  CHECK(only_error(world.plan()).hint == "give it a name of its own first: --replace group.web[0]");
  world.input.config.groups.pop_back();
  world.input.options.replaces = {"group.web[0]"};
  world.carry_out(world.plan());
  CHECK(world.instance("group.web[0]").name == "prod-web-0");
}

// ---- Silent hosts -------------------------------------------------------------------------------------------------

TEST_CASE("what finds no place while a candidate is silent waits; the plan is incomplete, not wrong") {
  Group group = web(2);
  group.placement.anti_affinity = {{"host", "", AntiAffinity::Mode::hard}};
  PlayedWorld world(config_with({group}));
  world.input.live["kvm2"] = unreachable();
  const Plan plan = world.plan();
  CHECK_FALSE(plan.errored);
  CHECK_FALSE(plan.complete);
  CHECK(changes(plan) == Words{"create web-0"});
  REQUIRE(plan.unknown.size() == 2);
  CHECK(plan.unknown[1].address == "group.web[1]");
}

TEST_CASE("what was on a host that left the file is unknown") {
  PlayedWorld world = running({web(2)});
  world.input.config.hosts.pop_back();
  world.input.live.erase("kvm2");
  const Plan plan = world.plan();
  CHECK(plan.actions.empty());
  REQUIRE(plan.unknown.size() == 1);
  CHECK(plan.unknown[0].why == "its host kvm2 is no longer in the file");
}

TEST_CASE("a guest that is just shutting down is looked at again later") {
  PlayedWorld world = running({web(1)});
  world.domain("kvm1", "prod-web-0")->state = DomainState::shutting_down;
  const Plan plan = world.plan();
  CHECK(plan.actions.empty());
  CHECK(plan.unknown[0].why == "it is in shutdown just now");
}

TEST_CASE("a group that is to go from a host that left the file says so, with the way out") {
  PlayedWorld world = running({web(2)});
  world.input.config.groups.clear();
  world.input.config.hosts.pop_back();
  world.input.live.erase("kvm2");
  world.input.config.removed = {{"group.web", Removed::Then::destroy}};
  Plan plan = world.plan();
  CHECK(changes(plan) == Words{"destroy web-0"});
  CHECK_FALSE(plan.errored);
  CHECK_FALSE(plan.complete);
  REQUIRE(plan.unknown.size() == 1);
  CHECK(plan.unknown[0].address == "group.web[1]");
  REQUIRE(codes(plan) == Words{"host_vanished"});
  CHECK(plan.diagnostics[0].summary ==
        "kvm2 has 1 instance of group.web and is not in the file any more: nothing is done to it");
  CHECK(plan.diagnostics[0].hint ==
        "put kvm2 back under `hosts`, or give up what is there: `removed: [{ address: \"group.web[1]\", then: forget "
        "}]`");
  world.input.config.removed.push_back({"group.web[1]", Removed::Then::forget});
  plan = world.plan();
  CHECK(changes(plan) == Words{"destroy web-0", "forget web-1"});
  CHECK(plan.diagnostics.empty());
  world.carry_out(plan);
  CHECK(world.input.recorded.instances.empty());
}

// ---- A pool that hosts share --------------------------------------------------------------------------------------

/// Three hosts that share the pool, and one web server with a data disk that is kept.
PlayedWorld running_on_shared_pool() {
  Group group = web(1);
  group.instance.disks = {a_disk("data", 50 * kGiB, true)};
  Config config = config_with({group}, {"kvm1", "kvm2", "kvm3"});
  config.storage[0].shared = true;
  return running(config);
}

/// Moved by hand to kvm2, and then kvm1, which made its volumes, is cut off.
void move_and_cut_off(PlayedWorld& world) {
  world.host("kvm2").domains.push_back(*world.domain("kvm1", "prod-web-0"));
  world.host("kvm1").domains.clear();
  world.converge();
  REQUIRE(world.instance("group.web[0]").host == "kvm2");
  world.input.live["kvm1"] = unreachable();
}

TEST_CASE("in a shared pool volumes go through the instance's host when the one that made them is cut off") {
  PlayedWorld world = running_on_shared_pool();
  move_and_cut_off(world);
  world.input.options.destroy = true;
  world.input.options.allow_data_loss = true;
  const Plan plan = world.plan();
  CHECK(count_kind(plan, "volume.delete") == 3);
  CHECK(count_kind(plan, "image.delete") == 1);
  world.carry_out(plan);
  CHECK(world.host("kvm2").pools[0].volumes.empty());
  CHECK(world.input.recorded.volumes.empty());
  CHECK(world.input.recorded.image_copies.empty());
}

TEST_CASE("in a shared pool disks grow, and are taken up again, through a host that is up") {
  PlayedWorld world = running_on_shared_pool();
  move_and_cut_off(world);
  auto& disk = world.input.config.groups[0].instance.disks[0];
  disk.size_bytes = 60 * kGiB;
  Plan plan = world.plan();
  CHECK(only_action(plan, "volume.resize", "group.web[0]").host == "kvm2");
  world.carry_out(plan);
  disk.size_bytes = 70 * kGiB;
  world.input.options.replaces = {"group.web[0]"};
  plan = world.plan();
  CHECK(only_action(plan, "volume.resize", "group.web[0]").host == "kvm2");
  world.carry_out(plan);
  world.input.options.replaces.clear();
  CHECK_FALSE(has_changes(world.plan()));
  const auto data = std::count_if(world.input.recorded.volumes.begin(), world.input.recorded.volumes.end(),
                                  [](const VolumeRecord& volume) { return volume.disk == "data"; });
  CHECK(data == 1);
}

TEST_CASE("in a shared pool a kept disk waits for its ordinal, whichever host comes to use it") {
  PlayedWorld world = running_on_shared_pool();
  world.input.config.groups[0].size = 0;
  world.carry_out(world.plan());
  world.input.live["kvm1"] = unreachable();
  world.input.config.groups[0].size = 1;
  const Plan plan = world.plan();
  CHECK(count_kind(plan, "volume.create") == 1);  // the root disk
  world.carry_out(plan);
  for (const auto& volume : world.input.recorded.volumes) CHECK(volume.host == "kvm2");
  // A disk that was left behind goes through whoever is up.
  world.input.config.groups[0].size = 0;
  world.carry_out(world.plan());
  world.input.live["kvm2"] = unreachable();
  world.input.options.destroy = true;
  world.input.options.allow_data_loss = true;
  world.carry_out(world.plan());
  CHECK(world.input.recorded.volumes.empty());
  CHECK(world.host("kvm3").pools[0].volumes.empty());
}

TEST_CASE("an image that lies in a shared pool is pulled once, through a host that is up") {
  PlayedWorld world = running_on_shared_pool();
  world.input.images["debian-12"] = lock_of("debian-12", 'b');
  const auto pull = [&] {
    const PlanInput& input = world.input;
    return plan_image_pull(input.config, input.recorded, input.live, input.images, input.now);
  };
  const HostView kvm1 = world.input.live["kvm1"];
  world.input.live["kvm1"] = unreachable();
  const Plan plan = pull();
  CHECK(only_action(plan, "image.upload", "image.debian-12").host == "kvm2");
  world.carry_out(plan);
  world.input.live["kvm1"] = kvm1;
  world.host("kvm1").pools = world.host("kvm2").pools;
  CHECK(pull().actions.empty());
}

// ---- Protection and limits ----------------------------------------------------------------------------------------

TEST_CASE("preventDestroy holds removal and replacement, also when the group has left the file") {
  Group group = web(2);
  group.lifecycle.prevent_destroy = true;
  PlayedWorld world = running({group, a_group("db", 1)});
  world.input.config.groups[0].size = 1;
  CHECK(only_error(world.plan()).summary ==
        "group.web[1] would be destroyed (size 2 -> 1), and lifecycle.preventDestroy forbids it");
  CHECK(changes(world.plan()) == Words{"hold web-1"});
  world.input.config.groups[0].size = 2;
  world.input.options.replaces = {"group.web[0]"};
  CHECK(only_error(world.plan()).code == "prevent_destroy");
  world.input.options.replaces.clear();
  world.input.config.groups.erase(world.input.config.groups.begin());
  world.input.config.removed = {{"group.web", Removed::Then::destroy}};
  CHECK(codes(world.plan()) == Words{"prevent_destroy", "prevent_destroy"});
  world.input.config.removed = {{"group.web", Removed::Then::forget}};
  CHECK_FALSE(world.plan().errored);
}

TEST_CASE("a protected instance that is left out lets the rest go") {
  Group group = web(1);
  group.lifecycle.prevent_destroy = true;
  PlayedWorld world = running({group, a_group("db", 1)});
  world.input.options.destroy = true;
  CHECK(world.plan().errored);
  world.input.options.excludes = {"group.web"};
  CHECK(changes(world.plan()) == Words{"hold web-0", "destroy db-0"});
  CHECK_FALSE(world.plan().errored);
}

TEST_CASE("more destroyed than limits.destroy or --max-destroy is an error; replacements do not count") {
  PlayedWorld world = running({web(4)});
  world.input.config.limits.destroy = 1;
  world.input.config.groups[0].size = 2;
  CHECK(only_error(world.plan()).code == "limit_destroy");
  world.input.config.groups[0].size = 3;
  CHECK_FALSE(world.plan().errored);
  world.input.options.max_destroy = 0;
  CHECK(only_error(world.plan()).code == "max_destroy");
  world.input.config.groups[0].size = 4;
  world.input.images["debian-12"] = lock_of("debian-12", 'b');
  CHECK_FALSE(world.plan().errored);
}

TEST_CASE("destroy is not bound by limits.destroy, but by --max-destroy") {
  PlayedWorld world = running({web(3)});
  world.input.config.limits.destroy = 1;
  world.input.options.destroy = true;
  CHECK_FALSE(world.plan().errored);
  world.input.options.max_destroy = 2;
  CHECK(only_error(world.plan()).code == "max_destroy");
}

TEST_CASE("limits.replace lets the first ones go ahead and holds the rest") {
  PlayedWorld world = running({web(4)});
  world.input.config.limits.replace = Amount{Amount::Unit::percent, 50};
  world.input.images["debian-12"] = lock_of("debian-12", 'b');
  CHECK(changes(world.plan()) == Words{"replace web-0", "replace web-1", "hold web-2", "hold web-3"});
  CHECK(world.converge() == 2);
}

TEST_CASE("a change that disrupts more than is allowed is held, and says what it needs") {
  PlayedWorld world = running({web(1)});
  world.input.options.allow = Disruption::live;
  world.input.config.groups[0].instance.vcpus = world.input.config.groups[0].instance.max_vcpus = 4;
  Plan plan = world.plan();
  CHECK(changes(plan) == Words{"hold web-0"});
  CHECK(plan.changes[0].reasons.back().text == "needs reboot, allowed is live");
  CHECK_FALSE(has_changes(plan));
  world.input.options.allow.reset();
  world.input.config.groups[0].update.allow = Disruption::reboot;
  world.input.config.groups[0].instance.cloud_init.user = "anna";
  plan = world.plan();
  CHECK(changes(plan) == Words{"update web-0"});
  CHECK(has_reason(plan, "group.web[0]", Rule::limit));
}

TEST_CASE("onDelete replaces nothing by itself") {
  Group group = web(1);
  group.update.strategy = Update::Strategy::on_delete;
  PlayedWorld world = running({group});
  world.input.images["debian-12"] = lock_of("debian-12", 'b');
  CHECK(changes(world.plan()) == Words{"hold web-0"});
  world.input.options.replaces = {"web-0"};
  CHECK(changes(world.plan()) == Words{"replace web-0"});
}

// ---- The file against what is there -------------------------------------------------------------------------------

TEST_CASE("a disk that would shrink is an error at its place, and the rest is planned") {
  PlayedWorld world = running({web(1), a_group("db", 0)});
  world.input.config.groups[0].instance.disk_bytes = 10 * kGiB;
  world.input.config.groups[1].size = 1;
  world.input.places["groups.web.template.disk"] = {"vscale.yaml", 9, 13, 5};
  const Plan plan = world.plan();
  CHECK(only_error(plan).where.line == 9);
  CHECK(only_error(plan).summary == "group.web[0]: disk is 20 GiB, and the file says 10 GiB: a disk cannot shrink");
  CHECK(changes(plan) == Words{"create db-0"});
}

TEST_CASE("an image that does not fit onto the disk is an error with both sizes") {
  Group group = web(2);
  group.instance.disk_bytes = 1 * kGiB;
  CHECK(only_error(PlayedWorld(config_with({group})).plan()).summary ==
        "group.web: disk 1 GiB is smaller than image debian-12, which is 2 GiB");
}

TEST_CASE("when a network has no address left, each instance without one is an error") {
  Config config = config_with({web(3)});
  config.networks[0].addresses = {{ipv4(10, 0, 0, 50), ipv4(10, 0, 0, 51)}};
  const Plan plan = PlayedWorld(config).plan();
  CHECK(only_error(plan).summary == "group.web[2]: network lan has no free address left of 2");
  CHECK(changes(plan) == Words{"create web-0", "create web-1"});
}

TEST_CASE("a fixed address that another instance has already is an error that names it") {
  PlayedWorld world = running({web(1)});
  Group machine = a_machine("db1");
  machine.instance.networks[0].address = "10.0.0.50";
  world.input.config.groups.push_back(machine);
  CHECK(only_error(world.plan()).summary ==
        "machine.db1 wants address 10.0.0.50 of network lan, and group.web[0] has it");
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

// ---- Disks that are kept ------------------------------------------------------------------------------------------

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

// ---- Images -------------------------------------------------------------------------------------------------------

TEST_CASE("an image is sent once to each host, whoever needs it") {
  const Plan plan = PlayedWorld(config_with({web(4), a_group("db", 4)})).plan();
  CHECK(count_kind(plan, "image.upload") == 2);
}

TEST_CASE("an image that changes is named on both sides, or on neither") {
  PlayedWorld world = running({web(1)});
  world.input.images["debian-12"] = lock_of("debian-12", 'b');
  CHECK(world.plan().changes[0].fields ==
        std::vector<FieldChange>{{"image", "debian-12 aaaaaaaa", "debian-12 bbbbbbbb"}});
  world.input.recorded.image_copies.clear();
  CHECK(world.plan().changes[0].fields == std::vector<FieldChange>{{"image", "aaaaaaaa", "bbbbbbbb"}});
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

// ---- Order --------------------------------------------------------------------------------------------------------

TEST_CASE("a group depended on is stopped only when its dependents are gone, also without the file") {
  Group db = a_group("db", 1);
  Group front = web(1);
  front.depends_on = {"group.db"};
  PlayedWorld world = running({db, front});
  world.input.config.groups.clear();
  world.input.config.removed = {{"group.db", Removed::Then::destroy}, {"group.web", Removed::Then::destroy}};
  const Plan plan = world.plan();
  int web_gone = 0;
  for (const auto& action : plan.actions) {
    if (std::holds_alternative<ChangeRecord>(action.detail) && action.address == "group.web") web_gone = action.id;
    if (std::holds_alternative<StopDomain>(action.detail) && action.address == "group.db[0]") {
      CHECK(action.needs == std::vector<int>{web_gone});
    }
  }
  CHECK(web_gone != 0);
}

TEST_CASE("dependencies that records of different times turn into a circle do not stop a removal") {
  PlayedWorld world = running({web(1), a_group("db", 1)});
  for (auto& [address, instance] : world.input.recorded.instances) {
    instance.after = {address.group == "web" ? "group.db" : "group.web"};
  }
  world.input.options.destroy = true;
  world.carry_out(world.plan());
  CHECK(world.input.recorded.instances.empty());
}

// ---- moved, removed, and the command line -------------------------------------------------------------------------

TEST_CASE("moved: what cannot be followed is an error") {
  struct Row {
    const char* code;
    std::vector<Moved> moved;
  };
  for (const Row& row :
       {Row{"moved_still_there", {{"group.web", "group.db"}}}, Row{"moved_kind", {{"group.old", "machine.web"}}},
        Row{"moved_to_nothing", {{"group.old", "group.nowhere"}}},
        Row{"moved_circle", {{"group.a", "group.b"}, {"group.b", "group.a"}}}}) {
    PlayedWorld world(config_with({web(1), a_group("db", 1)}));
    world.input.config.moved = row.moved;
    INFO(row.code);
    const Plan plan = world.plan();
    CHECK(plan.errored);
    CHECK(codes(plan).front() == row.code);
  }
}

TEST_CASE("moved: a chain is followed to its end, from wherever the record is") {
  PlayedWorld world = running({a_group("a", 1)});
  world.input.config.groups[0].name = "c";
  world.input.config.moved = {{"group.a", "group.b"}, {"group.b", "group.c"}};
  world.carry_out(world.plan());
  CHECK(world.instance("group.c[0]").name == "prod-a-0");
  CHECK_FALSE(has_changes(world.plan()));
}

TEST_CASE("moved: two groups cannot become one") {
  PlayedWorld world = running({web(1), a_group("old", 1)});
  world.input.config.groups.pop_back();
  world.input.config.moved = {{"group.old", "group.web"}};
  CHECK(codes(world.plan()).front() == "moved_into_another");
}

TEST_CASE("a target takes along what it depends on, and leaves the rest with a word") {
  Group db = a_group("db", 1);
  Group front = web(1);
  front.depends_on = {"group.db"};
  PlayedWorld world(config_with({front, db, a_group("other", 1)}));
  world.input.options.targets = {"web"};
  const Plan plan = world.plan();
  CHECK(changes(plan) == Words{"create web-0", "create db-0", "hold other-0"});
  CHECK(has_reason(plan, "group.other[0]", Rule::not_targeted));
  CHECK(codes(plan) == Words{"narrowed"});
}

TEST_CASE("destroying a target takes along what depends on it") {
  Group db = a_group("db", 1);
  Group front = web(1);
  front.depends_on = {"group.db"};
  PlayedWorld world = running({front, db, a_group("other", 1)});
  world.input.options.destroy = true;
  world.input.options.targets = {"group.db"};
  CHECK(changes(world.plan()) == Words{"destroy web-0", "destroy db-0", "hold other-0"});
}

TEST_CASE("an excluded host is not touched, and nothing new is put there") {
  PlayedWorld world = running({web(2)});
  world.input.options.excludes = {"host.kvm2"};
  world.input.images["debian-12"] = lock_of("debian-12", 'b');
  world.input.config.groups[0].size = 4;
  const Plan plan = world.plan();
  for (const auto& action : plan.actions) CHECK(action.host != "kvm2");
  CHECK(changes(plan) == Words{"replace web-0", "create web-2", "create web-3"});
}

TEST_CASE("an address that means nothing is an error that lists what there is") {
  PlayedWorld world(config_with({web(1), a_machine("db1")}));
  world.input.options.targets = {"group.wep"};
  const Plan plan = world.plan();
  CHECK(plan.errored);
  CHECK(plan.diagnostics[0].summary == "\"group.wep\" is not the address of anything wanted or recorded");
  CHECK(plan.diagnostics[0].hint == "there are: group.web, machine.db1");
}

// ---- Unfinished ---------------------------------------------------------------------------------------------------

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

}  // namespace
}  // namespace vscale::test
