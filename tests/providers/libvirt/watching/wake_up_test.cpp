#include "providers/libvirt/watching/wake_up.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include "providers/clock/system_clock.h"

namespace vscale::test {
namespace {

using libvirt::WakeUp;

constexpr Duration kFarOff{60'000};

/// A thread that has slept by another clock before may wake once for nothing.
void get_used_to(SystemClock& clock) {
  clock.sleep_until(clock.now() + Duration{1});
}

}  // namespace

TEST_CASE("word ends a sleep, from whichever thread it comes") {
  SystemClock clock;
  get_used_to(clock);
  WakeUp wake_up([&clock] { clock.interrupt(); });
  const Instant begun = clock.now();
  std::thread elsewhere([&] { wake_up.give_word(); });

  CHECK(wake_up.sleep_between(clock, begun, begun + kFarOff));

  elsewhere.join();
  CHECK(clock.now() < begun + kFarOff);
}

TEST_CASE("word from before a sleep is not lost, and however much there was of it, it is one") {
  SystemClock clock;
  get_used_to(clock);
  int ended = 0;
  WakeUp wake_up([&ended] { ++ended; });
  for (int i = 0; i < 1'000; ++i) wake_up.give_word();
  const Instant begun = clock.now();

  CHECK(wake_up.sleep_between(clock, begun, begun + kFarOff));
  CHECK_FALSE(wake_up.sleep_between(clock, begun, begun));

  CHECK(ended == 0);  // nobody slept: nobody else's sleep is ended either
}

TEST_CASE("a sleep lasts as long as it has to, whatever word there is") {
  SystemClock clock;
  get_used_to(clock);
  WakeUp wake_up([&clock] { clock.interrupt(); });
  const Instant begun = clock.now();
  wake_up.give_word();

  CHECK(wake_up.sleep_between(clock, begun + Duration{50}, begun + kFarOff));

  CHECK(clock.now() >= begun + Duration{50});
}

TEST_CASE("a sleep without word ends when it has to, or when the program is to stop, and says that there was none") {
  SystemClock clock;
  get_used_to(clock);
  WakeUp wake_up([&clock] { clock.interrupt(); });
  const Instant begun = clock.now();
  CHECK_FALSE(wake_up.sleep_between(clock, begun, begun + Duration{30}));
  CHECK(clock.now() >= begun + Duration{30});

  std::thread stop([&] { clock.interrupt(); });
  CHECK_FALSE(wake_up.sleep_between(clock, begun, begun + kFarOff));
  stop.join();
  CHECK(clock.now() < begun + kFarOff);
}

TEST_CASE("of word that comes all the time, none is lost") {
  SystemClock clock;
  get_used_to(clock);
  WakeUp wake_up([&clock] { clock.interrupt(); });
  constexpr int kTimes = 2'000;
  std::atomic<int> given{0}, taken_note_of{0};
  std::thread elsewhere([&] {
    for (int i = 0; i < kTimes; ++i) {
      ++given;
      wake_up.give_word();
    }
  });

  while (taken_note_of < kTimes) {
    const Instant now = clock.now();
    const bool word = wake_up.sleep_between(clock, now, now + kFarOff);
    REQUIRE(clock.now() < now + kFarOff);
    if (word) taken_note_of = given.load();  // a look
  }

  elsewhere.join();
  CHECK(taken_note_of == kTimes);
}

}  // namespace vscale::test
