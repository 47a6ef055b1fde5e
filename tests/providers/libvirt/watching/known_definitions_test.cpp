#include "providers/libvirt/watching/known_definitions.h"

#include <fmt/format.h>
#include <libvirt/libvirt.h>

#include <catch2/catch.hpp>
#include <set>

#include "engine/values/units.h"
#include "providers/clock/system_clock.h"
#include "providers/libvirt/libvirt_hosts.h"
#include "providers/libvirt/link/handle.h"

using namespace vscale::libvirt;

namespace vscale::test {
namespace {

using Time = KnownDefinitions::Time;

/// So many domains on one host, and what of their definitions has to be read at a look.
class LargeHost {
 public:
  explicit LargeHost(std::size_t domains) {
    for (std::size_t i = 0; i < domains; ++i) all_.push_back({fmt::format("uuid-{}", i), fmt::format("web-{}", i)});
  }

  /// One look: the uuids of those whose definition was not known, and was read.
  std::set<std::string> look(std::chrono::seconds after) {
    now_ += after;
    const std::uint64_t look = definitions_.begin_look();
    const auto recalled = definitions_.recall(all_, now_);
    std::set<std::string> read;
    std::vector<DomainReading> readings;
    for (std::size_t i = 0; i < all_.size(); ++i) {
      if (recalled[i]) {
        CHECK(recalled[i]->uuid == all_[i].uuid);
        CHECK(recalled[i]->name == all_[i].name);
        continue;
      }
      read.insert(all_[i].uuid);
      readings.push_back(reading_of(all_[i]));
    }
    definitions_.keep(look, std::move(readings), now_);
    return read;
  }

  static DomainReading reading_of(const KnownDefinitions::Listed& listed) {
    DomainReading reading;
    reading.uuid = listed.uuid;
    reading.name = listed.name;
    return reading;
  }

  std::vector<KnownDefinitions::Listed>& all() { return all_; }
  KnownDefinitions& definitions() { return definitions_; }
  Time now() const { return now_; }

 private:
  KnownDefinitions definitions_;
  std::vector<KnownDefinitions::Listed> all_;
  Time now_{std::chrono::hours{1}};
};

constexpr std::chrono::seconds kTick{15};

}  // namespace

TEST_CASE("of a large host, a look reads the definitions of a few domains, and all have their turn") {
  LargeHost host(1000);
  CHECK(host.look(kTick).size() == 1000);

  constexpr std::size_t kTicks = KnownDefinitions::kAllReadWithin / kTick;
  constexpr std::size_t kAtOnce = 1000 / kTicks + 1;
  STATIC_REQUIRE(kAtOnce > KnownDefinitions::kReadAtEveryLook);
  std::set<std::string> had_their_turn;
  for (std::size_t tick = 1; tick <= kTicks; ++tick) {
    had_their_turn.merge(host.look(kTick));
    CHECK(had_their_turn.size() == std::min<std::size_t>(1000, kAtOnce * tick));  // nobody twice
  }
  CHECK(had_their_turn.size() == 1000);
}

TEST_CASE("a small host's definitions are all read at every look") {
  LargeHost host(KnownDefinitions::kReadAtEveryLook);
  for (int tick = 0; tick < 3; ++tick) CHECK(host.look(kTick).size() == KnownDefinitions::kReadAtEveryLook);
}

TEST_CASE("domains whose definitions nobody wants any more take no turns") {
  LargeHost host(100);
  host.look(kTick);
  host.all().erase(host.all().begin(), host.all().begin() + 60);

  std::set<std::string> had_their_turn;
  constexpr std::size_t kLooks = 40 / KnownDefinitions::kReadAtEveryLook + 1;
  for (std::size_t look = 0; look < kLooks; ++look) had_their_turn.merge(host.look(kTick));
  CHECK(had_their_turn.size() == 40);
}

TEST_CASE("after a long time without a look, all definitions are read") {
  LargeHost host(1000);
  host.look(kTick);
  CHECK(host.look(KnownDefinitions::kAllReadWithin).size() == 1000);
}

TEST_CASE("of whom there was word, and who has another name now, is read again") {
  LargeHost host(1000);
  host.look(kTick);
  std::set<std::string> in_turn = host.look(kTick);
  REQUIRE_FALSE(in_turn.contains("uuid-999"));
  REQUIRE_FALSE(in_turn.contains("uuid-998"));

  host.definitions().forget("uuid-999");
  host.all()[998].name = "renamed";
  const std::set<std::string> read = host.look(kTick);

  CHECK(read.contains("uuid-999"));
  CHECK(read.contains("uuid-998"));
}

TEST_CASE("after word was missed, all definitions are read") {
  LargeHost host(1000);
  host.look(kTick);
  host.definitions().forget_all();
  CHECK(host.look(kTick).size() == 1000);
}

TEST_CASE("what was read before there was word of a change, in the same look, is not believed at the next") {
  LargeHost host(1000);
  host.look(kTick);
  KnownDefinitions& definitions = host.definitions();
  const bool all = GENERATE(false, true);

  const std::uint64_t look = definitions.begin_look();
  static_cast<void>(definitions.recall(host.all(), host.now()));
  if (all) {
    definitions.forget_all();
  } else {
    definitions.forget("uuid-7");
  }
  definitions.keep(look, {LargeHost::reading_of(host.all()[7])}, host.now());

  CHECK(host.look(kTick).contains("uuid-7"));
}

namespace {

constexpr int kDomains = 100;

/// Marked domains of libvirt's test driver, in the world that all connections of this process to it share.
class SharedWorld {
 public:
  SharedWorld() : connection_(virConnectOpen("test:///default"), virConnectClose) {
    REQUIRE(connection_ != nullptr);
    for (int i = 0; i < kDomains; ++i) define(i, "br0");
  }
  ~SharedWorld() {
    for (int i = 0; i < kDomains; ++i) static_cast<void>(virDomainUndefine(find(i).get()));
  }
  SharedWorld(const SharedWorld&) = delete;
  SharedWorld& operator=(const SharedWorld&) = delete;

  static std::string uuid(int index) { return fmt::format("0b1d0b1d-0000-4000-8000-0000000a{:04}", index); }

  /// As anybody could, with virsh.
  void define(int index, const std::string& bridge) {
    const std::string xml = fmt::format(
        "<domain type='test'><name>known-{}</name><uuid>{}</uuid><memory unit='MiB'>64</memory><vcpu>1</vcpu>"
        "<os><type>hvm</type></os>"
        "<devices><interface type='bridge'><source bridge='{}'/></interface></devices></domain>",
        index, uuid(index), bridge);
    REQUIRE(Domain{virDomainDefineXML(connection_.get(), xml.c_str())});
    mark(index, 1);
  }
  void mark(int index, int revision) {
    Ownership ownership;
    ownership.installation = "known";
    ownership.address = {InstanceAddress::Kind::group, "web", index};
    ownership.revision = revision;
    ownership.incarnation = 1;
    ownership.lineage = "8e7f8e7f-0000-4000-8000-000000000001";
    ownership.spec_hash = "hash";
    REQUIRE(virDomainSetMetadata(find(index).get(), VIR_DOMAIN_METADATA_ELEMENT, write_mark_xml(ownership)->c_str(),
                                 kMarkPrefix, kMarkNamespace, VIR_DOMAIN_AFFECT_CONFIG) == 0);
  }

 private:
  Domain find(int index) { return Domain{virDomainLookupByUUIDString(connection_.get(), uuid(index).c_str())}; }

  std::unique_ptr<virConnect, int (*)(virConnectPtr)> connection_;
};

}  // namespace

TEST_CASE("while a host is listened to, what was changed behind its back is seen once there was word") {
  SystemClock clock;
  LibvirtHosts hosts({{"kvm1", "test:///default"}}, LibvirtOptions{}, clock, [&] { clock.interrupt(); });
  SharedWorld world;
  hosts.listen_to({"kvm1"});
  const auto look = [&] {
    const Result<HostSnapshot> seen = hosts.observe({{"kvm1", ObserveRequest{}}}).at("kvm1");
    REQUIRE(seen.ok());
    std::map<std::string, LiveDomain> domains;
    for (const LiveDomain& domain : seen->domains) domains.emplace(domain.uuid, domain);
    return domains;
  };
  const auto revisions = [&] {
    std::map<std::int64_t, int> counted;
    for (const auto& [uuid, domain] : look()) {
      if (domain.name.starts_with("known-")) ++counted[domain.ownership->revision];
    }
    return counted;
  };
  CHECK(revisions() == std::map<std::int64_t, int>{{1, kDomains}});

  // More than have their turn in one look; and then one of which there is word, when that of the others is there too.
  for (int i = 0; i < kDomains; ++i) world.mark(i, 2);
  world.define(42, "br1");
  REQUIRE(hosts.sleep_between(clock.now(), clock.now() + Duration{60'000}));

  CHECK(revisions() == std::map<std::int64_t, int>{{1, 1}, {2, kDomains - 1}});
  CHECK(look().at(SharedWorld::uuid(42)).nics.at(0).source == "br1");
}

}  // namespace vscale::test
