#include "providers/libvirt/link/event_loop.h"

#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <thread>
#include <utility>

using namespace vscale::libvirt;

namespace {

struct Pipe {
  Pipe() { REQUIRE(::pipe(ends.data()) == 0); }
  ~Pipe() {
    ::close(ends[0]);
    ::close(ends[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int out() const { return ends[0]; }
  void write() const { REQUIRE(::write(ends[1], "x", 1) == 1); }

  std::array<int, 2> ends{};
};

/// What a callback was told, and whether it was released.
struct Told {
  int calls = 0;
  int last_events = 0;
  int released = 0;
};

void on_event(int, int, int events, void* told) {
  ++static_cast<Told*>(told)->calls;
  static_cast<Told*>(told)->last_events = events;
}
void on_time(int, void* told) {
  ++static_cast<Told*>(told)->calls;
}
void on_release(void* told) {
  ++static_cast<Told*>(told)->released;
}

/// What is due at once makes run_once() return, whatever else there is.
void run_without_waiting(EventLoop& loop) {
  Told ignored;
  const int timer = loop.add_timer(0, on_time, &ignored, nullptr);
  loop.run_once();
  REQUIRE(ignored.calls == 1);
  REQUIRE(loop.remove_timer(timer) == 0);
}

}  // namespace

TEST_CASE("the event loop tells what a socket is watched for, and only while it is") {
  EventLoop loop;
  const Pipe pipe;
  Told told;
  const int watch = loop.add_handle(pipe.out(), 0, on_event, &told, on_release);
  pipe.write();

  run_without_waiting(loop);
  CHECK(told.calls == 0);

  loop.update_handle(watch, VIR_EVENT_HANDLE_READABLE);
  loop.run_once();
  CHECK(told.calls == 1);
  CHECK(told.last_events == VIR_EVENT_HANDLE_READABLE);

  loop.update_handle(watch, 0);
  run_without_waiting(loop);
  CHECK(told.calls == 1);
}

TEST_CASE("the event loop does not tell of a hang-up on a socket that is watched for nothing") {
  EventLoop loop;
  Pipe pipe;
  Told told;
  const int watch = loop.add_handle(pipe.out(), 0, on_event, &told, nullptr);
  ::close(std::exchange(pipe.ends[1], -1));

  run_without_waiting(loop);
  CHECK(told.calls == 0);

  loop.update_handle(watch, VIR_EVENT_HANDLE_READABLE);
  loop.run_once();
  CHECK((told.last_events & VIR_EVENT_HANDLE_HANGUP) != 0);
}

TEST_CASE("the event loop releases what was removed once, later, and never calls it again") {
  EventLoop loop;
  const Pipe pipe;
  Told handle, timer;
  const int watch = loop.add_handle(pipe.out(), VIR_EVENT_HANDLE_READABLE, on_event, &handle, on_release);
  const int timer_id = loop.add_timer(0, on_time, &timer, on_release);
  pipe.write();

  CHECK(loop.remove_handle(watch) == 0);
  CHECK(loop.remove_timer(timer_id) == 0);
  CHECK(handle.released + timer.released == 0);
  loop.run_once();
  run_without_waiting(loop);

  CHECK(handle.calls + timer.calls == 0);
  CHECK(handle.released == 1);
  CHECK(timer.released == 1);
  CHECK(loop.remove_handle(watch) == -1);
  CHECK(loop.remove_timer(timer_id) == -1);
}

TEST_CASE("a timer of the event loop is due again and again, and moves when it is told to") {
  EventLoop loop;
  Told often, moved, never;
  loop.add_timer(5, on_time, &often, nullptr);
  const int away = loop.add_timer(5, on_time, &moved, nullptr);
  loop.add_timer(-1, on_time, &never, nullptr);
  loop.update_timer(away, 3'600'000);

  const auto began = std::chrono::steady_clock::now();
  while (often.calls < 3) loop.run_once();

  CHECK(std::chrono::steady_clock::now() - began >= std::chrono::milliseconds(15));
  CHECK(moved.calls == 0);
  CHECK(never.calls == 0);
}

TEST_CASE("a sleeping event loop wakes up for what others add meanwhile") {
  EventLoop loop;
  Told told;
  loop.add_timer(3'600'000, on_time, &told, nullptr);
  std::thread adds([&] { loop.add_timer(0, on_time, &told, nullptr); });
  // Whichever of the two is first: without being woken, this would sleep for an hour.
  while (told.calls == 0) loop.run_once();
  adds.join();
  CHECK(told.calls >= 1);
}
