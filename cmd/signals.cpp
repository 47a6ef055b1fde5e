#include "cmd/signals.h"

#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <string_view>

#include "cmd/invocation/exit_code.h"

namespace vscale {
namespace {

// What a signal handler may touch: lock-free, and there from beginning to end.
std::atomic<int> interrupts{0};
enum class Doing { nothing_to_lose, run, between_runs };
std::atomic<Doing> doing{Doing::nothing_to_lose};
std::atomic<SystemClock*> sleeping_clock{nullptr};

constexpr std::string_view kStoppedAtOnce = "\nStopped at once. Nothing is lost: what was done is recorded.\n";

[[noreturn]] void end_at_once() {
  // Nobody may be reading what is said, and then nothing is.
  pollfd asked{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
  if (::poll(&asked, 1, 0) == 1 && (asked.revents & POLLOUT) != 0) {
    [[maybe_unused]] const auto said = ::write(STDERR_FILENO, kStoppedAtOnce.data(), kStoppedAtOnce.size());
  }
  ::_exit(static_cast<int>(ExitCode::interrupted));
}

/// A terminal that is closed is told more than once, by its shell and by the kernel, and nobody has asked twice.
int count_interrupt(int signal) {
  if (signal != SIGHUP) return ++interrupts;
  int none = 0;
  interrupts.compare_exchange_strong(none, 1);
  return 1;
}

void on_interrupt(int signal) {
  const Doing now = doing.load();
  if (now == Doing::nothing_to_lose) ::_exit(static_cast<int>(ExitCode::interrupted));
  const int count = count_interrupt(signal);
  // In a run the second is for stop_request(), which nobody asks while a reader keeps the output waiting.
  if (count > (now == Doing::between_runs ? 1 : 2)) end_at_once();
  if (auto* clock = sleeping_clock.load()) clock->interrupt();
}

void handle(int signal) {
  struct sigaction before {};
  if (sigaction(signal, nullptr, &before) == 0 && before.sa_handler == SIG_IGN) return;
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  action.sa_flags = SA_RESTART;  // a write that waits for its reader goes on: it is no full disk
  sigaction(signal, &action, nullptr);
}

}  // namespace

void handle_signals(SystemClock& clock) {
  sleeping_clock = &clock;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) handle(signal);
  std::signal(SIGPIPE, SIG_IGN);  // a reader that goes away must not end a run in the middle
}

void interrupt_gently() {
  doing = Doing::run;
}

void interrupt_between_runs() {
  // After one in the run nothing begins any more that could take long, and the end is still to be told.
  if (interrupts == 0) doing = Doing::between_runs;
}

bool reader_is_gone(int descriptor) {
  pollfd asked{.fd = descriptor, .events = 0, .revents = 0};
  return ::poll(&asked, 1, 0) == 1 && (asked.revents & (POLLERR | POLLHUP)) != 0;
}

StopRequest stop_request() {
  const int count = interrupts.load();
  return count == 0 ? StopRequest::none : count == 1 ? StopRequest::finish_running : StopRequest::now;
}

}  // namespace vscale
