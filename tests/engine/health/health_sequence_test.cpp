#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "tests/engine/health/watched_group.h"

/// Healing as Cluster API tests its health checks: decisions and a small cluster that fails, boots and recovers take
/// turns until all is well, and what is promised is looked at after every step.

namespace vscale::test::health {
namespace {

using State = HealthFinding::State;

constexpr int kHosts = 3;
constexpr int kStepsOfTrouble = 400;
/// The longest backoff, provisionTimeout, startupTimeout and a boot, one after another, in steps of 15 s.
constexpr int kStepsToSettle = (30 + 15 + 5 + 5) * 4;

/// One place of the group, and who is in it.
struct FakeInstance {
  State state = State::alive;
  int incarnation = 0, host = 0;
  Instant since = kBegin;  ///< In this state.
  Instant created_at = kBegin, started_at = kBegin, healed_at = kBegin;
  bool was_ready = true;
  bool hangs = false;            ///< Comes no further by itself, until it is healed.
  bool being_healed = false;     ///< By a restart or a replacement that has not come to its end.
  std::optional<Instant> rests;  ///< Not to be healed before that.
};

class FakeGroup {
 public:
  explicit FakeGroup(std::uint64_t seed) : random_(seed) {
    Group& group = web.group;
    group.health.heal.by = chance(50) ? Heal::By::restart : Heal::By::replace;
    group.stateful = chance(25);
    if (chance(50)) group.scaling = a_scaling();
    instances.resize(1 + random_() % 8);
    for (std::size_t i = 0; i < instances.size(); ++i) instances[i].host = static_cast<int>(i) % kHosts;
  }

  WatchedGroup web;
  std::vector<FakeInstance> instances;

  /// 15 s of the cluster's life, a decision, and what it asks for.
  void step() {
    web.now += kInterval;
    for (auto& instance : instances) go_on(instance);
    // A run that was killed is one that does not go on.
    const bool heals = std::ranges::any_of(instances, &FakeInstance::being_healed);
    web.healing = heals && chance(70);
    web.look_at(web.now, findings());
    check();
    for (const auto& heal : web.last.heals) carry_out(heal);
  }

  void let_something_happen() {
    FakeInstance& one = instances[random_() % instances.size()];
    const int host = static_cast<int>(random_() % kHosts);
    switch (random_() % 60) {
      case 0:
        if (one.state == State::alive) enter(one, State::failing, chance(50));
        break;
      case 1:
        if (one.state == State::alive) enter(one, State::off);
        break;
      case 2:
        is_cut_[host] = !is_cut_[host];
        break;
      case 3:
        lose_power(host);
        break;
      case 4:
        for (auto& instance : instances) {
          if (instance.state == State::alive) enter(instance, State::failing);
        }
        break;
      case 5:
        bad_boots_ = !bad_boots_;
        break;
      default:
        break;
    }
  }

  /// All hosts answer and boots go well. All but one of those that hang come out of it by themselves.
  void end_trouble() {
    std::ranges::fill(is_cut_, false);
    bad_boots_ = false;
    FakeInstance* left = nullptr;
    for (auto& instance : instances) {
      if (instance.hangs && left == nullptr) {
        left = &instance;
      } else {
        instance.hangs = false;
      }
    }
  }

  [[nodiscard]] bool all_is_well() const {
    return std::ranges::all_of(instances, [](const auto& instance) { return instance.state == State::alive; });
  }

 private:
  bool chance(std::uint64_t percent) { return random_() % 100 < percent; }

  void enter(FakeInstance& instance, State state, bool hangs = false) {
    instance.state = state;
    instance.since = web.now;
    instance.hangs = hangs;
    if (state == State::booting) instance.started_at = web.now;
    if (state == State::alive) instance.was_ready = true;
    if (state == State::alive || state == State::failing || state == State::off) instance.being_healed = false;
  }

  void lose_power(int host) {
    for (auto& instance : instances) {
      const bool is_up =
          instance.state == State::alive || instance.state == State::failing || instance.state == State::booting;
      if (instance.host == host && is_up) enter(instance, State::off);
    }
  }

  /// What comes of it by itself, after a while.
  void go_on(FakeInstance& instance) {
    const Duration lasted = web.now - instance.since;
    if (instance.being_healed && is_given_up(instance)) instance.being_healed = false;
    if (instance.hangs) return;
    if (instance.state == State::failing && lasted >= seconds{120}) enter(instance, State::alive);
    if (instance.state == State::booting && lasted >= seconds{60}) enter(instance, State::alive);
    if (instance.state == State::making && lasted >= seconds{30}) enter(instance, State::booting, bad_boots_);
    if (instance.state == State::leaving && lasted >= seconds{45}) {
      enter(instance, State::making, bad_boots_ && chance(20));
      ++instance.incarnation;
      instance.created_at = web.now;
      instance.was_ready = false;
    }
  }

  /// Others wait no longer for it. Of one that nobody sees it is only known when its heal began.
  bool is_given_up(const FakeInstance& instance) {
    if (is_cut_[instance.host] || instance.state == State::leaving) return web.now - instance.healed_at >= minutes{15};
    return web.now - instance.since > (instance.state == State::booting ? minutes{5} : minutes{15});
  }

  std::vector<HealthFinding> findings() {
    std::vector<HealthFinding> members;
    for (std::size_t i = 0; i < instances.size(); ++i) {
      const FakeInstance& instance = instances[i];
      HealthFinding finding = found(static_cast<int>(i), instance.state);
      finding.uuid = fmt::format("{}.{}", i, instance.incarnation);
      finding.created_at = instance.created_at;
      finding.started_at = instance.started_at;
      if (instance.state == State::making) finding.started_at.reset();
      finding.was_ready = instance.was_ready;
      if (is_cut_[instance.host]) finding.state = State::unknown;
      members.push_back(finding);
    }
    return members;
  }

  FakeInstance& at(const Healing& heal) { return instances.at(static_cast<std::size_t>(heal.address.ordinal)); }

  void carry_out(const Healing& heal) {
    FakeInstance& instance = at(heal);
    const auto* record = web.record(heal.address.ordinal);
    REQUIRE(record != nullptr);
    instance.rests = record->retry_at;
    instance.healed_at = web.now;
    enter(instance, heal.by == Healing::By::replace ? State::leaving : State::booting,
          heal.by != Healing::By::replace && bad_boots_);
    instance.being_healed = heal.by != Healing::By::start;
  }

  void check() {
    int begun = 0;
    for (const auto& heal : web.last.heals) {
      const FakeInstance& instance = at(heal);
      INFO(short_name(heal.address) << " " << to_string(heal.by) << ": " << heal.text);
      CHECK_FALSE(is_cut_[instance.host]);
      CHECK(instance.state != State::alive);
      CHECK(instance.state != State::leaving);
      if (instance.state == State::booting) CHECK(web.now - instance.started_at > minutes{5});
      if (web.group.stateful) CHECK(heal.by != Healing::By::replace);
      if (instance.rests) CHECK(web.now >= *instance.rests);
      if (heal.by != Healing::By::start) ++begun;
    }
    const auto going_on = std::ranges::count_if(instances, &FakeInstance::being_healed);
    if (begun > 0) CHECK(begun + going_on == 1);
    const auto seen = std::ranges::count_if(instances, [&](const auto& i) { return !is_cut_[i.host]; });
    const auto failing_ones =
        std::ranges::count_if(instances, [&](const auto& i) { return !is_cut_[i.host] && i.state == State::failing; });
    if (failing_ones == seen && seen > 1) CHECK(web.last.heals.empty());
    CHECK(web.last.records.size() <= instances.size());
  }

  std::mt19937_64 random_;
  bool is_cut_[kHosts] = {};
  bool bad_boots_ = false;
};

void live_through_trouble(std::uint64_t seed) {
  INFO("seed " << seed);
  FakeGroup group(seed);
  for (int i = 0; i < kStepsOfTrouble; ++i) {
    INFO("step " << i);
    group.let_something_happen();
    group.step();
  }
  group.end_trouble();
  for (int i = 0; i < kStepsToSettle && !group.all_is_well(); ++i) group.step();
  for (const auto& held : group.web.held()) UNSCOPED_INFO(held);
  CHECK(group.all_is_well());
}

}  // namespace

TEST_CASE("whatever happens to a group, its promises are kept at every step, and in the end all are well") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) live_through_trouble(seed);
}

TEST_CASE("trouble that nobody has seen before comes to a good end, too") {
  std::random_device entropy;
  for (int i = 0; i < 50; ++i) live_through_trouble(entropy());
}

TEST_CASE("one that hangs is healed, and the others never leave off serving") {
  FakeGroup group(1);
  group.instances.resize(4);
  group.web.group.stateful = false;
  group.instances[2].state = State::failing;
  group.instances[2].hangs = true;
  int steps = 0;
  while (!group.all_is_well() && steps < 40) {
    group.step();
    ++steps;
    const auto serving = std::ranges::count(group.instances, State::alive, &FakeInstance::state);
    CHECK(serving >= 3);
  }
  CHECK(group.all_is_well());
}

}  // namespace vscale::test::health
