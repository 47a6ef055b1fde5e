#include <catch2/catch.hpp>

#include "tests/cmd/fake_world.h"

/// What a wall clock that somebody sets does to waits and durations: nothing.

namespace vscale::test {
namespace {

/// Is set back by an hour during the first wait.
class SetBackClock final : public Clock {
 public:
  explicit SetBackClock(VirtualClock& clock) : clock_(clock) {}
  Instant now() override { return clock_.now(); }
  Duration uptime() override { return clock_.uptime(); }
  void sleep_until(Instant at) override {
    clock_.sleep_until(at);
    if (!set_) clock_.set_wall_clock(-std::chrono::hours{1});
    set_ = true;
  }

 private:
  VirtualClock& clock_;
  bool set_ = false;
};

}  // namespace

TEST_CASE("another run's lock is waited for as long as was said, though the wall clock is set back meanwhile") {
  AppliedWorld world(1);
  const RunInProgress other(world);
  world.outside().clock = std::make_shared<SetBackClock>(world.clock());
  const Duration before = world.clock().uptime();

  CHECK(world.vscale({"apply", "--auto-approve", "--lock-timeout", "30s"}).code == 1);

  CHECK(world.clock().uptime() - before == std::chrono::seconds{30});
}

TEST_CASE("what took how long is told by what has passed, though the wall clock is set meanwhile") {
  const auto by = GENERATE(std::chrono::hours{1}, std::chrono::hours{-1});
  FakeWorld world;
  world.write("vscale.yaml", web_config(1));
  int asked = 0;
  world.stop_when([&] {
    if (++asked == 8) world.clock().set_wall_clock(by);
    return StopRequest::none;
  });

  const auto applied = world.vscale({"apply", "--json", "--auto-approve"});

  REQUIRE(applied.code == 0);
  CHECK(asked > 8);
  for (const auto& line : lines_of(applied.out)) {
    if (!line.contains("elapsed_s")) continue;
    CAPTURE(line.dump());
    CHECK(line.at("elapsed_s") >= 0.0);
    CHECK(line.at("elapsed_s") < 600.0);
  }
}

}  // namespace vscale::test
