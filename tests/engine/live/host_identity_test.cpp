#include "engine/live/host_identity.h"

#include <catch2/catch.hpp>

namespace vscale::test {
namespace {

const HostIdentity kFirst{"kvm1.example.lan", "4c4c4544-0000-4000-8000-000000000001"};
const HostIdentity kSecond{"kvm2.example.lan", "4c4c4544-0000-4000-8000-000000000002"};

}  // namespace

TEST_CASE("a machine of another name and another UUID is none that a host was before") {
  const auto error = answers_as_another("kvm1", kFirst, kSecond);
  REQUIRE(error.has_value());
  CHECK(error->kind == ErrorKind::conflict);
  CHECK(
      error->message ==
      "host \"kvm1\" is another machine than before: kvm2.example.lan (4c4c4544-0000-4000-8000-000000000002) answers, "
      "and it was kvm1.example.lan (4c4c4544-0000-4000-8000-000000000001)");
  CHECK(
      error->hint ==
      "correct its uri; or, if the name is meant to be another machine's now, give either a name under `hosts` that is "
      "new, and apply: what is recorded follows each machine");
}

TEST_CASE("a machine that was renamed, or has another UUID under the same name, is the same") {
  CHECK_FALSE(answers_as_another("kvm1", kFirst, kFirst));
  CHECK_FALSE(answers_as_another("kvm1", kFirst, {"renamed.example.lan", kFirst.uuid}));
  CHECK_FALSE(answers_as_another("kvm1", kFirst, {kFirst.hostname, kSecond.uuid}));
}

TEST_CASE("who does not say which machine it is, is believed") {
  CHECK_FALSE(answers_as_another("kvm1", {}, kSecond));
  CHECK_FALSE(answers_as_another("kvm1", kFirst, {}));
  CHECK_FALSE(answers_as_another("kvm1", kFirst, {kSecond.hostname, ""}));
  CHECK_FALSE(answers_as_well("kvm2", {}, "kvm1", {}));
}

TEST_CASE("one machine under two names is told as such, and two that share a name or a UUID are two") {
  const auto error = answers_as_well("kvm2", kFirst, "kvm1", kFirst);
  REQUIRE(error.has_value());
  CHECK(error->message ==
        "host \"kvm2\" is the same machine as host \"kvm1\": kvm1.example.lan (4c4c4544-0000-4000-8000-000000000001)");
  CHECK_FALSE(answers_as_well("kvm2", kSecond, "kvm1", kFirst));
  CHECK_FALSE(answers_as_well("kvm2", {kFirst.hostname, kSecond.uuid}, "kvm1", kFirst));
  CHECK_FALSE(answers_as_well("kvm2", {kSecond.hostname, kFirst.uuid}, "kvm1", kFirst));
}

}  // namespace vscale::test
