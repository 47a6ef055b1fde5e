#include <catch2/catch.hpp>
#include <string>

#include "tests/schemas/reading.h"

// The mistakes that can be made in `update:`, as the person sees them.

namespace vscale::test {

TEST_CASE("maxSurge and maxUnavailable cannot both be 0") {
  check_messages("surge_and_unavailable_zero", with_group("    update: { maxSurge: 0, maxUnavailable: 0 }\n"));
}

TEST_CASE("steps of a rolling update that could not rest are errors") {
  check_messages("update_steps",
                 with_group("    update: { maxUnavailable: \"150%\", steps: [{ to: 2 }, { to: 1, pause: manual }, "
                            "{ to: \"120%\" }] }\n"));
  check_messages("update_steps_of_another_strategy",
                 with_group("    update: { strategy: onDelete, steps: [{ to: 1, pause: manual }] }\n"));
}

TEST_CASE("what only a rolling update heeds is an error with another strategy, but not where it comes from defaults") {
  check_messages("update_of_another_strategy",
                 with_group("    update: { strategy: recreate, maxSurge: 2, maxUnavailable: 1, perHost: 3 }\n"));
  CHECK(codes_of(with_group("    update: { strategy: recreate }\n") +
                 "defaults: { groups: { update: { maxSurge: 2 } } }\n") == std::vector<std::string>{});
}

TEST_CASE("an update that lets nothing go and nothing come, or rests before it begins, is an error") {
  check_messages(
      "update_of_nothing",
      with_group("    update: { maxSurge: \"0%\", maxUnavailable: 0, steps: [{ to: 0, pause: manual }] }\n"));
}

TEST_CASE("a minReady that the deadline leaves no time for is an error") {
  check_messages("update_without_time", with_group("    update: { minReady: 15m }\n"));
  CHECK(codes_of(with_group("    update: { minReady: 15m, progressDeadline: 0s }\n")).empty());
}

}  // namespace vscale::test
