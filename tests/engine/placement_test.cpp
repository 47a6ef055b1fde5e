#include "engine/placement/placement.h"

#include <catch2/catch.hpp>

#include "tests/support/builders.h"

namespace vscale::test {
namespace {

PlacementHost host_with(const std::string& name, std::uint64_t vcpus, std::uint64_t memory_mib) {
  PlacementHost host;
  host.name = name;
  host.vcpus.total = vcpus;
  host.memory_mib.total = memory_mib;
  host.disk_gib["local"].total = 1000;
  return host;
}

/// Three equal hosts: 16 vCPUs, 16000 MiB, 1000 GiB.
PlacementWorld three_hosts() {
  PlacementWorld world;
  for (const char* name : {"a", "b", "c"}) world.hosts.push_back(host_with(name, 16, 16'000));
  return world;
}

PlacementRequest request_of(int ordinal = 0, std::uint64_t memory_mib = 1000, int vcpus = 1) {
  PlacementRequest request;
  request.address = {InstanceAddress::Kind::group, "web", ordinal};
  request.claim.vcpus = vcpus;
  request.claim.memory_mib = memory_mib;
  request.claim.disk_gib = {{"local", 10}};
  request.candidates = {"a", "b", "c"};
  request.networks = {"lan"};
  return request;
}

using Cause = Refusal::Cause;

PlacementRequest with_strategy(PlacementStrategy strategy, int ordinal = 0, std::uint64_t memory_mib = 1000) {
  PlacementRequest request = request_of(ordinal, memory_mib);
  request.rules.strategy = strategy;
  return request;
}

/// Where `count` equal instances go, one after the other: "a b c a".
std::string sequence(PlacementWorld world, PlacementStrategy strategy, int count, std::uint64_t memory_mib = 1000) {
  std::vector<PlacementRequest> requests;
  for (int i = 0; i < count; ++i) requests.push_back(with_strategy(strategy, i, memory_mib));
  std::string hosts;
  for (const auto& answer : place_all(world, requests)) hosts += (hosts.empty() ? "" : " ") + answer.host.value_or("-");
  return hosts;
}

TEST_CASE("capacity is what is left of the total after the reserve, times the overcommit, rounded down") {
  struct Row {
    std::uint64_t total, reserved;
    double overcommit;
    std::uint64_t capacity;
  };
  for (const Row& row : {Row{16, 0, 4.0, 64}, Row{16, 1, 4.0, 60}, Row{64'000, 3'200, 1.0, 60'800}, Row{3, 0, 1.5, 4},
                         Row{10, 10, 4.0, 0}, Row{10, 11, 4.0, 0}, Row{0, 0, 1.0, 0}}) {
    const Inventory inventory{.total = row.total, .reserved = row.reserved, .overcommit = row.overcommit};
    CHECK(inventory.capacity() == row.capacity);
  }
}

TEST_CASE("a claim is the maximum of memory with QEMU's overhead, the maximum of vCPUs, and whole GiB of disk") {
  Template instance = a_template();
  instance.vcpus = 2;
  instance.max_vcpus = 4;
  instance.memory_bytes = 2 * kGiB;
  instance.max_memory_bytes = 4 * kGiB;
  instance.disk_bytes = 20 * kGiB + 1;
  instance.disks = {a_disk("data", 5 * kGiB)};
  const Claim claim = claim_of(instance, 2 * kGiB);
  CHECK(claim.vcpus == 4);
  CHECK(claim.memory_mib == 4096 + 64 + 8 * 4 + 4096 / 512);
  CHECK(claim.disk_gib.at("local") == 21 + 5);
}

TEST_CASE("without a disk of its own an instance claims the size of its image") {
  Template instance = a_template();
  instance.disk_bytes = 0;
  CHECK(claim_of(instance, 3 * kGiB).disk_gib.at("local") == 3);
}

TEST_CASE("the last claim that fits is taken, and the next one is not") {
  PlacementWorld world = three_hosts();
  world.hosts.resize(1);
  world.hosts[0].memory_mib.used = 15'000;
  CHECK(place(world, request_of(0, 1000)).host == "a");
  CHECK_FALSE(place(world, request_of(0, 1001)).host);
}

TEST_CASE("a host that is beyond its capacity takes nothing new, however small") {
  PlacementWorld world = three_hosts();
  world.hosts[0].vcpus.used = 17;
  PlacementRequest request = request_of(0, 1, 0);
  request.candidates = {"a"};
  const PlacementAnswer answer = place(world, request);
  CHECK_FALSE(answer.host);
  CHECK(answer.refusals == std::vector<Refusal>{{"a", "vcpus: 0 wanted, 0 of 16 free", Cause::no_room}});
}

TEST_CASE("a refusal says for every host why not, in file order") {
  PlacementWorld world = three_hosts();
  world.hosts[0].memory_mib.used = 15'500;
  world.hosts[1].traits = {"gpu"};
  world.hosts[2].unusable_networks["lan"] = "network lan: it is not active there";
  PlacementRequest request = request_of();
  request.candidates = {"a", "b", "c", "d"};
  request.rules.requires_traits = {"!gpu"};
  CHECK(place(world, request).refusals ==
        std::vector<Refusal>{{"a", "memory: 1000 MiB wanted, 500 of 16000 free", Cause::no_room},
                             {"b", "trait gpu: it has it, and must not", Cause::unsuitable},
                             {"c", "network lan: it is not active there", Cause::unsuitable},
                             {"d", "it does not answer: what is free there is not known", Cause::silent}});
}

TEST_CASE("no overcommit gives one guest more vCPUs than its host has") {
  PlacementWorld world = three_hosts();
  for (auto& host : world.hosts) host.vcpus.overcommit = 4.0;
  world.hosts[2].vcpus.total = 17;
  CHECK(place(world, request_of(0, 1000, 17)).host == "c");
  CHECK(place(world, request_of(0, 1000, 17)).refusals[0] ==
        Refusal{"a", "vcpus: 17 wanted for one guest, the host has 16", Cause::too_small});
  world.hosts[0].processors = 32;  // of which the file gives out half
  CHECK(place(world, request_of(0, 1000, 17)).refusals ==
        std::vector<Refusal>{{"b", "vcpus: 17 wanted for one guest, the host has 16", Cause::too_small}});
}

TEST_CASE("storage refuses by name: missing, of a kind without overlays, full") {
  PlacementWorld world = three_hosts();
  world.hosts[0].disk_gib.clear();
  world.hosts[1].disk_gib.clear();
  world.hosts[1].unusable_storage["local"] = "storage local: pool \"vg\" is of type logical";
  world.hosts[2].disk_gib["local"].used = 995;
  CHECK(place(world, request_of()).refusals ==
        std::vector<Refusal>{{"a", "storage local: the host does not have it", Cause::unsuitable},
                             {"b", "storage local: pool \"vg\" is of type logical", Cause::unsuitable},
                             {"c", "disk on local: 10 GiB wanted, 5 of 1000 free", Cause::no_room}});
}

TEST_CASE("a host that could not take one even if it were empty says that, before it says what is used of it") {
  PlacementWorld world = three_hosts();
  world.hosts.resize(1);
  world.hosts[0].memory_mib.used = 15'500;
  PlacementRequest request = request_of(0, 16'001);
  CHECK(place(world, request).refusals[0].cause == Cause::too_small);
  request = request_of();
  request.claim.disk_gib["local"] = 1001;
  CHECK(place(world, request).refusals ==
        std::vector<Refusal>{{"a", "disk on local: 1001 GiB wanted, 1000 of 1000 free", Cause::too_small},
                             {"b", "it does not answer: what is free there is not known", Cause::silent},
                             {"c", "it does not answer: what is free there is not known", Cause::silent}});
}

TEST_CASE("a pool that is still to be made takes anything") {
  PlacementWorld world = three_hosts();
  world.hosts.resize(1);
  world.hosts[0].disk_gib["local"] = Inventory{.measured = false};
  CHECK(place(world, request_of()).host == "a");
}

TEST_CASE("shared storage is counted once for all hosts") {
  PlacementWorld world = three_hosts();
  for (auto& host : world.hosts) host.disk_gib.clear();
  world.shared_disk_gib["local"].total = 25;
  CHECK(sequence(world, PlacementStrategy::balanced, 3) == "a b -");
}

TEST_CASE("each strategy fills hosts in its own way") {
  CHECK(sequence(three_hosts(), PlacementStrategy::balanced, 4) == "a b c a");
  CHECK(sequence(three_hosts(), PlacementStrategy::spread, 4) == "a b c a");
  CHECK(sequence(three_hosts(), PlacementStrategy::round_robin, 4) == "a b c a");
  CHECK(sequence(three_hosts(), PlacementStrategy::first_come, 4, 5000) == "a a a b");
  CHECK(sequence(three_hosts(), PlacementStrategy::pack, 4, 5000) == "a a a b");
  CHECK(sequence(three_hosts(), PlacementStrategy::best_fit, 4, 5000) == "a a a b");
}

TEST_CASE("strategies judge hosts by what is used there already") {
  PlacementWorld world = three_hosts();
  world.hosts[0].memory_mib.used = 4'000;
  world.hosts[1].memory_mib.used = 8'000;
  CHECK(place(world, with_strategy(PlacementStrategy::first_come)).host == "a");
  CHECK(place(world, with_strategy(PlacementStrategy::pack)).host == "b");
  CHECK(place(world, with_strategy(PlacementStrategy::best_fit)).host == "b");
  CHECK(place(world, with_strategy(PlacementStrategy::spread)).host == "c");
  CHECK(place(world, with_strategy(PlacementStrategy::balanced)).host == "c");
}

TEST_CASE("balanced goes by the worst share of any host, not by the sum of what is free") {
  PlacementWorld world = three_hosts();
  world.hosts.resize(2);
  world.hosts[0].vcpus.used = 12;  // plenty of memory, few processors
  world.hosts[1].memory_mib.used = 8'000;
  world.hosts[1].vcpus.used = 8;
  PlacementRequest request = with_strategy(PlacementStrategy::balanced);
  request.claim.vcpus = 2;
  CHECK(place(world, request).host == "b");
}

TEST_CASE("round robin goes on after the host it chose last, also in the next plan") {
  PlacementRequest request = with_strategy(PlacementStrategy::round_robin);
  request.cursor_host = "b";
  CHECK(place(three_hosts(), request).host == "c");
  request.cursor_host = "c";
  CHECK(place(three_hosts(), request).host == "a");
  request.cursor_host = "no longer there";
  CHECK(place(three_hosts(), request).host == "a");
}

TEST_CASE("hard anti-affinity by host forbids the second one on a host") {
  PlacementWorld world = three_hosts();
  std::vector<PlacementRequest> requests;
  for (int i = 0; i < 4; ++i) {
    requests.push_back(with_strategy(PlacementStrategy::first_come, i));
    requests.back().rules.anti_affinity = {{"host", "", AntiAffinity::Mode::hard}};
  }
  const auto answers = place_all(world, requests);
  CHECK(answers[2].host == "c");
  CHECK_FALSE(answers[3].host);
  CHECK(answers[3].refusals[0] == Refusal{"a", "antiAffinity: 1 of group.web on this host", Cause::anti_affinity});
}

TEST_CASE("hard anti-affinity by label forbids all hosts with the same value") {
  PlacementWorld world = three_hosts();
  world.hosts[0].labels = world.hosts[1].labels = {{"rack", "r1"}};
  world.hosts[2].labels = {{"rack", "r2"}};
  world.hosts[0].instances["group.db"] = 1;
  PlacementRequest request = with_strategy(PlacementStrategy::first_come);
  request.rules.anti_affinity = {{"rack", "group.db", AntiAffinity::Mode::hard}};
  const auto answer = place(world, request);
  CHECK(answer.host == "c");
  CHECK(answer.refusals[1] == Refusal{"b", "antiAffinity: 1 of group.db where rack is r1", Cause::anti_affinity});
}

TEST_CASE("soft anti-affinity prefers, and gives in where nothing else is left") {
  PlacementWorld world = three_hosts();
  world.hosts[0].instances["group.web"] = world.hosts[1].instances["group.web"] = 1;
  world.hosts[2].memory_mib.used = 14'000;
  CHECK(place(world, with_strategy(PlacementStrategy::balanced)).host == "c");
  world.hosts[2].memory_mib.used = 16'000;
  CHECK(place(world, with_strategy(PlacementStrategy::balanced)).host == "a");
}

TEST_CASE("a soft rule that somebody wrote holds under pack, the one that nobody wrote does not") {
  PlacementWorld world = three_hosts();
  for (auto& host : world.hosts) host.labels = {{"rack", host.name}};
  world.hosts[0].instances["group.web"] = 1;
  world.hosts[0].memory_mib.used = 1000;
  PlacementRequest request = with_strategy(PlacementStrategy::pack);
  CHECK(place(world, request).host == "a");
  request.rules.anti_affinity = {{"rack", "", AntiAffinity::Mode::soft}};
  CHECK(place(world, request).host == "b");
}

TEST_CASE("in the order of the file the large one would find no place: all are tried by size") {
  PlacementWorld world;
  world.hosts = {host_with("a", 16, 10'000), host_with("b", 16, 9'000)};
  std::vector<PlacementRequest> requests{with_strategy(PlacementStrategy::balanced, 0, 2000),
                                         with_strategy(PlacementStrategy::balanced, 1, 9500)};
  const auto answers = place_all(world, requests);
  CHECK(answers[0].host == "b");
  CHECK(answers[1].host == "a");
  CHECK(world.hosts[0].memory_mib.used == 9500);
}

TEST_CASE("where those that go anywhere would take the place of one that has no choice, it goes first") {
  PlacementWorld world;
  world.hosts = {host_with("a", 16, 1500), host_with("b", 16, 1500)};
  world.hosts[0].traits = {"gpu"};
  std::vector<PlacementRequest> requests{request_of(0), request_of(1)};
  requests[1].address.group = "ml";
  requests[1].rules.requires_traits = {"gpu"};
  const auto answers = place_all(world, requests);
  CHECK(answers[0].host == "b");
  CHECK(answers[1].host == "a");
}

TEST_CASE("where hosts are as many as those that must be apart, they go first") {
  PlacementWorld world;
  world.hosts = {host_with("a", 16, 1500), host_with("b", 16, 3500)};
  std::vector<PlacementRequest> requests;
  for (int i = 0; i < 4; ++i) requests.push_back(with_strategy(PlacementStrategy::first_come, i));
  for (const std::size_t i : {2U, 3U}) {
    requests[i].address.group = "db";
    requests[i].rules.anti_affinity = {{"host", "", AntiAffinity::Mode::hard}};
  }
  for (const auto& answer : place_all(world, requests)) CHECK(answer.host);
}

TEST_CASE("a replacement stays where it is if it can, and goes elsewhere if it has outgrown its host") {
  PlacementWorld world = three_hosts();
  PlacementRequest request = request_of(0, 15'000);
  book(world, "b", request.address, request.claim);
  request.replaces = {"b", request.claim};
  CHECK(place_all(world, {request})[0].host == "b");
  CHECK(world.hosts[1].memory_mib.used == 15'000);
  CHECK(world.hosts[1].instances["group.web"] == 1);

  world.hosts[1].memory_mib.total = 15'500;
  request.claim.memory_mib = 15'800;
  CHECK(place_all(world, {request})[0].host == "a");
  CHECK(world.hosts[1].memory_mib.used == 0);
}

TEST_CASE("a replacement that fits nowhere gives nothing back") {
  PlacementWorld world = three_hosts();
  PlacementRequest request = request_of();
  book(world, "a", request.address, request.claim);
  request.replaces = {"a", request.claim};
  request.claim.memory_mib = 99'000;
  CHECK_FALSE(place_all(world, {request})[0].host);
  CHECK(world.hosts[0].memory_mib.used == 1000);
}

TEST_CASE("a world counts foreign domains at their maximum, running or not, and ours by claim, running or not") {
  Config config = config_with({web(1)}, {"kvm1"});
  Live live = live_for(config);
  LiveDomain foreign = foreign_domain("somebody", 4, 8 * kGiB);
  foreign.memory_bytes = 1 * kGiB;
  foreign.state = DomainState::shut_off;
  live["kvm1"].snapshot->domains.push_back(foreign);
  RecordedState recorded = empty_state();
  const InstanceRecord ours = an_instance(config.groups[0], 0, "kvm1");
  recorded.instances[ours.address] = ours;
  const PlacementWorld world = world_of(config, recorded, live);
  CHECK(world.hosts[0].vcpus.used == 4 + 2);
  CHECK(world.hosts[0].memory_mib.used == (8192 + 64 + 32 + 16) + ours.claim.memory_mib);
  CHECK(world.hosts[0].instances.at("group.web") == 1);
}

TEST_CASE("by default a host keeps the larger of 1 GiB and 5 % of its memory for itself") {
  Config config = config_with({}, {"kvm1", "kvm2"});
  Live live = live_for(config);
  live["kvm1"].snapshot->memory_bytes = 8 * kGiB;
  live["kvm2"].snapshot->memory_bytes = 100 * kGiB;
  PlacementWorld world = world_of(config, empty_state(), live);
  CHECK(world.hosts[0].memory_mib.reserved == 1024);
  CHECK(world.hosts[1].memory_mib.reserved == 5120);
  config.hosts[1].reserved_memory_bytes = 0;
  config.hosts[1].capacity.memory_bytes = 10 * kGiB;
  world = world_of(config, empty_state(), live);
  CHECK(world.hosts[1].memory_mib.capacity() == 10 * 1024);
}

TEST_CASE("a pool counts what it holds physically, or what ours may grow to, whichever is more") {
  Config config = config_with({web(1)}, {"kvm1"});
  Live live = live_for(config);
  RecordedState recorded = empty_state();
  const InstanceRecord ours = an_instance(config.groups[0], 0, "kvm1");  // claims 20 GiB
  recorded.instances[ours.address] = ours;
  CHECK(world_of(config, recorded, live).hosts[0].disk_gib.at("local").used == 20);
  live["kvm1"].snapshot->pools[0].available_bytes = 1 * kTiB - 300 * kGiB;
  CHECK(world_of(config, recorded, live).hosts[0].disk_gib.at("local").used == 300);
}

TEST_CASE("a domain of ours that is on another host than recorded counts on both") {
  Config config = config_with({web(1)}, {"kvm1", "kvm2"});
  Live live = live_for(config);
  RecordedState recorded = empty_state();
  const InstanceRecord ours = an_instance(config.groups[0], 0, "kvm1");
  recorded.instances[ours.address] = ours;
  LiveDomain moved = foreign_domain(ours.name, 2, 2 * kGiB);
  moved.uuid = ours.uuid;
  live["kvm2"].snapshot->domains = {moved};
  const PlacementWorld world = world_of(config, recorded, live);
  CHECK(world.hosts[0].vcpus.used == 2);
  CHECK(world.hosts[1].vcpus.used == 2);
}

TEST_CASE("a shared pool is as large as a host says that has it active") {
  Config config = config_with({web(1)}, {"kvm1", "kvm2"});
  config.storage[0].shared = true;
  Live live = live_for(config);
  LivePool& inactive = live["kvm1"].snapshot->pools[0];
  inactive.active = false;
  inactive.capacity_bytes = inactive.available_bytes = 0;
  const Inventory shared = world_of(config, empty_state(), live).shared_disk_gib.at("local");
  CHECK(shared.measured);
  CHECK(shared.total == 1024);
}

TEST_CASE("storage that has two names is one pool, and is not given out twice") {
  Config config = config_with({web(1)}, {"kvm1"});
  config.storage.push_back(a_storage("fast", "default"));
  config.storage[0].shared = config.storage[1].shared = GENERATE(false, true);
  Live live = live_for(config);
  live["kvm1"].snapshot->pools[0] = a_pool("default", 100 * kGiB);
  PlacementWorld world = world_of(config, empty_state(), live);
  PlacementRequest request = request_of();
  request.candidates = {"kvm1"};
  request.claim.disk_gib = {{"local", 60}, {"fast", 60}};
  REQUIRE(place(world, request).refusals.size() == 1);
  CHECK(place(world, request).refusals[0].why == "disk on local: 120 GiB wanted, 100 of 100 free");
  request.claim.disk_gib = {{"local", 60}};
  book(world, "kvm1", request.address, request.claim);
  request.claim.disk_gib = {{"fast", 60}};
  CHECK_FALSE(place(world, request).host);
}

TEST_CASE("a host that does not answer is not part of the world") {
  Config config = config_with({}, {"kvm1", "kvm2"});
  Live live = live_for(config);
  live["kvm1"] = unreachable();
  const PlacementWorld world = world_of(config, empty_state(), live);
  REQUIRE(world.hosts.size() == 1);
  CHECK(world.hosts[0].name == "kvm2");
}

TEST_CASE("a network of libvirt's must be active on the host; a bridge is taken on trust") {
  Config config = config_with({}, {"kvm1"});
  config.networks.push_back(a_network("nat"));
  config.networks[1].bridge.clear();
  config.networks[1].network = "isolated";
  CHECK(world_of(config, empty_state(), live_for(config)).hosts[0].unusable_networks ==
        std::map<std::string, std::string>{{"nat", "network nat: it is not active there"}});
}

TEST_CASE("a VLAN tag on a bridge needs a libvirt that can set it") {
  Config config = config_with({}, {"old", "new"});
  config.networks[0].vlan = 20;
  Live live = live_for(config);
  live["old"].snapshot->libvirt_version = 10'999'999;
  live["new"].snapshot->libvirt_version = 11'000'000;
  const PlacementWorld world = world_of(config, empty_state(), live);
  CHECK(world.hosts[0].unusable_networks ==
        std::map<std::string, std::string>{
            {"lan", "network lan: VLAN tags on a bridge need libvirt 11.0.0, it has 10.999.999"}});
  CHECK(world.hosts[1].unusable_networks.empty());
}

}  // namespace
}  // namespace vscale::test
