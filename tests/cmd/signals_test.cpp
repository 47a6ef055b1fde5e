#include "cmd/signals.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <functional>
#include <string>

#include "cmd/invocation/exit_code.h"

namespace vscale::test {
namespace {

/// What a process that carries out `work` ends with: its exit code, or the negative number of the signal that ended it.
int end_of(const std::function<int()>& work) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) ::_exit(work());
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace

TEST_CASE("an interrupt or a request to end stops a run gently, and again at once") {
  const int signal = GENERATE(SIGINT, SIGTERM);
  CAPTURE(signal);
  CHECK(end_of([signal] {
          SystemClock clock;
          for (const int each : {SIGINT, SIGTERM, SIGHUP}) std::signal(each, SIG_DFL);
          handle_signals(clock);
          interrupt_gently();
          std::raise(signal);
          if (stop_request() != StopRequest::finish_running) return 1;
          std::raise(signal);
          return stop_request() == StopRequest::now ? 0 : 2;
        }) == 0);
}

TEST_CASE("a closed terminal stops a run gently, however often it is told") {
  CHECK(end_of([] {
          SystemClock clock;
          for (const int each : {SIGINT, SIGTERM, SIGHUP}) std::signal(each, SIG_DFL);
          handle_signals(clock);
          interrupt_gently();
          for (int i = 0; i < 3; ++i) std::raise(SIGHUP);
          if (stop_request() != StopRequest::finish_running) return 1;
          interrupt_between_runs();
          std::raise(SIGHUP);
          if (stop_request() != StopRequest::finish_running) return 2;
          std::raise(SIGTERM);
          return stop_request() == StopRequest::now ? 0 : 3;
        }) == 0);
}

TEST_CASE("an interrupt breaks off no write that waits for a slow reader") {
  const int signal = GENERATE(SIGINT, SIGTERM, SIGHUP);
  CAPTURE(signal);
  CHECK(end_of([signal] {
          SystemClock clock;
          std::signal(signal, SIG_DFL);
          handle_signals(clock);
          struct sigaction handled {};
          if (sigaction(signal, nullptr, &handled) != 0) return 1;
          return (handled.sa_flags & SA_RESTART) != 0 ? 0 : 2;
        }) == 0);
}

TEST_CASE("between two runs the second interrupt ends the program at once, and says that nothing is lost") {
  const int signal = GENERATE(SIGINT, SIGTERM);
  CAPTURE(signal);
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const int code = end_of([signal, &ends] {
    ::dup2(ends[1], STDERR_FILENO);
    SystemClock clock;
    for (const int each : {SIGINT, SIGTERM, SIGHUP}) std::signal(each, SIG_DFL);
    handle_signals(clock);
    interrupt_gently();
    interrupt_between_runs();
    std::raise(signal);
    if (stop_request() != StopRequest::finish_running) return 1;
    std::raise(signal);
    return 2;
  });
  ::close(ends[1]);
  char said[200] = {};
  const auto length = ::read(ends[0], said, sizeof said - 1);
  ::close(ends[0]);

  CHECK(code == static_cast<int>(ExitCode::interrupted));
  CHECK(length > 0);
  CHECK(std::string(said) == "\nStopped at once. Nothing is lost: what was done is recorded.\n");
}

TEST_CASE("a third interrupt ends a run where it is, also while nobody reads what it says") {
  const int signal = GENERATE(SIGINT, SIGTERM);
  CAPTURE(signal);
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const int code = end_of([signal, &ends] {
    ::dup2(ends[1], STDERR_FILENO);
    const std::string full(static_cast<std::size_t>(::fcntl(ends[1], F_GETPIPE_SZ)), 'x');
    if (::write(ends[1], full.data(), full.size()) != static_cast<ssize_t>(full.size())) return 1;
    SystemClock clock;
    for (const int each : {SIGINT, SIGTERM, SIGHUP}) std::signal(each, SIG_DFL);
    handle_signals(clock);
    interrupt_gently();
    std::raise(signal);
    std::raise(signal);
    if (stop_request() != StopRequest::now) return 2;
    std::raise(SIGHUP);
    ::alarm(5);  // ends it by a signal
    std::raise(signal);
    return 3;
  });
  for (const int end : ends) ::close(end);

  CHECK(code == static_cast<int>(ExitCode::interrupted));
}

TEST_CASE("after a run that was interrupted another one changes nothing: the program is about to tell its end") {
  CHECK(end_of([] {
          ::close(STDERR_FILENO);
          SystemClock clock;
          std::signal(SIGINT, SIG_DFL);
          handle_signals(clock);
          interrupt_gently();
          std::raise(SIGINT);
          interrupt_between_runs();
          std::raise(SIGINT);
          return 0;
        }) == 0);
}

TEST_CASE("before a run there is nothing to lose: the program ends as interrupted") {
  const int signal = GENERATE(SIGINT, SIGTERM, SIGHUP);
  CAPTURE(signal);
  CHECK(end_of([signal] {
          SystemClock clock;
          for (const int each : {SIGINT, SIGTERM, SIGHUP}) std::signal(each, SIG_DFL);
          handle_signals(clock);
          std::raise(signal);
          return 0;
        }) == static_cast<int>(ExitCode::interrupted));
}

TEST_CASE("under nohup a closed terminal is not heard") {
  CHECK(end_of([] {
          SystemClock clock;
          std::signal(SIGHUP, SIG_IGN);
          handle_signals(clock);
          std::raise(SIGHUP);
          return 0;
        }) == 0);
}

}  // namespace vscale::test
