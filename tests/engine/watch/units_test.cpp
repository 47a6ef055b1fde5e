#include "engine/watch/units.h"

#include <catch2/catch.hpp>

#include "engine/recorded/apply_change.h"
#include "tests/support/builders.h"

namespace vscale::test {
namespace {

using Units = std::vector<std::vector<std::string>>;

Group depending(Group group, std::vector<std::string> on) {
  group.depends_on = std::move(on);
  return group;
}

TEST_CASE("groups that depend on nobody are units by themselves, in file order") {
  const Config config = config_with({a_group("web"), a_group("app"), a_machine("db1")});
  CHECK(units_of(config, empty_state()) == Units{{"group.web"}, {"group.app"}, {"machine.db1"}});
}

TEST_CASE("groups that depend on each other, near or far, are one unit") {
  const Config config = config_with({depending(a_group("web"), {"group.app"}), a_group("cache"),
                                     depending(a_group("app"), {"machine.db1"}), a_machine("db1")});
  CHECK(units_of(config, empty_state()) == Units{{"group.web", "group.app", "machine.db1"}, {"group.cache"}});
}

TEST_CASE("what is recorded and has left the file is a unit by itself") {
  RecordedState recorded = empty_state();
  apply(recorded, PutInstance{an_instance(a_group("old", 2), 0, "kvm1")});
  apply(recorded, PutInstance{an_instance(a_group("old", 2), 1, "kvm2")});
  CHECK(units_of(config_with({a_group("web")}), recorded) == Units{{"group.web"}, {"group.old"}});
}

}  // namespace
}  // namespace vscale::test
