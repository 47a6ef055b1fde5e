#include <catch2/catch.hpp>

#include "cmd/planning/sources/hosts.h"

namespace vscale::test {

TEST_CASE("what is remembered of a look are its domains, and not what they used") {
  Config config;
  RecordedState recorded;
  HostSnapshot seen;
  seen.host = "kvm1";
  seen.domains = {LiveDomain{.uuid = "u", .name = "prod-web-0", .ownership = {}, .nics = {}, .disk_paths = {}}};
  HostSnapshot kept = seen;
  seen.counters["u"].cpu_ns = 1;
  const Live live{{"kvm1", {.snapshot = seen, .failure = {}}}};

  take_note_of(config, live, recorded);

  CHECK(recorded.hosts.at("kvm1").observed == kept);
}

}  // namespace vscale::test
