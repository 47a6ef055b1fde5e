// The fake world checks what it is given with Catch's words.
#define CATCH_CONFIG_RUNNER
#include <fmt/format.h>
#include <malloc.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <numbers>
#include <streambuf>
#include <string>
#include <vector>

#include "cmd/statefile.h"
#include "providers/sqlite/metrics/sqlite_metrics_store.h"
#include "tests/cmd/fake_world.h"
#include "tests/support/state_store_options.h"

/// Days of one and the same `vscale watch`, in virtual time: five groups on two hosts, whose load comes and goes with
/// the hour, so that every day they are scaled out and in again; a guest of each that is powered off once a day, and
/// healed. Statefile and metrics are real files, of which less is kept than usual, so that their bounds are reached in
/// days. Prints what the process has allocated and how large the files are at the end of each day, and fails where the
/// last day still adds to either.
///
/// usage: watch_day_bench [DAYS]

namespace vscale::test {
namespace {

constexpr int kGroups = 5;
constexpr int kLeastDays = 3;
constexpr std::chrono::hours kDay{24};
/// Of what there is after the day before: caches of SQLite that fill, and what the fake hosts note of what was done to
/// them. A hundred bytes that each tick forgets would be more.
constexpr double kGrowthLimit = 0.10;

std::string group_name(int number) {
  return fmt::format("web{}", number);
}

std::string configuration() {
  std::string text = web_config(0);
  text.resize(text.find("networks:"));
  text +=
      "networks:\n"
      "  lan: { bridge: br0, addresses: [10.0.0.50-10.0.1.250], prefix: 16, gateway: 10.0.0.1 }\n"
      "watch: { interval: 15s }\n"
      "metrics: { history: 1d }\n"
      "state: { sqlite: { backup: { keep: 0 } } }\n"
      "groups:\n";
  for (int i = 0; i < kGroups; ++i) {
    text += fmt::format(
        "  {}:\n"
        "    template: {{ image: debian-12, vcpus: 1, memory: 512MiB, disk: 2GiB, networks: [lan] }}\n"
        "    size: 2\n"
        "    health: {{ gates: [{{ agent: {{}} }}] }}\n"
        "    scaling:\n"
        "      min: 1\n"
        "      max: 8\n"
        "      policies: {{ cpu: {{ kind: target, metric: cpu, target: 50 }} }}\n",
        group_name(i));
  }
  return text;
}

/// Busy processors of a group: from a quarter to three, highest at a time of its own.
double load_at(int group, double hour) {
  const double turn = 2 * std::numbers::pi * (hour / 24 + static_cast<double>(group) / kGroups);
  return 1.625 + 1.375 * std::sin(turn);
}

void power_off_one(FakeCluster& cluster, const std::string& names) {
  for (const FakeDomain& domain : cluster.domains()) {
    if (is_up(domain.state) && domain.name.starts_with(names)) return cluster.power_off_by_hand(domain.name);
  }
}

void plan_the_days(FakeWorld& world, int days) {
  const Instant begin = world.clock().now();
  for (int hour = 0; hour < 24 * days; ++hour) {
    world.cluster().happens_at(begin + std::chrono::hours{hour}, [hour](FakeCluster& cluster) {
      for (int i = 0; i < kGroups; ++i) {
        cluster.use_by_group(group_name(i), load_at(i, hour));
        if (hour % 24 == 4 * i) power_off_one(cluster, fmt::format("prod-{}-", group_name(i)));
      }
    });
  }
}

double mib(std::uintmax_t bytes) {
  return static_cast<double>(bytes) / static_cast<double>(kMiB);
}

struct Footprint {
  double heap_mib = 0, files_mib = 0;
  std::size_t work = 0;  ///< What was done on the hosts until then.
};

Footprint footprint_of(FakeWorld& world) {
  Footprint found;
  found.heap_mib = mib(::mallinfo2().uordblks);
  for (const auto& entry : std::filesystem::directory_iterator(world.folder())) {
    found.files_mib += mib(entry.file_size());
  }
  found.work = world.cluster().log().size();
  return found;
}

/// As the program opens it, with less of each kind kept than comes about in a day.
Result<OpenedState> open_small_state(const std::string& path, OpenMode mode) {
  StateStoreOptions options = store_options();
  options.events_kept = options.finished_actions_kept = 100;
  options.moving_decisions_kept = options.idle_decisions_kept = 5;
  return open_statefile(path, mode, options);
}

/// What is written there is gone.
class Nowhere final : public std::streambuf {
  int overflow(int letter) override { return traits_type::not_eof(letter); }
};

/// At the end of each day; empty where watch failed.
std::vector<Footprint> watch_for(FakeWorld& world, int days) {
  std::vector<Footprint> footprints;
  const Instant begin = world.clock().now();
  world.stop_when([&] {
    while (world.clock().now() >= begin + kDay * (footprints.size() + 1)) footprints.push_back(footprint_of(world));
    return footprints.size() < static_cast<std::size_t>(days) ? StopRequest::none : StopRequest::finish_running;
  });
  Nowhere nobody;
  std::istream nothing(&nobody);
  std::ostream nowhere(&nobody);
  Streams streams{.in = nothing, .out = nowhere, .err = std::cerr};
  if (run({"watch"}, streams, world.outside()) != 0) footprints.clear();
  return footprints;
}

int measure(int days) {
  FakeWorld world;
  world.outside().open_metrics = [](const std::string& path) { return std::make_unique<SqliteMetricsStore>(path); };
  world.outside().open_state = open_small_state;
  world.write("vscale.yaml", configuration());
  if (const Ran applied = world.vscale({"apply", "--auto-approve"}); applied.code != 0) {
    fmt::print(stderr, "{}{}", applied.out, applied.err);
    return EXIT_FAILURE;
  }
  plan_the_days(world, days);
  const auto footprints = watch_for(world, days);
  if (footprints.size() != static_cast<std::size_t>(days)) return EXIT_FAILURE;
  fmt::print("{:>4} {:>10} {:>10} {:>10}\n", "day", "heap MiB", "files MiB", "host calls");
  std::size_t before = 0;
  bool kept = true;
  for (int day = 0; day < days; ++day) {
    const Footprint& now = footprints[static_cast<std::size_t>(day)];
    fmt::print("{:>4} {:>10.2f} {:>10.2f} {:>10}\n", day + 1, now.heap_mib, now.files_mib, now.work - before);
    if (now.work == before) kept = false;  // nothing was scaled, nobody was healed: nothing was measured
    before = now.work;
  }
  const Footprint& last = footprints.back();
  const Footprint& before_last = footprints[footprints.size() - 2];
  const double heap = last.heap_mib / before_last.heap_mib - 1;
  const double files = last.files_mib / before_last.files_mib - 1;
  fmt::print("the last day added {:.1f} % to the heap and {:.1f} % to the files, {:.0f} % at most\n", heap * 100,
             files * 100, kGrowthLimit * 100);
  return kept && heap <= kGrowthLimit && files <= kGrowthLimit ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace vscale::test

int main(int argc, char** argv) {
  return vscale::test::measure(std::max(vscale::test::kLeastDays, argc > 1 ? std::stoi(argv[1]) : 0));
}
