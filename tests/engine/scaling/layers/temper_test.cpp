#include "engine/scaling/layers/temper.h"

#include <catch2/catch.hpp>

#include "tests/engine/scaling/scaled_world.h"

namespace vscale::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// From `from` to `to` before now.
SizeOpinion opinion_of(int size, Duration from, Duration to) {
  return {.from = kNow - from, .to = kNow - to, .size = size};
}
SizeChange change_ago(Duration ago, int from, int to) {
  return {.at = kNow - ago, .from = from, .to = to};
}

const OutIn kDefaultWindows{seconds{0}, minutes{5}};
const OutIn kDefaultCooldown{seconds{60}, minutes{5}};

int stabilised(int before, const std::vector<SizeOpinion>& opinions, const OutIn& windows = kDefaultWindows) {
  return stabilise(before, 5, opinions, windows, minutes{1}, kNow).after;
}

int rated(int before, int base, const Scaling& scaling, const std::vector<SizeChange>& changes = {}) {
  return limit_rate(before, base, scaling, changes, kNow).after;
}

Scaling with_rates(std::vector<ScalingRate> out, std::vector<ScalingRate> in) {
  Scaling scaling;
  scaling.rate_out = std::move(out);
  scaling.rate_in = std::move(in);
  return scaling;
}

}  // namespace

TEST_CASE("growth needs not last, unless the file says so") {
  CHECK(stabilised(8, {opinion_of(3, minutes{4}, minutes{1}), opinion_of(8, seconds{0}, seconds{0})}) == 8);
}

TEST_CASE("a group shrinks to the largest size that was asked for within the window") {
  const SizeOpinion old = opinion_of(5, minutes{9}, minutes{6});
  CHECK(stabilised(2, {old, opinion_of(3, minutes{5}, minutes{1}), opinion_of(2, seconds{0}, seconds{0})}) == 3);
  CHECK(stabilised(2, {old, opinion_of(2, minutes{5}, seconds{0})}) == 2);
  // A larger one that ended right when the window began is in it.
  CHECK(stabilised(2, {opinion_of(4, minutes{9}, minutes{5}), opinion_of(2, minutes{4}, seconds{0})}) == 4);
  // More than there are is no reason to grow.
  CHECK(stabilised(2, {opinion_of(9, minutes{5}, minutes{1}), opinion_of(2, seconds{0}, seconds{0})}) == 5);
}

TEST_CASE("a need that was not seen for the whole window has not lasted") {
  CHECK(stabilised(2, {opinion_of(2, minutes{4}, seconds{0})}) == 5);
  CHECK(stabilised(2, {opinion_of(2, minutes{5}, seconds{0})}) == 2);
  CHECK(stabilised(2, {}) == 5);
}

TEST_CASE("a silence within the window is no need that has lasted: the present size stands for it") {
  const SizeOpinion before_silence = opinion_of(2, minutes{30}, minutes{4});
  CHECK(stabilised(2, {before_silence, opinion_of(2, minutes{1}, seconds{0})}) == 5);
  // One evaluation that is missing is no silence.
  CHECK(stabilised(2, {before_silence, opinion_of(2, minutes{2}, seconds{0})}) == 2);
  // A silence that began before the window and reaches into it.
  CHECK(stabilised(2, {opinion_of(2, hours{9}, hours{8}), opinion_of(2, minutes{4}, seconds{0})}) == 5);
  // One that was over when the window began.
  CHECK(stabilised(2, {opinion_of(2, hours{9}, hours{8}), opinion_of(2, minutes{5}, seconds{0})}) == 2);
  // Growth that must last has not lasted either.
  const OutIn windows{minutes{5}, minutes{5}};
  CHECK(stabilised(9, {opinion_of(9, minutes{30}, minutes{4}), opinion_of(9, minutes{1}, seconds{0})}, windows) == 5);
}

TEST_CASE("a group grows to the smallest size that was asked for within a window out") {
  const OutIn windows{minutes{2}, minutes{5}};
  const SizeOpinion small = opinion_of(6, minutes{3}, minutes{1});
  CHECK(stabilised(9, {small, opinion_of(9, seconds{30}, seconds{0})}, windows) == 6);
  CHECK(stabilised(9, {opinion_of(9, minutes{2}, seconds{0})}, windows) == 9);
  CHECK(stabilised(9, {opinion_of(9, minutes{1}, seconds{0})}, windows) == 5);
  CHECK(stabilised(9, {opinion_of(2, minutes{3}, minutes{1}), opinion_of(9, seconds{30}, seconds{0})}, windows) == 5);
}

TEST_CASE("by default a group grows by 4 or by as much as it has, whichever is more") {
  const Scaling defaults;
  CHECK(rated(20, 2, defaults) == 6);
  CHECK(rated(20, 6, defaults) == 12);
  CHECK(rated(5, 2, defaults) == 5);
  CHECK(rated(9, 0, defaults) == 4);
}

TEST_CASE("what grew within a rate's time counts") {
  const Scaling defaults;
  // It began the minute with 6 - 4 = 2: up to 2 + 4 = 6, or 2 * 2 = 4.
  CHECK(rated(20, 6, defaults, {change_ago(seconds{30}, 2, 6)}) == 6);
  // Right a minute ago is not within the last minute.
  CHECK(rated(20, 6, defaults, {change_ago(seconds{60}, 2, 6)}) == 12);
  // It began with 5 + 2 = 7, two of which went: up to 11, or 14.
  CHECK(rated(20, 5, defaults, {change_ago(seconds{30}, 7, 5)}) == 14);
}

TEST_CASE("by default one goes in a minute") {
  const Scaling defaults;
  CHECK(rated(1, 6, defaults) == 5);
  CHECK(rated(1, 6, defaults, {change_ago(seconds{59}, 7, 6)}) == 6);
  CHECK(rated(1, 6, defaults, {change_ago(seconds{60}, 7, 6)}) == 5);
}

TEST_CASE("percentages are of the size at the begin, and rounded up both ways") {
  const Scaling scaling = with_rates({{of_percent(10), minutes{1}}}, {{of_percent(10), minutes{1}}});
  CHECK(rated(99, 11, scaling) == 13);  // 12.1
  CHECK(rated(99, 10, scaling) == 11);
  CHECK(rated(0, 11, scaling) == 9);  // 9.9 stay, which are 9
  CHECK(rated(0, 10, scaling) == 9);
  CHECK(rated(0, 4, with_rates({}, {{of_percent(100), minutes{1}}})) == 0);
  // A percentage of 0 is nothing, and would leave a group at 0 for ever.
  CHECK(rated(9, 0, scaling) == 1);
}

TEST_CASE("of several rates the one that allows most counts, each in its own time") {
  const Scaling scaling = with_rates({}, {{of_instances(1), minutes{1}}, {of_instances(5), minutes{10}}});
  CHECK(rated(0, 10, scaling) == 5);
  // Five went within ten minutes, none within the last: one more.
  CHECK(rated(0, 10, scaling, {change_ago(minutes{2}, 15, 10)}) == 9);
  CHECK(rated(0, 10, scaling, {change_ago(minutes{2}, 14, 11), change_ago(seconds{10}, 11, 10)}) == 9);
  CHECK(rated(0, 10, with_rates({}, {})) == 0);
}

TEST_CASE("a rate that is less than an increment allows an increment") {
  Scaling scaling = with_rates({{of_instances(1), minutes{1}}}, {{of_instances(1), minutes{1}}});
  scaling.increment = 3;
  CHECK(rated(20, 6, scaling) == 9);
  CHECK(rated(0, 6, scaling) == 3);
}

TEST_CASE("shrinking rests from the last change, whichever way it went") {
  ScalingMemory memory;
  memory.changes = {change_ago(minutes{4}, 3, 5)};
  const LayerResult resting = rest(4, 5, kDefaultCooldown, memory, kNow);
  CHECK(resting.after == 5);
  CHECK(resting.text == "rests 1m more after 3 -> 5");
  memory.changes = {change_ago(minutes{5}, 3, 5)};
  CHECK(rest(4, 5, kDefaultCooldown, memory, kNow).after == 4);
  CHECK(rest(4, 5, kDefaultCooldown, {}, kNow).after == 4);
}

TEST_CASE("growth rests from when the last growth was all ready") {
  ScalingMemory memory;
  memory.changes = {change_ago(minutes{3}, 3, 5)};
  const LayerResult waiting = rest(8, 5, kDefaultCooldown, memory, kNow);
  CHECK(waiting.after == 5);
  CHECK(waiting.text == "3 -> 5 is not all ready yet, 3m ago");
  memory.out_ready_at = kNow - seconds{59};
  CHECK(rest(8, 5, kDefaultCooldown, memory, kNow).after == 5);
  memory.out_ready_at = kNow - seconds{60};
  CHECK(rest(8, 5, kDefaultCooldown, memory, kNow).after == 8);
  // That an earlier growth was ready says nothing of this one.
  memory.out_ready_at = kNow - minutes{10};
  CHECK(rest(8, 5, kDefaultCooldown, memory, kNow).after == 5);
  CHECK(rest(8, 5, OutIn{}, memory, kNow).after == 8);
}

TEST_CASE("growth does not rest after shrinking") {
  ScalingMemory memory;
  memory.changes = {change_ago(seconds{10}, 6, 5)};
  CHECK(rest(8, 5, kDefaultCooldown, memory, kNow).after == 8);
}

TEST_CASE("fewer go if those that stay could not carry the load") {
  // q = 0.8 of 10 is 8 at the target; with a tenth to spare 8/0.9 = 8.89 -> 9.
  const GroupLoad busy{.policy = "cpu", .ratio = 0.8, .tolerance = 0.1};
  CHECK(look_ahead(8, 10, {busy}, 10).after == 9);
  CHECK(look_ahead(9, 10, {busy}, 10).after == 9);
  CHECK(look_ahead(8, 10, {busy}, 10).text == "cpu: 8 would have 100 % of the target's load, over 90 %; 10 have 80 %");
  CHECK(look_ahead(9, 10, {busy}, 10).text == "cpu: 9 would have 89 % of the target's load, within 90 %; 10 have 80 %");
  // 0.9 is the edge: all ten are needed.
  CHECK(look_ahead(9, 10, {{"cpu", 0.9, 0.1}}, 10).after == 10);
  // 0.45 of 10 fits on 5 exactly: 4.5/5 = 0.9.
  CHECK(look_ahead(5, 10, {{"cpu", 0.45, 0.1}}, 10).after == 5);
  // The busiest of several counts.
  CHECK(look_ahead(2, 10, {{"cpu", 0.1, 0.1}, {"memory", 0.5, 0.1}}, 10).after == 6);
  CHECK(look_ahead(0, 10, {{"queue", 0, 0.1}}, 10).after == 0);
  CHECK(look_ahead(0, 10, {{"queue", 0.01, 1.5}}, 10).after == 10);
  CHECK(look_ahead(0, 10, {{"queue", 0.01, 0.1}}, 10).after == 1);
  // Growth is none of its business.
  CHECK(look_ahead(12, 10, {busy}, 10).after == 12);
}

TEST_CASE("growth is rounded up to the increment, shrinking down") {
  CHECK(round_to_increment(6, 5, 3).after == 8);
  CHECK(round_to_increment(8, 5, 3).after == 8);
  CHECK(round_to_increment(9, 5, 3).after == 11);
  CHECK(round_to_increment(3, 5, 3).after == 5);
  CHECK(round_to_increment(1, 5, 3).after == 2);
  CHECK(round_to_increment(4, 5, 1).after == 4);
}

}  // namespace vscale::test
