#include "cmd/views/watch/explain_view.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "cmd/views/watch/size_text.h"
#include "tests/cmd/fake_world.h"
#include "tests/cmd/views/too_wide_line.h"

/// Whose word a group's size is, and what its schedules do next.

namespace vscale::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

/// At 14:05.
TimeWords afternoon() {
  return {.now = *instant_from("2026-05-04T14:05:00.000Z"),
          .time_of_day = [](Instant at) { return rfc3339(at).substr(11, 8); }};
}

/// Since 14:00.
WantedSize wanted_by_policy(int size) {
  return {.group = "group.web", .size = size, .by = "cpu", .reason = "", .at = afternoon().now - minutes{5}};
}

WantedSize wanted_by_anna(int size, Duration for_so_long) {
  return {.group = "group.web",
          .size = size,
          .owner = WantedSize::Owner::operator_,
          .by = "anna@ctl1",
          .reason = "launch day",
          .at = afternoon().now - minutes{5},
          .until = afternoon().now + for_so_long};
}

/// Of web, with that size.
std::string explained_size(int size, const std::optional<WantedSize>& owner) {
  Explanation explanation;
  explanation.group = "group.web";
  explanation.size = size;
  explanation.owner = owner;
  return explanation_text(explanation, afternoon(), Paint{});
}

std::string explained_next(const std::vector<NextFiring>& next) {
  Explanation explanation;
  explanation.group = "group.web";
  explanation.next = next;
  return explanation_text(explanation, afternoon(), Paint{});
}

TEST_CASE("explain names who wanted the size, and where the file's min or max made another one of it, says that") {
  CHECK(explained_size(3, std::nullopt).starts_with("web: 3 wanted, as the file says.\n"));
  CHECK(explained_size(2, wanted_by_policy(2)).starts_with("web: 2 wanted, by policy cpu since 14:00.\n"));
  CHECK(explained_size(3, wanted_by_policy(2))
            .starts_with("web: 3 wanted: min of the file (policy cpu wanted 2 since 14:00).\n"));
  CHECK(explained_size(6, wanted_by_anna(8, minutes{59}))
            .starts_with("web: 6 wanted: max of the file (anna@ctl1 wanted 8 since 14:00, held for 59m\n"
                         "  more: launch day).\n"));
}

TEST_CASE("the size of a group is worth a word where a bound of the file made it, or where somebody holds it") {
  const auto told = [](const std::optional<WantedSize>& owner, int size) {
    return size_text(owner, size, afternoon());
  };

  CHECK(told(std::nullopt, 3).empty());
  CHECK(told(wanted_by_policy(3), 3).empty());
  CHECK(told(wanted_by_policy(2), 3) == "size 3: min of the file (policy cpu wanted 2)");
  CHECK(told(wanted_by_policy(9), 6) == "size 6: max of the file (policy cpu wanted 9)");
  CHECK(told(wanted_by_anna(6, hours{1}), 6) == "size 6: held by anna@ctl1 until 15:05");
  CHECK(told(wanted_by_anna(6, hours{48}), 6) == "size 6: held by anna@ctl1 for 2d more");
  CHECK(told(wanted_by_anna(6, hours{1}), 4) == "size 4: max of the file (anna@ctl1 wanted 6, held until 15:05)");
  CHECK(told(wanted_by_anna(6, minutes{-1}), 6).empty());
}

TEST_CASE("a program reads whose word the size is, which bound made another one of it, and until when it is held") {
  const auto read = [](const std::optional<WantedSize>& owner) { return size_owner_json(owner, 3, afternoon().now); };

  CHECK(read(std::nullopt).dump() == R"({"owner":null,"bound":null,"held_until":null})");
  CHECK(read(wanted_by_policy(2)).at("owner").at("size") == 2);
  CHECK(read(wanted_by_policy(2)).at("bound") == "min");
  CHECK(read(wanted_by_policy(2)).at("held_until").is_null());
  CHECK(read(wanted_by_policy(3)).at("bound").is_null());
  CHECK(read(wanted_by_anna(6, hours{1})).at("bound") == "max");
  CHECK(read(wanted_by_anna(6, hours{1})).at("held_until") == "2026-05-04T15:05:00.000Z");
  CHECK(read(wanted_by_anna(6, minutes{-1})).at("held_until").is_null());
}

TEST_CASE("what a group's schedules do next stands in a line each, as far as 80 columns hold it") {
  const Instant at = afternoon().now + hours{24};
  const std::string opens = "window opens: min 10, max 100";

  const auto text = explained_next(
      {{.policy = "office", .at = at, .local = "Mon 2026-11-30 07:00 Europe/Berlin", .what = opens},
       {.policy = "office", .at = at, .local = "Mon 2026-11-30 19:00 Europe/Berlin", .what = "window closes"}});
  const auto far_away = explained_next(
      {{.policy = "office", .at = at, .local = "Mon 2026-11-30 07:00 America/Argentina/Buenos_Aires", .what = opens}});

  CHECK(
      text.ends_with("\n"
                     "  NEXT    WHEN                                WHAT\n"
                     "  office  Mon 2026-11-30 07:00 Europe/Berlin  window opens: min 10, max 100\n"
                     "  office  Mon 2026-11-30 19:00 Europe/Berlin  window closes\n"));
  INFO(far_away);
  CHECK(too_wide_line(far_away).empty());
  CHECK(holds(far_away, "America/Argentina/Buenos_Aires\n    " + opens + "\n"));
}

}  // namespace
}  // namespace vscale::test
