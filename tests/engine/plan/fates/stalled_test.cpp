#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "tests/engine/plan/planned.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"

/// Boots that take longer than their bound.

namespace vscale::test {
namespace {

TEST_CASE("boots of one group that used up their bound are one warning, which names the first of them") {
  const int size = 5;
  PlayedWorld world = running({web(size)});
  for (auto& [address, record] : world.input.recorded.instances) {
    record.phase = Phase::started;
    record.started_at = world.input.now;
    record.ready_at.reset();
  }
  const Duration bound = world.input.config.groups[0].health.startup_timeout;
  const Duration taken = bound + std::chrono::minutes{2};
  world.input.now += taken;

  const Plan plan = world.plan();

  CHECK(plan.changes.size() == size);
  REQUIRE(codes(plan) == Words{"boot_stalled"});
  const auto host_of = [&](int ordinal) { return world.instance(fmt::format("group.web[{}]", ordinal)).host; };
  CHECK(plan.diagnostics[0].summary ==
        fmt::format("group.web: 5 are up and not ready for up to {}, their bound was {} (web-0 on {}, web-1 on {}, "
                    "web-2 on {} and 2 more); they are only waited for again",
                    show_duration(taken), show_duration(bound), host_of(0), host_of(1), host_of(2)));
  CHECK(plan.diagnostics[0].hint ==
        "look what web-0 says: vscale console web-0; or make it anew: vscale plan --replace web-0");
}

}  // namespace
}  // namespace vscale::test
