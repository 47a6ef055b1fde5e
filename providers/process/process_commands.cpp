#include "providers/process/process_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>

#include "providers/process/child_process.h"

namespace vscale {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// It is seen this often whether the command has ended, although something holds its output open, or is to end.
constexpr Duration kLookEvery{50};
/// Most end at once when they have closed their output.
constexpr Duration kFirstLook{1};

/// What a command has of our own environment.
constexpr const char* kOurVariables[] = {"PATH", "HOME", "LANG", "TZ"};

std::map<std::string, std::string> with_ours(std::map<std::string, std::string> environment) {
  for (const char* name : kOurVariables) {
    if (const char* value = std::getenv(name); value != nullptr) environment.emplace(name, value);
  }
  return environment;
}

void listen_until(SteadyClock::time_point until, ChildProcess& child) {
  const auto left = std::chrono::ceil<Duration>(until - SteadyClock::now());
  child.listen(std::clamp(left, Duration{0}, kLookEvery));
}

/// It has ended; what it has started may still be speaking.
CommandExit last_words(int code, ChildProcess& child) {
  const auto until = SteadyClock::now() + kLastOutputTimeout;
  while (child.may_say_more() && SteadyClock::now() < until) listen_until(until, child);
  child.signal_group(SIGKILL);
  child.take_the_rest();
  return {.code = code, .out = child.out(), .err = child.err()};
}

/// Its end by SIGKILL, if it comes to that, is that of `child`.
void ask_to_end(ChildProcess& child, Duration grace) {
  const auto until = SteadyClock::now() + grace;
  child.signal_group(SIGTERM);
  Duration look = kFirstLook;
  while (SteadyClock::now() < until) {
    const auto code = child.exit_code();
    const bool has_ended = !code || code->has_value();
    if (has_ended && !child.may_say_more()) return;
    listen_until(std::min(until, SteadyClock::now() + (child.may_say_more() ? kLookEvery : look)), child);
    look = std::min(look * 2, kLookEvery);
  }
}

}  // namespace

Result<CommandExit> ProcessCommands::run(const Command& command, const std::function<bool()>& stopped) {
  const auto deadline = SteadyClock::now() + command.timeout;
  Command clean = command;
  clean.environment = with_ours(command.environment);
  auto child = ChildProcess::start(clean);
  if (!child) return child.error();

  Duration look = kFirstLook;
  for (;;) {
    const auto code = child->exit_code();
    if (!code) return code.error();
    if (*code) return last_words(**code, *child);
    const bool is_late = SteadyClock::now() >= deadline;
    if (is_late || stopped()) {
      ask_to_end(*child, grace_);
      return Error{
          ErrorKind::timed_out,
          is_late ? fmt::format("\"{}\" did not end within {}", command.argv.front(), show_duration(command.timeout))
                  : fmt::format("\"{}\" was ended, as vscale was asked to stop", command.argv.front()),
          {},
          is_late ? "give it more time, by `timeout`" : ""};
    }
    if (child->may_say_more()) {
      listen_until(deadline, *child);
    } else {
      listen_until(std::min(deadline, SteadyClock::now() + look), *child);
      look = std::min(look * 2, kLookEvery);
    }
  }
}

}  // namespace vscale
