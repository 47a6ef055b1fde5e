#include "engine/scaling/scaling_history.h"

#include <catch2/catch.hpp>

#include "tests/engine/scaling/scaled_world.h"

namespace vscale::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration kInterval = minutes{1};

Group plain_group() {
  return tempered_group(1, 10, {cpu_target(60)});
}

}  // namespace

TEST_CASE("opinions of one size are one, as long as they follow each other") {
  ScalingMemory memory;
  for (int minute = 0; minute < 3; ++minute) note_opinion(memory, kInterval, 4, kNow + minutes{minute});
  note_opinion(memory, kInterval, 5, kNow + minutes{3});
  CHECK(memory.opinions == std::vector<SizeOpinion>{{.from = kNow, .to = kNow + minutes{2}, .size = 4},
                                                    {.from = kNow + minutes{3}, .to = kNow + minutes{3}, .size = 5}});
}

TEST_CASE("an evaluation may be late or fail; what is longer is a silence, and so is nothing below two minutes") {
  CHECK_FALSE(is_silence(minutes{10}, minutes{5}));
  CHECK(is_silence(minutes{10} + Duration{1}, minutes{5}));
  // cron runs `--once` each minute at most.
  CHECK_FALSE(is_silence(minutes{2}, seconds{15}));
  CHECK(is_silence(minutes{2} + Duration{1}, seconds{15}));
}

TEST_CASE("looks that are as far apart as those before them are no silence, up to ten minutes") {
  CHECK_FALSE(is_silence(minutes{8}, seconds{15}, minutes{4}));
  CHECK(is_silence(minutes{8} + Duration{1}, seconds{15}, minutes{4}));
  CHECK_FALSE(is_silence(minutes{10}, seconds{15}, minutes{10}));
  CHECK(is_silence(hours{24}, seconds{15}, hours{24}));
  // A silence is no measure for the next one.
  CHECK(is_silence(minutes{5}, seconds{15}, hours{24}));
  CHECK_FALSE(is_silence(hours{24}, hours{12}, hours{24}));
}

TEST_CASE("after a silence nothing is known of the time in between, though the size is the same as before") {
  ScalingMemory memory;
  note_opinion(memory, kInterval, 4, kNow);
  note_opinion(memory, kInterval, 4, kNow + minutes{2});
  CHECK(memory.opinions == std::vector<SizeOpinion>{{.from = kNow, .to = kNow + minutes{2}, .size = 4}});
  note_opinion(memory, kInterval, 4, kNow + minutes{5});
  CHECK(memory.opinions == std::vector<SizeOpinion>{{.from = kNow, .to = kNow + minutes{2}, .size = 4},
                                                    {.from = kNow + minutes{5}, .to = kNow + minutes{5}, .size = 4}});
}

TEST_CASE("a step's series is forgotten after a silence, and where the clock was set back behind it") {
  const Group group = plain_group();
  ScalingMemory memory;
  memory.evaluated_at = kNow;
  memory.policies["burst"].beyond = {true, true};
  const auto is_kept = [&](Instant now) {
    return !still_of_use(memory, group, kInterval, now).policies.at("burst").beyond.empty();
  };
  CHECK(is_kept(kNow + minutes{2}));
  CHECK_FALSE(is_kept(kNow + minutes{2} + Duration{1}));
  CHECK_FALSE(is_kept(kNow - Duration{1}));
}

TEST_CASE("of opinions before the window the last two stay") {
  const Group group = plain_group();
  ScalingMemory memory;
  for (int minute = 30; minute > 0; --minute) {
    note_opinion(memory, kInterval, minute, kNow - minutes{minute});
  }
  // The window of ten minutes begins between two of them: the one before says what was wanted then, and the one before
  // that how often it was looked.
  const ScalingMemory kept = still_of_use(memory, group, kInterval, kNow + seconds{30});
  CHECK(kept.opinions.size() == 11);
  CHECK(kept.opinions.front().from == kNow - minutes{11});
}

TEST_CASE("what a wrong clock has dated after now is forgotten") {
  const Group group = plain_group();
  ScalingMemory memory;
  memory.opinions = {{kNow - minutes{1}, kNow + hours{5}, 4}, {kNow + hours{5}, kNow + hours{5}, 9}};
  memory.changes = {{kNow - minutes{1}, 3, 4}, {kNow + hours{5}, 4, 9}};
  memory.out_ready_at = kNow + hours{5};
  memory.flapping_until = kNow + hours{6};
  const ScalingMemory kept = still_of_use(memory, group, kInterval, kNow);
  CHECK(kept.opinions == std::vector<SizeOpinion>{{kNow - minutes{1}, kNow, 4}});
  CHECK(kept.changes == std::vector<SizeChange>{{kNow - minutes{1}, 3, 4}});
  CHECK_FALSE(kept.out_ready_at);
  CHECK(kept.flapping_until == kNow + hours{1});
}

TEST_CASE("changes are kept as long as a rate, a cooldown or the flapping guard looks back") {
  Group group = plain_group();
  ScalingMemory memory;
  memory.changes = {{kNow - hours{3}, 3, 4}, {kNow - minutes{91}, 4, 5}, {kNow - minutes{90}, 5, 6}};
  CHECK(still_of_use(memory, group, kInterval, kNow).changes.size() == 1);
  group.scaling->cooldown.in = hours{2};
  CHECK(still_of_use(memory, group, kInterval, kNow).changes.size() == 2);
  group.scaling->rate_in.push_back({of_instances(1), hours{3}});
  CHECK(still_of_use(memory, group, kInterval, kNow).changes.size() == 3);
}

TEST_CASE("a growth is ready once as many are as it led to, or as are wanted by now") {
  const Group group = plain_group();
  ScalingMemory memory;
  memory.changes = {{kNow - minutes{2}, 3, 5}};
  note_ready(memory, group, 4, 5, kNow);
  CHECK_FALSE(memory.out_ready_at);
  note_ready(memory, group, 5, 5, kNow);
  CHECK(memory.out_ready_at == kNow);
  note_ready(memory, group, 5, 5, kNow + minutes{1});
  CHECK(memory.out_ready_at == kNow);
  memory.changes.push_back({kNow + minutes{2}, 5, 8});
  memory.changes.push_back({kNow + minutes{3}, 8, 6});
  note_ready(memory, group, 6, 6, kNow + minutes{4});
  CHECK(memory.out_ready_at == kNow + minutes{4});
}

TEST_CASE("a growth that does not get ready holds up no other for longer than the startup timeout") {
  const Group group = plain_group();
  ScalingMemory memory;
  memory.changes = {{kNow, 3, 5}};
  note_ready(memory, group, 4, 5, kNow + minutes{4});
  CHECK_FALSE(memory.out_ready_at);
  note_ready(memory, group, 4, 5, kNow + minutes{7});
  CHECK(memory.out_ready_at == kNow + minutes{5});
}

TEST_CASE("opinions and changes are bounded in number") {
  ScalingMemory memory;
  for (int i = 0; i < 3000; ++i) {
    note_opinion(memory, kInterval, i % 2 == 0 ? 9 : 2, kNow + seconds{i});
    note_change(memory, 3, 4, kNow + seconds{i});
  }
  CHECK(memory.opinions.size() == kMostOpinions);
  CHECK(memory.changes.size() == kMostChanges);
  // What was joined counts as the larger size, from its begin on.
  CHECK(memory.opinions.front().from == kNow);
  CHECK(memory.opinions.front().size == 9);
}

}  // namespace vscale::test
