#include "engine/values/digest.h"

#include <catch2/catch.hpp>

namespace vscale {

TEST_CASE("the keyed digest is the one of RFC 4231, test case 2") {
  CHECK(hmac_sha256_hex("Jefe", "what do ya want for nothing?") ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST_CASE("another key gives another digest, and none is the plain one") {
  CHECK(hmac_sha256_hex("one", "text") != hmac_sha256_hex("other", "text"));
  CHECK(hmac_sha256_hex("", "text") != sha256_hex("text"));
}

}  // namespace vscale
