#include <catch2/catch.hpp>

#include "providers/fake/simulated_runner.h"
#include "tests/cmd/fake_world.h"

/// What a run that ended in the middle has left open in the journal, and which later run may close it.

namespace vscale::test {
namespace {

bool tells_of_earlier_run(FakeWorld& world) {
  return holds(world.vscale({"status"}).out, "An earlier run ended in the middle of ");
}

/// Tells when a domain on kvm2 is to be started.
class WatchedRunner final : public ActionRunner {
 public:
  WatchedRunner(const Config& config, WorldPorts ports, bool& starts) : runner_(1, config, ports), starts_(starts) {}
  void start(const Action& action, ActionInput input) override {
    starts_ = starts_ || (action.host == "kvm2" && std::holds_alternative<StartDomain>(action.detail));
    runner_.start(action, std::move(input));
  }
  std::variant<ActionFinished, NothingYet> wait(Instant until, EventSink& sink) override {
    return runner_.wait(until, sink);
  }
  void cut_waits_short() override { runner_.cut_waits_short(); }
  void cut_wait_short(int id) override { runner_.cut_wait_short(id); }

 private:
  SimulatedRunner runner_;
  bool& starts_;
};

/// An apply of two instances that was stopped at once while web-1 was started on kvm2.
struct StoppedWorld : FakeWorld {
  StoppedWorld() {
    write("vscale.yaml", web_config(2));
    bool starts = false;
    const auto runner = outside().action_runner;
    outside().action_runner = [&starts](const Config& config, WorldPorts ports, const std::shared_ptr<const void>&,
                                        int) { return std::make_unique<WatchedRunner>(config, ports, starts); };
    stop_when([&starts] { return starts ? StopRequest::now : StopRequest::none; });
    REQUIRE(vscale({"apply", "--auto-approve"}).code == 130);
    stop_when({});
    outside().action_runner = runner;
    clock().advance(Duration{1});
    REQUIRE(tells_of_earlier_run(*this));
  }
};

}  // namespace

TEST_CASE("what an earlier run left on a host that is silent now stays open until a plan has looked at it") {
  StoppedWorld world;
  world.cluster().cut("kvm2");
  for (int i = 0; i < 2; ++i) {  // The first has work to do on kvm1, the second finds nothing.
    const auto without = world.vscale({"apply", "--auto-approve"});
    INFO(without.out << without.err);
    CHECK(without.code == 3);
    CHECK(tells_of_earlier_run(world));
  }

  world.cluster().heal("kvm2");
  world.clock().advance(Duration{1});
  CHECK(world.vscale({"apply", "--auto-approve"}).code == 0);
  CHECK_FALSE(tells_of_earlier_run(world));
}

TEST_CASE("a run that does not look at what an earlier run left open leaves it so") {
  const std::vector<std::string> words =
      GENERATE(std::vector<std::string>{"apply", "--auto-approve", "--target", "web-0"},
               std::vector<std::string>{"apply", "--auto-approve", "--exclude", "web-1"},
               std::vector<std::string>{"apply", "--auto-approve", "--exclude", "host.kvm2"},
               std::vector<std::string>{"image", "pull"});
  StoppedWorld world;
  const auto ran = world.vscale(words);
  INFO(ran.out << ran.err);
  REQUIRE(ran.code == 0);
  CHECK(tells_of_earlier_run(world));
  CHECK(world.vscale({"apply", "--auto-approve"}).code == 0);
  CHECK_FALSE(tells_of_earlier_run(world));
}

TEST_CASE("a run that is narrowed to what an earlier run left open closes that") {
  const std::vector<std::string> narrowed = GENERATE(
      std::vector<std::string>{"--target", "web"}, std::vector<std::string>{"--target", "web-0", "--target", "web-1"});
  StoppedWorld world;
  std::vector<std::string> words{"apply", "--auto-approve"};
  words.insert(words.end(), narrowed.begin(), narrowed.end());
  const auto ran = world.vscale(words);
  INFO(ran.out << ran.err);
  REQUIRE(ran.code == 0);
  CHECK_FALSE(tells_of_earlier_run(world));
}

TEST_CASE("a run that asks no host closes nothing that an earlier run left open") {
  StoppedWorld world;
  const auto ran = world.vscale({"apply", "--auto-approve", "--refresh=false"});
  INFO(ran.out << ran.err);
  CHECK(tells_of_earlier_run(world));
}

TEST_CASE("a saved plan of everything closes what an earlier run left open, whether or not hosts are asked again") {
  const std::string refresh = GENERATE("--refresh=true", "--refresh=false");
  StoppedWorld world;
  REQUIRE(world.vscale({"plan", "--out", "plan.bin"}).code == 0);
  CHECK(world.vscale({"apply", "plan.bin", refresh}).code == 0);
  CHECK_FALSE(tells_of_earlier_run(world));
}

}  // namespace vscale::test
