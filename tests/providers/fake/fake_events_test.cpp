// Word of what happens in the fake cluster, in virtual time.

#include <catch2/catch.hpp>

#include "tests/providers/fake/fake_group.h"

namespace vscale::test {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

/// Whose guests are up, and of whom all word was taken note of.
struct HeardGroup : FakeGroup {
  explicit HeardGroup(int size) : FakeGroup(size) {
    clock.advance(minutes{1});
    cluster.listen_to({"kvm1"});
    look({});
    while (cluster.sleep_between(clock.now(), clock.now())) continue;
  }
};

}  // namespace

TEST_CASE("a sleep in the fake cluster ends when something is due, and not before") {
  HeardGroup group(1);
  const Instant now = group.clock.now();
  group.cluster.behave_from_now("prod-web-0", {.crashes_after = minutes{3}});
  const Instant crash = *group.cluster.domains()[0].started_at + minutes{3};

  CHECK(group.cluster.sleep_between(now, now + minutes{10}));
  CHECK(group.clock.now() == crash);
  CHECK_FALSE(group.cluster.sleep_between(group.clock.now(), now + minutes{10}));
  CHECK(group.clock.now() == now + minutes{10});
}

TEST_CASE("a fake agent that comes up is word") {
  HeardGroup group(1);
  REQUIRE(group.cluster.stop_domain(group.ref(0), seconds{10}));
  REQUIRE(group.cluster.start_domain(group.ref(0)));
  const Instant started = group.clock.now();
  CHECK(group.cluster.sleep_between(started, started + minutes{1}));
  CHECK(group.clock.now() == started);  // that it was started, also by ourselves

  CHECK(group.cluster.sleep_between(started, started + minutes{1}));

  CHECK(group.clock.now() == *group.cluster.domains()[0].started_at + GuestBehaviour{}.agent);
}

TEST_CASE("what happens by itself in the fake cluster happens at its time, in the middle of a sleep") {
  HeardGroup group(2);
  const Instant now = group.clock.now();
  group.cluster.happens_at(now + seconds{42}, [](FakeCluster& cluster) { cluster.power_off_by_hand("prod-web-1"); });

  CHECK(group.cluster.sleep_between(now, now + minutes{1}));

  CHECK(group.clock.now() == now + seconds{42});
  CHECK(group.cluster.domains()[1].state == DomainState::shut_off);
}

TEST_CASE("much word from the fake cluster is one, and a sleep lasts at least as long as it has to") {
  HeardGroup group(2);
  const Instant now = group.clock.now();
  group.cluster.power_off_by_hand("prod-web-0");
  group.cluster.power_off_by_hand("prod-web-1");

  CHECK(group.cluster.sleep_between(now + seconds{5}, now + minutes{1}));
  CHECK(group.clock.now() == now + seconds{5});
  CHECK_FALSE(group.cluster.sleep_between(now, now + minutes{1}));
}

TEST_CASE("a fake host that is cut off, or has not been looked at since its power loss, gives no word") {
  HeardGroup group(1);
  const auto word = [&] { return group.cluster.sleep_between(group.clock.now(), group.clock.now() + seconds{1}); };
  group.cluster.cut("kvm1");
  group.cluster.power_off_by_hand("prod-web-0");
  CHECK_FALSE(word());

  group.cluster.heal("kvm1");
  group.cluster.power_loss("kvm1");
  REQUIRE(group.cluster.start_domain(group.ref(0)));
  CHECK_FALSE(word());

  group.look({});
  group.cluster.power_off_by_hand("prod-web-0");
  CHECK(word());
}

}  // namespace vscale::test
