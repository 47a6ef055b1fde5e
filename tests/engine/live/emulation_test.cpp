#include "engine/live/emulation.h"

#include <catch2/catch.hpp>

#include "tests/support/builders.h"

using namespace vscale;
using namespace vscale::test;

TEST_CASE("guests that run by KVM are not emulated") {
  CHECK(why_emulated(a_snapshot("kvm1")).empty());
  CHECK_FALSE(kvm_fails(a_snapshot("kvm1")));
}

TEST_CASE("guests are emulated where there is no KVM, and where it fails") {
  HostSnapshot without = a_snapshot("kvm1");
  without.kvm = false;
  without.traits = {"arch:x86_64"};
  HostSnapshot failing = without;
  failing.traits.insert(kKvmFailsTrait);

  CHECK(why_emulated(without) == "it offers no KVM");
  CHECK(why_emulated(failing) == "it offers KVM, but a trial guest died");
  CHECK(kvm_fails(failing));
}

TEST_CASE("a hypervisor that has no guests to emulate says nothing of it") {
  HostSnapshot seen = a_snapshot("kvm1");
  seen.kvm = false;
  seen.hypervisor = "TEST";

  CHECK(why_emulated(seen).empty());
}

TEST_CASE("hosts whose KVM fails are told of together, in two lines of a page") {
  CHECK(emulation_text({"kvm1"}) == "guests on kvm1 are emulated, and slow: KVM fails there");
  CHECK(emulation_text({"a", "b", "c", "d", "e"}) ==
        "guests on a, b, c and 2 more are emulated, and slow: KVM fails there");
  CHECK(std::string("  = hint: " + emulation_hint()).size() <= 80);
}
