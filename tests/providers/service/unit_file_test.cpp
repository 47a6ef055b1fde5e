// The unit file among the examples is one that systemd takes as it is.

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "providers/process/process_commands.h"
#include "tests/support/golden.h"

namespace vscale::test {

TEST_CASE("systemd finds nothing wrong with the unit file") {
  std::string folder = std::filesystem::temp_directory_path() / "vscale-unit-XXXXXX";
  REQUIRE(::mkdtemp(folder.data()) != nullptr);
  std::string unit = read_source_file("examples/systemd/vscale.service");
  // It has to be installed where the unit says, which it is not here.
  const std::string program = "/usr/local/bin/vscale ";
  const std::size_t at = unit.find(program);
  REQUIRE(at != std::string::npos);
  unit.replace(at, program.size(), "/bin/true ");
  std::ofstream(folder + "/vscale.service") << unit;

  const auto verified =
      ProcessCommands().run({.argv = {"systemd-analyze", "verify", "--man=no", folder + "/vscale.service"},
                             .environment = {},
                             .input = {},
                             .timeout = Duration{60'000}},
                            [] { return false; });

  std::filesystem::remove_all(folder);
  REQUIRE(verified.ok());
  CHECK(verified->err.empty());
  CHECK(verified->code == 0);
}

}  // namespace vscale::test
