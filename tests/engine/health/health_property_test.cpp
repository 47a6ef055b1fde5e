#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "tests/engine/health/watched_group.h"

/// Histories made up at random, however unlikely: what holds in all of them. A failing seed is replayed by its number.

namespace vscale::test::health {
namespace {

using State = HealthFinding::State;

constexpr int kTicks = 400;
/// 3 heals before the first backoff, and in one hour no more than 4 after it: at 5, 15, 35 and 65 minutes.
constexpr std::ptrdiff_t kHealsRememberedMost = 6;

/// One group and its history; what is right is told from the whole history, and not from records.
class History {
 public:
  explicit History(std::uint64_t seed) : random_(seed) {
    Group& group = web_.group;
    group.health.failures = one_of(1, 4);
    group.health.heal.by = chance(50) ? Heal::By::restart : Heal::By::replace;
    group.health.heal.max_unhealthy = {Amount::Unit::percent, one_of(0, 100)};
    group.stateful = chance(30);
    if (chance(50)) group.scaling = a_scaling();
    const int size = one_of(1, 8);
    for (int i = 0; i < size; ++i) members_.push_back(alive(i));
  }

  void tick() {
    web_.now += Duration{seconds{one_of(1, 90)}};
    for (auto& member : members_) change(member);
    web_.healing = chance(10);
    web_.suspended.clear();
    if (chance(5)) web_.suspended.insert(Suspension::Process::heal);
    const auto before = web_.last.records;
    web_.look_at(web_.now, members_);
    for (const auto& member : members_) count(member);
    check_that_records_are_all_that_counts(before);
    check_one_at_a_time();
    check_each_ill_one_once();
    check_records();
    for (const auto& heal : web_.last.heals) {
      check_heal(heal);
      failures_[heal.address] = 0;
    }
  }

 private:
  bool chance(int percent) { return one_of(1, 100) <= percent; }
  int one_of(int least, int most) { return std::uniform_int_distribution<int>(least, most)(random_); }

  void change(HealthFinding& member) {
    if (chance(3)) member.uuid = fmt::format("uuid-{}", ++made_);
    if (chance(3)) member.protected_from_all = !member.protected_from_all;
    if (chance(60)) return;
    member.state = static_cast<State>(one_of(0, static_cast<int>(State::leaving)));
    member.what = member.state == State::alive ? "" : "found";
    member.was_ready = chance(50);
    if (member.state == State::booting) member.started_at = web_.now - Duration{seconds{one_of(0, 600)}};
    if (member.state == State::making) member.created_at = web_.now - Duration{seconds{one_of(0, 1800)}};
  }

  void count(const HealthFinding& member) {
    std::string& uuid = uuids_[member.address];
    int& failures = failures_[member.address];
    if (uuid != member.uuid) failures = 0;
    uuid = member.uuid;
    if (member.state == State::unknown) return;
    failures = member.state == State::failing ? failures + 1 : 0;
  }

  bool is_ill(const HealthFinding& member) {
    const Duration since_start = web_.now - member.started_at.value_or(web_.now);
    const Duration since_creation = web_.now - member.created_at.value_or(web_.now);
    switch (member.state) {
      case State::failing:
        return failures_[member.address] >= web_.group.health.failures;
      case State::off:
        return true;
      case State::booting:
        return since_start > minutes{5};
      case State::making:
        return since_creation > minutes{15};
      default:
        return false;
    }
  }

  /// More than maxUnhealthy allows, of those that were started and of which something is known.
  bool too_many_ill() {
    int ill = 0, counted = 0;
    for (const auto& member : members_) {
      const bool tells = member.state == State::alive || member.state == State::failing || member.state == State::off ||
                         member.state == State::booting;
      if (!tells) continue;
      ++counted;
      if (member.state == State::failing || is_ill(member)) ++ill;
    }
    const int percent = web_.group.health.heal.max_unhealthy.value;
    const int allowed = percent == 0 ? 0 : std::max(1, percent * counted / 100);
    return ill > allowed;
  }

  void check_that_records_are_all_that_counts(std::vector<HealthRecord> before) {
    const HealthInput input{.group = &web_.group,
                            .members = members_,
                            .suspended = web_.suspended,
                            .healing = web_.healing,
                            .now = web_.now};
    CHECK(decide_health(input, before) == web_.last);
    // As they come from the statefile: in another order, and other objects.
    std::ranges::reverse(before);
    CHECK(decide_health(input, before) == web_.last);
    for (auto& record : before) record.looked_at.reset();
    const HealthOutcome unseen = decide_health(input, before);
    CHECK(unseen.heals == web_.last.heals);
    CHECK(unseen.held == web_.last.held);
  }

  void check_one_at_a_time() {
    const auto one_by_one =
        std::ranges::count_if(web_.last.heals, [](const Healing& heal) { return heal.by != Healing::By::start; });
    CHECK(one_by_one <= (web_.healing || too_many_ill() || !web_.last.breaker.empty() ? 0 : 1));
    if (!web_.suspended.empty()) CHECK(web_.last.heals.empty());
  }

  void check_each_ill_one_once() {
    std::vector<InstanceAddress> ill, told;
    for (const auto& member : members_) {
      if (is_ill(member)) ill.push_back(member.address);
    }
    for (const auto& heal : web_.last.heals) told.push_back(heal.address);
    for (const auto& held : web_.last.held) told.push_back(held.address);
    CHECK(std::ranges::is_sorted(web_.last.heals, {}, &Healing::address));
    CHECK(std::ranges::is_sorted(web_.last.held, {}, &HeldHeal::address));
    std::ranges::sort(told);
    CHECK(told == ill);
  }

  void check_heal(const Healing& heal) {
    const HealthFinding& member = *std::ranges::find(members_, heal.address, &HealthFinding::address);
    CHECK_FALSE(member.protected_from_all);
    CHECK((member.state == State::off) == (heal.by == Healing::By::start));
    if (web_.group.stateful) CHECK(heal.by != Healing::By::replace);
    CHECK_FALSE(heal.text.empty());
    CHECK_FALSE(heal.figures.empty());
  }

  void check_records() {
    CHECK(std::ranges::is_sorted(web_.last.records, {}, &HealthRecord::address));
    CHECK(web_.last.records.size() <= members_.size());
    for (const auto& record : web_.last.records) {
      const bool healed_now = std::ranges::count(web_.last.heals, record.address, &Healing::address) > 0;
      CHECK(record.failures == (healed_now ? 0 : failures_[record.address]));
      CHECK(record.backoff_step <= kBackoffStepMost);
      CHECK(std::ranges::is_sorted(record.healed_at));
      CHECK(std::ssize(record.healed_at) <= kHealsRememberedMost);
      for (const Instant at : record.healed_at) CHECK(web_.now - at < hours{1});
    }
  }

  std::mt19937_64 random_;
  WatchedGroup web_;
  std::vector<HealthFinding> members_;
  std::map<InstanceAddress, int> failures_;
  std::map<InstanceAddress, std::string> uuids_;
  int made_ = 0;
};

void check_history(std::uint64_t seed) {
  History history(seed);
  for (int tick = 0; tick < kTicks; ++tick) {
    INFO("seed " << seed << ", tick " << tick);
    history.tick();
  }
}

/// An hour and more of ill health, with looks at any time: each wait is no shorter than the one before.
void check_backoff(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  WatchedGroup web;
  web.group.health.failures = 1;
  Duration wait{};
  std::optional<Instant> not_before;
  for (int tick = 0; tick < 2000; ++tick) {
    INFO("seed " << seed << ", tick " << tick);
    const Instant now = web.now + seconds{1 + random() % 60};
    const HealthFinding ill[] = {failing(0), off(0), unknown(0), booting(0, now - minutes{6}),
                                 with_uuid(making(0, now - minutes{16}), "another")};
    web.look_at(now, {ill[random() % std::size(ill)]});
    if (web.last.heals.empty()) continue;
    if (not_before) CHECK(now >= *not_before);
    not_before = web.record(0)->retry_at;
    if (!not_before) continue;
    CHECK(*not_before - now >= wait);
    wait = *not_before - now;
  }
  CHECK(wait == kBackoffMost);
  CHECK(web.record(0)->backoff_step == kBackoffStepMost);
}

}  // namespace

TEST_CASE("whatever is found, one is healed at a time, nobody of whom nothing is known, and records stay small") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) check_history(seed);
}

TEST_CASE("histories that nobody has seen before are no exception") {
  std::random_device entropy;
  for (int i = 0; i < 20; ++i) check_history(entropy());
}

TEST_CASE("a place in ill health waits ever longer, up to half an hour") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) check_backoff(seed);
}

TEST_CASE("with all members failing nothing is restarted or replaced, however long that is") {
  const int size = GENERATE(2, 3, 5, 50);
  WatchedGroup web;
  if (size > 3) web.group.scaling = a_scaling();
  for (int i = 0; i < 500; ++i) {
    web.look(several(failing, size));
    CHECK(web.last.heals.empty());
  }
  CHECK(std::ssize(web.last.held) == size);
  CHECK(web.last.breaker.empty() == (size <= 3));
}

}  // namespace vscale::test::health
