#include "providers/libvirt/link/event_loop.h"

#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <thread>
#include <utility>

namespace vscale::libvirt {
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

TEST_CASE("what a callback takes away from another socket is not told to that one any more") {
  EventLoop loop;
  const Pipe first, second;
  struct Pair {
    EventLoop* loop;
    std::array<int, 2> watches{};
    int told = 0;
  } pair{.loop = &loop};
  // Both are readable at once: whichever is told first stops the reading of both, and waits for something else.
  const auto stops_both = [](int, int, int, void* opaque) {
    Pair& both = *static_cast<Pair*>(opaque);
    ++both.told;
    for (const int watch : both.watches) both.loop->update_handle(watch, VIR_EVENT_HANDLE_WRITABLE);
  };
  first.write();
  second.write();
  pair.watches[0] = loop.add_handle(first.out(), VIR_EVENT_HANDLE_READABLE, stops_both, &pair, nullptr);
  pair.watches[1] = loop.add_handle(second.out(), VIR_EVENT_HANDLE_READABLE, stops_both, &pair, nullptr);

  run_without_waiting(loop);

  CHECK(pair.told == 1);
}

TEST_CASE("a callback may take itself, and others that are due, out of the event loop") {
  EventLoop loop;
  struct Pair {
    EventLoop* loop;
    std::array<int, 2> timers{};
    int told = 0;
    int released = 0;
  } pair{.loop = &loop};
  const auto removes_both = [](int, void* opaque) {
    Pair& both = *static_cast<Pair*>(opaque);
    ++both.told;
    for (const int timer : both.timers) both.loop->remove_timer(timer);
    // libvirt still holds its locks here: what is released now would deadlock.
    if (both.released != 0) both.told = -1;
  };
  const auto on_pair_release = [](void* opaque) { ++static_cast<Pair*>(opaque)->released; };
  for (int& timer : pair.timers) timer = loop.add_timer(0, removes_both, &pair, on_pair_release);

  loop.run_once();
  run_without_waiting(loop);

  CHECK(pair.told == 1);
  CHECK(pair.released == 2);
}

TEST_CASE("what is released may be given to the event loop again, or taken out of it, at once") {
  EventLoop loop;
  struct Chain {
    EventLoop* loop;
    Told last{};
    int second = 0;
  } chain{.loop = &loop};
  chain.second = loop.add_timer(-1, on_time, &chain.last, on_release);
  const int first = loop.add_timer(-1, on_time, &chain, [](void* opaque) {
    Chain& of = *static_cast<Chain*>(opaque);
    of.loop->remove_timer(of.second);
  });

  loop.remove_timer(first);
  loop.run_once();
  loop.run_once();

  CHECK(chain.last.released == 1);
}

TEST_CASE("a descriptor that is watched already, or cannot be, is refused, and nothing is released") {
  EventLoop loop;
  const Pipe pipe;
  Told told;
  const int watch = loop.add_handle(pipe.out(), VIR_EVENT_HANDLE_READABLE, on_event, &told, on_release);

  CHECK(loop.add_handle(pipe.out(), VIR_EVENT_HANDLE_READABLE, on_event, &told, on_release) == -1);
  CHECK(loop.add_handle(-1, VIR_EVENT_HANDLE_READABLE, on_event, &told, on_release) == -1);
  run_without_waiting(loop);

  CHECK(told.released == 0);
  CHECK(loop.remove_handle(watch) == 0);
}

TEST_CASE("a descriptor's number that is used again belongs to the new watch alone") {
  EventLoop loop;
  Pipe old;
  Told before, after;
  const int number = old.out();
  const int old_watch = loop.add_handle(number, VIR_EVENT_HANDLE_READABLE, on_event, &before, on_release);
  REQUIRE(loop.remove_handle(old_watch) == 0);
  const Pipe fresh;
  REQUIRE(::dup2(fresh.out(), number) == number);
  const int watch = loop.add_handle(number, VIR_EVENT_HANDLE_READABLE, on_event, &after, nullptr);
  REQUIRE(watch != old_watch);
  fresh.write();

  run_without_waiting(loop);
  CHECK(loop.remove_handle(old_watch) == -1);
  run_without_waiting(loop);

  CHECK(before.calls == 0);
  CHECK(before.released == 1);
  CHECK(after.calls == 2);
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

}  // namespace vscale::libvirt
