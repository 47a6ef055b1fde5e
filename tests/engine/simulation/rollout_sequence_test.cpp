#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <random>

#include "tests/engine/plan/plan_text.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"

/// Rolling updates as Cluster API tests them: planner and cluster take turns until all is done, and what is promised is
/// looked at after every single step, in whatever order the steps come that the needs allow.

namespace vscale::test {
namespace {

/// Planner and cluster take no more turns than this; each of them does something.
constexpr int kTurnsMax = 60;

struct Budget {
  int size = 0, surge = 0, unavailable = 0;
};

std::ostream& operator<<(std::ostream& out, const Budget& budget) {
  return out << "size " << budget.size << ", surge " << budget.surge << ", unavailable " << budget.unavailable;
}

/// One group on hosts with room, and a look at it after every action.
class Rolling {
 public:
  Rolling(const Budget& budget, std::uint64_t seed, int hosts = 3)
      : world(config(budget, hosts)), budget_(budget), random_(seed) {
    world.carry_out(world.plan());
    before_ = now();
    world.after_each = [this](const Action& action) { look(action); };
  }

  PlayedWorld world;

  Group& group() { return world.input.config.groups[0]; }
  /// These return which version all are of in the end.
  char publish(char digit) {
    world.input.images["debian-12"] = lock_of("debian-12", digit);
    return version_ = digit;
  }
  char resize(int size) {
    group().size = budget_.size = size;
    return version_;
  }
  char cut(const std::string& host) {
    kept_ = world.input.live[host];
    world.input.live[host] = unreachable();
    return version_;
  }
  void heal(const std::string& host) { world.input.live[host] = kept_; }

  /// What is lost by itself is not the rollout's doing: from here on it must not become worse.
  void lost_by_itself() { before_ = now(); }

  /// A plan, and as many of its actions as there are, or some of them, after which vscale is killed.
  void turn() {
    const Plan plan = world.plan();
    INFO(plan_text(plan));
    REQUIRE_FALSE(plan.errored);
    if (plan.actions.empty()) return;
    const auto order = some_order(plan);
    if (random_() % 2 == 0) {
      world.carry_out(plan, order);
    } else {
      world.carry_out_and_die(plan, order, random_() % order.size(), random_() % 2 == 0);
      before_ = now();
    }
  }

  /// Until a plan has nothing left to do.
  void settle() {
    for (int i = 0; i < kTurnsMax; ++i) {
      if (world.plan().actions.empty()) return;
      turn();
    }
    INFO(plan_text(world.plan()));
    FAIL("still something to do after " << kTurnsMax << " turns");
  }

  void check_all_new(char digit) {
    const std::string digest = "sha256:" + std::string(64, digit);
    CHECK(static_cast<int>(world.input.recorded.instances.size()) == budget_.size);
    for (const auto& [address, instance] : world.input.recorded.instances) {
      INFO(to_string(address));
      CHECK(instance.image_digest == digest);
      CHECK(instance.phase == Phase::ready);
    }
    CHECK(now().available == budget_.size);
    CHECK(world.input.recorded.rollouts.empty());
    const GroupRecord& record = world.input.recorded.groups.at("group.web");
    CHECK(record.stable == record.revision);
  }

 private:
  struct Counts {
    int total = 0, available = 0;
  };

  static Config config(const Budget& budget, int hosts) {
    std::vector<std::string> names;
    for (int i = 1; i <= hosts; ++i) names.push_back(fmt::format("kvm{}", i));
    Group group = rolls_beside(web(budget.size), budget.surge, budget.unavailable);
    group.hooks.before_stop.emplace_back().command = {TemplateText{"drain"}};
    return config_with({group}, names);
  }

  Counts now() {
    Counts counts;
    for (const auto& [address, instance] : world.input.recorded.instances) {
      const auto view = world.input.live.find(instance.host);
      if (view == world.input.live.end() || !view->second.snapshot) {
        ++counts.total;
        continue;
      }
      const LiveDomain* domain = world.domain(instance.host, instance.name);
      // What has only been claimed, or is left of one that is on its way out, is no machine.
      if (domain != nullptr) ++counts.total;
      const bool up = domain != nullptr && domain->uuid == instance.uuid && is_up(domain->state);
      // Who was drained serves nobody, whether it was stopped or not.
      if (up && instance.phase == Phase::ready && !instance.drained) ++counts.available;
    }
    return counts;
  }

  /// Whatever an action does, it does not go beyond what is promised.
  void look(const Action& action) {
    const Counts counts = now();
    INFO(budget_ << "; after action " << action.id << " " << kind_of(action.detail) << " " << action.address
                 << ": available " << before_.available << " -> " << counts.available << ", total " << before_.total
                 << " -> " << counts.total);
    const bool takes_away = counts.available < before_.available;
    const bool adds = counts.total > before_.total;
    const int least = budget_.size - std::min(budget_.size, budget_.unavailable);
    if (takes_away && counts.available < least) {
      FAIL_CHECK("the rollout took away more than may be unavailable: available "
                 << counts.available << " of " << budget_.size << ", promised " << least);
    }
    if (adds && counts.total > budget_.size + budget_.surge) {
      FAIL_CHECK("the rollout made more than the surge allows: " << counts.total << " instances, allowed "
                                                                 << budget_.size + budget_.surge);
    }
    before_ = counts;
  }

  std::vector<std::size_t> some_order(const Plan& plan) {
    std::vector<std::size_t> waiting = order_of_ids(plan), order;
    std::vector<bool> done(plan.actions.size());
    const auto is_ready = [&](std::size_t index) {
      const auto& needs = plan.actions[index].needs;
      return std::all_of(needs.begin(), needs.end(), [&](int id) { return done[static_cast<std::size_t>(id) - 1]; });
    };
    while (!waiting.empty()) {
      auto at = waiting.begin() + static_cast<std::ptrdiff_t>(random_() % waiting.size());
      while (!is_ready(*at)) at = at + 1 == waiting.end() ? waiting.begin() : at + 1;
      done[*at] = true;
      order.push_back(*at);
      waiting.erase(at);
    }
    return order;
  }

  Budget budget_;
  std::mt19937_64 random_;
  char version_ = 'a';
  HostView kept_;  ///< Of the host that is cut off.
  Counts before_;
};

constexpr Budget kBudgets[] = {
    {1, 1, 0}, {1, 0, 1}, {3, 1, 0}, {3, 0, 1}, {3, 2, 0},  {3, 0, 2},
    {3, 1, 1}, {3, 3, 0}, {3, 0, 3}, {6, 2, 2}, {10, 3, 0}, {10, 1, 4},
};

TEST_CASE("every rolling update keeps its promises at every step, whatever the budget and the order") {
  for (const auto& budget : kBudgets) {
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
      INFO("seed " << seed << ", " << budget);
      Rolling rolling(budget, seed);
      rolling.publish('b');
      rolling.settle();
      rolling.check_all_new('b');
    }
  }
}

/// One thing that happens while a rollout is on its way, and may be over two turns later.
struct Incident {
  const char* what;
  std::function<char(Rolling&)> happens;  ///< Which version all are of in the end.
  std::function<void(Rolling&)> is_over = {};
};

void say(Rolling& rolling, RolloutIntent::Kind kind) {
  RolloutIntent said{.group = "group.web", .kind = kind, .at = rolling.world.input.now, .by = "anna"};
  said.revision = 2;
  rolling.world.input.recorded.rollout_intents["group.web"] = said;
}

/// A new one has not become ready in time, unless the rollout has come to its end by then.
char fails(Rolling& rolling) {
  rolling.group().update.on_failure = Update::OnFailure::rollback;
  RecordedState& recorded = rolling.world.input.recorded;
  const auto rollout = recorded.rollouts.find("group.web");
  if (rollout == recorded.rollouts.end()) return 'b';
  rollout->second.failures = 1;
  for (auto& [address, instance] : recorded.instances) {
    if (instance.revision != 2) continue;
    instance.failed = true;
    if (instance.phase == Phase::ready) instance.phase = Phase::started;
    break;
  }
  return 'a';
}

std::vector<Incident> incidents() {
  return {
      {"a new spec", [](Rolling& rolling) { return rolling.publish('c'); }},
      {"back to the old spec", [](Rolling& rolling) { return rolling.publish('a'); }},
      {"scale-out", [](Rolling& rolling) { return rolling.resize(rolling.group().size + 2); }},
      {"scale-in", [](Rolling& rolling) { return rolling.resize(std::max(1, rolling.group().size - 2)); }},
      {"scale-in and a new spec",
       [](Rolling& rolling) {
         rolling.resize(std::max(1, rolling.group().size - 1));
         return rolling.publish('c');
       }},
      {"an instance that is switched off",
       [](Rolling& rolling) {
         for (auto& domain : rolling.world.host("kvm1").domains) {
           if (domain.ownership) domain.state = DomainState::shut_off;
         }
         return 'b';
       }},
      {"a new one that fails, and a way back", fails},
      {"undo",
       [](Rolling& rolling) {
         say(rolling, RolloutIntent::Kind::undo);
         return 'a';
       }},
      {"a pause",
       [](Rolling& rolling) {
         say(rolling, RolloutIntent::Kind::pause);
         return 'b';
       },
       [](Rolling& rolling) { say(rolling, RolloutIntent::Kind::resume); }},
      {"scale-in while it is paused",
       [](Rolling& rolling) {
         say(rolling, RolloutIntent::Kind::pause);
         return rolling.resize(std::max(1, rolling.group().size - 2));
       },
       [](Rolling& rolling) { say(rolling, RolloutIntent::Kind::resume); }},
      {"a step that a person passes",
       [](Rolling& rolling) {
         UpdateStep step;
         step.to = {Amount::Unit::count, 1};
         step.manual_pause = true;
         rolling.group().update.steps = {step};
         return 'b';
       },
       [](Rolling& rolling) { rolling.group().update.steps.clear(); }},
      {"a host that does not answer", [](Rolling& rolling) { return rolling.cut("kvm2"); },
       [](Rolling& rolling) { rolling.heal("kvm2"); }},
  };
}

void live_through_incident(const Budget& budget, const Incident& incident, std::uint64_t seed) {
  INFO("seed " << seed << ", " << budget << ", " << incident.what);
  Rolling rolling(budget, seed);
  rolling.publish('b');
  rolling.turn();
  const char ends_with = incident.happens(rolling);
  rolling.lost_by_itself();
  rolling.turn();
  rolling.turn();
  if (incident.is_over) incident.is_over(rolling);
  rolling.lost_by_itself();
  rolling.settle();
  rolling.check_all_new(ends_with);
}

TEST_CASE("whatever happens in the middle of a rollout, it keeps its promises and comes to its end") {
  for (const auto& incident : incidents()) {
    for (const auto& budget : kBudgets) {
      for (std::uint64_t seed = 0; seed < 4; ++seed) live_through_incident(budget, incident, seed);
    }
  }
}

/// A budget and an incident of the seed's own.
void live_through_any(std::uint64_t seed) {
  const auto all = incidents();
  std::mt19937_64 random(seed);
  Budget budget;
  budget.size = 1 + static_cast<int>(random() % 8);
  budget.surge = static_cast<int>(random() % 4);
  budget.unavailable = budget.surge == 0 ? 1 + static_cast<int>(random() % 3) : static_cast<int>(random() % 4);
  live_through_incident(budget, all[random() % all.size()], seed);
}

TEST_CASE("a hundred rollouts that nobody has seen before keep their promises, too") {
  std::random_device entropy;
  for (int i = 0; i < 100; ++i) live_through_any(entropy());
}

// While a group got smaller, what was missing was made before what was too much had gone.
TEST_CASE("what a rollout once broke its promises with, it keeps them with") {
  live_through_any(GENERATE(4203388286U, 4060721872U));
}

}  // namespace
}  // namespace vscale::test
