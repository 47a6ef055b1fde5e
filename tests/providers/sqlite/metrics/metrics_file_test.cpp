// The metrics file as a file: who may read it, how large it gets, what else may lie at its path, damage, full disks.

#include <SQLiteCpp/SQLiteCpp.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <thread>

#include "providers/sqlite/metrics/sqlite_metrics_store.h"
#include "providers/sqlite/schema.h"
#include "tests/providers/sqlite/metrics/metrics_values.h"
#include "tests/providers/sqlite/state_store_fixture.h"
#include "tests/support/golden.h"

namespace vscale::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

/// A tick of one group: a sample and a reading of each of so many domains.
MetricsTick busy_tick(Instant at, int domains) {
  MetricsTick tick = tick_at(at);
  for (int i = 0; i < domains; ++i) {
    tick.samples["group.web"][metrics_uuid(i)] = {full_sample(at, i)};
    tick.readings[metrics_uuid(i)] = {.at = at, .uptime = 1h, .counters = {}};
    tick.readings[metrics_uuid(i)].counters.cpu_ns = 1'000'000'000'000 + static_cast<std::uint64_t>(i);
  }
  return tick;
}

/// A file with one busy tick in it that nobody has open.
void make_metrics_file(const std::string& path, int domains = 1) {
  SqliteMetricsStore store(path);
  must_write(store, busy_tick(kMetricsNoon, domains));
}

std::string outcome_of_write(SqliteMetricsStore& store, const MetricsTick& tick) {
  const auto written = store.write(tick);
  return written ? "done" : std::string(to_string(written.error().kind)) + ": " + written.error().message;
}

/// What the names of the files beside `path` go on with, where they begin with it; stamps as TIME.
std::vector<std::string> files_beside(const std::string& path) {
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator(fs::path(path).parent_path())) {
    std::string name = entry.path().string();
    if (!name.starts_with(path) || name == path) continue;
    name = name.substr(path.size());
    const std::string before = ".corrupt-";
    if (name.starts_with(before)) name = before + "TIME" + name.substr(before.size() + 20);
    found.push_back(name);
  }
  std::ranges::sort(found);
  return found;
}

constexpr std::ptrdiff_t kDatabaseHeader = 100, kFirstPage = 4096;

void damage_metrics(const std::string& path, std::ptrdiff_t from = kDatabaseHeader) {
  std::string bytes = read_file(path);
  std::fill(bytes.begin() + from, bytes.end(), '\x5a');
  write_file(path, bytes);
}

}  // namespace

TEST_CASE("the metrics file is its owner's from the first byte, whatever the umask") {
  const TemporaryDirectory directory;
  const std::string path = directory / "vscale-metrics.db";
  const auto before = umask(0);
  SqliteMetricsStore store(path);
  must_write(store, busy_tick(kMetricsNoon, 1));
  umask(before);
  CHECK(permissions_of(path) == 0600);
  CHECK(permissions_of(path + "-wal") == 0600);
  CHECK(permissions_of(path + "-shm") == 0600);
}

TEST_CASE("a metrics file that others may read is closed to them") {
  const TemporaryDirectory directory;
  const std::string path = directory / "vscale-metrics.db";
  make_metrics_file(path);
  fs::permissions(path, fs::perms(0644));
  make_metrics_file(path);
  CHECK(permissions_of(path) == 0600);
}

TEST_CASE("a metrics store that nobody asks anything leaves no file") {
  const TemporaryDirectory directory;
  { const SqliteMetricsStore store(directory / "vscale-metrics.db"); }
  CHECK(fs::is_empty(directory.path()));
}

TEST_CASE("a damaged metrics file is set aside as it is, told of once, and begun anew") {
  const TemporaryDirectory directory;
  const std::string path = directory / "vscale-metrics.db";
  make_metrics_file(path);
  SECTION("in the tables") {
    damage_metrics(path, kFirstPage);
  }
  SECTION("in their description, too") {
    damage_metrics(path, kDatabaseHeader);
  }
  const std::string damaged = read_file(path);
  SqliteMetricsStore store(path);

  const auto met = store.samples(Instant::min());

  REQUIRE_FALSE(met);
  CHECK(met.error().kind == ErrorKind::invalid);
  CHECK(met.error().message.starts_with("metrics file " + path + " was damaged: it is " + path + ".corrupt-"));
  CHECK(must_have(store.samples(Instant::min())).empty());
  must_write(store, busy_tick(kMetricsNoon, 1));
  std::string aside;
  for (const auto& entry : fs::directory_iterator(directory.path())) {
    if (entry.path().string().find(".corrupt-") != std::string::npos) aside = entry.path();
  }
  CHECK((read_file(aside) == damaged));
}

TEST_CASE("only the last damaged metrics file stays") {
  const TemporaryDirectory directory;
  const std::string path = directory / "vscale-metrics.db";
  for (int i = 0; i < 3; ++i) {
    make_metrics_file(path);
    damage_metrics(path);
    SqliteMetricsStore store(path);
    CHECK_FALSE(store.samples(Instant::min()));
  }
  CHECK(files_beside(path) == std::vector<std::string>{".corrupt-TIME"});
}

TEST_CASE("damage that is met while the program runs costs one call") {
  const TemporaryDirectory directory;
  const std::string path = directory / "vscale-metrics.db";
  SqliteMetricsStore store(path);
  must_write(store, busy_tick(kMetricsNoon, 1));
  {
    SQLite::Database other(path, SQLite::OPEN_READWRITE);
    other.exec("UPDATE samples SET packed = x'05'");  // a text of five bytes that are not there
  }
  const auto met = store.samples(Instant::min());
  REQUIRE_FALSE(met);
  CHECK(met.error().kind == ErrorKind::invalid);
  CHECK(met.error().detail == "packed bytes end too early");
  must_write(store, busy_tick(kMetricsNoon + 15s, 1));
  CHECK(must_have(store.samples(Instant::min())).at("group.web").size() == 1);
}

TEST_CASE("a metrics file of which a power cut left nothing but zeros is begun anew") {
  const TemporaryDirectory directory;
  const std::string path = directory / "vscale-metrics.db";
  write_file(path, std::string(8192, '\0'));
  SqliteMetricsStore store(path);
  CHECK_FALSE(store.readings());
  CHECK(must_have(store.readings()).empty());
  CHECK(std::ranges::count(files_beside(path), ".corrupt-TIME") == 1);
}

TEST_CASE("a metrics file that somebody deletes while the program runs is made anew") {
  const TemporaryDirectory directory;
  const std::string path = directory / "vscale-metrics.db";
  SqliteMetricsStore store(path);
  must_write(store, busy_tick(kMetricsNoon, 2));
  fs::remove(path);
  must_write(store, busy_tick(kMetricsNoon + 15s, 1));
  CHECK(must_have(SqliteMetricsStore(path).samples(Instant::min())) == busy_tick(kMetricsNoon + 15s, 1).samples);
}

TEST_CASE("an empty file becomes a metrics file") {
  const TemporaryDirectory directory;
  const std::string path = directory / "vscale-metrics.db";
  write_file(path, "");
  SqliteMetricsStore store(path);
  must_write(store, busy_tick(kMetricsNoon, 1));
}

TEST_CASE("what somebody names as the metrics file by mistake is left alone") {
  const TemporaryDirectory directory;
  const std::string path = directory / "mistake";
  std::string found;
  SECTION("a text") {
    write_file(path, "version: 1\nname: prod\n");
    found = "something else, or damaged";
  }
  SECTION("a statefile") {
    open_store(path);
    found = fmt::format("another SQLite database, of application_id {}", kStatefileApplicationId);
  }
  SECTION("a database of somebody") {
    SQLite::Database(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE).exec("CREATE TABLE t (a)");
    found = "another SQLite database, of application_id 0";
  }
  const std::string before = read_file(path);
  const auto permissions = permissions_of(path);
  SqliteMetricsStore store(path);
  for (int i = 0; i < 2; ++i) {
    CHECK(outcome_of_write(store, busy_tick(kMetricsNoon, 1)) ==
          "invalid: " + path + " is not a metrics file of vscale: it is " + found);
  }
  CHECK((read_file(path) == before));
  CHECK(permissions_of(path) == permissions);
}

TEST_CASE("a directory is no metrics file") {
  const TemporaryDirectory directory;
  SqliteMetricsStore store(directory.path());
  CHECK(outcome_of_write(store, busy_tick(kMetricsNoon, 1)) ==
        "invalid: " + directory.path() + " is not a metrics file of vscale: it is a directory");
}

TEST_CASE("a metrics file of a newer version is left alone") {
  const TemporaryDirectory directory;
  const std::string path = directory / "vscale-metrics.db";
  make_metrics_file(path);
  SQLite::Database(path, SQLite::OPEN_READWRITE).exec("PRAGMA user_version = 2");
  SqliteMetricsStore store(path);
  CHECK(outcome_of_write(store, busy_tick(kMetricsNoon, 1)) ==
        "unsupported: metrics file " + path + " is of version 2, and this vscale knows versions up to 1");
  CHECK(files_beside(path).empty());
}

TEST_CASE("a metrics file of version 1 is read as it was written") {
  const TemporaryDirectory directory;
  const std::string path = directory / "vscale-metrics.db";
  SQLite::Database(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE)
      .exec(read_source_file("tests/providers/data/metrics_v1.sql"));
  SqliteMetricsStore store(path);

  // By hand from the layout in packed.h; 2026-05-04T12:00:00Z is 1777896000 s.
  Sample first, second;
  first.at = kMetricsNoon - 1ms;
  second.at = kMetricsNoon;
  first.over = second.over = 15s;
  first.cpu_percent = 1;
  first.network_bytes = -2;
  CHECK(must_have(store.samples(Instant::min())) ==
        std::map<std::string, Samples>{{"group.web", {{"a", {first}}, {"bc", {second}}}}});
  CounterReading reading{.at = kMetricsNoon, .uptime = 64ms, .counters = {}};
  reading.counters.cpu_ns = 300;
  reading.counters.vcpus = 2;
  reading.counters.memory_told_at_s = -1;
  CHECK(must_have(store.readings()) == CounterReadings{{"a", reading}});
  CHECK(all_of(store, "group.web", Metric::disk_iops) ==
        std::vector{MetricAggregate{"group.web", Metric::disk_iops, kMetricsNoon, 10min, 1.5, 1, 2, 4}});
}

TEST_CASE("where no file may be made, writing fails until one may") {
  const TemporaryDirectory directory;
  SqliteMetricsStore store(directory / "later/vscale-metrics.db");
  CHECK(outcome_of_write(store, busy_tick(kMetricsNoon, 1)) ==
        "not_found: metrics file " + directory.path() + "/later/vscale-metrics.db cannot be made");
  fs::create_directory(directory / "later");
  must_write(store, busy_tick(kMetricsNoon, 1));
}

TEST_CASE("a read-only place is told as such") {
  const TemporaryDirectory directory;
  fs::create_directory(directory / "closed");
  const std::string path = directory / "closed/vscale-metrics.db";
  make_metrics_file(path);
  fs::permissions(path, fs::perms(0444));
  fs::permissions(directory / "closed", fs::perms(0555));
  CHECK(as_nobody([&] {
          SqliteMetricsStore store(path);
          SqliteMetricsStore another(directory / "closed/another.db");
          return outcome_of_write(store, busy_tick(kMetricsNoon, 1)) + "\n" +
                 outcome_of_write(another, busy_tick(kMetricsNoon, 1));
        }) == "denied: metrics file " + path + ", or " + path + "-wal or " + path +
                  "-shm beside it, cannot be written\n"
                  "denied: metrics file " +
                  directory.path() + "/closed/another.db cannot be made");
}

TEST_CASE("on a full disk a tick is not written, and the next one is once there is room") {
  const TemporaryDirectory directory;
  const auto said = on_a_small_disk(directory.path(), [&]() -> std::string {
    SqliteMetricsStore store(directory / "vscale-metrics.db");
    std::string all = outcome_of_write(store, busy_tick(kMetricsNoon, 10)) + "\n";
    write_file(directory / "in the way", std::string(4 << 20, 'x'));
    all += outcome_of_write(store, busy_tick(kMetricsNoon + 15s, 2'000)).substr(0, 12) + "\n";
    fs::remove(directory / "in the way");
    all += outcome_of_write(store, busy_tick(kMetricsNoon + 30s, 10)) + "\n";
    const auto samples = store.samples(Instant::min());
    return all + (samples ? std::to_string(samples->at("group.web").at(metrics_uuid(0)).size()) : "none");
  });
  if (said) CHECK(*said == "done\nno_capacity:\ndone\n2");
}

TEST_CASE("a metrics file does not grow beyond its bound, and goes on within it") {
  const TemporaryDirectory directory;
  const std::string path = directory / "vscale-metrics.db";
  SqliteMetricsStore store(path, {.busy_timeout = 1s, .max_size_bytes = 256 * kKiB});
  MetricsTick tick = busy_tick(kMetricsNoon, 1'000);
  must_write(store, tick);
  tick = busy_tick(kMetricsNoon + 15s, 1'000);
  CHECK(outcome_of_write(store, tick) ==
        "no_capacity: metrics file " + path + " cannot grow: the disk is full, or the bound of its size is reached");
  tick.keep_samples_since = tick.at;
  must_write(store, tick);
  CHECK(must_have(store.samples(Instant::min())) == tick.samples);
}

TEST_CASE("a tick does not wait long for somebody who holds the metrics file") {
  const TemporaryDirectory directory;
  const std::string path = directory / "vscale-metrics.db";
  make_metrics_file(path);
  SqliteMetricsStore store(path, {.busy_timeout = 1ms, .max_size_bytes = kGiB});
  SQLite::Database other(path, SQLite::OPEN_READWRITE);
  {
    const SQLite::Transaction held(other, SQLite::TransactionBehavior::IMMEDIATE);
    CHECK(outcome_of_write(store, busy_tick(kMetricsNoon + 15s, 1)) ==
          "conflict: metrics file " + path + " stayed locked by another process");
  }
  must_write(store, busy_tick(kMetricsNoon + 15s, 1));
}

TEST_CASE("a program that is killed at any moment leaves whole ticks") {
  const TemporaryDirectory directory;
  const std::string path = directory / "vscale-metrics.db";
  make_metrics_file(path, 50);
  constexpr int kKills = 8;
  for (int kill = 0; kill < kKills; ++kill) {
    Child child([&] {
      SqliteMetricsStore store(path);
      for (int i = 1;; ++i) {
        if (!store.write(busy_tick(kMetricsNoon + i * 15s, 50))) return std::string("a write failed");
      }
    });
    std::this_thread::sleep_for(std::chrono::milliseconds{10 + 3 * kill});
    child.end();
    INFO("killed by turn " << kill);
    SqliteMetricsStore store(path);
    const Samples samples = must_have(store.samples(Instant::min())).at("group.web");
    REQUIRE(samples.size() == 50);
    const auto ticks = samples.begin()->second.size();
    CHECK(std::ranges::all_of(samples, [&](const auto& of) { return of.second.size() == ticks; }));
    CHECK(must_have(store.readings()).size() == 50);
  }
}

TEST_CASE("through a day the metrics file stays as large as its window made it") {
  const TemporaryDirectory directory;
  const std::string path = directory / "vscale-metrics.db";
  const auto minutes = [&](int from, int to) {
    SqliteMetricsStore store(path);
    // Now and then some domains more or less, so that rows are not all of a size.
    for (int i = from; i < to; ++i) must_write(store, busy_tick(kMetricsNoon + i * 1min, 60 + i % 7));
  };
  minutes(0, 120);  // twice the window
  const auto after_the_window = fs::file_size(path);
  minutes(120, 24 * 60);
  CHECK(fs::file_size(path) <= after_the_window * 11 / 10);
}

TEST_CASE("through weeks the metrics file stays as large as its history made it") {
  const TemporaryDirectory directory;
  const std::string path = directory / "vscale-metrics.db";
  const auto hours = [&](int from, int to) {
    SqliteMetricsStore store(path);
    for (int hour = from; hour < to; ++hour) {
      MetricsTick tick = tick_at(kMetricsNoon + hour * 1h);
      for (int i = 0; i < 60; ++i)
        tick.aggregates.push_back(minute("group.web", Metric::cpu, tick.at - (60 - i) * 1min, i));
      must_write(store, tick);
    }
  };
  constexpr int kDay = 24;
  hours(0, 15 * kDay);
  const auto after_the_history = fs::file_size(path);
  hours(15 * kDay, 28 * kDay);
  CHECK(fs::file_size(path) <= after_the_history * 11 / 10);
  SqliteMetricsStore store(path);
  // A day of minutes, six of ten minutes and seven of hours; the last tick is at 27 days and 23 hours.
  CHECK(all_of(store, "group.web", Metric::cpu).size() == 24 * 60 + 6 * 24 * 6 + 7 * 24);
}

TEST_CASE("a metrics file gets smaller bit by bit after a large group has gone") {
  const TemporaryDirectory directory;
  const std::string path = directory / "vscale-metrics.db";
  {
    SqliteMetricsStore store(path);
    for (int i = 0; i < 60; ++i) must_write(store, busy_tick(kMetricsNoon + i * 15s, 2'000));
  }
  const auto large = fs::file_size(path);
  {
    SqliteMetricsStore store(path);
    for (int i = 0; i < 40; ++i) must_write(store, busy_tick(kMetricsNoon + 2h + i * 15s, 2));
  }
  CHECK(large > 8 * kMiB);
  CHECK(fs::file_size(path) < 5 * kMiB);  // 1,024 pages may stay for later
}

TEST_CASE("a group of which nothing is kept is forgotten when the metrics file is opened") {
  const TemporaryDirectory directory;
  const std::string path = directory / "vscale-metrics.db";
  {
    SqliteMetricsStore store(path);
    MetricsTick tick = tick_at(kMetricsNoon);
    tick.aggregates = {minute("group.gone", Metric::cpu, kMetricsNoon, 1)};
    must_write(store, tick);
    tick = tick_at(kMetricsNoon + 15 * 24h);
    tick.aggregates = {minute("group.web", Metric::cpu, tick.at, 1)};
    must_write(store, tick);
  }
  SqliteMetricsStore store(path);
  CHECK(all_of(store, "group.web", Metric::cpu).size() == 1);
  SQLite::Database file(path, SQLite::OPEN_READONLY);
  CHECK(file.execAndGet("SELECT group_concat(of_group) FROM series").getString() == "group.web");
}

TEST_CASE("people can read the history with sqlite3") {
  const TemporaryDirectory directory;
  const std::string path = directory / "vscale-metrics.db";
  SqliteMetricsStore store(path);
  MetricsTick tick = tick_at(kMetricsNoon);
  tick.aggregates = {minute("group.web", Metric::cpu, kMetricsNoon, 50)};
  must_write(store, tick);
  SQLite::Database file(path, SQLite::OPEN_READONLY);
  CHECK(file.execAndGet(
                "SELECT of_group || ' ' || metric || ' ' || begins || ' ' || width_s || ' ' || average FROM history")
            .getString() == "group.web cpu 2026-05-04 12:00:00 60 50.0");
}

}  // namespace vscale::test
