#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>

#include "tests/engine/plan/plan_text.h"
#include "tests/engine/plan/planned.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"

/// What people report of rolling updates elsewhere, and what a plan makes of it. The line above a test says where it
/// was reported. What takes a run to be seen is in tests/engine/simulation/field_problems_test.cpp.

namespace vscale::test {
namespace {

void publish_next(PlayedWorld& world) {
  world.input.images["debian-12"] = lock_of("debian-12", 'b');
}

Group& first_group(PlayedWorld& world) {
  return world.input.config.groups.front();
}

const RolloutOutline& outline_of(const Plan& plan) {
  INFO(plan_text(plan));
  REQUIRE_FALSE(plan.errored);
  REQUIRE(plan.rollouts.size() == 1);
  return plan.rollouts.front();
}

InstanceRecord& record_of_web(PlayedWorld& world, int ordinal) {
  return world.input.recorded.instances.at({InstanceAddress::Kind::group, "web", ordinal});
}

bool all_are_of(const PlayedWorld& world, char digit) {
  const auto& instances = world.input.recorded.instances;
  return std::all_of(instances.begin(), instances.end(), [&](const auto& entry) {
    return entry.second.image_digest == lock_of("debian-12", digit).digest && entry.second.phase == Phase::ready;
  });
}

/// How many actions come before the end of the first move; nothing if a plan moves nobody, or ends with it.
std::optional<std::size_t> end_of_first_move(const Plan& plan) {
  const auto end = std::find_if(plan.actions.begin(), plan.actions.end(), [](const Action& action) {
    return std::holds_alternative<WaitForGates>(action.detail) ||
           std::holds_alternative<ReleaseInstance>(action.detail);
  });
  const auto count = static_cast<std::size_t>(end - plan.actions.begin()) + 1;
  return count < plan.actions.size() ? std::optional(count) : std::nullopt;
}

Scaling between(int min, int max) {
  Scaling scaling;
  scaling.min = min;
  scaling.max = max;
  return scaling;
}

// ---- No room --------------------------------------------------------------------------------------------------------

/// Two that fill two hosts, so that no third one fits beside them.
Group filling(int surge, int unavailable) {
  Group group = rolls_beside(web(2), surge, unavailable);
  group.instance.memory_bytes = group.instance.max_memory_bytes = 40 * kGiB;
  return group;
}

// kubernetes#116891, JiRaska/open-bank-oss#3545
TEST_CASE("a surge for which no host has room is an error of the plan, which says how to do without") {
  PlayedWorld world = running({filling(1, 0)});
  publish_next(world);
  const Plan plan = world.plan();
  CHECK(only_error(plan).code == "no_place");
  CHECK(only_error(plan).hint ==
        "let each make room for the next: `maxSurge: 0`, `maxUnavailable: 1` in `update`; or a smaller template, more "
        "hosts, or free what others take there");
  CHECK_FALSE(applyable(plan));
  REQUIRE(plan.rollouts.size() == 1);
  CHECK(plan.rollouts[0].held == "no host has room for the next one");

  first_group(world).update = filling(0, 1).update;
  CHECK(outline_of(world.plan()).lowest == 1);
  world.converge();
  CHECK(all_are_of(world, 'b'));
}

// kubernetes#116891: the fall-back
TEST_CASE("where one may be unavailable, one goes first to make room for the one that comes") {
  PlayedWorld world = running({filling(1, 1)});
  publish_next(world);
  CHECK(outline_of(world.plan()).peak == 2);
  CHECK(outline_of(world.plan()).lowest == 1);
  world.converge();
  CHECK(all_are_of(world, 'b'));
}

// kubernetes#116891: where anti-affinity is what leaves no room
TEST_CASE("a group with one on every host, by a hard rule, rolls with a surge all the same") {
  Group group = rolls_beside(web(2));
  group.placement.anti_affinity = {{"host", "", AntiAffinity::Mode::hard}};
  PlayedWorld world = running({group});
  publish_next(world);
  CHECK(outline_of(world.plan()).held.empty());
  world.converge();
  CHECK(all_are_of(world, 'b'));
  const auto& instances = world.input.recorded.instances;
  CHECK(instances.begin()->second.host != instances.rbegin()->second.host);
}

// ---- Old ones that are ill ------------------------------------------------------------------------------------------

// kubernetes/autoscaler#369, #6321
TEST_CASE("one that was never ready can be replaced, however small the group is") {
  Group group = GENERATE(rolls_beside(web(1)), web(1));
  group.scaling = between(1, 3);
  PlayedWorld world = running({group});
  InstanceRecord& broken = record_of_web(world, 0);
  const std::string uuid = broken.uuid;
  broken.phase = Phase::started;
  broken.ready_at.reset();
  world.input.options.replaces = {"web-0"};
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  CHECK(changes(plan) == Words{"replace web-0"});
  world.carry_out(plan);
  world.input.options.replaces.clear();
  REQUIRE(world.input.recorded.instances.size() == 1);
  CHECK(world.input.recorded.instances.begin()->second.uuid != uuid);
  CHECK_FALSE(has_changes(world.plan()));
}

// kubernetes/autoscaler#6128
TEST_CASE("one that somebody deleted by hand is drift and is made again, in a rollout as at any time") {
  PlayedWorld world = running({rolls_beside(web(3))});
  const std::string host = world.instance("group.web[1]").host;
  std::erase_if(world.host(host).domains.edit(), [](const LiveDomain& domain) { return domain.name == "prod-web-1"; });
  auto& volumes = world.host(host).pools[0].volumes;
  std::erase_if(volumes, [](const std::string& name) { return name.starts_with("prod-web-1-"); });
  const bool rolls = GENERATE(false, true);
  if (rolls) publish_next(world);

  const Plan plan = world.plan();

  INFO(plan_text(plan));
  CHECK(plan.diagnostics.empty());
  REQUIRE(plan.drift.size() == 1);
  CHECK(plan.drift[0].address == "group.web[1]");
  CHECK(plan.drift[0].live == "missing");
  world.converge();
  CHECK(world.input.recorded.instances.size() == 3);
  CHECK(all_are_of(world, rolls ? 'b' : 'a'));
}

// cluster-api#13020
TEST_CASE("a new one that was ready and is not any more is looked at before anything goes for it") {
  PlayedWorld world = running({rolls_beside(web(3))});
  publish_next(world);
  const Plan first = world.plan();
  const auto second_turn = std::find_if(first.actions.begin(), first.actions.end(), [](const Action& action) {
    const auto* turn = std::get_if<RolloutTurn>(&action.detail);
    return turn != nullptr && turn->number == 2;
  });
  world.carry_out_and_die(first, order_of_ids(first), static_cast<std::size_t>(second_turn - first.actions.begin()),
                          false);
  world.input.unready[{InstanceAddress::Kind::group, "web", 3}] = "gate http :80/: 503, want 200";

  const Plan plan = world.plan();

  INFO(plan_text(plan));
  CHECK(count_kind(plan, "gate.wait") == 2);
  const auto& look = plan.actions.front();
  const auto* watch = std::get_if<WatchRollout>(&look.detail);
  REQUIRE(watch != nullptr);
  CHECK(watch->watched.back().address == "group.web[3]");
  for (const auto& action : plan.actions) {
    if (std::holds_alternative<StopDomain>(action.detail)) CHECK(all_before(plan, action.id).count(look.id) == 1);
  }
  world.converge();
  CHECK(all_are_of(world, 'b'));
}

// The stable version's trouble is no reason to keep the bad one.
TEST_CASE("on the way back nobody waits for a stable one that is ill, and nothing is looked at") {
  PlayedWorld world = running({rolls_beside(web(3))});
  publish_next(world);
  const Plan first = world.plan();
  world.carry_out_and_die(first, order_of_ids(first), *end_of_first_move(first), false);
  RecordedState& recorded = world.input.recorded;
  recorded.rollouts.at("group.web").failures = 1;
  record_of_web(world, 3).failed = true;
  record_of_web(world, 3).phase = Phase::started;
  first_group(world).update.on_failure = Update::OnFailure::rollback;
  world.input.unready[{InstanceAddress::Kind::group, "web", 0}] = "gate http :80/: 503, want 200";

  const Plan plan = world.plan();

  INFO(plan_text(plan));
  CHECK(outline_of(plan).back);
  CHECK(count_kind(plan, "rollout.watch") == 0);
  CHECK(count_kind(plan, "gate.wait") == 0);
  CHECK(count_kind(plan, "domain.stop") == 1);
}

// code-dot-org#25578, terraform-aws-couchbase#48
TEST_CASE("one that is up and not ready is touched by no plan, and goes first when a new version comes") {
  PlayedWorld world = running({rolls_beside(web(3))});
  world.input.unready[{InstanceAddress::Kind::group, "web", 1}] = "http answers 503";
  CHECK(world.plan().actions.empty());

  publish_next(world);
  const Plan plan = world.plan();
  const auto& turns = outline_of(plan).turns;
  const auto going = std::find_if(turns.begin(), turns.end(), [](const auto& turn) { return !turn.goes.empty(); });
  REQUIRE(going != turns.end());
  CHECK(going->goes.front().address == "group.web[1]");
}

// convox/rack#418
TEST_CASE("one that is still booting is waited for, and nothing is done to it") {
  CHECK(Group{}.health.startup_timeout == std::chrono::minutes{5});
  PlayedWorld world = running({web(1)});
  InstanceRecord& booting = record_of_web(world, 0);
  booting.phase = Phase::started;
  booting.ready_at.reset();
  world.input.now = *booting.started_at + std::chrono::minutes{4};
  const Plan plan = world.plan();
  CHECK(plan.actions.size() == 1);
  CHECK(count_kind(plan, "gate.wait") == 1);
}

// ---- What is rolled -------------------------------------------------------------------------------------------------

// terraform-aws-autoscaling#155; terraform-provider-libvirt#307 for the image
TEST_CASE("whatever of a template cannot change in place begins a rollout that replaces all") {
  const std::vector<std::pair<const char*, std::function<void(PlayedWorld&)>>> edits{
      {"image", publish_next},
      {"userData", [](auto& world) { first_group(world).instance.cloud_init.user_data = TemplateText{"other"}; }},
      {"user", [](auto& world) { first_group(world).instance.cloud_init.user = "anna"; }},
      {"vendorData", [](auto& world) { first_group(world).instance.cloud_init.vendor_data = false; }},
      {"machine", [](auto& world) { first_group(world).instance.machine = "pc"; }},
      {"cpu", [](auto& world) { first_group(world).instance.cpu = "host-passthrough"; }},
      {"disks", [](auto& world) { first_group(world).instance.disks = {a_disk("data")}; }},
      {"networks",
       [](auto& world) { first_group(world).instance.networks.push_back(first_group(world).instance.networks[0]); }},
  };
  for (const auto& [field, edit] : edits) {
    INFO(field);
    PlayedWorld world = running({rolls_beside(web(2))});
    edit(world);
    const Plan plan = world.plan();
    CHECK(outline_of(plan).from == 1);
    CHECK(outline_of(plan).to == 2);
    CHECK(changes(plan) == Words{"replace web-0", "replace web-1"});
    world.carry_out(plan);
    CHECK_FALSE(has_changes(world.plan()));
    CHECK(world.input.recorded.groups.at("group.web").stable == 2);
  }
}

// terraform-provider-google#1314
TEST_CASE("a surge of 0 is none, and not the default") {
  PlayedWorld world = running({rolls_beside(web(3), 0, 1)});
  publish_next(world);
  CHECK(outline_of(world.plan()).surge == 0);
  CHECK(outline_of(world.plan()).peak == 3);
}

// kubernetes#72775
TEST_CASE("a rollout that dies again and again does not take its surge for the group's size") {
  Group group = rolls_beside(web(3));
  if (GENERATE(false, true)) group.scaling = between(1, 9);
  PlayedWorld world = running({group});
  publish_next(world);
  int deaths = 0;
  for (; deaths < 20; ++deaths) {
    const Plan plan = world.plan();
    const auto end = end_of_first_move(plan);
    if (!end) break;
    CHECK(outline_of(plan).size == 3);
    CHECK(outline_of(plan).peak <= 4);
    world.carry_out_and_die(plan, order_of_ids(plan), *end, false);
    CHECK(world.input.recorded.instances.size() <= 4);
  }
  CHECK(deaths >= 5);
  world.converge();
  CHECK(world.input.recorded.instances.size() == 3);
  CHECK(all_are_of(world, 'b'));
}

// kubernetes#72775
TEST_CASE("who stands beside one that a person has replaced is not taken for the size of a scaled group") {
  Group group = rolls_beside(web(3));
  group.scaling = between(1, 9);
  PlayedWorld world = running({group});
  world.input.options.replaces = {"web-0"};
  const Plan plan = world.plan();
  world.carry_out_and_die(plan, order_of_ids(plan), *end_of_first_move(plan), false);
  REQUIRE(world.input.recorded.instances.size() == 4);
  world.input.options.replaces.clear();
  world.converge();
  CHECK(world.input.recorded.instances.size() == 3);
}

TEST_CASE("a group's getting smaller that was cut short is told as that, though who stays is younger than who goes") {
  Group group = rolls_beside(web(2));
  group.scaling = between(1, 9);
  PlayedWorld world = running({group});
  const Instant made = *record_of_web(world, 0).created_at;
  record_of_web(world, 0).phase = Phase::leaving;
  world.domain("kvm1", "prod-web-0")->state = DomainState::shut_off;
  record_of_web(world, 1).created_at = made + std::chrono::minutes{5};
  world.input.recorded.wanted_sizes["group.web"] = {
      .group = "group.web", .size = 1, .by = "cpu", .reason = {}, .at = made + std::chrono::minutes{9}};
  auto& sizes = world.input.recorded.scaling["group.web"].changes;
  ChangeAction told{};
  SECTION("it was made smaller since the younger one was made") {
    sizes = {{made + std::chrono::minutes{9}, 2, 1}};
    told = ChangeAction::destroy;
  }
  SECTION("it was not, so that the younger one stands beside the other to replace it") {
    sizes = {{made + std::chrono::minutes{4}, 2, 1}};
    told = ChangeAction::replace;
  }
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  REQUIRE(plan.changes.size() == 1);
  CHECK(plan.changes[0].address == "group.web[0]");
  CHECK(plan.changes[0].action == told);
}

// ---- Groups that go -------------------------------------------------------------------------------------------------

// devantler-tech/platform#3178
TEST_CASE("a group that leaves the file in the middle of a rollout is an error that names `removed:`") {
  PlayedWorld world = running({rolls_beside(web(3))});
  publish_next(world);
  const Plan plan = world.plan();
  const auto stop = static_cast<std::size_t>(only_action(plan, "domain.stop", "group.web[0]").id) - 1;
  world.carry_out_and_die(plan, order_of_ids(plan), stop, false);
  REQUIRE(world.input.recorded.instances.size() == 4);
  world.input.config.groups.clear();

  CHECK(only_error(world.plan()).code == "group_vanished");
  CHECK(only_error(world.plan()).hint.find("`removed: [{ address: group.web, then: destroy }]`") != std::string::npos);

  world.input.config.removed = {{"group.web", Removed::Then::destroy}};
  world.converge();
  CHECK(world.input.recorded.instances.empty());
  CHECK(world.input.recorded.volumes.empty());
  CHECK(world.input.recorded.groups.empty());
  CHECK(world.input.recorded.rollouts.empty());
  for (const auto& [host, view] : world.input.live) CHECK(view.snapshot->domains.empty());
}

// ---- Hosts that are silent ------------------------------------------------------------------------------------------

Group on_host(Group group, const std::string& host) {
  group.hosts.names = {host};
  return group;
}

// kasmtech/workspaces-issues#858
TEST_CASE("a silent host holds up nobody but those that are on it") {
  PlayedWorld world = running({on_host(rolls_beside(web(2)), "kvm1"), on_host(rolls_beside(a_group("db", 2)), "kvm2")});
  publish_next(world);
  const HostView answering = world.input.live["kvm2"];
  world.input.live["kvm2"] = unreachable();

  const Plan plan = world.plan();

  INFO(plan_text(plan));
  CHECK_FALSE(plan.errored);
  CHECK_FALSE(plan.complete);
  CHECK(changes(plan) == Words{"replace web-0", "replace web-1"});
  world.carry_out(plan);
  CHECK(world.input.recorded.groups.at("group.web").stable == 2);
  CHECK(world.input.recorded.groups.at("group.db").stable == 1);

  world.input.live["kvm2"] = answering;
  world.converge();
  CHECK(all_are_of(world, 'b'));
}

// ---- Drained --------------------------------------------------------------------------------------------------------

/// With a load balancer that every instance is taken out of before it is stopped.
Group balanced(Group group) {
  Hook drain;
  drain.command = {TemplateText{"lb"}, TemplateText{"drain"}, TemplateText{"${name}"}};
  drain.undo = {TemplateText{"lb"}, TemplateText{"add"}, TemplateText{"${name}"}};
  group.hooks.before_stop = {drain};
  return group;
}

const Action& drain_of(const Plan& plan, const std::string& address) {
  return only_action(plan, "hook.run", address);
}

/// Carries out the plan until the instance is drained, and dies.
void die_when_drained(PlayedWorld& world, const std::string& address) {
  const Plan plan = world.plan();
  const auto drain = static_cast<std::size_t>(drain_of(plan, address).id) - 1;
  world.carry_out_and_die(plan, order_of_ids(plan), drain, true);
  REQUIRE(world.instance(address).drained);
}

/// Three, of which a run has drained web-2, since it was too many for a while.
PlayedWorld with_one_drained(Group group) {
  PlayedWorld world = running({balanced(std::move(group))});
  first_group(world).size = 2;
  die_when_drained(world, "group.web[2]");
  first_group(world).size = 3;
  return world;
}

/// How many of web are ready, up, and not drained.
int serving(PlayedWorld& world) {
  int serving = 0;
  for (const auto& [address, instance] : world.input.recorded.instances) {
    const LiveDomain* domain = world.domain(instance.host, instance.name);
    const bool up = domain != nullptr && domain->uuid == instance.uuid && is_up(domain->state);
    serving += up && instance.phase == Phase::ready && !instance.drained ? 1 : 0;
  }
  return serving;
}

// nomad-autoscaler#879, #628
TEST_CASE("one that was drained by a run that died is removed by the next one, if it is to go") {
  PlayedWorld world = with_one_drained(web(3));
  first_group(world).size = 2;
  CHECK(changes(world.plan()) == Words{"destroy web-2"});
  world.converge();
  CHECK(world.input.recorded.instances.size() == 2);
}

// nomad-autoscaler#521
TEST_CASE("one that was drained and is wanted again is taken back before another is made") {
  PlayedWorld world = with_one_drained(web(3));
  first_group(world).size = 4;
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  const Action& back = only_action(plan, "hook.run", "group.web[2]");
  CHECK(std::get<RunHook>(back.detail).when == RunHook::When::undo);
  CHECK(count_kind(plan, "instance.claim") == 1);
  CHECK(back.id < only_action(plan, "instance.claim", "group.web[3]").id);
  world.carry_out(plan);
  CHECK_FALSE(world.instance("group.web[2]").drained);
  CHECK(serving(world) == 4);
}

// nomad-autoscaler#521, cluster-api#13020
TEST_CASE("one that was drained serves nobody: in a rollout it goes first, and no other one goes for it") {
  PlayedWorld world = with_one_drained(rolls_beside(web(3)));
  publish_next(world);
  REQUIRE(serving(world) == 2);
  int before = 2;
  world.after_each = [&](const Action& action) {
    const int now = serving(world);
    INFO("after action " << action.id << " " << kind_of(action.detail) << " " << action.address);
    if (now < before) CHECK(now >= 3);
    before = now;
  };
  world.converge();
  CHECK(serving(world) == 3);
  CHECK(all_are_of(world, 'b'));
}

// nomad-autoscaler#911, #387
TEST_CASE("one that was drained and is not to be replaced yet is taken back") {
  PlayedWorld world = with_one_drained(web(3));
  publish_next(world);
  world.input.config.limits.replace = Amount{Amount::Unit::count, 1};
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  REQUIRE(changes(plan) == Words{"replace web-0", "hold web-1", "update web-2"});
  const Action& back = only_action(plan, "hook.run", "group.web[2]");
  CHECK(std::get<RunHook>(back.detail).when == RunHook::When::undo);
  world.carry_out(plan);
  CHECK(serving(world) == 3);
}

// nomad-autoscaler#521, terraform-provider-aws#34189
TEST_CASE("a rollout that goes back takes what it had drained back before it takes anything away") {
  PlayedWorld world = running({balanced(rolls_beside(web(3)))});
  publish_next(world);
  die_when_drained(world, "group.web[0]");
  RolloutIntent undo{.group = "group.web", .kind = RolloutIntent::Kind::undo, .at = world.input.now, .by = "anna@ctl1"};
  undo.revision = 2;
  world.input.recorded.rollout_intents["group.web"] = undo;

  const Plan plan = world.plan();

  INFO(plan_text(plan));
  CHECK(outline_of(plan).back);
  CHECK(std::get<RunHook>(drain_of(plan, "group.web[0]").detail).when == RunHook::When::undo);
  const int turn = only_action(plan, "rollout.turn", "group.web").id;
  CHECK(all_before(plan, turn).count(drain_of(plan, "group.web[0]").id) == 1);
  world.converge();
  CHECK(serving(world) == 3);
  CHECK(all_are_of(world, 'a'));
}

}  // namespace
}  // namespace vscale::test
