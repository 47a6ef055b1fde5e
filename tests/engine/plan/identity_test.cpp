#include "engine/plan/books/identity.h"

#include <catch2/catch.hpp>
#include <set>

#include "tests/engine/plan/planned.h"
#include "tests/engine/simulation/played_world.h"
#include "tests/support/builders.h"

namespace vscale {
namespace {

IdentitySeed seed_of(int ordinal, int incarnation = 1, const std::string& lineage = "lineage") {
  return {lineage, {InstanceAddress::Kind::group, "web", ordinal}, incarnation};
}

TEST_CASE("a uuid is derived, of version 8 and RFC 9562's variant, and stays the same in every version of vscale") {
  const std::string uuid = derive_uuid(seed_of(0), 0);
  REQUIRE(uuid.size() == 36);
  CHECK(uuid[14] == '8');
  CHECK(std::string("89ab").find(uuid[19]) != std::string::npos);
  CHECK(uuid == "4fb065d3-c856-8c07-a8a6-2d2001f54c36");
}

TEST_CASE("ordinal, incarnation, lineage and salt each make another uuid") {
  const std::set<std::string> uuids{derive_uuid(seed_of(0), 0), derive_uuid(seed_of(1), 0),
                                    derive_uuid(seed_of(0, 2), 0), derive_uuid(seed_of(0, 1, "other"), 0),
                                    derive_uuid(seed_of(0), 1)};
  CHECK(uuids.size() == 5);
}

TEST_CASE("a guest that was destroyed and is made again has another uuid, since it has another host key") {
  test::PlayedWorld world = test::running({test::web(1)});
  const auto uuid = [&] { return world.input.recorded.instances.begin()->second.uuid; };
  const std::string before = uuid();
  world.input.options.destroy = true;
  world.carry_out(world.plan());
  REQUIRE(world.input.recorded.instances.empty());
  world.input.options.destroy = false;
  world.carry_out(world.plan());
  CHECK(uuid() != before);
}

TEST_CASE("of the serial there is a uuid, and no MAC") {
  IdentitySeed again = seed_of(0);
  again.serial = 7;
  CHECK(derive_uuid(again, 0) != derive_uuid(seed_of(0), 0));
  CHECK(derive_mac(again, 0, 0) == derive_mac(seed_of(0), 0, 0));
}

TEST_CASE("a MAC begins with QEMU's prefix and differs for each card") {
  CHECK(derive_mac(seed_of(0), 0, 0).substr(0, 9) == "52:54:00:");
  CHECK(derive_mac(seed_of(0), 0, 0).size() == 17);
  CHECK(derive_mac(seed_of(0), 0, 0) != derive_mac(seed_of(0), 1, 0));
}

TEST_CASE("an identity that somebody has is passed over, and the next one is the same for everybody who plans") {
  IdentityBook book;
  book.take_uuid(derive_uuid(seed_of(0), 0));
  book.take_mac(derive_mac(seed_of(0), 0, 0), "somebody");
  book.take_mac(derive_mac(seed_of(0), 0, 1), "somebody");
  CHECK(book.new_uuid(seed_of(0)) == derive_uuid(seed_of(0), 1));
  CHECK(book.new_mac(seed_of(0), 0) == derive_mac(seed_of(0), 0, 2));
}

TEST_CASE("among ten thousand cards no MAC is handed out twice") {
  IdentityBook book;
  std::set<std::string> macs;
  for (int ordinal = 0; ordinal < 10'000; ++ordinal) CHECK(macs.insert(book.new_mac(seed_of(ordinal), 0)).second);
}

}  // namespace
}  // namespace vscale
