#include "providers/libvirt/storage/pool.h"

#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "providers/libvirt/link/handle.h"
#include "providers/libvirt/link/library.h"
#include "providers/libvirt/storage/storage_xml.h"
#include "tests/providers/libvirt/libvirt_test_world.h"

namespace vscale::test {
namespace {

using namespace vscale::libvirt;

}  // namespace

TEST_CASE("a pool that could not be looked for is not said to be missing") {
  start_library();
  const auto pool = find_pool(nullptr, "kvm1", "default");  // a connection that is no more

  REQUIRE_FALSE(pool);
  CHECK(pool.error().kind == ErrorKind::unreachable);
  CHECK(pool.error().message == "host \"kvm1\": could not look for pool \"default\"");
  CHECK(pool.error().hint.empty());
}

TEST_CASE("nor is what a volume of ours lies in") {
  start_library();
  const auto volume = find_volume(nullptr, {.host = "kvm1", .pool = "default", .name = "prod-web-0-root.qcow2"});

  REQUIRE_FALSE(volume);
  CHECK(volume.error().kind == ErrorKind::unreachable);
}

namespace {

constexpr const char* kPath = "/var/lib/libvirt/vscale";

/// A host, and what is known there of its pool "vscale".
struct OneHost {
  LibvirtTestWorld world;
  std::shared_ptr<virConnect> connection;

  OneHost() {
    start_library();
    connection.reset(virConnectOpen(world.uri().c_str()), virConnectClose);
    REQUIRE(connection);
  }
  Result<void> ensure(const std::string& path) const {
    return ensure_pool_there(connection.get(), "kvm1", "vscale", path);
  }
  StoragePool pool() const { return StoragePool{virStoragePoolLookupByName(connection.get(), "vscale")}; }
  bool is_up() const { return virStoragePoolIsActive(pool().get()) == 1; }
  bool stays() const { return virStoragePoolIsPersistent(pool().get()) == 1; }
  bool starts_with_host() const {
    int autostart = 0;
    REQUIRE(virStoragePoolGetAutostart(pool().get(), &autostart) == 0);
    return autostart == 1;
  }
};

}  // namespace

TEST_CASE("a pool that vscale makes is up, stays, and starts with its host") {
  const OneHost host;

  REQUIRE(host.ensure(kPath));

  CHECK(host.is_up());
  CHECK(host.stays());
  CHECK(host.starts_with_host());
}

TEST_CASE("a pool that somebody has defined is started, and whether it starts with its host is not our business") {
  const OneHost host;
  REQUIRE(StoragePool{virStoragePoolDefineXML(host.connection.get(), write_dir_pool_xml("vscale", kPath)->c_str(), 0)});

  REQUIRE(host.ensure(GENERATE(as<std::string>{}, "", "/somewhere/else", kPath)));

  CHECK(host.is_up());
  CHECK_FALSE(host.starts_with_host());
}

TEST_CASE("a pool whose making was cut short is used as it is") {
  const OneHost host;
  REQUIRE(StoragePool{virStoragePoolCreateXML(host.connection.get(), write_dir_pool_xml("vscale", kPath)->c_str(), 0)});

  REQUIRE(host.ensure(kPath));

  CHECK(host.is_up());
}

}  // namespace vscale::test
