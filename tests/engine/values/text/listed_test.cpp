#include "engine/values/text/listed.h"

#include <catch2/catch.hpp>

namespace vscale::test {

TEST_CASE("a list names its first ones, and counts those that it leaves out") {
  CHECK(listed_up_to(2, {}).empty());
  CHECK(listed_up_to(2, {"web-0"}) == "web-0");
  CHECK(listed_up_to(2, {"web-0", "web-1"}) == "web-0, web-1");
  CHECK(listed_up_to(2, {"web-0", "web-1", "web-2"}) == "web-0, web-1 and 1 more");
  CHECK(listed_up_to(2, {"web-0", "web-1", "web-2", "web-3", "web-4"}) == "web-0, web-1 and 3 more");
}

}  // namespace vscale::test
