#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/cmd/rollouts/lockstep_runner.h"
#include "tests/cmd/watching/watched_world.h"
#include "tests/support/servers/notify_socket.h"

/// What may befall a watch that goes on for months, in virtual time.

namespace vscale::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const InstanceAddress kWeb0{InstanceAddress::Kind::group, "web", 0};
const InstanceAddress kWeb2{InstanceAddress::Kind::group, "web", 2};

/// With one policy, that asks a server.
std::string asking_config(int size) {
  const std::string by_cpu = "{ kind: target, metric: cpu, target: 50 }";
  std::string text = watched_config(size, "");
  return text.replace(text.find(by_cpu), by_cpu.size(),
                      "{ kind: target, per: instance, target: 10, http: { url: \"http://queue.lan/n\", value: /n } }");
}

/// Room for one more than the two that are there.
void fill_the_hosts(FakeWorld& world) {
  world.cluster().add_foreign_domain("kvm1", "large", 62, 4 * kGiB);
  world.cluster().add_foreign_domain("kvm2", "large", 60, 4 * kGiB);
}

int backups_of(FakeWorld& world) {
  const auto files = std::filesystem::directory_iterator(world.folder());
  return static_cast<int>(std::count_if(
      begin(files), end(files), [](const auto& entry) { return holds(entry.path().filename().string(), ".backup-"); }));
}

int times_in_log(FakeWorld& world, const std::string& what) {
  const auto& log = world.cluster().log();
  return static_cast<int>(
      std::count_if(log.begin(), log.end(), [&](const std::string& line) { return holds(line, what); }));
}

TEST_CASE("sources are asked as before while a guest hangs, which every look waits for") {
  WatchedWorld world(2);
  world.write("vscale.yaml", asking_config(2));
  world.sources().answers["http://queue.lan:80/n"] = {200, "{\"n\": 20}"};
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  REQUIRE(world.vscale({"suspend", "web", "heal"}).code == 0);
  world.cluster().hang_by_hand("prod-web-1");

  const auto ran = world.watch_for(minutes{5});

  INFO(ran.out);
  const auto decisions = world.decisions();
  REQUIRE(decisions.size() > 5);
  for (const auto& one : decisions) CHECK(one.recommendations.front().text.find("not asked") == std::string::npos);
}

TEST_CASE("where one more fits nowhere, those that are there are started all the same") {
  WatchedWorld world(2);
  world.cluster().use_by_group("web", 1);
  fill_the_hosts(world);
  REQUIRE(world.vscale({"scale", "web", "6", "--for", "2h"}).code == 0);
  world.cluster().happens_at(world.clock().now() + minutes{1},
                             [](FakeCluster& cluster) { cluster.power_off_by_hand("prod-web-0"); });

  const auto ran = world.watch_for(minutes{3});

  INFO(ran.out << ran.err);
  CHECK(world.guests_up() == 2);
  CHECK(times_in_log(world, "started prod-web-0") == 2);
}

TEST_CASE("what was suspended for a time goes on once that is over, though nothing else has happened") {
  WatchedWorld world(2);
  world.cluster().use_by_group("web", 1);
  REQUIRE(world.vscale({"suspend", "web", "launch", "--for", "10m"}).code == 0);
  REQUIRE(world.vscale({"scale", "web", "3", "--for", "2h"}).code == 0);
  int up_before = 0;
  world.cluster().happens_at(world.clock().now() + minutes{9}, [&](FakeCluster&) { up_before = world.guests_up(); });

  const auto ran = world.watch_for(minutes{12});

  INFO(ran.out << ran.err);
  CHECK(up_before == 2);
  CHECK(world.guests_up() == 3);
}

TEST_CASE("a watch that is stopped in the middle of a scale-in leaves one to go, and the other one alone") {
  const int stopped_after_s = GENERATE(range(70, 90));
  WatchedWorld world(2);
  world.outside().action_runner = [](const Config& config, WorldPorts ports, const std::shared_ptr<const void>&, int) {
    return std::make_unique<LockstepRunner>(config, ports);
  };
  const auto ran = world.watch_for(seconds{stopped_after_s});

  const auto plan = world.vscale({"plan"});
  INFO(stopped_after_s << " s\n" << ran.out << ran.err << plan.out << plan.err);
  CHECK(!holds(plan.out, "REPLACE"));
  CHECK(world.guests_up() >= 1);
}

TEST_CASE("also the first look of a watch grows a group no further than its hosts hold it") {
  WatchedWorld world(2);
  fill_the_hosts(world);
  world.cluster().use_by_group("web", 4);
  for (int look = 0; look < 20; ++look) {
    world.vscale({"watch", "--once"});
    world.clock().advance(seconds{15});
  }
  CHECK(world.guests_up() == 3);
  CHECK(world.recorded().wanted_sizes.at("group.web").size == 3);
}

TEST_CASE("what an operator says during a look is not overwritten by what is decided in it") {
  WatchedWorld world(2);
  world.cluster().use_by_group("web", 3.9);
  bool is_said = false;
  interrupt_looks(world, [&] {
    const auto wanted = world.recorded().wanted_sizes;
    const bool is_soon = world.clock().now() >= VirtualClock::kStart + seconds{20};
    if (is_said || !is_soon || wanted.contains("group.web")) return;
    is_said = world.vscale({"scale", "web", "5", "--for", "2h"}).code == 0;
  });

  const auto ran = world.watch_for(minutes{5});

  INFO(ran.out);
  REQUIRE(is_said);
  const auto wanted = world.recorded().wanted_sizes.at("group.web");
  CHECK(wanted.owner == WantedSize::Owner::operator_);
  CHECK(wanted.size == 5);
  CHECK(world.guests_up() == 5);
}

TEST_CASE("an operator who wants fewer in the middle of growth does not wait for the rest of it") {
  WatchedWorld world(1);
  world.cluster().use_by_group("web", 0.5);
  const int before = times_in_log(world, "defined prod-web-");
  REQUIRE(world.vscale({"scale", "web", "6", "--for", "2h"}).code == 0);
  // One by one, so that there is a middle.
  std::string text = watched_config(1, "") + "limits: { parallel: 1 }\n";
  world.write("vscale.yaml", text);
  REQUIRE(world.vscale({"apply", "--auto-approve", "--exclude", "group.web"}).code == 0);
  world.cluster().happens_at(world.clock().now() + seconds{4}, [&](FakeCluster&) {
    world.vscale({"scale", "web", "1", "--for", "2h"});
  });

  const auto ran = world.watch_for(minutes{10});

  INFO(ran.out);
  CHECK(times_in_log(world, "defined prod-web-") - before < 5);
  CHECK(world.guests_up() == 1);
}

TEST_CASE("what was applied and cannot be read yet is followed as soon as it can be") {
  WatchedWorld world(2);
  world.write("secret.yaml", "size: 3\n");
  std::string text = watched_config(3, "");
  text.insert(text.find("hosts:"), "vars: { size: {} }\n");
  text.replace(text.find("min: 1"), 6, "min: ${var.size}");
  world.write("vscale.yaml", text);
  REQUIRE(world.vscale({"--var-file", "secret.yaml", "apply", "--auto-approve"}).code == 0);
  REQUIRE(world.guests_up() == 3);
  world.cluster().power_off_by_hand("prod-web-0");
  const auto read_file = world.outside().read_file;
  const Instant mounted = world.clock().now() + minutes{2};
  world.outside().read_file = [&, read_file](const std::string& path) -> Result<std::string> {
    if (holds(path, "secret.yaml") && world.clock().now() < mounted) {
      return Error{.kind = ErrorKind::not_found, .message = path + ": cannot be opened", .detail = {}, .hint = {}};
    }
    return read_file(path);
  };

  const auto ran = world.watch_for(minutes{5}, {"--var-file", "secret.yaml", "--state", "vscale.db", "watch"});

  INFO(ran.out << ran.err);
  CHECK(holds(ran.err, "secret.yaml: cannot be opened"));
  CHECK(holds(ran.out, "14:02:"));
  CHECK(holds(ran.out, "healed: start: it is shut off"));
  CHECK(world.guests_up() == 3);
}

TEST_CASE("files that nobody applied are not followed in place of what was applied and cannot be read") {
  WatchedWorld world(2);
  apply_what_cannot_be_read_later(world);
  std::string unapplied = watched_config(4, "");
  unapplied.replace(unapplied.find("min: 1"), 6, "min: 4");
  world.write("vscale.yaml", unapplied);

  const auto ran = world.watch_for(minutes{3});

  INFO(ran.out << ran.err);
  CHECK(holds(ran.out, "what was applied cannot be read here"));
  CHECK(holds(ran.out, "variable \"bridge\" has no value"));
  CHECK(world.guests_up() == 2);
}

TEST_CASE("a wall clock that is set does not keep watch from looking") {
  const auto by = GENERATE(hours{-1}, hours{1});
  WatchedWorld world(2);
  world.cluster().use_by_group("web", 2);
  const Duration end = world.clock().uptime() + minutes{10};
  bool is_set = false;
  world.stop_when([&] {
    if (!is_set && world.clock().uptime() > end - minutes{9}) {
      world.clock().set_wall_clock(by);
      world.cluster().use_by_group("web", 3.9);
      is_set = true;
    }
    return world.clock().uptime() < end ? StopRequest::none : StopRequest::finish_running;
  });

  const auto ran = world.vscale({"watch"});

  INFO(ran.out << world.vscale({"explain", "web"}).out);
  CHECK(ran.code == 0);
  CHECK(world.decisions().back().at > world.clock().now() - seconds{20});
}

TEST_CASE("a guest that hangs is healed also while a rolling update rests for hours") {
  WatchedWorld world(3);
  world.cluster().use_by_group("web", 3);
  std::string text =
      watched_config(3, "    update: { maxSurge: 1, steps: [{ to: 1, pause: 6h }, { to: \"100%\" }] }\n");
  text.replace(text.find("user: debian"), 12, "user: admin");
  text.replace(text.find("min: 1"), 6, "min: 3");
  world.write("vscale.yaml", text);
  world.cluster().happens_at(world.clock().now() + minutes{20},
                             [](FakeCluster& cluster) { cluster.hang_by_hand("prod-web-2"); });
  text.replace(text.find("watch: { "), 9, "watch: { follow: file, ");
  world.write("vscale.yaml", text);
  world.outside().action_runner = [](const Config& config, WorldPorts ports, const std::shared_ptr<const void>&, int) {
    return std::make_unique<LockstepRunner>(config, ports);
  };

  const auto ran = world.watch_for(minutes{40});

  INFO(ran.out);
  CHECK(holds(ran.out, "healed: replace: 3 failures in a row"));
  CHECK(world.guests_up() == 3);
  CHECK(world.recorded().rollouts.contains("group.web"));
}

TEST_CASE("watch that is begun again and again backs up no more often than it is to") {
  WatchedWorld world(2);
  world.write("vscale.yaml", watched_config(2, "state: { sqlite: { backup: { every: 1h, keep: 9 } } }\n"));
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  const int before = backups_of(world);
  for (int minute = 0; minute < 130; ++minute) {
    world.clock().advance(minutes{1});
    REQUIRE(world.vscale({"watch", "--once"}).code == 0);
  }
  CHECK(backups_of(world) == before + 3);  // at once, as there was none; after 60 minutes; after 120
}

TEST_CASE("one that never becomes ready keeps nobody beside it from being started at once") {
  WatchedWorld world(3);
  world.cluster().use_by_group("web", 3);
  GuestBehaviour dead;
  dead.never_boots = true;
  world.cluster().behave("prod-web-2", dead);
  world.outside().action_runner = [](const Config& config, WorldPorts ports, const std::shared_ptr<const void>&, int) {
    return std::make_unique<LockstepRunner>(config, ports);
  };
  world.cluster().happens_at(world.clock().now() + minutes{1},
                             [](FakeCluster& cluster) { cluster.power_off_by_hand("prod-web-2"); });
  const Instant off = world.clock().now() + minutes{14};
  world.cluster().happens_at(off, [](FakeCluster& cluster) { cluster.power_off_by_hand("prod-web-0"); });

  const auto ran = world.watch_for(minutes{16});

  INFO(ran.out);
  const auto started = world.recorded().instances.at(kWeb0).started_at;
  REQUIRE(started.has_value());
  CHECK(*started >= off);
  CHECK(*started <= off + seconds{30});
}

TEST_CASE("groups that are made in the same look get addresses and places of their own") {
  WatchedWorld world(1);
  std::string text = watched_config(1, "");
  const std::string group = text.substr(text.find("  web:"), text.find("watch: {") - text.find("  web:"));
  for (const char* name : {"api", "job", "mail"}) {
    std::string another = group;
    another.replace(another.find("web"), 3, name).replace(another.find("size: 1"), 7, "size: 3");
    another.replace(another.find("min: 1"), 6, "min: 3");
    text.insert(text.find("watch: {"), another);
  }
  text.replace(text.find("watch: { "), 9, "watch: { follow: file, ");
  world.write("vscale.yaml", text);

  const auto ran = world.watch_for(minutes{2});

  INFO(ran.out);
  CHECK(!holds(ran.out, "FAILED"));
  CHECK(world.recorded().instances.size() == 10);
  CHECK(world.cluster().addresses_in_use().size() == 10);
}

TEST_CASE("a file that is half written when it is looked at counts once it is whole") {
  WatchedWorld world(3);
  world.cluster().use_by_group("web", 3);
  const auto following = [](const std::string& min) {
    std::string text = watched_config(std::stoi(min), "");
    text.replace(text.find("min: 1"), 6, "min: " + min);
    return text.replace(text.find("watch: { "), 9, "watch: { follow: file, ");
  };
  world.write("vscale.yaml", following("3"));
  const Instant writes = world.clock().now() + seconds{60};
  int looks = 0;
  const auto read_file = world.outside().read_file;
  world.outside().read_file = [&, read_file](const std::string& path) {
    if (world.clock().now() >= writes && ++looks == 1) world.write("vscale.yaml", following("5"));
    if (looks == 2) world.write("vscale.yaml", following("4"));
    return read_file(path);
  };

  const auto ran = world.watch_for(minutes{4});

  INFO(ran.out);
  CHECK(!holds(ran.out, "3 -> 5"));
  CHECK(world.guests_up() == 4);
}

TEST_CASE("who is ill and is not healed is told of once, with why, and status and explain say it") {
  WatchedWorld world(5);
  world.cluster().use_by_group("web", 5);
  std::string text = watched_config(5, "");
  text.replace(text.find("min: 1"), 6, "min: 5");
  world.write("vscale.yaml", text);
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  for (int i = 1; i < 5; ++i) world.cluster().hang_by_hand("prod-web-" + std::to_string(i));

  const auto ran = world.watch_for(minutes{3});

  const std::string why = "4 of 5 are ill, 2 allowed (maxUnhealthy 40 %)";
  INFO(ran.out);
  CHECK(holds(ran.out, "web-1      held: " + why));
  CHECK(ran.out.find("web-1      held") == ran.out.rfind("web-1      held"));
  CHECK(world.guests_up() == 5);
  CHECK(holds(world.vscale({"explain", "web"}).out, why));
  const auto status = world.vscale({"status"}).out;
  INFO(status);
  CHECK(holds(status, "1/5"));
  CHECK(holds(status, "4 unready"));
  CHECK(holds(status, "web: " + why));
  CHECK(holds(world.vscale({"events", "--since", "10m"}).out, why));
}

TEST_CASE("systemd hears that watch has begun, also where it waits for the lock, and how it stands") {
  WatchedWorld world(2);
  const NotifySocket systemd(NotifySocket::Name::abstract);
  world.outside().service = std::make_shared<ServiceNotifier>(ServiceEnvironment{.notify_socket = systemd.name()});
  {
    const RunInProgress bob(world, "watch");
    world.watch_for(minutes{1});
    CHECK(systemd.heard() == "READY=1");
    CHECK(systemd.heard() == "STATUS=waits: another vscale holds the lock");
    CHECK(systemd.heard() == "STOPPING=1");
    CHECK(systemd.heard().empty());
  }
  world.watch_for(minutes{1});
  CHECK(systemd.heard() == "READY=1");
  CHECK(systemd.heard() == "STATUS=2 of 2 instances ready");
  CHECK(systemd.heard() == "STOPPING=1");
}

TEST_CASE("a dry run measures, decides and remembers, and does and records nothing") {
  WatchedWorld world(2);
  world.cluster().use_by_group("web", 3.9);
  const auto before = world.recorded();

  const auto ran = world.watch_for(minutes{5}, {"watch", "--dry-run"});

  INFO(ran.out);
  CHECK(holds(ran.out, "2 -> 4: cpu"));
  CHECK(world.guests_up() == 2);
  CHECK(world.recorded() == before);
  CHECK(world.metrics().samples(Instant::min())->empty());
}

}  // namespace
}  // namespace vscale::test
