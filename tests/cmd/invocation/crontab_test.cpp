#include <stdio.h>  // NOLINT: popen

#include <array>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/cmd/fake_world.h"
#include "tests/support/golden.h"

/// The crontab among the examples.

namespace vscale::test {
namespace {

/// What cron gives to /bin/sh: all that stands behind the user of the only line that says when.
std::string command_of_crontab() {
  std::istringstream lines(read_source_file("examples/cron/vscale.cron"));
  const std::string when_and_who = "*/5 * * * * vscale ";
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(when_and_who)) return line.substr(when_and_who.size());
  }
  FAIL("no line of the crontab says when");
  return "";
}

/// What that prints where vscale is a program that says `looked` and ends with `code`.
std::string printed_by_cron(const std::string& folder, int code) {
  const std::string program = folder + "/vscale";
  std::ofstream(program) << "#!/bin/sh\n/bin/echo 'looked\\c'\nexit " << code << "\n";
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  const std::string shell = "PATH='" + folder + "':\"$PATH\"; " + command_of_crontab();
  FILE* pipe = ::popen(shell.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string printed;
  for (std::array<char, 256> part{}; ::fgets(part.data(), part.size(), pipe) != nullptr;) printed += part.data();
  ::pclose(pipe);
  return printed;
}

/// The words behind `vscale` in the command.
std::vector<std::string> words_of_crontab() {
  const std::string command = command_of_crontab();
  const std::string program = "$(vscale ";
  const auto begin = command.find(program) + program.size();
  std::istringstream text(command.substr(begin, command.find(" 2>&1)") - begin));
  std::vector<std::string> words;
  for (std::string word; text >> word;) words.push_back(word);
  return words;
}

TEST_CASE("by the example's crontab a look is mailed only if it did not end with 0") {
  const FakeWorld world;
  CHECK(printed_by_cron(world.folder(), 0).empty());
  CHECK(printed_by_cron(world.folder(), 1) == "looked\\c\n");
  CHECK(printed_by_cron(world.folder(), 3) == "looked\\c\n");
}

TEST_CASE("what the example's crontab says to vscale is one look by its file and its statefile, and nothing else") {
  FakeWorld world;
  const std::string config = "/etc/vscale/vscale.yaml", statefile = "/var/lib/vscale/vscale.db";
  world.outside().read_file = [&config, read = world.outside().read_file](const std::string& path) {
    return path == config ? Result<std::string>(web_config(2)) : read(path);
  };
  world.outside().open_state = [&world, statefile, open = world.outside().open_state](const std::string& path,
                                                                                      OpenMode mode) {
    CHECK(path == statefile);
    return open(world.folder() + "/vscale.db", mode);
  };
  REQUIRE(world.vscale({"-f", config, "--state", statefile, "apply", "--auto-approve"}).code == 0);
  world.cluster().power_off_by_hand("prod-web-0");

  const auto ran = world.vscale(words_of_crontab());

  INFO(ran.out << ran.err);
  CHECK(ran.code == 0);
  CHECK(holds(ran.out, "web-0"));
  CHECK_FALSE(holds(world.vscale({"-f", config, "--state", statefile, "status"}).out, "shut off"));
}

TEST_CASE("cron takes the command whole: a percent sign in it would end it") {
  CHECK_FALSE(holds(command_of_crontab(), "%"));
}

}  // namespace
}  // namespace vscale::test
