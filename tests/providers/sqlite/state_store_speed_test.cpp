// How long the statefile takes with many domains. Hidden from the ordinary run, since a busy machine tells lies:
//
//   build/tests/providers_tests "[speed]"

#include <fmt/format.h>

#include <ctime>
#include <iostream>

#include "tests/providers/sqlite/state_store_fixture.h"

namespace vscale::test {
namespace {

/// Shows both times and gives the processor's, which other programs on the machine do not lengthen.
template <class Work>
double took_ms(const char* what, const Work& work) {
  const auto begun = std::chrono::steady_clock::now();
  const std::clock_t processor_begun = std::clock();
  work();
  const double processor = 1000.0 * static_cast<double>(std::clock() - processor_begun) / CLOCKS_PER_SEC;
  const double took = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count();
  std::cout << fmt::format("{:>9.2f} ms, {:>9.2f} ms of the processor: {}\n", took, processor, what);
  return processor;
}

LiveDomain domain(int number, const std::string& lineage) {
  LiveDomain found;
  found.uuid = fmt::format("11111111-2222-4333-8444-{:012}", number);
  found.name = fmt::format("prod-web-{:06}", number);
  found.state = DomainState::running;
  found.vcpus = found.max_vcpus = 2;
  found.memory_bytes = found.max_memory_bytes = 2 * kGiB;
  if (lineage.empty()) return found;
  Ownership ownership;
  ownership.installation = "prod";
  ownership.address = {InstanceAddress::Kind::group, "web", number};
  ownership.lineage = lineage;
  ownership.spec_hash = std::string(64, 'a');
  found.ownership = ownership;
  found.nics = {{.mac = "52:54:00:00:00:01", .source = "br0"}};
  found.disk_paths = {fmt::format("/var/lib/libvirt/images/prod-web-{}-root.qcow2", number),
                      fmt::format("/var/lib/libvirt/images/prod-web-{}-seed.iso", number)};
  return found;
}

void measure(int count, const std::string& lineage) {
  std::cout << fmt::format("{} domains, {}\n", count, lineage.empty() ? "foreign" : "ours");
  const TemporaryDirectory directory;
  HostSnapshot snapshot;
  snapshot.host = "kvm1";
  for (int i = 0; i < count; ++i) snapshot.domains.push_back(domain(i, lineage));
  auto store = open_store(directory / "vscale.db");
  const auto record = [&] {
    REQUIRE(store->record_observations({{.host = "kvm1", .view = {.snapshot = snapshot, .failure = std::nullopt}}}));
  };
  took_ms("first look", record);
  CHECK(took_ms("the same again", record) < 50);
  snapshot.domains[0].state = DomainState::shut_off;
  took_ms("one changed", record);
  CHECK(took_ms("read", [&] { CHECK(read_state(*store).hosts.at("kvm1").observed == snapshot); }) < 100);
  took_ms("close", [&] { store.reset(); });
  took_ms("open", [&] { store = open_store(directory / "vscale.db"); });
  took_ms("commit of an instance", [&] { must_commit(*store, changes({PutInstance{web(0)}})); });
  took_ms("backup", [&] { REQUIRE(store->backup(at_second(0), 1)); });
  took_ms("check", [&] { REQUIRE(store->check()); });
}

}  // namespace

TEST_CASE("what the statefile takes of a no-op plan stays small and grows with the domains", "[.][speed]") {
  measure(1'000, "11111111-2222-4333-8444-555555555555");
  measure(10'000, "");
  measure(10'000, "11111111-2222-4333-8444-555555555555");
}

}  // namespace vscale::test
