#include "engine/values/units.h"

#include <catch2/catch.hpp>

namespace vscale::test {
namespace {

using namespace std::chrono_literals;

}  // namespace

TEST_CASE("durations are shown in their two largest units") {
  CHECK(show_duration(0ms) == "0 ms");
  CHECK(show_duration(999ms) == "999 ms");
  CHECK(show_duration(1s) == "1s");
  CHECK(show_duration(90s) == "1m 30s");
  CHECK(show_duration(2h) == "2h");
  CHECK(show_duration(2h + 5s) == "2h");
  CHECK(show_duration(24h * 8 + 3h + 20min) == "8d 3h");
  CHECK(show_duration(-90s) == "-1m 30s");
}

TEST_CASE("sizes are shown in binary units with one decimal at most") {
  CHECK(show_bytes(0) == "0 B");
  CHECK(show_bytes(1023) == "1023 B");
  CHECK(show_bytes(512 * kMiB) == "512 MiB");
  CHECK(show_bytes(3 * kGiB / 2) == "1.5 GiB");
}

TEST_CASE("what is claimed is rounded up, never down") {
  CHECK(mib_holding(0) == 0);
  CHECK(mib_holding(1) == 1);
  CHECK(mib_holding(kMiB) == 1);
  CHECK(mib_holding(kMiB + 1) == 2);
  CHECK(gib_holding(20 * kGiB + 1) == 21);
}

TEST_CASE("an instant that was written is read back to the millisecond") {
  for (const Instant at : {Instant{0ms}, Instant{1'777'900'800'123ms}, Instant{951'782'400'000ms}}) {
    CAPTURE(rfc3339(at));
    CHECK(instant_from(rfc3339(at)) == at);
  }
  CHECK(rfc3339(Instant{951'782'400'000ms}) == "2000-02-29T00:00:00.000Z");
}

TEST_CASE("what is no instant of ours is not read as one") {
  for (const char* text :
       {"", "2026-05-04", "2026-05-04T13:20:00Z", "2026-02-30T13:20:00.000Z", "2026-05-04T24:00:00.000Z",
        "2026-05-04T13:60:00.000Z", "2026-05-04t13:20:00.000Z", "2026-05-04T13:20:00.+01Z"}) {
    CAPTURE(text);
    CHECK_FALSE(instant_from(text).has_value());
  }
}

}  // namespace vscale::test
