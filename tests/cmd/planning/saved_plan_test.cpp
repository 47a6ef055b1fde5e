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

TEST_CASE("a plan is saved over a plan, and over nothing else") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(1));
  world.write("ssh_key", "PRIVATE");
  for (const char* own : {"vscale.yaml", "ssh_key"}) {
    const auto refused = world.vscale({"plan", "--out", own});
    CHECK(refused.code == 1);
    CHECK(refused.out.empty());
    CHECK(holds(refused.err, "error: " + std::string(own) + ": is there already, and is no saved plan"));
    CHECK(holds(refused.err, "hint: name another file, or remove this one\n"));
  }
  CHECK(world.written("vscale.yaml") == web_config(1));
  CHECK(world.written("ssh_key") == "PRIVATE");
  world.write("empty", "");
  for (int i = 0; i < 2; ++i) CHECK(world.vscale({"plan", "--out", "empty"}).code == 0);
}

}  // namespace
}  // namespace vscale::test
