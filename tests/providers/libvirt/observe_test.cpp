#include "providers/libvirt/host/observe.h"

#include <catch2/catch.hpp>

#include "providers/clock/system_clock.h"
#include "providers/libvirt/libvirt_hosts.h"
#include "tests/providers/libvirt/libvirt_test_world.h"

using namespace vscale::libvirt;

namespace vscale::test {
namespace {

Result<DomainReading> fails(ErrorKind kind) {
  return Error{kind, "no", "", ""};
}

}  // namespace

TEST_CASE("a domain that cannot be read is counted as a stranger's, and does not hide its host") {
  for (const ErrorKind kind : {ErrorKind::denied, ErrorKind::failed, ErrorKind::invalid, ErrorKind::unsupported}) {
    const Result<std::optional<DomainReading>> read = reading_or_stranger(fails(kind));

    REQUIRE(read.ok());
    CHECK(*read == DomainReading{});
  }
}

TEST_CASE("a domain that went while its host was read is left out, and a host that went is unreachable") {
  CHECK(reading_or_stranger(fails(ErrorKind::not_found)).value() == std::nullopt);
  CHECK(reading_or_stranger(fails(ErrorKind::unreachable)).error().kind == ErrorKind::unreachable);
}

TEST_CASE("a domain that can be read is what it says") {
  const DomainReading said{
      .uuid = "u", .name = "web", .virt_type = "kvm", .ownership = {}, .nics = {}, .disk_paths = {}};

  CHECK(reading_or_stranger(said).value() == said);
}

TEST_CASE("pools of types that hold no files are described with the others") {
  const LibvirtTestWorld world(
      "<pool type='logical'><name>vg</name><source><device path='/dev/sda'/><name>vg</name></source>"
      "<target><path>/dev/vg</path></target></pool>"
      "<pool type='rbd'><name>ceph</name><source><host name='mon'/><name>rbd</name></source></pool>");
  SystemClock clock;
  LibvirtHosts hosts({{"kvm1", world.uri()}}, LibvirtOptions{}, clock);

  const auto seen = hosts.observe({{"kvm1", {.pools = {"vg", "ceph", "nowhere"}, .known_foreign = {}}}});

  REQUIRE(seen.at("kvm1").ok());
  const std::vector<LivePool>& pools = seen.at("kvm1")->pools;
  REQUIRE(pools.size() == 2);
  CHECK(pools[0].type == "rbd");
  CHECK(pools[0].path.empty());
  CHECK(pools[1].type == "logical");
}

}  // namespace vscale::test
