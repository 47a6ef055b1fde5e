// So many requests a second, by a time that the test hands in.

#include "providers/http_server/request_rate.h"

#include <catch2/catch.hpp>

namespace vscale::test {
namespace {

int taken(RequestRate& rate, int tries, Duration now) {
  int count = 0;
  for (int i = 0; i < tries; ++i) count += rate.take(now) ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE("as many requests as are allowed in a second may come at once, and then one by one") {
  RequestRate rate(10, Duration{0});

  CHECK(taken(rate, 100, Duration{0}) == 10);
  CHECK(taken(rate, 100, Duration{99}) == 0);
  CHECK(taken(rate, 100, Duration{100}) == 1);
  CHECK(taken(rate, 100, Duration{600}) == 5);
}

TEST_CASE("a long rest saves up no more than one second's requests") {
  RequestRate rate(10, Duration{0});

  CHECK(taken(rate, 100, Duration{3'600'000}) == 10);
}

}  // namespace vscale::test
