#include "providers/process/process_commands.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "providers/file_descriptor.h"

namespace vscale::test {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// Longer than any command of these tests takes, however busy the machine is.
constexpr Duration kLong{60'000};
/// Far less than kLong or kCommandGrace, and enough to tell one from the other on a busy machine.
constexpr Duration kSoon{4'000};

bool never() {
  return false;
}

Command command(std::vector<std::string> argv, std::string input = {}, Duration timeout = kLong) {
  return {.argv = std::move(argv), .environment = {}, .input = std::move(input), .timeout = timeout};
}

Command shell(const std::string& script, std::string input = {}, Duration timeout = kLong) {
  return command({"/bin/sh", "-c", script}, std::move(input), timeout);
}

CommandExit exit_of(const Command& command) {
  const auto exit = ProcessCommands().run(command, never);
  INFO((exit ? "" : to_string(exit.error())));
  REQUIRE(exit);
  return *exit;
}

Error error_of(const Command& command, const std::function<bool()>& stopped = never, Duration grace = kCommandGrace) {
  const auto exit = ProcessCommands(grace).run(command, stopped);
  REQUIRE_FALSE(exit);
  return exit.error();
}

Duration time_for(const std::function<void()>& work) {
  const auto began = SteadyClock::now();
  work();
  return std::chrono::duration_cast<Duration>(SteadyClock::now() - began);
}

/// An empty folder, gone with its owner.
struct Folder {
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "vscale-commands-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] std::string file(const std::string& name) const { return (path / name).string(); }

  std::filesystem::path path;
};

pid_t pid_in(const std::string& text) {
  return static_cast<pid_t>(std::stol(text));
}

/// Is that process gone, or as good as gone, within kLong? Whoever adopts it may take its time to reap it.
bool is_gone(pid_t pid) {
  const auto until = SteadyClock::now() + kLong;
  while (SteadyClock::now() < until) {
    if (::kill(pid, 0) != 0) return true;
    std::string stat;
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::getline(file, stat);
    const std::size_t name_end = stat.rfind(')');
    if (name_end != std::string::npos && stat.compare(name_end, 3, ") Z") == 0) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  return false;
}

std::string contents_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST_CASE("a command's output, its errors and its exit code are told apart") {
  const CommandExit exit = exit_of(shell("echo said; echo moaned >&2; exit 3"));
  CHECK(exit.code == 3);
  CHECK(exit.out == "said\n");
  CHECK(exit.err == "moaned\n");
}

TEST_CASE("a command ended by a signal has 128 and the signal's number for its exit code") {
  CHECK(exit_of(shell("kill -KILL $$")).code == 128 + SIGKILL);
  CHECK(exit_of(shell("kill -TERM $$")).code == 128 + SIGTERM);
}

TEST_CASE("no shell looks at a command's words") {
  CHECK(exit_of(command({"echo", "$HOME", "*", "; exit 3", ""})).out == "$HOME * ; exit 3 \n");
}

TEST_CASE("a command reads its input and then its end, be it more than any pipe holds") {
  std::string input;
  while (input.size() < 4 * kCommandOutputMaxBytes) input += "line " + std::to_string(input.size()) + "\n";
  CHECK(exit_of(command({"cat"}, input)).out == input.substr(0, kCommandOutputMaxBytes));
  CHECK(exit_of(command({"wc", "-c"}, input)).out == std::to_string(input.size()) + "\n");
}

TEST_CASE("input is read where programs look for it, also by its name") {
  CHECK(exit_of(command({"cat", "/dev/stdin"}, "hello")).out == "hello");
}

TEST_CASE("a command without input finds the end at once") {
  CHECK(exit_of(command({"cat"})).out.empty());
}

TEST_CASE("a command that never reads its input, or closes it, harms nobody") {
  const std::string input(4 * kCommandOutputMaxBytes, 'x');
  CHECK(exit_of(command({"true"}, input)).code == 0);
  CHECK(exit_of(shell("exec <&-; exit 4", input)).code == 4);
}

TEST_CASE("of each stream the beginning is kept, and the rest is read and dropped") {
  const CommandExit exit = exit_of(shell(
      "echo out; head -c 300000 /dev/zero; echo err >&2; head -c 300000 /dev/zero >&2; head -c 300000 /dev/zero"));
  CHECK(exit.code == 0);
  CHECK(exit.out.size() == kCommandOutputMaxBytes);
  CHECK(exit.err.size() == kCommandOutputMaxBytes);
  CHECK(exit.out.substr(0, 4) == "out\n");
  CHECK(exit.err.substr(0, 4) == "err\n");
}

TEST_CASE("a command has PATH, HOME, LANG and TZ of vscale, what it is given, and nothing else") {
  ::setenv("VSCALE_TEST_SECRET", "hunter2", 1);
  ::setenv("TZ", "UTC", 1);
  ::unsetenv("LANG");
  Command env = command({"/usr/bin/env"});
  env.environment = {{"VSCALE_NAME", "prod-web-0"}, {"HOME", "/nowhere"}};
  const std::string out = exit_of(env).out;
  ::unsetenv("VSCALE_TEST_SECRET");
  ::unsetenv("TZ");
  CHECK(out == "HOME=/nowhere\nPATH=" + std::string(::getenv("PATH")) + "\nTZ=UTC\nVSCALE_NAME=prod-web-0\n");
}

TEST_CASE("no descriptor of vscale reaches a command") {
  // As a library opens one that does not know better.
  const FileDescriptor careless(::open("/dev/null", O_RDONLY));
  REQUIRE(::fcntl(careless.number(), F_GETFD) == 0);
  REQUIRE(careless.number() < 64);
  const std::string listed = "n=3; while [ $n -lt 64 ]; do [ -e /proc/$$/fd/$n ] && echo $n; n=$((n + 1)); done";
  CHECK(exit_of(shell(listed)).out.empty());
}

TEST_CASE("signals that vscale ignores or blocks are as ever in a command") {
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  sigset_t blocked, old;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &old);
  const CommandExit ignored = exit_of(shell("kill -PIPE $$; echo alive"));
  const CommandExit masked = exit_of(shell("kill -USR1 $$; echo alive"));
  ::pthread_sigmask(SIG_SETMASK, &old, nullptr);
  std::signal(SIGPIPE, before);
  CHECK(ignored.code == 128 + SIGPIPE);
  CHECK(masked.code == 128 + SIGUSR1);
}

TEST_CASE("a command runs where vscale was started, in a group of its own") {
  CHECK(exit_of(command({"pwd"})).out == std::filesystem::current_path().string() + "\n");
  const std::string ids = exit_of(shell("echo $$; cut -d' ' -f5 /proc/$$/stat")).out;
  CHECK(ids.substr(0, ids.find('\n')) + "\n" == ids.substr(ids.find('\n') + 1));
}

TEST_CASE("a program that is not there is not found, and one that may not be executed is denied") {
  const Folder folder;
  std::ofstream(folder.file("plain")) << "#!/bin/sh\n";
  std::ofstream(folder.file("orphan")) << "#!/no/such/shell\n";
  REQUIRE(::chmod(folder.file("orphan").c_str(), S_IRWXU) == 0);

  const Error unknown = error_of(command({"no-such-program-here", "x"}));
  CHECK(unknown.kind == ErrorKind::not_found);
  CHECK(unknown.message == "\"no-such-program-here\" is not there: no folder of PATH has it");
  const Error path = error_of(command({folder.file("nothing")}));
  CHECK(path.kind == ErrorKind::not_found);
  CHECK(path.message == "\"" + folder.file("nothing") + "\" is not there");
  CHECK(error_of(command({folder.file("orphan")})).kind == ErrorKind::not_found);
  const Error denied = error_of(command({folder.file("plain")}));
  CHECK(denied.kind == ErrorKind::denied);
  CHECK(denied.message == "\"" + folder.file("plain") + "\" may not be executed");
  CHECK(denied.hint == "chmod +x " + folder.file("plain"));
}

TEST_CASE("a zero byte is refused, as a process would be given the text before it alone") {
  CHECK(error_of(command({"echo", std::string("a\0b", 3)})).kind == ErrorKind::invalid);
  Command env = command({"env"});
  env.environment = {{"X", std::string("a\0b", 3)}};
  CHECK(error_of(env).kind == ErrorKind::invalid);
}

TEST_CASE("a command that takes too long is ended, with all that it has started") {
  const Folder folder;
  const std::string script =
      "sleep 600 & echo $! > " + folder.file("child") + "; echo $$ > " + folder.file("self") + "; wait";
  Error error;
  CHECK(time_for([&] { error = error_of(shell(script, {}, Duration{500})); }) < kSoon);
  CHECK(error.kind == ErrorKind::timed_out);
  CHECK(error.message == "\"/bin/sh\" did not end within 500 ms");
  CHECK(is_gone(pid_in(contents_of(folder.file("self")))));
  CHECK(is_gone(pid_in(contents_of(folder.file("child")))));
}

TEST_CASE("a command is first asked to end, and may tidy up") {
  const Folder folder;
  const std::string script = "trap 'echo tidy > " + folder.file("done") + "; exit 0' TERM; sleep 600 & wait";
  CHECK(error_of(shell(script, {}, Duration{500})).kind == ErrorKind::timed_out);
  CHECK(contents_of(folder.file("done")) == "tidy\n");
}

TEST_CASE("a command that does not listen is killed after the grace, and what it has started with it") {
  const Folder folder;
  const std::string script = "trap '' TERM; sleep 600 & echo $! > " + folder.file("child") + "; wait; wait; sleep 600";
  const Duration grace{300};
  Error error;
  const Duration took = time_for([&] { error = error_of(shell(script, {}, Duration{500}), never, grace); });
  CHECK(error.kind == ErrorKind::timed_out);
  CHECK(took >= Duration{500} + grace);
  CHECK(took < kSoon);
  CHECK(is_gone(pid_in(contents_of(folder.file("child")))));
}

TEST_CASE("a command is ended soon after it is to stop") {
  const Folder folder;
  const auto begun = [&] { return std::filesystem::exists(folder.file("begun")); };
  Error error;
  CHECK(time_for([&] { error = error_of(shell("touch " + folder.file("begun") + "; exec sleep 600"), begun); }) <
        kLong);
  CHECK(error.kind == ErrorKind::timed_out);
  CHECK(error.message == "\"/bin/sh\" was ended, as vscale was asked to stop");
}

TEST_CASE("a command that has ended is done, though something that it has started holds its output open") {
  CommandExit exit;
  const Duration took = time_for([&] { exit = exit_of(shell("echo said; sleep 600 & echo $!")); });
  CHECK(took < kSoon);
  CHECK(exit.code == 0);
  CHECK(exit.out.substr(0, 5) == "said\n");
  CHECK(is_gone(pid_in(exit.out.substr(5))));
}

TEST_CASE("what a command has left behind without its output is ended, too") {
  const CommandExit exit = exit_of(shell("sleep 600 >/dev/null 2>&1 </dev/null & echo $!"));
  CHECK(is_gone(pid_in(exit.out)));
}

TEST_CASE("a daemon that holds the output and has left the group keeps nobody waiting, and goes on") {
  CommandExit exit;
  const Duration took = time_for([&] { exit = exit_of(shell("setsid sh -c 'echo $$; exec sleep 600' & sleep 0.2")); });
  CHECK(took < kSoon);
  const pid_t daemon = pid_in(exit.out);
  CHECK(::kill(daemon, 0) == 0);
  ::kill(daemon, SIGKILL);
}

TEST_CASE("what is said in the moment after a command's end is heard, while its output is open") {
  CHECK(exit_of(shell("(sleep 0.1; echo later) & echo now")).out == "now\nlater\n");
}

TEST_CASE("commands run side by side without hearing each other, and leave no zombie behind") {
  std::vector<std::thread> threads;
  std::vector<CommandExit> exits(8);
  for (std::size_t i = 0; i < exits.size(); ++i) {
    threads.emplace_back([&exits, i] {
      const auto exit = ProcessCommands().run(shell("cat; echo $$", std::to_string(i) + " "), never);
      if (exit) exits[i] = *exit;
    });
  }
  for (auto& thread : threads) thread.join();
  for (std::size_t i = 0; i < exits.size(); ++i) {
    const std::string mine = std::to_string(i) + " ";
    CHECK(exits[i].out.substr(0, mine.size()) == mine);
    CHECK(::kill(pid_in(exits[i].out.substr(mine.size())), 0) != 0);
  }
}

}  // namespace
}  // namespace vscale::test
