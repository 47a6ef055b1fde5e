#include <catch2/catch.hpp>

#include "tests/cmd/fake_world.h"

/// What `vscale validate` says of a file that is valid.

namespace vscale::test {
namespace {

TEST_CASE("a valid file is told in numbers, and a machine is not counted as a group") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(1));
  CHECK(world.vscale({"validate"}).out == "vscale.yaml: valid. prod: 2 hosts, 1 group of 1 instance.\n");
  world.write("m.yaml", "machines:\n  db1: { image: debian-12, vcpus: 1, memory: 1GiB }\n");
  CHECK(world.vscale({"-f", "vscale.yaml", "-f", "m.yaml", "validate"}).out ==
        "vscale.yaml + m.yaml: valid. prod: 2 hosts, 1 group of 1 instance, 1 machine.\n");
}

}  // namespace
}  // namespace vscale::test
