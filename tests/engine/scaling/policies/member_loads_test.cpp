#include "engine/scaling/policies/member_loads.h"

#include <catch2/catch.hpp>

#include "tests/engine/scaling/scaled_world.h"

namespace vscale::test {
namespace {

using std::chrono::seconds;

LoadQuestion cpu_question(int current) {
  return {
      .metric = Metric::cpu, .window = seconds{60}, .sample_interval = seconds{15}, .current = current, .now = kNow};
}

// The loads of one ready member with these samples.
MemberLoads loads_with(const std::vector<Sample>& samples, std::optional<Instant> ready_at = std::nullopt,
                       LoadQuestion question = cpu_question(1)) {
  ScalingMember member;
  member.address = web_at(0);
  member.ready_at = ready_at;
  member.samples = &samples;
  return member_loads({member}, question);
}

}  // namespace

TEST_CASE("members count by their state") {
  ScaledWorld world(scaled_group(1, 20, {cpu_target(60)}));
  world.add_ready(2, 50).add_ready(1).add(1, MemberState::starting, 90).add(1, MemberState::unready, 90);
  world.add(1, MemberState::off, 90).add(1, MemberState::unknown, 90).add(1, MemberState::leaving, 90);
  // Seven are wanted, and seven are there.
  CHECK(member_loads(world.input.members, cpu_question(7)) ==
        MemberLoads{.values = {50, 50}, .missing = 1, .unknown = 1, .coming = 2});
  // Nine are wanted: two are not begun.
  CHECK(member_loads(world.input.members, cpu_question(9)).coming == 4);
  world.member(0).surge = true;
  CHECK(member_loads(world.input.members, cpu_question(6)).values == std::vector<double>{50});
}

TEST_CASE("samples in the window are averaged for each member") {
  const std::vector<Sample> samples = {cpu_sample(kNow - seconds{75}, 10), cpu_sample(kNow - seconds{60}, 10),
                                       cpu_sample(kNow - seconds{45}, 90), cpu_sample(kNow - seconds{15}, 60),
                                       cpu_sample(kNow, 30)};
  // The window of a minute is open at its begin: 90, 60 and 30 are in it.
  CHECK(loads_with(samples).values == std::vector<double>{60});
}

TEST_CASE("a window shorter than the time between samples has the newest one in it") {
  LoadQuestion question = cpu_question(1);
  question.window = seconds{5};
  const std::vector<Sample> samples = {cpu_sample(kNow - seconds{25}, 10), cpu_sample(kNow - seconds{10}, 70)};
  CHECK(loads_with(samples, std::nullopt, question).values == std::vector<double>{70});
}

TEST_CASE("a sample older than two intervals is none") {
  CHECK(loads_with({cpu_sample(kNow - seconds{30}, 70)}).values == std::vector<double>{70});
  CHECK(loads_with({cpu_sample(kNow - std::chrono::milliseconds{30'001}, 70)}) == MemberLoads{.missing = 1});
  CHECK(loads_with({}) == MemberLoads{.missing = 1});
}

TEST_CASE("cpu that was used before a member was wholly ready is no load") {
  const std::vector<Sample> samples = {cpu_sample(kNow - seconds{15}, 100), cpu_sample(kNow, 20)};
  // The last one was taken from 15 s ago on.
  CHECK(loads_with(samples, kNow - seconds{15}).values == std::vector<double>{20});
  CHECK(loads_with(samples, kNow - seconds{14}) == MemberLoads{.missing = 1});
  CHECK(loads_with(samples, kNow - seconds{30}).values == std::vector<double>{60});
}

TEST_CASE("a member that became ready after now, by a clock that was set back, is measured like others") {
  const std::vector<Sample> samples = {cpu_sample(kNow - seconds{15}, 60), cpu_sample(kNow, 20)};
  CHECK(loads_with(samples, kNow + std::chrono::hours{24}).values == std::vector<double>{40});
}

TEST_CASE("a sample counts for as long as it lasted") {
  Sample longer = cpu_sample(kNow - seconds{15}, 80);
  longer.over = seconds{30};
  CHECK(loads_with({longer, cpu_sample(kNow, 20)}).values == std::vector<double>{60});
}

TEST_CASE("memory counts from the first sample on") {
  LoadQuestion question = cpu_question(1);
  question.metric = Metric::memory;
  Sample sample = cpu_sample(kNow, 100);
  sample.memory_percent = 40;
  CHECK(loads_with({sample}, kNow - seconds{1}, question).values == std::vector<double>{40});
}

TEST_CASE("a value that is absent is not zero") {
  Sample without = cpu_sample(kNow, 0);
  without.cpu_percent.reset();
  CHECK(loads_with({without}) == MemberLoads{.missing = 1});
  // The one before it still counts, if it is fresh.
  CHECK(loads_with({cpu_sample(kNow - seconds{15}, 50), without}).values == std::vector<double>{50});
}

TEST_CASE("a sample after now is of a clock that was wrong") {
  CHECK(loads_with({cpu_sample(kNow - seconds{10}, 50), cpu_sample(kNow + seconds{1}, 99)}).values ==
        std::vector<double>{50});
}

}  // namespace vscale::test
