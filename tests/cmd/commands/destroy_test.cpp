#include <catch2/catch.hpp>

#include "tests/cmd/fake_world.h"

namespace vscale::test {
TEST_CASE("where nobody can be asked, the plan to review is one that destroys, of the same files and targets") {
  FakeWorld world;
  world.write("prod.yaml", web_config(2));
  REQUIRE(world.vscale({"-f", "prod.yaml", "apply", "--auto-approve"}).code == 0);

  const auto refused = world.vscale({"-f", "prod.yaml", "destroy", "--target", "web-1"});
  const auto applied = world.vscale({"-f", "prod.yaml", "apply", "--replace", "web-1"});

  CHECK(refused.code == 1);
  CHECK(holds(refused.err, "vscale -f prod.yaml plan --destroy --out FILE --target web-1"));
  CHECK(holds(refused.err, "vscale -f prod.yaml apply FILE"));
  CHECK(holds(applied.err, "vscale -f prod.yaml plan --out FILE --replace web-1"));
  CHECK(world.cluster().domains().size() == 2);
}

TEST_CASE("a destroy of nothing says that there is nothing to destroy, and not that the hosts are as the files say") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(2));
  REQUIRE(world.vscale({"apply", "--auto-approve"}).code == 0);
  REQUIRE(world.vscale({"destroy", "--auto-approve"}).code == 0);

  const auto again = world.vscale({"destroy", "--auto-approve"});
  const auto planned = world.vscale({"plan", "--destroy"});
  world.cluster().cut("kvm2");
  const auto cut = world.vscale({"plan", "--destroy"});

  CHECK(again.code == 0);
  CHECK(again.out.ends_with("\nNothing to destroy.\n"));
  CHECK(planned.out.ends_with("\nNothing to destroy.\n"));
  CHECK(cut.out.ends_with("\nNothing to destroy on the hosts that answer. INCOMPLETE (kvm2).\n"));
}

}  // namespace vscale::test
