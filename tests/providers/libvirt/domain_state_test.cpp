#include <catch2/catch.hpp>
#include <memory>

#include "providers/libvirt/host.h"
#include "providers/libvirt/link/library.h"
#include "tests/providers/libvirt/libvirt_test_world.h"

namespace vscale::test {

using namespace vscale::libvirt;

TEST_CASE("of a domain that cannot be asked, nobody says that it is off") {
  start_library();
  const LibvirtTestWorld world(foreign_domain_xml("db"));
  const std::shared_ptr<virConnect> connection(virConnectOpen(world.uri().c_str()), virConnectClose);
  REQUIRE(connection);
  const Domain domain{virDomainLookupByName(connection.get(), "db")};
  REQUIRE(domain);
  const Result<bool> before = is_active(domain.get(), "kvm1");

  REQUIRE(virDomainDestroy(domain.get()) == 0);
  REQUIRE(virDomainUndefine(domain.get()) == 0);
  const Result<bool> after = is_active(domain.get(), "kvm1");

  REQUIRE(before.ok());
  CHECK(*before);
  REQUIRE_FALSE(after.ok());
  CHECK(after.error().kind == ErrorKind::not_found);
  CHECK(after.error().message == "host \"kvm1\": cannot ask whether domain \"db\" is up");
}

}  // namespace vscale::test
