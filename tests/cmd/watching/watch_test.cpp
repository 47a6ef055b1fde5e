#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/cmd/watching/watched_world.h"
#include "tests/support/golden.h"

/// `vscale watch`, in virtual time.

namespace vscale::test {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

TEST_CASE("where all is well, watch does nothing, says no more than what it follows, and ends when it is asked to") {
  WatchedWorld world(2);
  world.cluster().use_by_group("web", 2);

  const auto ran = world.watch_for(minutes{5});

  CHECK(ran.code == 0);
  CHECK(ran.err.empty());
  CHECK(std::count(ran.out.begin(), ran.out.end(), '\n') == 3);
  CHECK(holds(ran.out, "follows: prod: 1 group on 2 hosts, every 10s, as was applied"));
  CHECK(holds(ran.out, "stops"));
  CHECK(world.guests_up() == 2);
}

TEST_CASE("load makes the group larger, and its end makes it smaller, one after the other") {
  WatchedWorld world(2);
  world.cluster().use_by_group("web", 3.9);

  const auto out = world.watch_for(minutes{5});

  INFO(out.out);
  CHECK(world.guests_up() == 4);
  CHECK(holds(out.out, "2 -> 4: cpu"));
  world.cluster().use_by_group("web", 0.1);
  const auto in = world.watch_for(minutes{20});
  INFO(in.out);
  CHECK(world.guests_up() == 1);
  CHECK(holds(in.out, "4 -> 3"));
  CHECK(holds(in.out, "2 -> 1"));
  const auto applied = world.vscale({"plan", "--detailed-exitcode"});
  INFO(applied.out);
  CHECK(applied.code == 0);
}

TEST_CASE("a guest that is off is started within one tick of the event") {
  WatchedWorld world(2);
  world.cluster().use_by_group("web", 2);
  const Instant off = world.clock().now() + seconds{63};
  world.cluster().happens_at(off, [](FakeCluster& cluster) { cluster.power_off_by_hand("prod-web-1"); });

  const auto ran = world.watch_for(minutes{2});

  INFO(ran.out);
  CHECK(world.guests_up() == 2);
  const auto& log = world.cluster().log();
  const auto started =
      std::find_if(log.rbegin(), log.rend(), [](const std::string& line) { return holds(line, "started prod-web-1"); });
  REQUIRE(started != log.rend());
  INFO(*started);
  CHECK(started->substr(0, 8) <= rfc3339(off + seconds{2}).substr(11, 8));
}

TEST_CASE("a guest that hangs is healed after its failures in a row") {
  WatchedWorld world(3);
  world.cluster().use_by_group("web", 3);
  world.cluster().hang_by_hand("prod-web-2");

  const auto ran = world.watch_for(minutes{3});

  INFO(ran.out);
  CHECK(holds(ran.out, "healed: replace: 3 failures in a row"));
  const auto recorded = world.recorded();
  CHECK(recorded.instances.at({InstanceAddress::Kind::group, "web", 2}).incarnation == 2);
  CHECK(world.guests_up() == 3);
}

TEST_CASE("a host that cannot be reached makes its instances unknown, and nothing is made in their place") {
  WatchedWorld world(4);
  world.cluster().use_by_group("web", 4);
  world.cluster().cut("kvm2");

  const auto ran = world.watch_for(minutes{10});

  INFO(ran.out);
  CHECK(holds(ran.out, "silent: "));
  CHECK(world.recorded().instances.size() == 4);
  CHECK(world.guests_up() == 4);
  world.cluster().heal("kvm2");
  const auto again = world.watch_for(minutes{1});
  CHECK(holds(again.out, "it answers again") == false);  // it is another program, to whom it never was silent
  CHECK(world.recorded().instances.size() == 4);
}

TEST_CASE("a host that hangs costs one tick its patience, and the other host's guests are looked after") {
  WatchedWorld world(4);
  world.cluster().use_by_group("web", 4);
  world.cluster().fall_silent("kvm2");
  const Instant begin = world.clock().now();
  const Instant off = begin + seconds{43};
  world.cluster().happens_at(off, [](FakeCluster& cluster) { cluster.power_off_by_hand("prod-web-0"); });
  std::vector<Instant> looks;
  interrupt_looks(world, [&] { looks.push_back(world.clock().now()); });

  const auto ran = world.watch_for(minutes{2});

  INFO(ran.out);
  CHECK(world.guests_up() == 4);
  const auto started = world.recorded().instances.at({InstanceAddress::Kind::group, "web", 0}).started_at;
  REQUIRE(started.has_value());
  CHECK(*started >= off);
  CHECK(*started <= off + seconds{3});
  // One every 10 s, and those that word of web-0 has brought about.
  CHECK(looks.size() >= 12);
  CHECK(looks.size() <= 24);
  for (std::size_t i = 1; i < looks.size(); ++i) CHECK(looks[i] - looks[i - 1] <= seconds{11});
}

TEST_CASE("watch --once looks once, does what follows, and tells by its exit code whether all is known") {
  WatchedWorld world(2);
  world.cluster().power_off_by_hand("prod-web-0");
  const auto once = world.vscale({"watch", "--once"});
  INFO(once.out);
  CHECK(once.code == 0);
  CHECK(world.guests_up() == 2);
  world.cluster().cut("kvm2");
  CHECK(world.vscale({"watch", "--once"}).code == 3);
}

TEST_CASE("a dry run says what would be done, and does and records nothing") {
  WatchedWorld world(2);
  world.cluster().power_off_by_hand("prod-web-0");
  const auto before = world.recorded();
  const auto ran = world.vscale({"watch", "--once", "--dry-run"});
  INFO(ran.out << ran.err);
  CHECK(ran.code == 0);
  CHECK(holds(ran.out, "web-0"));
  CHECK(holds(ran.out, "start"));
  CHECK(world.guests_up() == 1);
  CHECK(world.recorded() == before);
}

TEST_CASE("watch follows what was applied, and not what the file says meanwhile") {
  WatchedWorld world(2);
  world.cluster().use_by_group("web", 2);
  std::string text = watched_config(3, "");
  text.replace(text.find("min: 1"), 6, "min: 3");
  world.write("vscale.yaml", text);
  world.watch_for(minutes{2});
  CHECK(world.guests_up() == 2);
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  world.watch_for(minutes{2});
  CHECK(world.guests_up() == 3);
}

TEST_CASE("watch follows the file where that says so, and keeps the one before while it has a mistake") {
  WatchedWorld world(2);
  world.cluster().use_by_group("web", 2);
  const auto following = [](int min) {
    std::string text = watched_config(min, "");
    text.replace(text.find("min: 1"), 6, "min: " + std::to_string(min));
    text.replace(text.find("watch: { "), 9, "watch: { follow: file, ");
    return text;
  };
  world.write("vscale.yaml", following(1));
  world.cluster().happens_at(world.clock().now() + seconds{30},
                             [&](FakeCluster&) { world.write("vscale.yaml", "groups: ["); });
  world.cluster().happens_at(world.clock().now() + seconds{90},
                             [&](FakeCluster&) { world.write("vscale.yaml", following(4)); });
  const auto ran = world.watch_for(minutes{4});
  INFO(ran.out);
  CHECK(holds(ran.out, "not taken, the one before is kept"));
  CHECK(times_in(ran.out, "without a mistake again, and taken") == 1);
  CHECK(times_in(world.vscale({"events", "--json"}).out, "not taken, the one before is kept: ") == 1);
  CHECK(world.guests_up() == 4);
}

TEST_CASE("what happened while nobody looked is told by events: hosts that fell silent, files that were not taken") {
  WatchedWorld world(4);
  world.cluster().use_by_group("web", 4);
  const Instant begin = world.clock().now();
  world.cluster().happens_at(begin + seconds{30}, [](FakeCluster& cluster) { cluster.cut("kvm2"); });
  world.cluster().happens_at(begin + seconds{90}, [](FakeCluster& cluster) { cluster.heal("kvm2"); });
  world.watch_for(minutes{3});

  const auto events = [&world] { return world.vscale({"events", "--json"}).out; };
  INFO(events());
  CHECK(times_in(events(), R"("kind":"follows")") == 1);
  CHECK(times_in(events(), R"("kind":"silent")") == 1);
  CHECK(times_in(events(), R"("kind":"answers")") == 1);
  world.cluster().cut("kvm2");
  world.vscale({"watch", "--once"});
  world.vscale({"watch", "--once"});
  CHECK(times_in(events(), R"("kind":"silent")") == 2);  // once for each silence
}

TEST_CASE("a host's silence is told by events, also where a plan has seen it before watch has") {
  WatchedWorld world(2);
  world.cluster().use_by_group("web", 2);
  const Instant begin = world.clock().now();
  world.cluster().happens_at(begin + seconds{31}, [](FakeCluster& cluster) { cluster.cut("kvm2"); });
  bool is_planned = false;
  interrupt_looks(world, [&] {
    if (is_planned || world.clock().now() < begin + seconds{31}) return;
    is_planned = true;
    world.vscale({"plan"});
  });
  world.watch_for(minutes{2});

  const std::string events = world.vscale({"events", "--json"}).out;
  INFO(events);
  REQUIRE(is_planned);
  CHECK(times_in(events, R"("kind":"silent")") == 1);
}

TEST_CASE("what was destroyed stays away, until something is applied again") {
  WatchedWorld world(2);
  REQUIRE(world.vscale({"destroy", "--auto-approve"}).code == 0);

  const auto ran = world.watch_for(minutes{1});

  INFO(ran.out << ran.err);
  CHECK(holds(ran.out, "waits: all of it was destroyed"));
  CHECK(world.guests_up() == 0);
  CHECK(world.vscale({"watch", "--once"}).code == 1);
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  world.watch_for(minutes{1});
  CHECK(world.guests_up() == 2);
}

TEST_CASE("of what is destroyed in part, or is followed from the file, destroy says that a watch makes it anew") {
  WatchedWorld world(2);
  CHECK(holds(world.vscale({"destroy", "--auto-approve", "--target", "web-0"}).err, "A watch makes anew"));
  world.write("vscale.yaml", following_config("file", 1));
  CHECK(holds(world.vscale({"destroy", "--auto-approve"}).err, "A watch makes it anew as long as the file is there"));
}

TEST_CASE("a policy that cannot tell three times in a row is told of, and that it tells again, and events keep both") {
  FakeWorld world;
  std::string text = watched_config(2, "");
  const std::string policy = "queue: { kind: target, per: instance, target: 10, command: [jobs] }";
  world.write("vscale.yaml",
              text.replace(text.find("cpu: {"), text.find(" }\n", text.find("cpu: {")) - text.find("cpu: {"), policy));
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  const Instant begin = world.clock().now();
  const auto commands = std::make_shared<FakeCommands>();
  commands->answer = [&world, begin](const Command&) -> Result<CommandExit> {
    const Duration after = world.clock().now() - begin;
    const bool is_out_of_order = after > seconds{60} && after < seconds{240};
    const bool is_so_for_once = after > seconds{360} && after < seconds{375};
    if (is_out_of_order || is_so_for_once) return CommandExit{.code = 3, .out = {}, .err = "no such queue"};
    return CommandExit{.code = 0, .out = "20\n", .err = {}};
  };
  world.outside().commands = [commands] { return commands; };
  const Instant end = begin + minutes{8};
  world.stop_when([&] { return world.clock().now() < end ? StopRequest::none : StopRequest::finish_running; });

  const auto ran = world.vscale({"watch"});

  INFO(ran.out);
  CHECK(times_in(ran.out, "cannot tell: queue: ") == 1);
  CHECK(holds(ran.out, "no such queue"));
  CHECK(times_in(ran.out, "tells again: queue: ") == 1);
  const std::string events = world.vscale({"events", "--json"}).out;
  CHECK(times_in(events, R"("kind":"cannot tell")") == 1);
  CHECK(times_in(events, R"("kind":"tells again")") == 1);
}

TEST_CASE("nothing was applied yet: watch says so, and does nothing") {
  FakeWorld world;
  world.write("vscale.yaml", watched_config(2, ""));
  const Instant end = world.clock().now() + minutes{1};
  world.stop_when([&] { return world.clock().now() < end ? StopRequest::none : StopRequest::finish_running; });
  const auto ran = world.vscale({"watch"});
  INFO(ran.out << ran.err);
  CHECK(ran.code == 0);
  CHECK(holds(ran.out, "nothing has been applied yet: vscale apply"));
  CHECK(world.cluster().domains().empty());
}

TEST_CASE("a second watch waits for the lock, and says for whom") {
  WatchedWorld world(2);
  const RunInProgress bob(world, "watch");
  const auto ran = world.watch_for(minutes{1});
  INFO(ran.out << ran.err);
  CHECK(ran.code == 0);
  CHECK(holds(ran.out, "waits: "));
  CHECK(holds(ran.out, "watch by bob@ctl1"));
  CHECK(world.vscale({"watch", "--once"}).code == 1);
}

TEST_CASE("an operator's size is carried out by a running watch, and held against the policies") {
  WatchedWorld world(2);
  world.cluster().use_by_group("web", 1.6);
  REQUIRE(world.vscale({"scale", "web", "5", "--for", "1h"}).code == 0);
  world.watch_for(minutes{10});
  CHECK(world.guests_up() == 5);
  world.clock().advance(minutes{60});
  world.watch_for(minutes{20});
  CHECK(world.guests_up() == 2);
}

TEST_CASE("a policy that cannot tell removes nobody") {
  WatchedWorld world(4);
  std::string text = watched_config(4, "");
  text.replace(text.find("{ kind: target, metric: cpu, target: 50 }"), 41,
               "{ kind: target, per: instance, target: 10, http: { url: \"http://queue.lan/n\", value: /n } }");
  world.write("vscale.yaml", text);
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  world.watch_for(minutes{15});
  CHECK(world.guests_up() == 4);
  INFO(world.decisions().back().recommendations.front().text);
  world.sources().answers["http://queue.lan:80/n"] = {200, "{\"n\": 55}"};
  world.watch_for(minutes{5});
  CHECK(world.guests_up() == 6);
  CHECK(world.decisions().back().recommendations.front().kind == Recommendation::Kind::size);
}

TEST_CASE("a group grows as far as its hosts hold it, and says what is full") {
  WatchedWorld world(2, "");
  std::string text = watched_config(2, "");
  text.replace(text.find("10.0.0.50-10.0.0.99"), 19, "10.0.0.50-10.0.0.53");
  text.replace(text.find("max: 6"), 6, "max: 4");
  world.write("vscale.yaml", text);
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  world.cluster().add_foreign_domain("kvm1", "large", 62, 4 * kGiB);
  world.cluster().add_foreign_domain("kvm2", "large", 59, 4 * kGiB);
  world.cluster().use_by_group("web", 4);
  const auto ran = world.watch_for(minutes{5});
  INFO(ran.out);
  CHECK(world.guests_up() == 3);
  CHECK(world.recorded().wanted_sizes.at("group.web").size == 3);
}

TEST_CASE("killed and begun again at any moment, watch decides what it would have decided") {
  const auto decided = [](Duration piece) {
    WatchedWorld world(2);
    const Instant begin = world.clock().now();
    world.cluster().happens_at(begin + minutes{1}, [](FakeCluster& cluster) { cluster.use_by_group("web", 3.9); });
    world.cluster().happens_at(begin + minutes{8}, [](FakeCluster& cluster) { cluster.use_by_group("web", 0.1); });
    world.cluster().use_by_group("web", 2);
    for (Duration passed{}; passed < minutes{24}; passed += piece) world.watch_for(piece);
    std::vector<std::pair<int, int>> moves;
    for (const auto& one : world.decisions()) {
      if (one.size != one.current) moves.emplace_back(one.current, one.size);
    }
    return moves;
  };
  const auto at_a_stretch = decided(minutes{24});
  REQUIRE(at_a_stretch.size() >= 3);
  CHECK(decided(minutes{1}) == at_a_stretch);
  CHECK(decided(seconds{40}) == at_a_stretch);
}

TEST_CASE("the journal gets a line for each thing that happens, with its priority and no time") {
  WatchedWorld world(2);
  world.set_environment("JOURNAL_STREAM", "8:1234");
  world.cluster().use_by_group("web", 2.7);
  const Instant begin = world.clock().now();
  world.cluster().happens_at(begin + minutes{2}, [](FakeCluster& cluster) { cluster.cut("kvm2"); });
  world.cluster().happens_at(begin + minutes{4}, [](FakeCluster& cluster) { cluster.heal("kvm2"); });

  const auto ran = world.watch_for(minutes{5});

  CHECK(ran.err.empty());
  check_golden("cmd/watch_journal.txt", ran.out);
}

}  // namespace
}  // namespace vscale::test
