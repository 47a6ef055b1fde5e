#include <catch2/catch.hpp>
#include <string>

#include "tests/providers/conformance/conformance_world.h"

/// What a program that looks again and again for months stands on: counters, patience and word.

namespace vscale::test {
namespace {

constexpr Duration kPatience{2'000};
/// At once, on a machine that has other things to do.
constexpr Duration kAtOnce{1'000};
constexpr Duration kComesWithin{60'000};

ObserveRequest with_counters(const World& world) {
  ObserveRequest request;
  request.counters = true;
  request.lineage = world.lineage();
  return request;
}

HostSnapshot look(World& world, const ObserveRequest& request) {
  const Result<HostSnapshot> seen = world.p.domains.observe({{world.p.host, request}}).at(world.p.host);
  INFO((seen ? "" : to_string(seen.error())));
  REQUIRE(seen.ok());
  return *seen;
}

/// Looks until it is so; false if that does not come.
template <class Condition>
bool comes_to_be(World& world, Condition condition) {
  const Instant deadline = world.p.clock.now() + kComesWithin;
  while (!condition()) {
    if (world.p.clock.now() >= deadline) return false;
    world.p.clock.sleep_until(world.p.clock.now() + Duration{500});
  }
  return true;
}

// ---- Counters -------------------------------------------------------------------------------------------------------

void counters(ProviderUnderTest& p) {
  SECTION("counters are told only where they are asked for, and of no domain that is off or foreign") {
    World world(p);
    const DomainSpec spec = world.spec();
    const DomainRef domain = world.started(spec);
    CHECK(look(world, {}).counters.empty());
    const auto told = look(world, with_counters(world)).counters;
    for (const auto& [uuid, counted] : told) CHECK(uuid == spec.uuid);

    check_ok(p.domains.stop_domain(domain, Duration::zero()));
    CHECK(look(world, with_counters(world)).counters.empty());
  }
  if (!can_ask(p.has_counters, "counters")) return;
  SECTION("what a running domain of ours used is counted") {
    World world(p);
    const DomainSpec spec = world.spec();
    world.started(spec);
    const auto counted = [&] {
      const auto told = look(world, with_counters(world)).counters;
      return told.contains(spec.uuid) ? told.at(spec.uuid) : DomainCounters{};
    };

    REQUIRE(comes_to_be(world, [&] { return counted().disk_requests.has_value(); }));
    const DomainCounters first = counted();
    CHECK(first.vcpus == 1);
    REQUIRE(first.cpu_ns.has_value());
    CHECK(first.disk_bytes.has_value());
    CHECK(first.network_bytes.has_value());
    CHECK_FALSE(first.memory_told_at_s.has_value());  // nothing runs in it that could tell
    const DomainCounters second = counted();
    CHECK(second.cpu_ns >= first.cpu_ns);
    CHECK(second.disk_requests >= first.disk_requests);
  }
  SECTION("domains of another lineage are nobody's business") {
    World world(p);
    DomainSpec spec = world.spec();
    spec.ownership.lineage = kOtherLineage;
    world.started(spec);
    CHECK(look(world, with_counters(world)).counters.empty());
    ObserveRequest of_all;
    of_all.counters = true;
    CHECK(look(world, of_all).counters.size() == 1);
  }
}

// ---- Patience -------------------------------------------------------------------------------------------------------

void patience(ProviderUnderTest& p) {
  SECTION("who has patience has the same answer as who has all of it") {
    World world(p);
    ObserveRequest request;
    request.patience = kComesWithin;
    HostSnapshot seen = look(world, request);
    HostSnapshot again = look(world, {});
    again.seen_at = seen.seen_at;
    CHECK(seen.domains == again.domains);
    CHECK(seen.identity == again.identity);
  }
  if (!can_ask(bool{p.by_hand.fall_silent}, "hosts that fall silent")) return;
  SECTION("a host that falls silent costs its patience once, nothing after that, and is seen again when it answers") {
    World world(p);
    ObserveRequest request;
    request.patience = kPatience;
    p.events.listen_to({p.host});
    look(world, request);
    while (p.events.sleep_between(p.clock.now(), p.clock.now())) continue;
    const auto ask = [&] { return p.domains.observe({{p.host, request}, {"nowhere", request}}).at(p.host); };

    p.by_hand.fall_silent();
    const Duration begun = p.clock.uptime();
    check_fails(ask(), ErrorKind::unreachable);
    const Duration first_took = p.clock.uptime() - begun;
    CHECK(first_took >= kPatience);
    CHECK(first_took < kPatience + kAtOnce);
    for (int i = 0; i < 5; ++i) {
      const Result<HostSnapshot> again = ask();
      check_fails(again, ErrorKind::unreachable);
      check_tells(again, {p.host, "still no answer since"});
    }
    CHECK(p.clock.uptime() - begun - first_took < kAtOnce);

    p.by_hand.answer_again();
    CHECK(p.events.sleep_between(p.clock.now(), p.clock.now() + kComesWithin));
    CHECK(comes_to_be(world, [&] { return ask().ok(); }));
    p.events.listen_to({});
  }
}

// ---- Word -----------------------------------------------------------------------------------------------------------

/// Somebody who has listened for a while, and has taken note of everything so far.
class Hearer {
 public:
  explicit Hearer(World& world) : world_(world) {
    world_.p.events.listen_to({world_.p.host});
    take_note();
  }
  ~Hearer() { world_.p.events.listen_to({}); }
  Hearer(const Hearer&) = delete;
  Hearer& operator=(const Hearer&) = delete;

  /// Looks, and waits until no more word comes.
  void take_note() {
    look(world_, {});
    while (hears()) look(world_, {});
  }
  /// All that comes within a moment.
  bool hears() {
    const Instant end = world_.p.clock.now() + world_.p.word_arrives;
    return world_.p.events.sleep_between(end, end);
  }

 private:
  World& world_;
};

void word(ProviderUnderTest& p) {
  SECTION("a sleep without word lasts to its end") {
    World world(p);
    Hearer hearer(world);
    const Instant end = p.clock.now() + Duration{200};
    CHECK_FALSE(p.events.sleep_between(p.clock.now(), end));
    CHECK(p.clock.now() >= end);
  }
  SECTION("what happens to one of our guests is word, at once, and once") {
    World world(p);
    const DomainRef domain = world.defined(world.spec());
    Hearer hearer(world);

    check_ok(p.domains.start_domain(domain));
    const Duration begun = p.clock.uptime();
    CHECK(p.events.sleep_between(p.clock.now(), p.clock.now() + kComesWithin));
    CHECK(p.clock.uptime() - begun < kComesWithin / 2);
    hearer.take_note();
    check_ok(p.domains.stop_domain(domain, Duration::zero()));
    check_ok(p.domains.start_domain(domain));
    check_ok(p.domains.stop_domain(domain, Duration::zero()));
    CHECK(hearer.hears());
    CHECK_FALSE(hearer.hears());
  }
  SECTION("word that comes while nobody sleeps is not lost, and a sleep lasts as long as it has to") {
    World world(p);
    const DomainRef domain = world.started(world.spec());
    Hearer hearer(world);
    check_ok(p.domains.stop_domain(domain, Duration::zero()));
    p.clock.sleep_until(p.clock.now() + p.word_arrives);

    const Instant earliest = p.clock.now() + Duration{300};
    CHECK(p.events.sleep_between(earliest, p.clock.now() + kComesWithin));
    CHECK(p.clock.now() >= earliest);
    CHECK(p.clock.now() < earliest + kComesWithin / 2);
  }
  SECTION("nothing is heard of a host that is not listened to") {
    World world(p);
    const DomainRef domain = world.defined(world.spec());
    Hearer hearer(world);
    p.events.listen_to({"nowhere"});
    check_ok(p.domains.start_domain(domain));
    CHECK_FALSE(hearer.hears());
  }
  if (can_ask(bool{p.by_hand.start_and_stop}, "what others do with their domains")) {
    SECTION("what happens to a stranger's domain is no word, and what somebody does to ours by hand is") {
      World world(p);
      const DomainSpec spec = world.spec();
      world.defined(spec);
      Hearer hearer(world);
      p.by_hand.start_and_stop(p.foreign_domain);
      CHECK_FALSE(hearer.hears());
      p.by_hand.start_and_stop(spec.name);
      CHECK(hearer.hears());
    }
  }
  if (!can_ask(bool{p.by_hand.restart_service}, "hosts whose service is restarted")) return;
  SECTION("a connection that was lost is made good by the next look, and word comes again") {
    World world(p);
    const DomainRef domain = world.defined(world.spec());
    Hearer hearer(world);
    p.by_hand.restart_service();
    REQUIRE(comes_to_be(world, [&] { return p.domains.observe({{p.host, {}}}).at(p.host).ok(); }));
    hearer.take_note();

    check_ok(p.domains.start_domain(domain));

    CHECK(p.events.sleep_between(p.clock.now(), p.clock.now() + kComesWithin));
  }
}

}  // namespace

void check_watch_promises(ProviderUnderTest& p) {
  counters(p);
  patience(p);
  word(p);
}

}  // namespace vscale::test
