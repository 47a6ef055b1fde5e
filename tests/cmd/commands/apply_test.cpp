#include <unistd.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cmd/views/text/text_layout.h"
#include "providers/fake/simulated_runner.h"
#include "tests/cmd/fake_world.h"
#include "tests/support/golden.h"

/// What apply and destroy tell and keep beside what they do.

namespace vscale::test {
namespace {

using OrderedJson = nlohmann::ordered_json;

/// The stream without the plan's own document, which plan_document.json shows.
std::string without_plan(const std::string& stream) {
  std::string out;
  std::istringstream in(stream);
  std::string line;
  while (std::getline(in, line)) {
    OrderedJson object = OrderedJson::parse(line);
    if (object.at("type") == "plan") object["plan"] = object.at("plan").at("summary");
    out += object.dump() + "\n";
  }
  return out;
}

std::vector<std::string> reasons_in(FakeWorld& world) {
  const auto state = world.outside().open_state(world.folder() + "/vscale.db", OpenMode::read_only);
  REQUIRE(state.ok());
  const auto events = state->store->events(Instant{}, 10'000);
  REQUIRE(events.ok());
  std::vector<std::string> reasons;
  for (const auto& event : *events) {
    if (event.address.empty()) reasons.push_back(event.kind + " " + event.text);
  }
  return reasons;
}

TEST_CASE("who applied and who destroyed stands in the history, with the reason they gave") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(1));
  REQUIRE(world.vscale({"apply", "--auto-approve", "--reason", "new disks"}).code == 0);
  REQUIRE(world.vscale({"apply", "--auto-approve", "--replace", "web-0"}).code == 0);
  REQUIRE(world.vscale({"destroy", "--auto-approve", "--reason", "the rack is sold"}).code == 0);

  CHECK(reasons_in(world) == std::vector<std::string>{"apply by anna@ctl1: new disks", "apply by anna@ctl1",
                                                      "destroy by anna@ctl1: the rack is sold"});
  const auto state = world.outside().open_state(world.folder() + "/vscale.db", OpenMode::read_only);
  CHECK(state->store->accepted_config()->value().by == "anna@ctl1");
}

TEST_CASE("what a run waits for is said in lines that fit, without what a terminal would obey") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(1));
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  auto other = world.outside().open_state(world.folder() + "/vscale.db", OpenMode::read_write);
  const auto held = other->store->lock({.id = "0f2b6c1e-0000-4000-8000-00000000000a",
                                        .operation = "apply",
                                        .user = "bob\x1b[31m-of-the-other-department",
                                        .host = "a-rather-long-name-of-a-machine",
                                        .pid = ::getpid(),
                                        .since = world.clock().now()});
  REQUIRE(held.ok());

  const std::string err = world.vscale({"apply", "--auto-approve", "--lock-timeout", "5m"}).err;

  INFO(err);
  CHECK(err.starts_with("Waiting up to 5m: "));
  CHECK(err.find('\x1b') == std::string::npos);
  std::istringstream lines(err.substr(0, err.find("error:")));
  std::string line;
  while (std::getline(lines, line)) CHECK(columns(line) <= kTextWidth);
}

TEST_CASE("beside a watch that rests, apply and destroy are told how to ask it to make way") {
  AppliedWorld world(1);
  world.write("prod.yaml", web_config(1));
  const RunInProgress watch(world, "watch");

  const auto applied = world.vscale({"-f", "prod.yaml", "apply", "--auto-approve"});

  INFO(applied.err);
  CHECK(applied.code == 1);
  CHECK(holds(applied.err, "`vscale -f prod.yaml apply --lock-timeout 1m` asks it to make way"));
  CHECK(
      holds(world.vscale({"destroy", "--auto-approve"}).err, "`vscale destroy --lock-timeout 1m` asks it to make way"));
  const auto waited = world.vscale({"apply", "--auto-approve", "--lock-timeout", "90s"});
  CHECK(holds(waited.err, "hint: `vscale apply --lock-timeout 4m` asks it to make way"));
}

TEST_CASE("beside a watch, one look more is told that a watch is already at it") {
  AppliedWorld world(1);
  const RunInProgress watch(world, "watch");

  const auto once = world.vscale({"watch", "--once"});

  INFO(once.out << once.err);
  CHECK(once.code == 1);
  CHECK(holds(once.err, "hint: a watch is already at it"));
}

TEST_CASE("beside a run, what comes to its end is waited for") {
  AppliedWorld world(1);
  const RunInProgress run(world);

  CHECK(holds(world.vscale({"apply", "--auto-approve"}).err, "wait until it is done, or let --lock-timeout do so"));
}

TEST_CASE("apply --json tells an action that failed, what it kept from being done, and the end") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(1) +
                                 "    health: { startupTimeout: 3s }\n"
                                 "  app:\n"
                                 "    size: 1\n"
                                 "    dependsOn: [web]\n"
                                 "    template: { image: debian-12, vcpus: 1, memory: 1GiB, networks: [lan] }\n");
  GuestBehaviour never;
  never.never_boots = true;
  world.cluster().behave("prod-web-0", never);

  const auto failed = world.vscale({"apply", "--json", "--auto-approve"});

  CHECK(failed.code == 1);
  check_golden("cmd/run_failed.jsonl", without_plan(failed.out));
}

TEST_CASE("apply --json tells of an interrupt, and what it left undone") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(1));
  int asked = 0;
  world.stop_when([&asked] { return ++asked > 5 ? StopRequest::finish_running : StopRequest::none; });

  const auto stopped = world.vscale({"apply", "--json", "--auto-approve"});

  CHECK(stopped.code == 130);
  check_golden("cmd/run_interrupted.jsonl", without_plan(stopped.out));
}

/// Tells at its end how much was in flight at once.
class PeakRunner final : public ActionRunner {
 public:
  PeakRunner(const Config& config, WorldPorts ports, ExecutionLimits& peak) : runner_(1, config, ports), peak_(peak) {}
  ~PeakRunner() override { peak_ = runner_.peak(); }
  PeakRunner(const PeakRunner&) = delete;
  PeakRunner& operator=(const PeakRunner&) = delete;

  void start(const Action& action, ActionInput input) override { runner_.start(action, std::move(input)); }
  std::variant<ActionFinished, NothingYet> wait(Instant until, EventSink& sink) override {
    return runner_.wait(until, sink);
  }
  void cut_waits_short() override { runner_.cut_waits_short(); }
  void cut_wait_short(int id) override { runner_.cut_wait_short(id); }

 private:
  SimulatedRunner runner_;
  ExecutionLimits& peak_;
};

/// What an apply of many instances with these limits had in flight at once, and on how many threads.
struct Peaks {
  ExecutionLimits peak;
  int threads = 0;
};

Peaks peaks_of(const std::string& limits, const std::vector<std::string>& more_words) {
  FakeWorld world;
  std::string config = web_config(8) + limits;
  std::string images;
  for (int i = 0; i < 4; ++i) {
    const std::string name = "image-" + std::to_string(i);
    images += "  " + name + ": { source: /srv/" + name + ".qcow2, agent: present }\n";
    config.insert(config.find("  web:\n"), "  more" + std::to_string(i) + ":\n    size: 4\n    template: { image: " +
                                               name + ", vcpus: 1, memory: 256MiB, disk: 3GiB, networks: [lan] }\n");
  }
  config.insert(config.find("storage:"), images);
  world.write("vscale.yaml", config);
  Peaks peaks;
  world.outside().action_runner = [&peaks](const Config& read, WorldPorts ports, const std::shared_ptr<const void>&,
                                           int threads) {
    peaks.threads = threads;
    return std::make_unique<PeakRunner>(read, ports, peaks.peak);
  };
  std::vector<std::string> words{"apply", "--auto-approve"};
  words.insert(words.end(), more_words.begin(), more_words.end());
  const auto applied = world.vscale(words);
  INFO(applied.out << applied.err);
  REQUIRE(applied.code == 0);
  return peaks;
}

TEST_CASE("each limit of the configuration bounds what it is named for, and is used up") {
  const Peaks peaks = peaks_of("limits: { parallel: 9, perHost: 6, uploads: 3, booting: 2 }\n", {});
  CHECK(peaks.threads == 9);
  CHECK(peaks.peak.parallel == 9);
  CHECK(peaks.peak.per_host == 6);
  CHECK(peaks.peak.uploads_per_host == 3);
  CHECK(peaks.peak.booting_per_host == 2);
}

TEST_CASE("of several groups none has the last quarter of all that may run at once, and one alone has it") {
  const std::string limits = "limits: { parallel: 8, perHost: 8, booting: 8 }\n";
  CHECK(peaks_of(limits, {}).peak.per_group == 6);
  CHECK(peaks_of(limits, {"--target", "web"}).peak.per_group == 8);
}

TEST_CASE("the option --parallelism bounds all actions in place of the configuration") {
  const Peaks peaks = peaks_of("limits: { parallel: 9, perHost: 6 }\n", {"--parallelism", "4"});
  CHECK(peaks.threads == 4);
  CHECK(peaks.peak.parallel == 4);
}

}  // namespace
}  // namespace vscale::test
