#include "cmd/watching/sources/policy_answers.h"

#include <catch2/catch.hpp>
#include <memory>

#include "providers/fake/virtual_clock.h"
#include "tests/cmd/watching/sources/asking.h"
#include "tests/support/fake_number_sources.h"

namespace vscale::test {
namespace {

/// Commands that print 42 after so long.
class SlowCommands final : public Commands {
 public:
  SlowCommands(Clock& clock, Duration takes) : clock_(clock), takes_(takes) {}
  Result<CommandExit> run(const Command& command, const std::function<bool()>&) override {
    clock_.sleep_until(clock_.now() + std::min(takes_, command.timeout));
    if (takes_ > command.timeout) return Error{ErrorKind::timed_out, "did not end in time", {}, {}};
    return CommandExit{.code = 0, .out = "42\n", .err = {}};
  }

 private:
  Clock& clock_;
  Duration takes_;
};

/// What a policy is told by a command that takes so long.
Result<std::optional<double>> told_after(Duration takes) {
  const Asking asking("queue: { kind: target, target: 30, command: [/usr/bin/queue-length] }\n");
  const auto clock = std::make_shared<VirtualClock>();
  Outside outside;
  outside.clock = clock;
  outside.number_sources = [] { return std::make_shared<FakeNumberSources>(); };
  outside.commands = [&] { return std::make_shared<SlowCommands>(*clock, takes); };
  outside.stop_request = [] { return StopRequest::none; };
  PlanInput world;
  world.config = asking.config;
  return policy_answers(outside, asking.variables, world, Roster(world.config, world.recorded, world.live))
      .at("group.web")
      .numbers.at("queue");
}

}  // namespace

TEST_CASE("a command has all the time that commands are promised, and no more") {
  const auto slow = told_after(Duration{9'500});
  INFO((slow ? "" : to_string(slow.error())));
  CHECK(slow);
  if (slow) CHECK(*slow == 42);
  CHECK(told_after(kSourceCommandTimeout + Duration{1}).error().kind == ErrorKind::timed_out);
}

}  // namespace vscale::test
