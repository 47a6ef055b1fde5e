#include "cmd/signals.h"

#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <csignal>

#include "cmd/invocation/exit_code.h"

namespace vscale {
namespace {

// What a signal handler may touch: lock-free, and there from beginning to end.
std::atomic<int> interrupts{0};
std::atomic<bool> gentle{false};
std::atomic<SystemClock*> sleeping_clock{nullptr};

void on_interrupt(int) {
  if (!gentle.load()) ::_exit(static_cast<int>(ExitCode::interrupted));
  ++interrupts;
  if (auto* clock = sleeping_clock.load()) clock->interrupt();
}

void handle(int signal) {
  struct sigaction before {};
  if (sigaction(signal, nullptr, &before) == 0 && before.sa_handler == SIG_IGN) return;
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  sigaction(signal, &action, nullptr);
}

}  // namespace

void handle_signals(SystemClock& clock) {
  sleeping_clock = &clock;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) handle(signal);
  std::signal(SIGPIPE, SIG_IGN);  // a reader that goes away must not end a run in the middle
}

void interrupt_gently() {
  gentle = true;
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
