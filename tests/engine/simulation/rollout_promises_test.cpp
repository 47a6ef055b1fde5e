#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "engine/execution/record_changes.h"
#include "engine/recorded/apply_change.h"
#include "tests/engine/plan/plan_text.h"
#include "tests/engine/plan/planned.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"

/// What is promised of rolling updates and shows only while they are carried out, in pieces, by runs that die. What a
/// plan alone shows is in tests/engine/plan/rollouts/promises_test.cpp.

namespace vscale::test {
namespace {

const std::string kWeb = "group.web";
using Uuids = std::set<std::string>;

Amount percent(int value) {
  return {Amount::Unit::percent, value};
}

/// web, all ready and of version a, while version b has come.
class Upgrade {
 public:
  explicit Upgrade(Group group) : world(running({std::move(group)})) { offer('b'); }

  PlayedWorld world;

  Group& web() { return world.input.config.groups[0]; }
  void offer(char version) { world.input.images["debian-12"] = lock_of("debian-12", version); }

  void say(RolloutIntent::Kind kind) {
    RolloutIntent said{.group = kWeb, .kind = kind, .at = world.input.now, .by = "anna@ctl1"};
    said.revision = world.input.recorded.groups.at(kWeb).revision;
    if (world.input.recorded.rollouts.count(kWeb) != 0) {
      said.step = world.input.recorded.rollouts.at(kWeb).steps_passed;
    }
    world.input.recorded.rollout_intents[kWeb] = said;
  }

  /// Carries the plan out until the first such action, which is begun, and dies.
  template <class Is>
  Action die_at(const Plan& plan, const Is& is) {
    const auto found = std::find_if(plan.actions.begin(), plan.actions.end(), is);
    INFO(plan_text(plan));
    REQUIRE(found != plan.actions.end());
    const auto before = static_cast<std::size_t>(found - plan.actions.begin());
    world.carry_out_and_die(plan, order_of_ids(plan), before, false);
    return *found;
  }
  void die_at_turn(int number) {
    die_at(world.plan(), [&](const Action& action) {
      const auto* turn = std::get_if<RolloutTurn>(&action.detail);
      return turn != nullptr && turn->number == number;
    });
  }

  /// In an order in which as much as may be is on its way at once: whatever may begin begins before anything ends.
  void carry_out_at_once(const Plan& plan) {
    std::vector<std::size_t> order, waiting = order_of_ids(plan);
    std::set<int> done;
    while (!waiting.empty()) {
      const auto is_ready = [&](std::size_t index) {
        const auto& needs = plan.actions[index].needs;
        return std::all_of(needs.begin(), needs.end(), [&](int id) { return done.count(id) != 0; });
      };
      const auto may_begin = [&](std::size_t index) { return is_ready(index) && !ends_move(plan.actions[index]); };
      auto next = std::find_if(waiting.begin(), waiting.end(), may_begin);
      if (next == waiting.end()) next = std::find_if(waiting.begin(), waiting.end(), is_ready);
      order.push_back(*next);
      done.insert(plan.actions[*next].id);
      waiting.erase(next);
    }
    world.carry_out(plan, order);
  }

  Uuids uuids_of(char version) {
    Uuids uuids;
    for (const auto& [address, instance] : world.input.recorded.instances) {
      if (instance.image_digest == lock_of("debian-12", version).digest) uuids.insert(instance.uuid);
    }
    return uuids;
  }

  /// From here on nothing that is done may take away or add more than the budget allows.
  void watch(int least, int most) {
    before_ = now();
    world.after_each = [this, least, most](const Action& action) {
      const Counts counts = now();
      INFO("after action " << action.id << " " << kind_of(action.detail) << " " << action.address << ": available "
                           << counts.available << " of " << least << ", total " << counts.total << " of " << most);
      if (counts.available < before_.available) CHECK(counts.available >= least);
      if (counts.total > before_.total) CHECK(counts.total <= most);
      before_ = counts;
    };
  }

 private:
  struct Counts {
    int total = 0, available = 0;
  };

  static bool ends_move(const Action& action) {
    return std::holds_alternative<WaitForGates>(action.detail) ||
           std::holds_alternative<ReleaseInstance>(action.detail);
  }

  Counts now() {
    Counts counts;
    for (const auto& [address, instance] : world.input.recorded.instances) {
      const LiveDomain* domain = world.domain(instance.host, instance.name);
      if (domain == nullptr) continue;
      ++counts.total;
      const bool serves = domain->uuid == instance.uuid && is_up(domain->state) && instance.phase == Phase::ready;
      counts.available += serves ? 1 : 0;
    }
    return counts;
  }

  Counts before_;
};

/// A look between two turns lasts no time, and is no rest.
bool rests(const Action& action) {
  const auto* watch = std::get_if<WatchRollout>(&action.detail);
  return watch != nullptr && watch->lasts != Duration{0};
}

std::vector<Duration> rests_of(const Plan& plan) {
  std::vector<Duration> lengths;
  for (const auto& action : plan.actions) {
    if (rests(action)) lengths.push_back(std::get<WatchRollout>(action.detail).lasts);
  }
  return lengths;
}

bool stops_one(const Action& action) {
  return std::holds_alternative<StopDomain>(action.detail);
}

bool waits_for_one(const Action& action) {
  return std::holds_alternative<WaitForGates>(action.detail);
}

std::string first_that_goes(const Plan& plan) {
  INFO(plan_text(plan));
  const auto stop = std::find_if(plan.actions.begin(), plan.actions.end(), stops_one);
  REQUIRE(stop != plan.actions.end());
  return stop->address;
}

// ---- Hosts ----------------------------------------------------------------------------------------------------------

TEST_CASE("never are more replacements in flight on one host than perHost says, however much goes on at once") {
  const int per_host = GENERATE(1, 2);
  Group group = rolls_beside(web(6), 4);
  group.update.per_host = per_host;
  Upgrade upgrade(group);
  int most = 0;
  upgrade.world.after_each = [&](const Action& action) {
    std::map<std::string, int> in_flight;
    for (const auto& [address, instance] : upgrade.world.input.recorded.instances) {
      if (instance.phase != Phase::ready) most = std::max(most, ++in_flight[instance.host]);
    }
    INFO("after action " << action.id << " " << kind_of(action.detail) << " " << action.address);
    for (const auto& [host, count] : in_flight) CHECK(count <= per_host);
  };
  upgrade.carry_out_at_once(upgrade.world.plan());
  CHECK(most == per_host);
  CHECK(upgrade.uuids_of('b').size() == 6);
}

// ---- Steps ----------------------------------------------------------------------------------------------------------

TEST_CASE("a step that was passed does not hold the rollout again when the group grows, though its share grows, too") {
  Group group = rolls_beside(web(2));
  group.update.steps.resize(2);
  group.update.steps[0].to = percent(50);
  group.update.steps[1].to = percent(100);
  UpdateStep& half = group.update.steps[0];
  SECTION("by a person") {
    half.manual_pause = true;
    Upgrade upgrade(group);
    upgrade.world.carry_out(upgrade.world.plan());
    CHECK(upgrade.world.plan().rollouts.at(0).held == "waits at step 1 of 2, until it is promoted");
    upgrade.say(RolloutIntent::Kind::promote);
    upgrade.die_at(upgrade.world.plan(), stops_one);
    // The last word counts, and it is another one by now.
    upgrade.say(RolloutIntent::Kind::resume);
    upgrade.web().size = 6;
    CHECK(upgrade.world.plan().rollouts.at(0).held.empty());
    upgrade.world.converge();
    CHECK(upgrade.uuids_of('b').size() == 6);
  }
  SECTION("by its time") {
    half.pause = std::chrono::minutes{10};
    Upgrade upgrade(group);
    const Plan plan = upgrade.world.plan();
    const auto rest = std::find_if(plan.actions.begin(), plan.actions.end(), rests);
    REQUIRE(rest != plan.actions.end());
    upgrade.die_at(plan, [&](const Action& action) { return action.id > rest->id && stops_one(action); });
    upgrade.web().size = 6;
    CHECK(rests_of(upgrade.world.plan()).empty());
    upgrade.world.converge();
    CHECK(upgrade.uuids_of('b').size() == 6);
  }
}

TEST_CASE("a rest that a kill has cut off goes on with what is left of it") {
  Group group = rolls_beside(web(3));
  group.update.steps.resize(2);
  group.update.steps[0].to = {Amount::Unit::count, 1};
  group.update.steps[0].pause = std::chrono::minutes{10};
  group.update.steps[1].to = percent(100);
  Upgrade upgrade(group);
  upgrade.die_at(upgrade.world.plan(), rests);
  upgrade.world.input.now += std::chrono::minutes{4};
  const Plan next = upgrade.world.plan();
  INFO(plan_text(next));
  CHECK(rests_of(next) == std::vector<Duration>{std::chrono::minutes{6}});
  CHECK(next.rollouts.at(0).turns.at(0).rests == "pause 6m");
}

// ---- Sizes that change ----------------------------------------------------------------------------------------------

TEST_CASE("a group that becomes smaller in the middle of a rollout keeps what is new and gives up what is old") {
  SECTION("while the run that rolled it has died") {
    Upgrade upgrade(rolls_beside(web(6)));
    upgrade.die_at_turn(6);
    const Uuids fresh = upgrade.uuids_of('b');
    REQUIRE(fresh.size() == 3);
    upgrade.web().size = 4;
    upgrade.world.converge();
    const Uuids now = upgrade.uuids_of('b');
    CHECK(now.size() == 4);
    CHECK(upgrade.world.input.recorded.instances.size() == 4);
    CHECK(std::includes(now.begin(), now.end(), fresh.begin(), fresh.end()));
  }
  SECTION("while it waits at a step") {
    Group group = rolls_beside(web(6));
    group.update.steps.resize(1);
    group.update.steps[0].to = percent(50);
    group.update.steps[0].manual_pause = true;
    Upgrade upgrade(group);
    upgrade.world.converge();
    const Uuids fresh = upgrade.uuids_of('b');
    REQUIRE(fresh.size() == 3);
    upgrade.web().size = 4;
    upgrade.world.converge();
    CHECK(upgrade.uuids_of('b') == fresh);
    CHECK(upgrade.uuids_of('a').size() == 1);
  }
  SECTION("in place, whatever the ordinals of the new ones are") {
    Upgrade upgrade(web(6));
    const InstanceAddress last{InstanceAddress::Kind::group, "web", 5};
    upgrade.world.input.unready[last] = "http answers 503";
    upgrade.die_at_turn(2);
    upgrade.world.input.unready.clear();
    const Uuids fresh = upgrade.uuids_of('b');
    REQUIRE(fresh == Uuids{upgrade.world.instance("group.web[5]").uuid});
    upgrade.web().size = 5;
    upgrade.world.converge();
    CHECK(upgrade.world.input.recorded.instances.count(last) == 1);
    CHECK(upgrade.uuids_of('b').count(*fresh.begin()) == 1);
    CHECK(upgrade.uuids_of('b').size() == 5);
  }
}

TEST_CASE("a budget in percent is of the size that a group has by now, and holds from there on") {
  Group group = web(6);
  group.update.max_surge = group.update.max_unavailable = percent(34);
  group.update.per_host = 10;
  Upgrade upgrade(group);
  CHECK(upgrade.world.plan().rollouts.at(0).surge == 3);
  CHECK(upgrade.world.plan().rollouts.at(0).unavailable == 2);
  upgrade.die_at(upgrade.world.plan(), waits_for_one);
  REQUIRE_FALSE(upgrade.uuids_of('a').empty());
  REQUIRE_FALSE(upgrade.uuids_of('b').empty());
  upgrade.web().size = 10;

  const Plan plan = upgrade.world.plan();

  INFO(plan_text(plan));
  CHECK(plan.rollouts.at(0).size == 10);
  CHECK(plan.rollouts.at(0).surge == 4);
  CHECK(plan.rollouts.at(0).unavailable == 3);
  upgrade.watch(7, 14);
  upgrade.carry_out_at_once(plan);
  CHECK(upgrade.uuids_of('b').size() == 10);
}

// ---- Back -----------------------------------------------------------------------------------------------------------

TEST_CASE("the way back keeps to the same budget at every step") {
  const std::pair<int, int> budget = GENERATE(std::pair{1, 0}, std::pair{2, 1}, std::pair{0, 1});
  const auto [surge, unavailable] = budget;
  INFO("surge " << surge << ", unavailable " << unavailable);
  Group group = rolls_beside(web(4), surge, unavailable);
  group.update.per_host = 4;
  Upgrade upgrade(group);
  SECTION("from half-way") {
    upgrade.die_at_turn(3);
  }
  SECTION("from the end") {
    upgrade.world.converge();
  }
  REQUIRE_FALSE(upgrade.uuids_of('b').empty());
  upgrade.say(RolloutIntent::Kind::undo);

  const Plan back = upgrade.world.plan();

  INFO(plan_text(back));
  REQUIRE(back.rollouts.at(0).back);
  CHECK(back.rollouts[0].surge == surge);
  CHECK(back.rollouts[0].unavailable == unavailable);
  upgrade.watch(4 - unavailable, 4 + surge);
  upgrade.carry_out_at_once(back);
  CHECK(upgrade.uuids_of('a').size() == 4);
  CHECK(upgrade.uuids_of('b').empty());
}

TEST_CASE("a version that goes back by itself gives up what has failed first, within the same budget") {
  Group group = rolls_beside(web(3));
  group.update.on_failure = Update::OnFailure::rollback;
  Upgrade upgrade(group);
  const Action second = upgrade.die_at(upgrade.world.plan(), [](const Action& action) {
    return waits_for_one(action) && action.address == "group.web[4]";
  });
  REQUIRE(upgrade.uuids_of('b').size() == 2);
  const Error never{ErrorKind::timed_out, "web-4 is not ready", {}, {}};
  for (const auto& change : rollout_failure(second, never, upgrade.world.input.recorded)) {
    apply(upgrade.world.input.recorded, change);
  }

  const Plan back = upgrade.world.plan();

  INFO(plan_text(back));
  REQUIRE(back.rollouts.at(0).back);
  CHECK(first_that_goes(back) == "group.web[4]");
  upgrade.watch(3, 4);
  upgrade.carry_out_at_once(back);
  CHECK(upgrade.uuids_of('a').size() == 3);
  CHECK(upgrade.uuids_of('b').empty());
}

}  // namespace
}  // namespace vscale::test
