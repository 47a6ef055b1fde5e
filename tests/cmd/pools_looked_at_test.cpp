#include <catch2/catch.hpp>
#include <utility>

#include "engine/ports/domains.h"
#include "tests/cmd/fake_world.h"

/// What the hosts know of their pools is what they saw when they last looked: somebody may have filled one by hand.

namespace vscale::test {
namespace {

TEST_CASE("a plan that needs room knows what was put into the pools by hand") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(2));
  for (const char* host : {"kvm1", "kvm2"}) {
    world.cluster().put_file_by_hand({host, "default", "backup.tar"}, 499 * kGiB);
  }
  const Ran plan = world.vscale({"plan"});
  INFO(plan.out << plan.err);
  CHECK(plan.code == 1);
  CHECK(plan.out.find("fit on no host") != std::string::npos);
}

TEST_CASE("a plan of nothing asks no host to look into its pools") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(1));
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  for (const char* host : {"kvm1", "kvm2"}) world.cluster().put_file_by_hand({host, "default", "backup.tar"}, kGiB);
  CHECK(world.vscale({"plan"}).out.find("No changes") != std::string::npos);
  for (const char* host : {"kvm1", "kvm2"}) {
    CHECK_FALSE(world.cluster().volume({host, "default", "backup.tar"})->seen);
  }
}

}  // namespace
}  // namespace vscale::test
