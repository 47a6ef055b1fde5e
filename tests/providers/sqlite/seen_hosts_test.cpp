// What the statefile keeps of what was seen on hosts.

#include "engine/recorded/apply_change.h"
#include "tests/providers/sqlite/state_store_fixture.h"

namespace vscale::test {
namespace {

LiveDomain domain(const std::string& name, DomainState state = DomainState::running) {
  LiveDomain found;
  found.uuid = "11111111-0000-4000-8000-" + name;
  found.name = name;
  found.state = state;
  found.vcpus = 2;
  found.max_vcpus = 4;
  found.memory_bytes = 2 * kGiB;
  found.max_memory_bytes = 4 * kGiB;
  return found;
}

LiveDomain own_domain(int ordinal) {
  LiveDomain found = domain("prod-web-" + std::to_string(ordinal));
  Ownership ownership;
  ownership.installation = "prod";
  ownership.address = {InstanceAddress::Kind::group, "web", ordinal};
  ownership.revision = 4;
  ownership.incarnation = 2;
  ownership.lineage = "11111111-2222-4333-8444-555555555555";
  ownership.spec_hash = "5fec";
  ownership.image_digest = "sha256:0123";
  ownership.addresses = {{"lan", "10.0.0.51"}, {"a \\ network\nof two lines", "10.1.0.1"}};
  found.ownership = ownership;
  found.nics = {{.mac = "52:54:00:00:00:01", .source = "br0"}};
  found.disk_paths = {"/var/lib/libvirt/images/\"quoted\" and <odd>.qcow2"};
  return found;
}

Observation failed(const std::string& host, const std::string& words, int second) {
  return {.host = host,
          .view = {.snapshot = std::nullopt,
                   .failure = HostFailure{.error = {ErrorKind::unreachable, words, "ssh: timed out", "check it"},
                                          .at = at_second(second)}}};
}

}  // namespace

TEST_CASE("what was seen on a host is read back, to the last field") {
  auto store = open_store(":memory:");
  const HostSnapshot snapshot =
      seen("kvm1", {domain("a-foreign", DomainState::shutting_down), own_domain(0), own_domain(1)});
  Observation observation = saw(snapshot);
  observation.uri = "qemu+ssh://root@kvm1/system";

  REQUIRE(store->record_observations({observation, saw(seen("kvm2", {}))}));

  const RecordedState state = read_state(*store);
  CHECK(state.hosts.at("kvm1").observed == snapshot);
  CHECK(state.hosts.at("kvm1").uri == "qemu+ssh://root@kvm1/system");
  CHECK(state.hosts.at("kvm2").observed == seen("kvm2", {}));
}

TEST_CASE("a second look sees what came, changed and went") {
  auto store = open_store(":memory:");
  REQUIRE(store->record_observations({saw(seen("kvm1", {domain("a"), domain("b"), domain("c")}))}));
  HostSnapshot later = seen("kvm1", {domain("b"), domain("c", DomainState::crashed), domain("d")}, 30);
  later.pools[0].available_bytes -= kGiB;
  later.pools[0].volumes.insert("d.qcow2");

  REQUIRE(store->record_observations({saw(later)}));

  CHECK(read_state(*store).hosts.at("kvm1").observed == later);
}

TEST_CASE("what was taken away by us is no longer what was last seen, until it is seen again") {
  auto store = open_store(":memory:");
  const HostSnapshot both = seen("kvm1", {own_domain(0), own_domain(1)});
  REQUIRE(store->record_observations({saw(both), saw(seen("kvm2", {own_domain(1)}))}));

  must_commit(*store, changes({RemoveObservedDomain{"kvm1", own_domain(1).uuid}}));

  CHECK(read_state(*store).hosts.at("kvm1").observed == seen("kvm1", {own_domain(0)}));
  CHECK(read_state(*store).hosts.at("kvm2").observed == seen("kvm2", {own_domain(1)}));
  REQUIRE(store->record_observations({saw(both)}));
  CHECK(read_state(*store).hosts.at("kvm1").observed == both);
}

TEST_CASE("what is recorded of a host follows its new name, in the store as in memory") {
  auto store = open_store(":memory:");
  const InstanceRecord here = full_instance();
  VolumeRecord root;
  root.host = here.host;
  root.pool = "default";
  root.name = "prod-web-0-root.qcow2";
  root.storage = "local";
  root.owner = here.address;
  root.disk = "root";
  VolumeRecord in_the_way = root;
  in_the_way.host = "kvm9";
  in_the_way.name = "taken.qcow2";
  VolumeRecord blocked = root;
  blocked.name = in_the_way.name;
  ImageCopyRecord copy{
      .host = here.host, .pool = "default", .volume = "image", .image = "debian", .digest = "sha256:aa"};
  must_commit(*store, changes({PutInstance{here}, PutVolume{root}, PutVolume{in_the_way}, PutImageCopy{copy}}));
  REQUIRE(store->record_observations({saw(seen(here.host, {domain("a")}))}));
  const bool all_of_it = GENERATE(true, false);
  if (!all_of_it) must_commit(*store, changes({PutVolume{blocked}}));
  RecordedState expected = read_state(*store);
  const RecordChange rename = RenameHost{here.host, "kvm9"};

  must_commit(*store, changes({rename}));

  apply(expected, rename);
  const RecordedState state = read_state(*store);
  CHECK(state.instances == expected.instances);
  CHECK(state.instances.at(here.address).host == "kvm9");
  CHECK(state.volumes == expected.volumes);
  CHECK(state.image_copies == expected.image_copies);
  CHECK(state.hosts == expected.hosts);
  CHECK(state.hosts.count(here.host) == (all_of_it ? 0 : 1));
  CHECK(store->check());
}

TEST_CASE("what is forgotten on a host that does not answer is among what was last seen there") {
  auto store = open_store(":memory:");
  const InstanceRecord forgotten = full_instance();
  must_commit(*store, changes({PutInstance{forgotten}, PutInstance{web(0, forgotten.host)}}));
  REQUIRE(store->record_observations({saw(seen(forgotten.host, {domain("zebra")}))}));
  REQUIRE(store->record_observations({failed(forgotten.host, "no answer", 10)}));
  RecordedState expected = read_state(*store);

  must_commit(*store, changes({ForgetInstance{forgotten.address}, ForgetInstance{web(7).address}}));

  // As in memory, to the last field.
  const RecordedState state = read_state(*store);
  apply(expected, ForgetInstance{forgotten.address});
  CHECK(state.instances == expected.instances);
  CHECK(state.hosts == expected.hosts);
  const auto& domains = state.hosts.at(forgotten.host).observed->domains;
  REQUIRE(domains.size() == 2);
  CHECK(domains[0] == domain_as_recorded(forgotten, state.lineage));
  CHECK(domains[0].ownership->image_digest == forgotten.image_digest);
  REQUIRE(store->record_observations({saw(seen(forgotten.host, {domain("zebra")}, 30))}));
  CHECK(read_state(*store).hosts.at(forgotten.host).observed == seen(forgotten.host, {domain("zebra")}, 30));
}

TEST_CASE("a second look that sees the same moves only when it was") {
  auto store = open_store(":memory:");
  REQUIRE(store->record_observations({saw(seen("kvm1", {domain("a")}))}));

  REQUIRE(store->record_observations({saw(seen("kvm1", {domain("a")}, 30))}));

  CHECK(read_state(*store).hosts.at("kvm1").observed == seen("kvm1", {domain("a")}, 30));
}

TEST_CASE("a look that sees the same costs next to nothing, however many domains there are") {
  const TemporaryDirectory directory;
  auto store = open_store(directory / "vscale.db");
  std::vector<LiveDomain> domains;
  for (int i = 0; i < 2000; ++i) domains.push_back(domain("vm-" + std::to_string(10000 + i)));
  REQUIRE(store->record_observations({saw(seen("kvm1", domains))}));
  const auto written = [&] { return std::filesystem::file_size(directory / "vscale.db-wal"); };
  const auto before = written();

  HostSnapshot again = seen("kvm1", domains, 30);
  // What they used since they were started is another number at each look, and is not kept.
  for (const LiveDomain& found : domains) again.counters[found.uuid].cpu_ns = 1'000'000'000;
  REQUIRE(store->record_observations({saw(again)}));

  CHECK(read_state(*store).hosts.at("kvm1").observed == seen("kvm1", domains, 30));
  // One page and its header in the log, and a little of the tree above it.
  CHECK(written() - before <= 5 * 4200);
}

TEST_CASE("a host that cannot be reached keeps what was seen, and since when it is gone") {
  auto store = open_store(":memory:");
  REQUIRE(store->record_observations({saw(seen("kvm1", {domain("a")}))}));
  REQUIRE(store->record_observations({failed("kvm1", "no answer", 10)}));
  REQUIRE(store->record_observations({failed("kvm1", "no route", 20)}));

  const HostRecord gone = read_state(*store).hosts.at("kvm1");
  CHECK(gone.observed == seen("kvm1", {domain("a")}));
  REQUIRE(gone.failure);
  CHECK(gone.failure->at == at_second(10));
  CHECK(gone.failure->error == Error{ErrorKind::unreachable, "no route", "ssh: timed out", "check it"});

  REQUIRE(store->record_observations({saw(seen("kvm1", {domain("a")}, 30))}));
  CHECK(read_state(*store).hosts.at("kvm1").failure == std::nullopt);
}

TEST_CASE("names with any bytes in them come back as they were") {
  auto store = open_store(":memory:");
  LiveDomain odd = own_domain(0);
  odd.disk_paths = {"/disks/\xff.qcow2", "/disks/two\nlines\\n.qcow2", "", "\\", "\n"};
  odd.nics = {{.mac = "", .source = "a bridge"}, {.mac = "52:54:00:00:00:01", .source = ""}};
  HostSnapshot snapshot = seen("kvm1", {odd});
  snapshot.pools[0].volumes = {};
  snapshot.traits = {"a\nb", "c\\"};

  REQUIRE(store->record_observations({saw(snapshot)}));

  CHECK(read_state(*store).hosts.at("kvm1").observed == snapshot);
}

}  // namespace vscale::test
