#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "tests/engine/simulation/simulated_world.h"
#include "tests/support/builders.h"

/// What people report of rolling updates elsewhere, lived through over a fake cluster. The line above a test says where
/// it was reported. What a plan alone shows is in tests/engine/plan/rollouts/field_problems_test.cpp.

namespace vscale::test {
namespace {

constexpr int kRoundsToSettle = 6;
using ReadyByRevision = std::map<std::int64_t, int>;

/// Three of web are there and ready, of revision 1, and a new version comes beside them; nobody depends on anybody.
class Fleet {
 public:
  explicit Fleet(const std::function<void(SimulatedWorld&)>& prepare = {}) : world(1) {
    world.config.groups.erase(world.config.groups.begin());  // db
    web() = rolls_beside(web());
    web().depends_on.clear();
    web().update.on_failure = Update::OnFailure::pause;
    if (prepare) prepare(world);
    world.settle(kRoundsToSettle);
    world.story.clear();
    world.commands.ran.clear();
  }

  SimulatedWorld world;

  Group& web() { return world.group("web"); }
  void publish(const std::string& version) { world.images.publish("debian-12", version); }
  RunSummary apply() { return world.apply(world.plan()); }

  ReadyByRevision ready(const std::string& group = "web") {
    ReadyByRevision ready;
    for (const auto& [address, instance] : world.recorded().instances) {
      if (address.group == group && instance.phase == Phase::ready) ++ready[instance.revision];
    }
    return ready;
  }
  InstanceRecord record(const std::string& group, int ordinal) {
    return world.recorded().instances.at({InstanceAddress::Kind::group, group, ordinal});
  }
  std::int64_t stable(const std::string& group = "web") { return world.recorded().groups.at("group." + group).stable; }
  std::vector<std::string> lines_with(const std::string& first, const std::string& second) {
    std::vector<std::string> found;
    for (const auto& line : world.story) {
      if (line.find(first) != std::string::npos && line.find(second) != std::string::npos) found.push_back(line);
    }
    return found;
  }
};

// ---- What stays behind ----------------------------------------------------------------------------------------------

// kubernetes/autoscaler#2586, #719
TEST_CASE("ten rollouts leave nothing behind: no disk, no seed, no address, no copy of an image") {
  Fleet fleet;
  const std::size_t volumes = fleet.world.cluster.volumes().size();
  const RecordedState before = fleet.world.recorded();
  for (int version = 2; version <= 11; ++version) {
    INFO("version " << version);
    fleet.publish(fmt::format("version {}", version));
    CHECK(fleet.apply().failed.empty());
    CHECK(fleet.ready() == ReadyByRevision{{version, 3}});
    CHECK(fleet.world.cluster.volumes().size() == volumes);
    CHECK(fleet.world.cluster.addresses_in_use().size() == 3);
  }
  const RecordedState after = fleet.world.recorded();
  CHECK(after.volumes.size() == before.volumes.size());
  CHECK(after.image_copies.size() == before.image_copies.size());
  CHECK(after.rollouts.empty());
  for (const auto& [address, instance] : after.instances) CHECK(address.ordinal < 6);
  fleet.world.check_settled();
}

// terraform-provider-libvirt#307
TEST_CASE("after a rollout every root disk stands on the new image, and none of the old disks is left") {
  Fleet fleet;
  std::set<VolumeRef> old;
  for (const auto& domain : fleet.world.cluster.domains()) {
    if (domain.ownership) old.insert(domain.disks.begin(), domain.disks.end());
  }
  REQUIRE(old.size() == 3);
  fleet.publish("newer");
  fleet.apply();
  const std::string digest = fleet.world.recorded().revisions.at("group.web").at(2).image.digest;
  int looked_at = 0;
  for (const auto& domain : fleet.world.cluster.domains()) {
    if (!domain.ownership) continue;
    CHECK(domain.ownership->image_digest == digest);
    const auto root = fleet.world.cluster.volume(domain.disks.front());
    REQUIRE(root.has_value());
    const auto copies = fleet.world.recorded().image_copies;
    CHECK(std::any_of(copies.begin(), copies.end(), [&](const ImageCopyRecord& copy) {
      return copy.host == domain.host && copy.volume == root->backing_volume && copy.digest == digest;
    }));
    ++looked_at;
  }
  CHECK(looked_at == 3);
  for (const auto& disk : old) CHECK_FALSE(fleet.world.cluster.volume(disk).has_value());
}

// terraform-provider-libvirt#423, #921, #67, #897, #1003
TEST_CASE("what failed creations leave half-way in a rollout is finished or cleaned up by the next runs") {
  Fleet fleet;
  fleet.web().update.on_failure = Update::OnFailure::proceed;
  fleet.publish("newer");
  fleet.world.cluster.set_faults({.half_way = 300});
  int failed = 0;
  for (int run = 0; run < 4; ++run) {
    failed += static_cast<int>(fleet.apply().failed.size());
    fleet.world.check_always();
  }
  REQUIRE(failed > 0);
  fleet.world.cluster.set_faults({});
  fleet.world.settle(kRoundsToSettle);
  CHECK(fleet.ready() == ReadyByRevision{{2, 3}});
  fleet.world.check_settled();
}

// ---- How guests go and come -----------------------------------------------------------------------------------------

// terraform-provider-libvirt#1060, #356
TEST_CASE("a guest that is replaced is asked to shut down, and loses its power only when its grace is over") {
  Fleet fleet;
  fleet.world.cluster.behave_from_now("prod-web-1", GuestBehaviour{.ignores_shutdown = true});
  fleet.publish("newer");
  CHECK(fleet.apply().failed.empty());
  CHECK(fleet.lines_with("domain.stop", ", shut down").size() == 2);
  const auto hard = fleet.lines_with("domain.stop", ", powered off after 1m");
  REQUIRE(hard.size() == 1);
  CHECK(hard[0].find("web-1 ") != std::string::npos);
}

// eks-anywhere#4709
TEST_CASE("those that have to wait for others to boot do not use up their own startup bound meanwhile") {
  constexpr int kMany = 6;
  const Duration boot = std::chrono::minutes{4};
  const auto prepare = [&](SimulatedWorld& world) {
    Group& web = world.group("web");
    web.size = 1;
    web.hosts.names = {"kvm1"};
    web.health.startup_timeout = std::chrono::minutes{5};
  };
  Fleet fleet(prepare);
  fleet.web().size = kMany;
  fleet.world.limits.booting_per_host = 1;
  fleet.world.cluster.behave(GuestBehaviour{.boot = boot, .agent = boot});
  const Instant began = fleet.world.clock.now();

  const RunSummary run = fleet.apply();

  CHECK(run.failed.empty());
  CHECK(fleet.ready() == ReadyByRevision{{1, kMany}});
  CHECK(fleet.world.clock.now() - began >= (kMany - 1) * boot);
  CHECK(fleet.world.plan().actions.empty());
}

// kasmtech/workspaces-issues#736
TEST_CASE("guests whose agents are slow under load are no dead ones: the rollout comes to its end") {
  Fleet fleet;
  fleet.world.cluster.behave(GuestBehaviour{.agent_latency = Duration{9000}});
  fleet.publish("newer");
  CHECK(fleet.apply().failed.empty());
  CHECK(fleet.ready() == ReadyByRevision{{2, 3}});
}

// ---- Its end --------------------------------------------------------------------------------------------------------

// terraform-provider-aws#21656
TEST_CASE("a run returns when its rollout has ended, pauses and all, and the next plan is empty") {
  Fleet fleet;
  UpdateStep first, all;
  first.to = {Amount::Unit::count, 1};
  first.pause = std::chrono::minutes{20};
  all.to = {Amount::Unit::percent, 100};
  all.bake = std::chrono::minutes{10};
  fleet.web().update.steps = {first, all};
  fleet.publish("newer");
  const Instant began = fleet.world.clock.now();
  CHECK(fleet.apply().failed.empty());
  CHECK(fleet.world.clock.now() - began >= std::chrono::minutes{30});
  CHECK(fleet.ready() == ReadyByRevision{{2, 3}});
  CHECK(fleet.stable() == 2);
  CHECK(fleet.world.recorded().rollouts.empty());
  CHECK(fleet.world.plan().actions.empty());
}

// terraform-provider-aws#34189
TEST_CASE("a second bad version in a row goes back to the stable one, and not to the bad one before it") {
  Fleet fleet;
  fleet.web().update.on_failure = Update::OnFailure::rollback;
  for (const std::string version : {"bad", "worse"}) {
    fleet.publish(version);
    fleet.world.cluster.behave(GuestBehaviour{.never_boots = true});
    fleet.apply();
    fleet.world.cluster.behave(GuestBehaviour{});
    fleet.apply();
    INFO(version);
    CHECK(fleet.ready() == ReadyByRevision{{1, 3}});
    CHECK(fleet.stable() == 1);
    CHECK(fleet.world.plan().actions.empty());
  }
  const auto revisions = fleet.world.recorded().revisions.at("group.web");
  CHECK(revisions.at(2).verdict == RevisionRecord::Verdict::rolled_back);
  CHECK(revisions.at(3).verdict == RevisionRecord::Verdict::rolled_back);
}

/// And three of db, which roll likewise.
void add_db(SimulatedWorld& world) {
  Group db = rolls_beside(a_group("db", 3));
  db.update.on_failure = Update::OnFailure::pause;
  world.config.groups.push_back(db);
}

// kubernetes/autoscaler#1836, #5959
TEST_CASE("a group whose new version fails keeps no other group from its own") {
  Fleet fleet(add_db);
  fleet.publish("newer");
  fleet.world.cluster.behave("prod-web-3", GuestBehaviour{.never_boots = true});
  fleet.apply();
  CHECK(fleet.ready("web") == ReadyByRevision{{1, 3}});
  CHECK(fleet.stable("web") == 1);
  CHECK(fleet.ready("db") == ReadyByRevision{{2, 3}});
  CHECK(fleet.stable("db") == 2);
}

// kasmtech/workspaces-issues#858
TEST_CASE("a host that falls silent in the middle of a run stops the rollout of its own group alone") {
  const auto apart = [](SimulatedWorld& world) {
    add_db(world);
    world.group("web").hosts.names = {"kvm1"};
    world.group("db").hosts.names = {"kvm2"};
  };
  Fleet fleet(apart);
  fleet.publish("newer");
  fleet.world.before_wait = [&] {
    if (fleet.ready("db")[2] == 1) fleet.world.cluster.cut("kvm2");
  };
  fleet.apply();
  CHECK(fleet.stable("web") == 2);
  CHECK(fleet.stable("db") == 1);
  fleet.world.before_wait = {};
  const Plan blind = fleet.world.plan();
  CHECK_FALSE(blind.errored);
  CHECK_FALSE(blind.complete);
  CHECK(blind.actions.empty());
  fleet.world.cluster.heal("kvm2");
  fleet.world.config.groups[1].update.on_failure = Update::OnFailure::proceed;
  fleet.world.settle(kRoundsToSettle);
  CHECK(fleet.stable("db") == 2);
  fleet.world.check_settled();
}

// ---- Drained --------------------------------------------------------------------------------------------------------

/// `lb drain` comes before an instance is stopped, and `lb add` takes that back.
void balance(SimulatedWorld& world) {
  Hook drain;
  drain.command = {TemplateText{"lb"}, TemplateText{"drain"}, TemplateText{"${name}"}};
  drain.undo = {TemplateText{"lb"}, TemplateText{"add"}, TemplateText{"${name}"}};
  world.group("web").hooks.before_stop = {drain};
}

std::vector<std::string> said(Fleet& fleet) {
  std::vector<std::string> lines;
  for (const auto& command : fleet.world.commands.ran) {
    lines.push_back(command.argv.at(1) + " " + command.argv.at(2));
  }
  return lines;
}

/// What happens once, while the first instance is drained.
void on_first_drain(Fleet& fleet, const std::function<void()>& happens) {
  fleet.world.commands.answer = [&fleet, happens](const Command& command) -> Result<CommandExit> {
    const bool is_first = fleet.world.commands.ran.size() == 1 && command.argv.at(1) == "drain";
    if (is_first) happens();
    return CommandExit{};
  };
}

using Said = std::vector<std::string>;

// nomad-autoscaler#911, #387
TEST_CASE("nobody is drained whose stop would be refused, and who was drained in vain is taken back") {
  Fleet fleet(balance);
  fleet.web().size = 2;
  SECTION("somebody has moved it before its turn") {
    const Plan plan = fleet.world.plan();
    const std::string host = fleet.record("web", 2).host;
    fleet.world.cluster.move_by_hand("prod-web-2", host == "kvm1" ? "kvm2" : "kvm1");
    CHECK(fleet.world.apply(plan).failed.size() == 1);
    CHECK(said(fleet).empty());
  }
  SECTION("somebody moves it while it is drained") {
    const std::string host = fleet.record("web", 2).host;
    on_first_drain(fleet,
                   [&, host] { fleet.world.cluster.move_by_hand("prod-web-2", host == "kvm1" ? "kvm2" : "kvm1"); });
    CHECK(fleet.apply().failed.size() == 1);
    CHECK(said(fleet) == Said{"drain prod-web-2", "add prod-web-2"});
  }
  SECTION("its host falls silent while it is drained") {
    const std::string host = fleet.record("web", 2).host;
    on_first_drain(fleet, [&, host] { fleet.world.cluster.cut(host); });
    CHECK(fleet.apply().failed.size() == 1);
    CHECK(said(fleet) == Said{"drain prod-web-2", "add prod-web-2"});
    fleet.world.cluster.heal(host);
  }
  // Whether all of it was taken back, only the run has seen: the next one makes sure.
  CHECK(fleet.record("web", 2).drained == !said(fleet).empty());
  fleet.world.settle(kRoundsToSettle);
  CHECK(fleet.ready() == ReadyByRevision{{1, 2}});
  fleet.world.check_settled();
}

// nomad-autoscaler#879, #628, #521
TEST_CASE("killed between drain and stop, the record says who was drained, and the next run ends it or takes it back") {
  constexpr int kNever = 1'000'000;
  Fleet fleet(balance);
  fleet.web().size = 2;
  on_first_drain(fleet, [&] { fleet.world.crash.arm(0); });
  REQUIRE(fleet.world.round_killed_at(kNever));
  CHECK(fleet.record("web", 2).drained);
  CHECK(fleet.world.recorded().open_actions.size() == 1);
  const std::string uuid = fleet.record("web", 2).uuid;
  SECTION("it is still to go") {
    fleet.world.settle(kRoundsToSettle);
    CHECK(said(fleet) == Said{"drain prod-web-2", "drain prod-web-2"});
    CHECK(fleet.ready() == ReadyByRevision{{1, 2}});
  }
  SECTION("it is wanted again") {
    fleet.web().size = 3;
    fleet.world.settle(kRoundsToSettle);
    CHECK(said(fleet) == Said{"drain prod-web-2", "add prod-web-2"});
    CHECK(fleet.record("web", 2).uuid == uuid);
    CHECK_FALSE(fleet.record("web", 2).drained);
  }
  SECTION("a new version has come meanwhile") {
    fleet.web().size = 3;
    fleet.publish("newer");
    fleet.world.settle(kRoundsToSettle);
    CHECK(said(fleet) == Said{"drain prod-web-2", "drain prod-web-2", "drain prod-web-0", "drain prod-web-1"});
    CHECK(fleet.ready() == ReadyByRevision{{2, 3}});
  }
  fleet.world.check_settled();
}

}  // namespace
}  // namespace vscale::test
