#include "cmd/views/watch/watch_view.h"

#include <catch2/catch.hpp>
#include <sstream>

#include "tests/cmd/fake_world.h"

/// How `vscale watch` words what happens.

namespace vscale::test {
namespace {

/// What is told of web-0, which is restarted, and of web-1, which is left as it is.
std::string told_of_healing(WatchView::Tells tells, const GlobalOptions& global = {}) {
  FakeWorld world;
  std::istringstream in;
  std::ostringstream out, err;
  Streams streams{.in = in, .out = out, .err = err};
  const Invocation invocation = make_invocation(global, streams, world.outside());
  WatchView view(invocation, tells);
  const Instant at = *instant_from("2026-05-04T14:05:00.000Z");
  view.event({.at = at, .kind = "healed", .address = "group.web[0]", .host = "", .text = "restart: it hangs"});
  view.event({.at = at, .kind = "held", .address = "group.web[1]", .host = "", .text = "2 of 3 are ill"});
  return out.str();
}

TEST_CASE("a watch tells what it has healed, and one that does nothing whom it would heal") {
  const std::string held = "14:05:00 web-1      held: 2 of 3 are ill\n";

  CHECK(told_of_healing(WatchView::Tells::what_is_done) == "14:05:00 web-0      healed: restart: it hangs\n" + held);
  CHECK(told_of_healing(WatchView::Tells::what_would_be) ==
        "14:05:00 web-0      would heal: restart: it hangs\n" + held);
}

TEST_CASE("to a program an event has one kind, whether it is done or would be") {
  GlobalOptions global;
  global.json = true;
  CHECK(told_of_healing(WatchView::Tells::what_would_be, global) ==
        told_of_healing(WatchView::Tells::what_is_done, global));
}

}  // namespace
}  // namespace vscale::test
