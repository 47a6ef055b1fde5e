#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/cmd/fake_world.h"
#include "tests/support/golden.h"

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

TEST_CASE("every mistake in a broken file is told with its place, and validate exits 1") {
  FakeWorld world;
  std::string config = web_config(1);
  config.replace(config.find("memory: 2GiB"), 12, "memory: lots");
  config.replace(config.find("    size: 1"), 11, "    siez: 1");
  world.write("vscale.yaml", config);

  const auto text = world.vscale({"validate"});
  const auto json = world.vscale({"validate", "--json"});

  CHECK(text.code == 1);
  CHECK(text.err.empty());
  check_golden("cmd/validate_broken.txt", text.out);
  CHECK(json.code == 1);
  const auto document = nlohmann::json::parse(json.out);
  CHECK(document.at("format_version") == "1.0");
  CHECK(document.at("valid") == false);
  CHECK(document.at("error_count") == document.at("diagnostics").size());
  CHECK(document.at("diagnostics")[0].at("file") == "vscale.yaml");
  CHECK(document.at("diagnostics")[0].at("line") == 17);
}

TEST_CASE("a schedule in a zone that this machine does not know is a mistake, and a known one is none") {
  FakeWorld world;
  std::string config = read_source_file("examples/scaling/vscale.yaml");
  world.write("vscale.yaml", config);
  CHECK(world.vscale({"validate"}).code == 0);
  config.replace(config.find("Europe/Berlin"), 13, "Europe/berlin");
  world.write("vscale.yaml", config);

  const auto ran = world.vscale({"validate"});

  CHECK(ran.code == 1);
  check_golden("cmd/validate_zone.txt", ran.out);
}

}  // namespace
}  // namespace vscale::test
