// What is said of schedules that would do nothing, or not what was meant.

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/schemas/reading.h"

namespace vscale::test {
namespace {

// A group with these policies, each on a line of its own.
std::string with_schedules(const std::vector<std::string>& policies, const std::string& of_scaling = "") {
  std::string yaml = "    scaling:\n      min: 1\n      max: 9\n" + of_scaling + "      policies:\n";
  for (const std::string& policy : policies) yaml += "        " + policy + "\n";
  return with_group(yaml);
}

bool schedule_is_fine(const std::string& policy, const std::string& of_scaling = "") {
  const std::vector<std::string> codes = codes_of(with_schedules({policy}, of_scaling));
  INFO(policy);
  return codes.empty();
}

}  // namespace

TEST_CASE("schedules that can do nothing are refused") {
  check_messages("schedules",
                 with_schedules({
                     R"(a: { kind: schedule, at: "30 2 30 2 *", size: 2 })",
                     R"(b: { kind: schedule, start: "0 7 31 4,6 *", end: "0 19 * * *", min: 2 })",
                     R"(c: { kind: schedule, start: "0 7 * * MON-FRI", end: "00 07 * * 1-5", min: 2 })",
                     R"(d: { kind: schedule, start: "0 7 * * *", end: "0 7,19 * * *", min: 2 })",
                     R"(e: { kind: schedule, at: "0 7 * * *" })",
                     R"(f: { kind: schedule, start: "0 7 * * *", end: "0 19 * * *", zone: Europe/Berlin })",
                     R"(g: { kind: schedule, start: "0 7 * * *", end: "0 19 * * *", min: 2, catchUp: 5m })",
                     R"(h: { kind: schedule, at: "0 7 * * *", size: 8, max: 6 })",
                     R"(i: { kind: schedule, at: "0 7 * * *", size: 2, min: 6 })",
                 }));
}

TEST_CASE("an event that may be over before anybody asks is refused") {
  check_messages("schedule_missed", with_schedules({R"(a: { kind: schedule, at: "0 7 * * *", size: 2 })",
                                                    R"(b: { kind: schedule, at: "0 7 * * *", size: 2, catchUp: 3m })",
                                                    R"(c: { kind: schedule, at: "0 7 * * *", size: 2, catchUp: 15m })"},
                                                   "      evaluate: 15m\n"));
}

TEST_CASE("a size that the group's own min and max never allow is refused") {
  check_messages(
      "schedule_out_of_reach",
      with_schedules(
          {R"(a: { kind: schedule, at: "0 7 * * *", size: 12 })", R"(b: { kind: schedule, at: "0 7 * * *", size: 0 })",
           R"(c: { kind: schedule, at: "0 7 * * *", min: 10 })", R"(d: { kind: schedule, at: "0 7 * * *", max: 0 })",
           R"(e: { kind: schedule, at: "0 7 * * *", min: 0, max: 99 })"}));
}

TEST_CASE("schedules that do something are fine") {
  for (const std::string policy :
       {R"(a: { kind: schedule, at: "0 7 29 2 *", size: 1 })",
        R"(a: { kind: schedule, at: "0 7 * * *", min: 2, max: 6 })",
        R"(a: { kind: schedule, at: "0 7 * * *", size: 4, min: 2, max: 6, catchUp: 1h })",
        R"(a: { kind: schedule, start: "0 7 * * MON-FRI", end: "0 19 * * *", max: 3, zone: America/New_York })",
        R"(a: { kind: schedule, start: "0 7,19 * * *", end: "0 19 * * *", size: 3 })",
        R"(a: { kind: schedule, start: "0 22 * * *", end: "0 6 * * *", min: 0 })"}) {
    CHECK(schedule_is_fine(policy));
  }
  CHECK(schedule_is_fine(R"(a: { kind: schedule, at: "0 7 * * *", size: 2 })", "      evaluate: 2m\n"));
  CHECK(schedule_is_fine(R"(a: { kind: schedule, start: "0 7 * * *", end: "0 9 * * *", size: 2 })",
                         "      evaluate: 5m\n"));
}

TEST_CASE("of a schedule that cannot be read only that is said") {
  CHECK(codes_of(with_schedules({R"(a: { kind: schedule, at: "99 7 * * *", size: 2 })"})) ==
        std::vector<std::string>{"wrong_type"});
  CHECK(codes_of(with_schedules({R"(a: { kind: schedule, at: "0 7 * * *", size: lots })"})) ==
        std::vector<std::string>{"wrong_type"});
  CHECK(codes_of(with_schedules({R"(a: { kind: schedule, at: "0 7 * * *", size: 2, catchUp: soon })"},
                                "      evaluate: 5m\n")) == std::vector<std::string>{"wrong_type"});
}

}  // namespace vscale::test
