#include <algorithm>
#include <catch2/catch.hpp>

#include "engine/recorded/apply_change.h"
#include "tests/engine/plan/planned.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"

/// What operators have said, as far as a plan heeds it.

namespace vscale::test {
namespace {

constexpr const char* kGroup = "group.web";

InstanceAddress web_instance(int ordinal) {
  return {InstanceAddress::Kind::group, "web", ordinal};
}

Said by_anna(const PlayedWorld& world) {
  return {.at = world.input.now, .by = "anna@ctl1", .reason = "launch day"};
}

void say(PlayedWorld& world, const OperatorWord& word) {
  apply(world.input.recorded, PutWord{word});
}

void suspend(PlayedWorld& world, Suspension::Process process, std::optional<Instant> until = std::nullopt) {
  say(world, Suspension{kGroup, process, until, by_anna(world)});
}

void want(PlayedWorld& world, int size, WantedSize::Owner owner = WantedSize::Owner::operator_) {
  WantedSize wanted{
      .group = kGroup, .size = size, .owner = owner, .by = "anna@ctl1", .reason = "", .at = world.input.now};
  if (owner == WantedSize::Owner::policies) wanted.by = "cpu";
  apply(world.input.recorded, PutWantedSize{wanted});
}

Group scaled(int size, int min, int max) {
  Group group = web(size);
  group.scaling = Scaling{};
  group.scaling->min = min;
  group.scaling->max = max;
  return group;
}

const Change& change_of(const Plan& plan, const std::string& address) {
  const auto found = std::find_if(plan.changes.begin(), plan.changes.end(),
                                  [&](const Change& change) { return change.address == address; });
  REQUIRE(found != plan.changes.end());
  return *found;
}

std::string last_reason(const Plan& plan, const std::string& address) {
  return change_of(plan, address).reasons.back().text;
}

TEST_CASE("a size that somebody has said is planned for, and the plan says who") {
  PlayedWorld world = running({scaled(2, 1, 5)});
  want(world, 4);

  const Plan plan = world.plan();

  CHECK(changes(plan) == Words{"create web-2", "create web-3"});
  CHECK(change_of(plan, "group.web[2]").reasons.front().text == "size 2 -> 4, by anna@ctl1");
  CHECK(plan.sizes.at(kGroup) == 4);
  world.carry_out(plan);
  want(world, 3, WantedSize::Owner::policies);
  CHECK(change_of(world.plan(), "group.web[3]").reasons.front().text == "size 4 -> 3, by policy cpu");
}

TEST_CASE("an apply does not reset what a policy did, and the file's bounds hold whatever was said") {
  PlayedWorld world = running({scaled(2, 1, 5)});
  want(world, 5, WantedSize::Owner::policies);
  world.converge();
  CHECK(changes(world.plan()).empty());
  world.input.config.groups[0].scaling->max = 4;
  CHECK(changes(world.plan()) == Words{"destroy web-4"});
}

TEST_CASE("what was said of a size means nothing to a group that has a fixed one") {
  PlayedWorld world = running({web(2)});
  want(world, 4);
  CHECK(changes(world.plan()).empty());
}

TEST_CASE("a launch that is suspended is held, and says by whom") {
  PlayedWorld world = running({scaled(2, 1, 5)});
  want(world, 3);
  suspend(world, Suspension::Process::launch);

  const Plan plan = world.plan();

  CHECK(changes(plan) == Words{"hold web-2"});
  CHECK(last_reason(plan, "group.web[2]") == "launch is suspended by anna@ctl1");
  CHECK(plan.actions.empty());
}

TEST_CASE("a termination that is suspended is held until its moment has come") {
  PlayedWorld world = running({web(3)});
  world.input.config.groups[0].size = 2;
  suspend(world, Suspension::Process::terminate, world.input.now + std::chrono::minutes{5});
  CHECK(changes(world.plan()) == Words{"hold web-2"});
  world.input.now += std::chrono::minutes{5};
  CHECK(changes(world.plan()) == Words{"destroy web-2"});
}

TEST_CASE("a suspended update rests like a paused one, and says how it goes on") {
  PlayedWorld world = running({web(2)});
  world.input.images["debian-12"] = lock_of("debian-12", 'b');
  suspend(world, Suspension::Process::update);

  const Plan plan = world.plan();

  CHECK(plan.actions.empty());
  REQUIRE(codes(plan) == Words{"rollout_paused"});
  CHECK(plan.diagnostics[0].summary == "group.web: the rollout is paused: update is suspended by anna@ctl1");
  CHECK(plan.diagnostics[0].hint == "go on: vscale resume web update");
}

TEST_CASE("who is protected from updates stays as it is while the others are rolled") {
  PlayedWorld world = running({web(3)});
  world.input.images["debian-12"] = lock_of("debian-12", 'b');
  say(world, Protection{web_instance(1), Protection::From::update, std::nullopt, by_anna(world)});

  world.converge();

  CHECK(world.instance("group.web[0]").image_digest == lock_of("debian-12", 'b').digest);
  CHECK(world.instance("group.web[1]").image_digest == lock_of("debian-12", 'a').digest);
  CHECK(world.instance("group.web[2]").image_digest == lock_of("debian-12", 'b').digest);
  CHECK(last_reason(world.plan(), "group.web[1]") == "protected from updates by anna@ctl1");
  apply(world.input.recorded, RemoveWord{world.input.recorded.words.protections.at(web_instance(1))});
  world.converge();
  CHECK(world.instance("group.web[1]").image_digest == lock_of("debian-12", 'b').digest);
}

TEST_CASE("who is protected from scale-in stays, and another one goes for it") {
  PlayedWorld world = running({web(3)});
  world.input.config.groups[0].size = 2;
  say(world, Protection{web_instance(2), Protection::From::scale_in, std::nullopt, by_anna(world)});
  CHECK(changes(world.plan()) == Words{"destroy web-1"});
}

TEST_CASE("more protected ones than the size: none of them goes, and nothing hangs") {
  PlayedWorld world = running({web(3)});
  world.input.config.groups[0].size = 1;
  say(world, Protection{web_instance(1), Protection::From::scale_in, std::nullopt, by_anna(world)});
  say(world, Protection{web_instance(2), Protection::From::all, std::nullopt, by_anna(world)});
  CHECK(changes(world.plan()) == Words{"destroy web-0", "hold web-2"});
  world.converge();
  CHECK(world.input.recorded.instances.size() == 2);
}

TEST_CASE("whom watch has found to go first goes first") {
  PlayedWorld world = running({web(4)});
  world.input.config.groups[0].size = 2;
  world.input.findings.go_first[kGroup] = {web_instance(1), web_instance(0)};
  CHECK(changes(world.plan()) == Words{"destroy web-0", "destroy web-1"});
}

TEST_CASE("no more go at once than the limit, and the rest with later plans") {
  PlayedWorld world = running({web(4)});
  world.input.config.groups[0].size = 1;
  world.input.options.destroy_at_once = 1;
  const Plan plan = world.plan();
  CHECK(changes(plan) == Words{"destroy web-1", "hold web-2", "hold web-3"});
  CHECK(last_reason(plan, "group.web[2]") == "1 at once is the limit");
  world.carry_out(plan);
  world.carry_out(world.plan());
  world.carry_out(world.plan());
  CHECK(changes(world.plan()).empty());
}

TEST_CASE("a stopped instance is shut down, stays off and a member, and comes back with start") {
  PlayedWorld world = running({web(2)});
  say(world, StopWord{web_instance(1), by_anna(world)});

  const Plan plan = world.plan();

  CHECK(changes(plan) == Words{"stop web-1"});
  CHECK(last_reason(plan, "group.web[1]") == "stopped by anna@ctl1: launch day");
  CHECK(plan.summary.stop == 1);
  world.carry_out(plan);
  CHECK(changes(world.plan()).empty());
  CHECK(world.plan().drift.empty());
  CHECK(world.domain("kvm2", "prod-web-1")->state == DomainState::shut_off);
  apply(world.input.recorded, RemoveWord{StopWord{web_instance(1), {}}});
  CHECK(changes(world.plan()) == Words{"start web-1"});
  world.converge();
  CHECK(world.domain("kvm2", "prod-web-1")->state == DomainState::running);
}

TEST_CASE("before it is stopped by a person, its hooks are run") {
  Group group = web(1);
  Hook leave;
  leave.command = {TemplateText{"leave"}};
  group.hooks.before_stop = {leave};
  PlayedWorld world = running({group});
  say(world, StopWord{web_instance(0), by_anna(world)});
  const Plan plan = world.plan();
  CHECK(count_kind(plan, "hook.run") == 1);
  CHECK(all_before(plan, only_action(plan, "domain.stop", "group.web[0]").id).size() == 2);
}

TEST_CASE("a rolling restart takes one after the other, and each once") {
  PlayedWorld world = running({web(3)});
  world.input.now += std::chrono::minutes{1};
  say(world, RestartWord{kGroup, true, by_anna(world)});

  const Plan plan = world.plan();

  CHECK(changes(plan) == Words{"update web-0", "update web-1", "update web-2"});
  CHECK(change_of(plan, "group.web[0]").disruption == Disruption::reboot);
  const int second_stop = only_action(plan, "domain.stop", "group.web[1]").id;
  CHECK(all_before(plan, second_stop).contains(only_action(plan, "gate.wait", "group.web[0]").id));
  CHECK(count_kind(plan, "domain.define") == 0);
  world.input.now += std::chrono::minutes{1};
  world.carry_out(plan);
  CHECK(changes(world.plan()).empty());
}

TEST_CASE("a restart together takes all at once") {
  PlayedWorld world = running({web(3)});
  world.input.now += std::chrono::minutes{1};
  say(world, RestartWord{kGroup, false, by_anna(world)});
  const Plan plan = world.plan();
  CHECK(count_kind(plan, "domain.stop") == 3);
  for (const int ordinal : {0, 1, 2}) {
    const std::string address = "group.web[" + std::to_string(ordinal) + "]";
    CHECK(all_before(plan, only_action(plan, "domain.stop", address).id).empty());
  }
}

TEST_CASE("a restart that was cut off goes on with those that were not restarted") {
  PlayedWorld world = running({web(3)});
  world.input.now += std::chrono::minutes{1};
  say(world, RestartWord{kGroup, true, by_anna(world)});
  world.input.now += std::chrono::minutes{1};
  const Plan plan = world.plan();
  const auto second_stop = static_cast<std::size_t>(only_action(plan, "domain.stop", "group.web[1]").id);
  world.carry_out_and_die(plan, order_of_ids(plan), second_stop - 1, true);
  CHECK(changes(world.plan()) == Words{"start web-1", "update web-2"});
  world.converge();
  CHECK(changes(world.plan()).empty());
}

}  // namespace
}  // namespace vscale::test
