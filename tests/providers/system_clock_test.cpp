// The clock tells the time and sleeps, until its end or until somebody interrupts.

#include "providers/clock/system_clock.h"

#include <pthread.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <csignal>
#include <thread>
#include <vector>

namespace vscale::test {
namespace {

using std::chrono::milliseconds;

constexpr Duration kLong{60'000};

SystemClock* interrupted_by_signal = nullptr;

}  // namespace

TEST_CASE("the clock tells the wall clock's time") {
  SystemClock clock;
  const auto before = std::chrono::floor<milliseconds>(std::chrono::system_clock::now());

  const Instant now = clock.now();

  CHECK(before <= now);
  CHECK(now <= std::chrono::system_clock::now());
}

TEST_CASE("uptime passes as time does, and nobody can set it") {
  SystemClock clock;
  const Duration before = clock.uptime();

  clock.sleep_until(clock.now() + Duration{30});

  CHECK(clock.uptime() - before >= Duration{30});
  CHECK(clock.uptime() - before < kLong);
}

TEST_CASE("a sleep lasts until its end, and one in the past not at all") {
  SystemClock clock;
  const Instant end = clock.now() + Duration{30};

  clock.sleep_until(end);
  CHECK(clock.now() >= end);

  clock.sleep_until(clock.now() - kLong);
  CHECK(clock.now() < end + kLong);
}

TEST_CASE("an interrupt wakes everybody who sleeps") {
  SystemClock clock;
  const Instant end = clock.now() + kLong;
  std::atomic<int> awake{0};
  std::vector<std::thread> sleepers;
  for (int i = 0; i < 3; ++i) {
    sleepers.emplace_back([&] {
      clock.sleep_until(end);
      ++awake;
    });
  }

  clock.interrupt();

  for (std::thread& sleeper : sleepers) sleeper.join();
  CHECK(awake == 3);
  CHECK(clock.now() < end);
}

TEST_CASE("an interrupt just before a sleep is not lost, and the sleep after it is whole") {
  SystemClock clock;
  std::thread([&] {
    const Instant end = clock.now() + kLong;
    clock.interrupt();
    clock.sleep_until(end);
    CHECK(clock.now() < end);

    const Instant second_end = clock.now() + Duration{20};
    clock.sleep_until(second_end);
    CHECK(clock.now() >= second_end);
  }).join();
}

TEST_CASE("a signal handler may interrupt, and a signal that does not ends no sleep") {
  SystemClock clock;
  interrupted_by_signal = &clock;
  std::signal(SIGUSR1, [](int) {});
  std::signal(SIGUSR2, [](int) { interrupted_by_signal->interrupt(); });
  const Instant short_end = clock.now() + Duration{50};
  std::atomic<bool> slept_whole{false};
  std::atomic<bool> woken{false};
  std::thread sleeper([&] {
    clock.sleep_until(short_end);
    slept_whole = clock.now() >= short_end;
    clock.sleep_until(clock.now() + kLong);
    woken = true;
  });
  pthread_kill(sleeper.native_handle(), SIGUSR1);
  while (!slept_whole && clock.now() < short_end + kLong) std::this_thread::yield();

  pthread_kill(sleeper.native_handle(), SIGUSR2);

  sleeper.join();
  std::signal(SIGUSR1, SIG_DFL);
  std::signal(SIGUSR2, SIG_DFL);
  CHECK(slept_whole);
  CHECK(woken);
}

}  // namespace vscale::test
