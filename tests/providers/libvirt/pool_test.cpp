#include "providers/libvirt/storage/pool.h"

#include <catch2/catch.hpp>

#include "providers/libvirt/link/handle.h"

using namespace vscale;
using namespace vscale::libvirt;

TEST_CASE("a pool that could not be looked for is not said to be missing") {
  const auto pool = find_pool(nullptr, "kvm1", "default");  // a connection that is no more

  REQUIRE_FALSE(pool);
  CHECK(pool.error().kind == ErrorKind::unreachable);
  CHECK(pool.error().message == "host \"kvm1\": could not look for pool \"default\"");
  CHECK(pool.error().hint.empty());
}

TEST_CASE("nor is what a volume of ours lies in") {
  const auto volume = find_volume(nullptr, {.host = "kvm1", .pool = "default", .name = "prod-web-0-root.qcow2"});

  REQUIRE_FALSE(volume);
  CHECK(volume.error().kind == ErrorKind::unreachable);
}
