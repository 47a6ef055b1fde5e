#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/engine/plan/plan_text.h"
#include "tests/engine/plan/planned.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"

/// What the file and its reference promise of rolling updates, and a plan alone shows. What holds while a plan is
/// carried out is in tests/engine/simulation/rollout_promises_test.cpp.

namespace vscale::test {
namespace {

const std::vector<std::string> kThreeHosts{"kvm1", "kvm2", "kvm3"};

void offer(PlayedWorld& world, char version) {
  world.input.images["debian-12"] = lock_of("debian-12", version);
}

/// All are there and ready, and a new version of their image has come.
PlayedWorld with_offer(std::vector<Group> groups, const std::vector<std::string>& hosts = kThreeHosts) {
  PlayedWorld world = running(config_with(std::move(groups), hosts));
  offer(world, 'b');
  return world;
}

/// Carries the plan out until it comes to the first such action, and dies.
template <class Is>
void die_before(PlayedWorld& world, const Is& is) {
  const Plan plan = world.plan();
  const auto at = std::find_if(plan.actions.begin(), plan.actions.end(), is);
  REQUIRE(at != plan.actions.end());
  world.carry_out_and_die(plan, order_of_ids(plan), static_cast<std::size_t>(at - plan.actions.begin()), false);
}

void die_at_turn(PlayedWorld& world, int number) {
  die_before(world, [&](const Action& action) {
    const auto* begins = std::get_if<RolloutTurn>(&action.detail);
    return begins != nullptr && begins->number == number;
  });
}

void say_pause(PlayedWorld& world) {
  RolloutIntent pause{.group = "group.web", .kind = RolloutIntent::Kind::pause, .at = world.input.now, .by = "anna"};
  pause.revision = 2;
  world.input.recorded.rollout_intents["group.web"] = pause;
}

/// Address and uuid of those that are of a version of the image.
using Identities = std::map<std::string, std::string>;

Identities identities_of(const PlayedWorld& world, char version) {
  Identities identities;
  for (const auto& [address, instance] : world.input.recorded.instances) {
    if (instance.image_digest == lock_of("debian-12", version).digest) {
      identities.emplace(to_string(address), instance.uuid);
    }
  }
  return identities;
}

const RolloutOutline& the_rollout(const Plan& plan) {
  REQUIRE_FALSE(plan.errored);
  REQUIRE(plan.rollouts.size() == 1);
  return plan.rollouts.front();
}

/// Those that go, in their order.
std::vector<RolloutMove> victims(const Plan& plan) {
  std::vector<RolloutMove> all;
  for (const auto& turn : the_rollout(plan).turns) all.insert(all.end(), turn.goes.begin(), turn.goes.end());
  return all;
}

// ---- What the file says reaches every step --------------------------------------------------------------------------

TEST_CASE("no turn begins more on one host than perHost says, and as many where the surge has them") {
  const int per_host = GENERATE(1, 2);
  Group group = rolls_beside(web(6), 4);
  group.update.per_host = per_host;
  const PlayedWorld world = with_offer({group}, {"kvm1", "kvm2"});
  const Plan plan = world.plan();
  INFO("perHost " << per_host << "\n" << plan_text(plan));
  int most = 0;
  for (const auto& turn : the_rollout(plan).turns) {
    INFO("turn " << turn.number);
    std::map<std::string, int> begun;
    for (const auto* moves : {&turn.comes, &turn.goes}) {
      for (const auto& move : *moves) most = std::max(most, ++begun[move.host]);
    }
    for (const auto& [host, count] : begun) CHECK(count <= per_host);
  }
  CHECK(most == per_host);
}

std::vector<WaitForGates> waits_of(const Plan& plan) {
  std::vector<WaitForGates> waits;
  for (const auto& action : plan.actions) {
    if (const auto* wait = std::get_if<WaitForGates>(&action.detail)) waits.push_back(*wait);
  }
  return waits;
}

TEST_CASE("whoever comes by turns is waited for with minReady and progressDeadline, and others without a deadline") {
  const Duration min_ready = std::chrono::seconds{30}, deadline = std::chrono::minutes{7};
  Group group = GENERATE(rolls_beside(web(3)), web(3));
  group.update.min_ready = min_ready;
  group.update.progress_deadline = deadline;
  PlayedWorld world(config_with({group}));
  const auto check = [&](std::size_t count, Duration bound) {
    const auto waits = waits_of(world.plan());
    CHECK(waits.size() == count);
    for (const auto& wait : waits) {
      CHECK(wait.min_ready == min_ready);
      CHECK(wait.progress_deadline == bound);
    }
    world.converge();
  };
  check(3, Duration{0});
  world.input.config.groups[0].size = 4;
  check(1, Duration{0});
  offer(world, 'b');
  check(4, deadline);
}

TEST_CASE("whom a run that died has started is waited for with progressDeadline, too") {
  PlayedWorld world = with_offer({rolls_beside(web(3))});
  die_before(world, [](const Action& action) { return std::holds_alternative<WaitForGates>(action.detail); });
  const auto waits = waits_of(world.plan());
  REQUIRE(waits.size() == 3);
  for (const auto& wait : waits) CHECK(wait.progress_deadline == std::chrono::minutes{10});
}

// ---- Where they come ------------------------------------------------------------------------------------------------

/// One that takes a third of a host's memory.
Group a_third(const std::string& name) {
  Group group = rolls_beside(a_group(name, 1));
  group.instance.memory_bytes = group.instance.max_memory_bytes = 20 * kGiB;
  return group;
}

TEST_CASE("two groups that roll in one plan do not count on the same room") {
  const PlayedWorld world = with_offer({a_third("web"), a_third("db")}, {"kvm1"});
  const Plan plan = world.plan();
  CHECK(only_error(plan).code == "no_place");
  CHECK(only_error(plan).summary.find("group.db") != std::string::npos);
  REQUIRE(plan.rollouts.size() == 2);
  CHECK(plan.rollouts[0].held.empty());
  CHECK(plan.rollouts[1].held == "no host has room for the next one");
}

TEST_CASE("a successor comes to the host of the one that it is for, and elsewhere if others have filled that host") {
  PlayedWorld world = with_offer({rolls_beside(web(2))});
  const std::string host = world.instance("group.web[0]").host;
  const std::string other = world.instance("group.web[1]").host;
  SECTION("there is room") {
    const Plan plan = world.plan();
    INFO(plan_text(plan));
    CHECK(only_action(plan, "domain.start", "group.web[2]").host == host);
    CHECK(only_action(plan, "domain.start", "group.web[3]").host == other);
  }
  SECTION("there is none") {
    world.host(host).domains.push_back(foreign_domain("legacy", 2, 60 * kGiB));
    const Plan plan = world.plan();
    INFO(plan_text(plan));
    CHECK_FALSE(plan.errored);
    CHECK(only_action(plan, "domain.start", "group.web[2]").host != host);
    CHECK(only_action(plan, "domain.start", "group.web[3]").host == other);
  }
}

// ---- In which order they go -----------------------------------------------------------------------------------------

/// Two on each host, whose ordinals follow each other.
PlayedWorld two_on_each(const Update& update) {
  Group group = web(6);
  group.update = update;
  group.placement.strategy = PlacementStrategy::first_come;
  group.instance.memory_bytes = group.instance.max_memory_bytes = 10 * kGiB;
  PlayedWorld world(config_with({group}, kThreeHosts));
  for (const auto& host : kThreeHosts) world.host(host).domains = {foreign_domain("legacy", 2, 40 * kGiB)};
  world.converge();
  for (const auto& host : kThreeHosts) {
    std::erase_if(world.host(host).domains.edit(), [](const LiveDomain& domain) { return !domain.ownership; });
  }
  for (int i = 0; i < 6; ++i) {
    REQUIRE(world.instance("group.web[" + std::to_string(i) + "]").host ==
            kThreeHosts[static_cast<std::size_t>(i / 2)]);
  }
  offer(world, 'b');
  return world;
}

TEST_CASE("hosts take turns: no two of one host go after each other while others are left") {
  const PlayedWorld world = two_on_each(GENERATE(rolls_beside(web()), web()).update);
  const Plan plan = world.plan();
  const auto all = victims(plan);
  REQUIRE(all.size() == 6);
  for (std::size_t i = 1; i < all.size(); ++i) {
    INFO(all[i - 1].address << ", then " << all[i].address << " on " << all[i].host);
    const auto is_elsewhere = [&](const RolloutMove& left) { return left.host != all[i].host; };
    const bool others_left = std::any_of(all.begin() + static_cast<std::ptrdiff_t>(i), all.end(), is_elsewhere);
    CHECK((all[i].host != all[i - 1].host || !others_left));
  }
}

TEST_CASE("hosts take turns also after one of them has lost more than the other") {
  PlayedWorld world = running({web(5)});  // kvm1: 0, 2, 4; kvm2: 1, 3
  for (const int ill : {0, 2}) world.input.unready[{InstanceAddress::Kind::group, "web", ill}] = "503";
  offer(world, 'b');
  Words order;
  for (const auto& move : victims(world.plan())) order.push_back(move.address.substr(move.address.find('[')));
  CHECK(order == Words{"[0]", "[2]", "[1]", "[4]", "[3]"});
}

TEST_CASE("what is new and too much does not go before what is old") {
  PlayedWorld world = with_offer({rolls_beside(web(6))});
  die_at_turn(world, 8);
  REQUIRE(identities_of(world, 'b').size() == 4);
  world.input.config.groups[0].size = 3;
  const std::string first = victims(world.plan()).front().address;
  CHECK(identities_of(world, 'a').count(first) == 1);
}

TEST_CASE("who was made by a run that died stands for the one on its host, and nobody has to move") {
  PlayedWorld world = with_offer({rolls_beside(web(3))});
  die_before(world, [](const Action& action) { return std::holds_alternative<WaitForGates>(action.detail); });
  world.converge();
  std::map<std::string, int> on_host;
  for (const auto& [address, instance] : world.input.recorded.instances) ++on_host[instance.host];
  CHECK(on_host == std::map<std::string, int>{{"kvm1", 1}, {"kvm2", 1}, {"kvm3", 1}});
}

// ---- A rollout that rests, and another size -----------------------------------------------------------------------

/// One is new, and a person is waited for.
PlayedWorld resting(std::vector<UpdateStep> steps) {
  Group group = rolls_beside(web(3));
  group.update.steps = std::move(steps);
  PlayedWorld world = with_offer({group});
  world.carry_out(world.plan());
  REQUIRE(identities_of(world, 'b').size() == 1);
  return world;
}

UpdateStep until_promoted(Amount to) {
  UpdateStep step;
  step.to = to;
  step.manual_pause = true;
  return step;
}

TEST_CASE("who comes while a rollout rests, for the group has grown, stands in the plan") {
  PlayedWorld world = resting({until_promoted({Amount::Unit::count, 1})});
  world.input.config.groups[0].size = 4;
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  CHECK(plan.summary.create == 1);
  CHECK(count_kind(plan, "instance.claim") == 1);
  const Words listed = changes(plan);
  CHECK(std::count_if(listed.begin(), listed.end(), [](const auto& line) { return line.starts_with("create "); }) == 1);
}

TEST_CASE("a step that waits for a person is not passed by a group that grows") {
  PlayedWorld world = resting({until_promoted({Amount::Unit::count, 1}), until_promoted({Amount::Unit::percent, 50})});
  world.input.config.groups[0].size = 5;
  world.converge();
  CHECK(world.input.recorded.rollouts.at("group.web").steps_passed == 0);
  CHECK(world.plan().rollouts.at(0).held == "waits at step 1 of 2, until it is promoted");
}

TEST_CASE("a group that is made smaller while its rollout is paused gets smaller, and keeps what is new") {
  const bool beside = GENERATE(true, false);
  PlayedWorld world = with_offer({beside ? rolls_beside(web(6)) : web(6)});
  die_at_turn(world, beside ? 4 : 3);
  const std::size_t fresh = identities_of(world, 'b').size(), there = world.input.recorded.instances.size();
  REQUIRE(fresh == 2);
  say_pause(world);
  CHECK_FALSE(has_changes(world.plan()));
  world.input.config.groups[0].size = 4;
  world.converge();
  CHECK(world.input.recorded.instances.size() == there - 2);
  CHECK(identities_of(world, 'b').size() == fresh);
}

TEST_CASE("a group that is made smaller after its rollout has stopped keeps what is stable, and who has failed stays") {
  PlayedWorld world = with_offer({rolls_beside(web(4))});
  die_at_turn(world, 2);
  REQUIRE(identities_of(world, 'b').size() == 1);
  world.input.recorded.rollouts.at("group.web").failures = 1;
  const InstanceAddress canary = *parse_instance_address(identities_of(world, 'b').begin()->first);
  const bool has_failed = GENERATE(true, false);
  world.input.recorded.instances.at(canary).failed = has_failed;
  world.input.config.groups[0].size = 3;
  world.converge();
  CHECK(identities_of(world, 'a').size() == (has_failed ? 3 : 4));
  CHECK(identities_of(world, 'b').size() == (has_failed ? 1 : 0));
}

TEST_CASE("what has failed is kept for somebody to look at, but not in the place of one that serves") {
  const bool beside = GENERATE(true, false);
  PlayedWorld world = with_offer({beside ? rolls_beside(web(2)) : web(2)});
  die_at_turn(world, 2);
  REQUIRE(identities_of(world, 'b').size() == 1);
  world.input.recorded.rollouts.at("group.web").failures = 1;
  InstanceRecord& failed =
      world.input.recorded.instances.at(*parse_instance_address(identities_of(world, 'b').begin()->first));
  failed.failed = true;
  failed.phase = Phase::started;
  world.input.config.groups[0].size = 1;
  world.converge();
  CHECK(identities_of(world, 'a').size() == 1);
}

// ---- Versions that were given up ------------------------------------------------------------------------------------

TEST_CASE("what an abandoned version has left goes before anything of the stable one") {
  PlayedWorld world = with_offer({rolls_beside(web(3))});
  const bool one_has_gone = GENERATE(false, true);
  die_at_turn(world, one_has_gone ? 3 : 2);
  REQUIRE(identities_of(world, 'a').size() == (one_has_gone ? 2 : 3));
  REQUIRE(identities_of(world, 'b').size() == 1);
  const std::string abandoned = identities_of(world, 'b').begin()->first;
  offer(world, 'c');
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  CHECK(victims(plan).front().address == abandoned);
}

TEST_CASE("back to the old version half-way, those that are still of it are not touched, and only the new ones go") {
  PlayedWorld world = with_offer({GENERATE(rolls_beside(web(4)), web(4))});
  die_at_turn(world, 3);
  const Identities old = identities_of(world, 'a'), abandoned = identities_of(world, 'b');
  REQUIRE((old.size() >= 2 && abandoned.size() >= 1));
  offer(world, 'a');

  const Plan plan = world.plan();

  INFO(plan_text(plan));
  CHECK(victims(plan).size() == abandoned.size());
  const auto is_about_old = [&](const Action& action) { return old.count(action.address) != 0; };
  CHECK(std::none_of(plan.actions.begin(), plan.actions.end(), is_about_old));
  world.carry_out(plan);
  const Identities now = identities_of(world, 'a');
  CHECK(now.size() == 4);
  for (const auto& [address, uuid] : old) CHECK(now.at(address) == uuid);
  CHECK_FALSE(has_changes(world.plan()));
}

}  // namespace
}  // namespace vscale::test
