#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "tests/engine/plan/plan_text.h"
#include "tests/engine/plan/planned.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"

/// What may not happen, or not so often at once.

namespace vscale::test {
namespace {

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

TEST_CASE("preventDestroy keeps the root disk of an instance whose domain is missing") {
  Group group = web(1);
  group.lifecycle.prevent_destroy = true;
  PlayedWorld world = running({group});
  const std::string host = world.instance("group.web[0]").host;
  const std::string uuid = world.instance("group.web[0]").uuid;
  world.host(host).domains.clear();
  CHECK(changes(world.plan()) == Words{"update web-0"});  // it is defined again, and loses nothing
  world.input.options.destroy = true;
  const Plan plan = world.plan();
  INFO(plan_text(plan));
  CHECK(only_error(plan).code == "prevent_destroy");
  CHECK(only_error(plan).hint == "if its disks are there, define the domain again on " + host +
                                     " by hand, with its uuid " + uuid +
                                     "; or set preventDestroy: false, or leave it out: --exclude group.web[0]");
  CHECK(plan.actions.empty());
  world.input.options.destroy = false;
  world.host(host).pools[0].volumes.clear();
  CHECK(changes(world.plan()) == Words{"create web-0"});
  world.host(host).pools[0].active = false;  // it says nothing of what is in it
  CHECK(count_kind(world.plan(), "pool.ensure") == 1);
  CHECK(world.plan().actions.size() == 1);
  world.input.options.destroy = true;
  CHECK(only_error(world.plan()).code == "prevent_destroy");
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

TEST_CASE("instances that are gone already and whose kept disks go now count for --max-destroy") {
  Group group = web(3);
  group.instance.disks = {a_disk("data", 50 * kGiB, true), a_disk("log", 10 * kGiB, true)};
  PlayedWorld world = running({group});
  world.input.config.groups[0].size = 1;
  world.carry_out(world.plan());
  world.input.options.destroy = true;
  world.input.options.allow_data_loss = true;
  world.input.options.max_destroy = 2;
  const Plan plan = world.plan();
  CHECK(plan.summary.destroy == 3);
  CHECK(only_error(plan).summary ==
        "the plan destroys 1 instance and deletes data disks of 2 more, 3 together, and --max-destroy is 2");
  CHECK(only_error(plan).hint == "give --max-destroy 3 if that is meant");
  world.input.options.max_destroy = 3;
  CHECK_FALSE(world.plan().errored);
  world.input.options.max_destroy = 0;
  world.input.options.excludes = {"group.web[0]"};
  CHECK(world.plan().diagnostics.back().summary ==
        "the plan deletes data disks of 2 instances, and --max-destroy is 0");
}

TEST_CASE("a data disk that the file gives up counts as destroyed, though its instance is only replaced") {
  Group group = web(3);
  group.instance.disks = {a_disk("data", 50 * kGiB), a_disk("scratch")};
  PlayedWorld world = running({group});
  world.input.config.limits.destroy = 2;
  world.input.config.groups[0].instance.disks.erase(world.input.config.groups[0].instance.disks.begin());
  const Plan plan = world.plan();
  CHECK(only_error(plan).summary == "the plan deletes data disks of 3 instances, and limits.destroy is 2");
  CHECK(changes(plan) == Words{"replace web-0", "replace web-1", "replace web-2"});
  const std::vector<Reason>& reasons = plan.changes[0].reasons;
  CHECK(reasons.at(reasons.size() - 2).text == "disk data (50 GiB) is deleted from kvm1: the file has it no more");
  CHECK(reasons.back().text == "disk scratch (50 GiB) is made anew, empty");
  world.input.config.limits.destroy = 3;
  CHECK_FALSE(world.plan().errored);
  // One that is kept stays.
  world.input.config.limits.destroy = 0;
  for (auto& volume : world.input.recorded.volumes) volume.keep = volume.disk == "data";
  CHECK_FALSE(world.plan().errored);
  CHECK(has_reason(world.plan(), "group.web[0]", Rule::keep_disk));
}

TEST_CASE("limits.replace lets the first ones go ahead and holds the rest") {
  PlayedWorld world = running({web(4)});
  world.input.config.limits.replace = Amount{Amount::Unit::percent, 50};
  world.input.images["debian-12"] = lock_of("debian-12", 'b');
  CHECK(changes(world.plan()) == Words{"replace web-0", "replace web-1", "hold web-2", "hold web-3"});
  CHECK(world.converge() == 2);
}

TEST_CASE("a guest that is off, and whose replacement limits.replace holds, is started as it is") {
  for (const int limit : {1, 0}) {
    Group group = web(3);
    group.instance.max_vcpus = 4;
    PlayedWorld world = running({group});
    world.input.config.limits.replace = Amount{Amount::Unit::count, limit};
    world.input.images["debian-12"] = lock_of("debian-12", 'b');
    world.domain(world.instance("group.web[1]").host, "prod-web-1")->vcpus = 3;
    LiveDomain& stopped = *world.domain(world.instance("group.web[2]").host, "prod-web-2");
    stopped.state = DomainState::shut_off;
    const Plan plan = world.plan();
    INFO(plan_text(plan));
    CHECK(changes(plan) == Words{limit == 1 ? "replace web-0" : "hold web-0", "hold web-1", "start web-2"});
    CHECK(has_reason(plan, "group.web[2]", Rule::limit));
    only_action(plan, "gate.wait", "group.web[2]");
    REQUIRE(plan.drift.size() == 2);
    CHECK(plan.drift[0].what == "vcpus");
    CHECK(plan.drift[0].remedy == fmt::format("held: limits.replace allows {} in one plan", limit));
    CHECK(plan.drift[1].what == "state");
    CHECK(plan.drift[1].remedy == "start");
    world.carry_out(plan);
    CHECK(world.domain(world.instance("group.web[2]").host, "prod-web-2")->state == DomainState::running);
    CHECK(world.instance("group.web[2]").incarnation == 1);
  }
}

TEST_CASE("drift of a guest that preventDestroy keeps from being replaced is not said to be mended") {
  Group group = web(1);
  group.lifecycle.prevent_destroy = true;
  PlayedWorld world = running({group});
  world.input.images["debian-12"] = lock_of("debian-12", 'b');
  world.domain("kvm1", "prod-web-0")->state = DomainState::shut_off;
  const Plan plan = world.plan();
  CHECK(codes(plan) == Words{"prevent_destroy"});
  REQUIRE(plan.drift.size() == 1);
  CHECK(plan.drift[0].remedy == "start");
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
  CHECK(has_reason(plan, "group.web[0]", Rule::not_allowed));
}

TEST_CASE("drift of an instance whose change is held is shown, and that it is held") {
  Group group = web(1);
  group.instance.max_vcpus = 4;
  PlayedWorld world = running({group});
  world.domain("kvm1", "prod-web-0")->vcpus = 3;
  world.input.config.groups[0].instance.max_memory_bytes = 4 * kGiB;
  world.input.options.allow = Disruption::live;
  const Plan plan = world.plan();
  CHECK(changes(plan) == Words{"hold web-0"});
  CHECK(plan.actions.empty());
  REQUIRE(plan.drift.size() == 1);
  CHECK(plan.drift[0].what == "vcpus");
  CHECK(plan.drift[0].recorded == "2");
  CHECK(plan.drift[0].live == "3");
  CHECK(plan.drift[0].remedy == "held: needs reboot");
}

}  // namespace
}  // namespace vscale::test
