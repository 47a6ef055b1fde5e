#include "providers/libvirt/watching/looks.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <future>
#include <mutex>
#include <thread>
#include <utility>

namespace vscale::test {
namespace {

using libvirt::Looks;
using SteadyClock = std::chrono::steady_clock;

constexpr Duration kImpatient{100};
constexpr Instant kLookedAt{std::chrono::sys_days{std::chrono::year{2026} / 5 / 4}};
constexpr const char* kSilentSince = "host \"kvm1\": still no answer since 2026-05-04T00:00:00.000Z";

template <class Condition>
bool comes_to_pass(Condition condition) {
  const auto deadline = SteadyClock::now() + std::chrono::seconds(10);
  while (!condition() && SteadyClock::now() < deadline) std::this_thread::yield();
  return condition();
}

/// A host whose looks end when they are let, each with the answer that it is given.
class SlowHost {
 public:
  using Answer = Result<HostSnapshot>;

  Looks::Look look() {
    return [this]() -> Answer {
      std::future<Answer> answer;
      {
        const std::scoped_lock lock(mutex_);
        ++begun_;
        answer = answer_.get_future();
      }
      return answer.get();
    };
  }
  /// Lets the look end that is under way, or is just beginning.
  void answer(Answer answer) {
    REQUIRE(comes_to_pass([this] { return begun() > answered_; }));
    const std::scoped_lock lock(mutex_);
    ++answered_;
    std::exchange(answer_, {}).set_value(std::move(answer));
  }
  int begun() {
    const std::scoped_lock lock(mutex_);
    return begun_;
  }

 private:
  std::mutex mutex_;
  std::promise<Answer> answer_;
  int begun_ = 0, answered_ = 0;
};

HostSnapshot seen_empty() {
  HostSnapshot seen;
  seen.host = "kvm1";
  return seen;
}

Error no_route() {
  return {ErrorKind::unreachable, "no route to kvm1", "", "mend it"};
}

}  // namespace

TEST_CASE("a look that answers in time is the answer") {
  SlowHost host;
  auto looks = std::make_shared<Looks>("kvm1", [] {});
  const auto patience = GENERATE(std::optional<Duration>{}, std::optional<Duration>{Duration{10'000}});

  auto waiting = looks->begin(kLookedAt, host.look());
  host.answer(seen_empty());

  CHECK(waiting.answer(patience).value() == seen_empty());
}

TEST_CASE("a silent host costs its patience once, and nothing afterwards") {
  SlowHost host;
  auto looks = std::make_shared<Looks>("kvm1", [] {});
  const auto begun = SteadyClock::now();
  const Result<HostSnapshot> first = looks->begin(kLookedAt, host.look()).answer(kImpatient);
  CHECK(SteadyClock::now() - begun >= kImpatient);
  REQUIRE_FALSE(first.ok());
  CHECK(first.error().kind == ErrorKind::unreachable);
  CHECK(first.error().message == "host \"kvm1\" did not answer within 100 ms");

  for (int i = 1; i <= 100; ++i) {
    const Result<HostSnapshot> again = looks->begin(kLookedAt + i * kImpatient, host.look()).answer(Duration{60'000});
    REQUIRE_FALSE(again.ok());
    CHECK(again.error().kind == ErrorKind::unreachable);
    CHECK(again.error().message == kSilentSince);
  }

  CHECK(SteadyClock::now() - begun < std::chrono::seconds(5));
  CHECK(host.begun() == 1);  // however often it was asked for, one is under way
  host.answer(seen_empty());
}

TEST_CASE("a silent host that has answered is word, and is looked at again with all patience") {
  SlowHost host;
  std::atomic<int> answered{0};
  auto looks = std::make_shared<Looks>("kvm1", [&] { ++answered; });
  REQUIRE_FALSE(looks->begin(kLookedAt, host.look()).answer(kImpatient).ok());

  HostSnapshot late = seen_empty();
  late.vcpus = 1;
  host.answer(late);
  REQUIRE(comes_to_pass([&] { return answered == 1; }));
  auto waiting = looks->begin(kLookedAt, host.look());
  host.answer(seen_empty());

  CHECK(waiting.answer(Duration{10'000}).value() == seen_empty());  // and not the late one, which is of before
}

TEST_CASE("a host that always needs longer than anybody has patience is not waited for again and again") {
  SlowHost host;
  std::atomic<int> answered{0};
  auto looks = std::make_shared<Looks>("kvm1", [&] { ++answered; });
  for (int late = 1; late <= libvirt::kLateInARow; ++late) {
    REQUIRE(looks->begin(kLookedAt, host.look()).answer(kImpatient).error().message ==
            "host \"kvm1\" did not answer within 100 ms");
    if (late == libvirt::kLateInARow) break;
    host.answer(seen_empty());
    REQUIRE(comes_to_pass([&] { return answered == late; }));
  }
  host.answer(seen_empty());

  // It is looked at, one look after another, and that one is slow, too.
  const auto look_again = [&] {
    const int before = host.begun();
    REQUIRE(comes_to_pass([&] {
      static_cast<void>(looks->begin(kLookedAt, host.look()));
      return host.begun() > before;
    }));
  };
  look_again();
  std::this_thread::sleep_for(kImpatient);
  host.answer(seen_empty());
  look_again();
  const Error told = looks->begin(kLookedAt, host.look()).answer(Duration{60'000}).error();
  CHECK(told.message == kSilentSince);
  CHECK(told.detail.starts_with("to tell of itself took it "));
  CHECK(answered == libvirt::kLateInARow - 1);

  // At once; but this machine may be busy, and then it was slow once more.
  const auto is_known = [&] { return answered == libvirt::kLateInARow; };
  const auto is_known_soon = [&] {
    const auto deadline = SteadyClock::now() + std::chrono::seconds(1);
    while (!is_known() && SteadyClock::now() < deadline) std::this_thread::yield();
    return is_known();
  };
  host.answer(seen_empty());
  for (int tries = 0; tries < 10 && !is_known_soon(); ++tries) {
    look_again();
    host.answer(seen_empty());
  }
  CHECK(is_known());
}

TEST_CASE("a silent host that cannot be reached stays silent, is tried again, and tells why") {
  SlowHost host;
  std::atomic<int> answered{0};
  auto looks = std::make_shared<Looks>("kvm1", [&] { ++answered; });
  REQUIRE_FALSE(looks->begin(kLookedAt, host.look()).answer(kImpatient).ok());
  host.answer(no_route());

  REQUIRE(comes_to_pass([&] {
    static_cast<void>(looks->begin(kLookedAt, host.look()));
    return host.begun() == 2;
  }));
  const Result<HostSnapshot> told = looks->begin(kLookedAt, host.look()).answer(Duration{60'000});

  CHECK(answered == 0);
  REQUIRE_FALSE(told.ok());
  CHECK(told.error().message == kSilentSince);
  CHECK(told.error().detail == "no route to kvm1");
  CHECK(told.error().hint == "mend it");
  host.answer(seen_empty());
  CHECK(comes_to_pass([&] { return answered == 1; }));
}

TEST_CASE("a silent host that turns us away has answered") {
  SlowHost host;
  std::atomic<int> answered{0};
  auto looks = std::make_shared<Looks>("kvm1", [&] { ++answered; });
  REQUIRE_FALSE(looks->begin(kLookedAt, host.look()).answer(kImpatient).ok());

  host.answer(Error{ErrorKind::denied, "not you", "", ""});

  CHECK(comes_to_pass([&] { return answered == 1; }));
}

}  // namespace vscale::test
