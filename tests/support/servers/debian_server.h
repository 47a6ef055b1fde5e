#pragma once

#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "providers/process/process_commands.h"

/// Servers as Debian has them, each started for one test and ended with it.

namespace vscale::test {

/// How long a server may take to start, or to come to see something; they need a second, and one of them six.
inline constexpr Duration kServerPatience{60'000};

/// Looks again and again until `is_so`, and tells whether it came to be.
inline bool comes_to_be(const std::function<bool()>& is_so) {
  const auto until = std::chrono::steady_clock::now() + kServerPatience;
  while (!is_so()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
  return true;
}

/// A program that runs in the background, in a process group of its own, until this goes.
class DebianServer {
 public:
  explicit DebianServer(std::vector<std::string> argv) {
    if (::access(argv.front().c_str(), X_OK) != 0) {
      FAIL(argv.front() << " is not here: tests/support/install-packages.sh test");
    }
    thread_ = std::thread([this, argv = std::move(argv)] {
      exit_ = ProcessCommands().run({.argv = argv, .environment = {}, .input = {}, .timeout = std::chrono::hours{1}},
                                    [this] { return stop_.load(); });
      ended_ = true;
    });
  }
  ~DebianServer() {
    stop_ = true;
    thread_.join();
  }
  DebianServer(const DebianServer&) = delete;
  DebianServer& operator=(const DebianServer&) = delete;

  /// It has ended by itself, as one does whose port was taken meanwhile.
  bool has_ended() const { return ended_; }
  /// What it said, once it has ended by itself.
  std::string last_words() const { return exit_ && *exit_ ? (*exit_)->err + (*exit_)->out : "nothing"; }

 private:
  std::atomic<bool> stop_{false}, ended_{false};
  std::optional<Result<CommandExit>> exit_;
  std::thread thread_;
};

}  // namespace vscale::test
