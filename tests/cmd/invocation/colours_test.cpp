#include <catch2/catch.hpp>

#include "tests/cmd/fake_world.h"

/// When colours are used, and when a terminal is drawn on.

namespace vscale::test {
namespace {

using Words = std::vector<std::string>;

struct PlannedWorld : FakeWorld {
  PlannedWorld() { write("vscale.yaml", web_config(1)); }

  bool is_coloured(const Words& words) { return vscale_on_terminal(words, "").out.find("\x1b[") != std::string::npos; }
};

TEST_CASE("a terminal gets colours, and a pipe none") {
  PlannedWorld world;
  CHECK(world.is_coloured({"plan"}));
  CHECK(world.vscale({"plan"}).out.find('\x1b') == std::string::npos);
}

TEST_CASE("who wants no colours says so by an option, by NO_COLOR, or has a terminal that knows none") {
  PlannedWorld world;
  CHECK_FALSE(world.is_coloured({"plan", "--no-color"}));
  CHECK_FALSE(world.is_coloured({"plan", "--json"}));
  world.set_environment("NO_COLOR", "1");
  CHECK_FALSE(world.is_coloured({"plan"}));
  world.set_environment("NO_COLOR", "");
  CHECK(world.is_coloured({"plan"}));
  world.set_environment("TERM", "dumb");
  CHECK_FALSE(world.is_coloured({"plan"}));
}

TEST_CASE("a terminal that knows no colours has nothing drawn on it, and one without colours has") {
  PlannedWorld plain, dumb;
  dumb.set_environment("TERM", "dumb");
  CHECK(plain.is_coloured({"apply", "--auto-approve", "--no-color"}));  // only the cursor moves
  CHECK_FALSE(dumb.is_coloured({"apply", "--auto-approve"}));
}

}  // namespace
}  // namespace vscale::test
