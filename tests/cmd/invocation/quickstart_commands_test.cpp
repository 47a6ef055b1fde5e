#include <stdio.h>  // NOLINT: popen

#include <array>
#include <catch2/catch.hpp>
#include <filesystem>
#include <memory>

#include "tests/cmd/fake_world.h"

/// The command `vscale` that examples/quickstart/commands.sh makes of a shell.

namespace vscale::test {
namespace {

/// Where that `vscale WORDS` starts the program, for somebody who stands in `folder`. A `lab` that only tells it stands
/// for the real one.
std::string started_in(const std::string& folder, const std::string& words) {
  const std::string script =
      "cd '" + folder + "' && . '" VSCALE_SOURCE_DIR "/examples/quickstart/commands.sh' && lab() { pwd; } && vscale ";
  const std::string command = "bash -c \"" + script + words + "\"";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  REQUIRE(pipe != nullptr);
  std::array<char, 4096> line{};
  REQUIRE(::fgets(line.data(), line.size(), pipe.get()) != nullptr);
  const std::string told = line.data();
  return told.substr(0, told.find('\n'));
}

TEST_CASE("the quickstart's vscale works in its folder, and where one stands if files are named from there") {
  const FakeWorld world;
  const std::string here = std::filesystem::canonical(world.folder()).string();
  const std::string quickstart = std::filesystem::canonical(VSCALE_SOURCE_DIR "/examples/quickstart").string();

  for (const std::string words : {"plan", "plan --var size=5", "ssh web-0 -- test -f /etc/hostname"}) {
    CAPTURE(words);
    CHECK(started_in(here, words) == quickstart);
  }
  for (const std::string words : {"-f a.yaml validate", "validate -fa.yaml", "validate --file a.yaml",
                                  "--file=a.yaml validate", "-qf a.yaml validate"}) {
    CAPTURE(words);
    CHECK(started_in(here, words) == here);
  }
}

}  // namespace
}  // namespace vscale::test
