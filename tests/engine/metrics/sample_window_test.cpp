#include "engine/metrics/sample_window.h"

#include <catch2/catch.hpp>

namespace vscale::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Instant kEleven{std::chrono::sys_days{std::chrono::year{2026} / 5 / 4} + hours{11}};

Sample cpu_sample(Duration after, double percent, Duration over = seconds{15}) {
  return {.at = kEleven + after,
          .over = over,
          .cpu_percent = percent,
          .memory_percent = {},
          .disk_iops = {},
          .disk_bytes = {},
          .network_bytes = {}};
}

}  // namespace

TEST_CASE("samples are kept for the longest window, and no longer") {
  Samples samples;
  for (const int second : {0, 15, 30, 45, 60}) add_sample(samples, "a", cpu_sample(seconds{second}, second));

  drop_unseen(samples, kEleven + seconds{60}, seconds{30}, {"a"});

  CHECK(samples == Samples{{"a", {cpu_sample(seconds{45}, 45), cpu_sample(seconds{60}, 60)}}});
}

TEST_CASE("of domains that are gone, no samples are kept") {
  Samples samples;
  add_sample(samples, "gone", cpu_sample(seconds{0}, 1));
  add_sample(samples, "there", cpu_sample(seconds{0}, 2));

  drop_unseen(samples, kEleven, minutes{1}, {"there", "new"});

  CHECK(samples == Samples{{"there", {cpu_sample(seconds{0}, 2)}}});
}

TEST_CASE("samples stay in order when the wall clock was set back, without those of a time that is to come again") {
  Samples samples;
  add_sample(samples, "a", cpu_sample(seconds{0}, 1));
  add_sample(samples, "a", cpu_sample(hours{1}, 2));
  add_sample(samples, "a", cpu_sample(seconds{15}, 3));
  CHECK(samples.at("a") == std::vector{cpu_sample(seconds{0}, 1), cpu_sample(seconds{15}, 3)});

  add_sample(samples, "b", cpu_sample(hours{1}, 2));
  drop_unseen(samples, kEleven + seconds{15}, hours{2}, {"a", "b"});
  CHECK_FALSE(samples.contains("b"));
}

TEST_CASE("an average counts each sample for as long as it lasted") {
  const std::vector samples{cpu_sample(seconds{0}, 1'000), cpu_sample(seconds{30}, 20, seconds{30}),
                            cpu_sample(seconds{40}, 60, seconds{10})};

  // The first one is as old as the window is long. (20 * 30 + 60 * 10) / 40
  CHECK(average_over(samples, Metric::cpu, kEleven + seconds{40}, seconds{40}) == 30);
  CHECK(average_over(samples, Metric::cpu, kEleven + seconds{30}, seconds{30}) == 20);
}

TEST_CASE("what no sample of a window tells has no average") {
  const std::vector samples{cpu_sample(seconds{0}, 50)};

  CHECK_FALSE(average_over(samples, Metric::memory, kEleven, minutes{1}));
  CHECK_FALSE(average_over(samples, Metric::cpu, kEleven + minutes{1}, minutes{1}));
  CHECK_FALSE(average_over({}, Metric::cpu, kEleven, minutes{1}));
}

TEST_CASE("the samples of a group's minute are brought together, metric by metric") {
  std::vector<Sample> one{cpu_sample(seconds{-1}, 1'000), cpu_sample(seconds{0}, 10), cpu_sample(seconds{15}, 30)};
  const std::vector<Sample> other{cpu_sample(seconds{59}, 80, seconds{30}), cpu_sample(seconds{60}, 1'000)};
  one[2].disk_iops = 7;

  const auto aggregates = aggregate_minute({&one, &other}, kEleven + seconds{42});

  // (10 * 15 + 30 * 15 + 80 * 30) / 60
  CHECK(aggregates ==
        std::vector<MinuteAggregate>{
            {.minute = kEleven, .metric = Metric::cpu, .average = 50, .least = 10, .most = 80, .count = 3},
            {.minute = kEleven, .metric = Metric::disk_iops, .average = 7, .least = 7, .most = 7, .count = 1}});
  CHECK(aggregate_minute({}, kEleven).empty());
}

}  // namespace vscale::test
