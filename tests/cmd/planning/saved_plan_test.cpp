#include <catch2/catch.hpp>

#include "tests/cmd/fake_world.h"

/// From `plan --out` to `apply FILE`.

namespace vscale::test {
namespace {

TEST_CASE("a saved plan that sends an image with a checksum is carried out") {
  FakeWorld world;
  std::string config = web_config(1);
  const std::string source = "source: /srv/debian-12.qcow2";
  config.replace(config.find(source), source.size(), source + ", checksum: \"sha256:" + std::string(64, 'a') + "\"");
  world.write("vscale.yaml", config);
  REQUIRE(world.vscale({"plan", "--out", "plan.bin"}).code == 0);

  const auto applied = world.vscale({"apply", "plan.bin"});

  INFO(applied.err);
  CHECK(applied.code == 0);
  CHECK(world.cluster().domains().size() == 1);
}

}  // namespace
}  // namespace vscale::test
