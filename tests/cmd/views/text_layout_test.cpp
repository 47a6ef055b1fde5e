#include "cmd/views/text/text_layout.h"

#include <catch2/catch.hpp>

namespace vscale::test {
namespace {

using Lines = std::vector<std::string>;

TEST_CASE("text is broken between words") {
  CHECK(wrap("one two three four", 9) == Lines{"one two", "three", "four"});
  CHECK(wrap("", 9) == Lines{""});
}

TEST_CASE("what somebody will copy is never broken, however long it is") {
  CHECK(wrap("see /var/lib/libvirt/images now", 10) == Lines{"see", "/var/lib/libvirt/images", "now"});
  CHECK(wrap("check that `virsh -c 'qemu:///system' list` answers", 20) ==
        Lines{"check that", "`virsh -c 'qemu:///system' list`", "answers"});
  CHECK(wrap("a ` that nothing closes", 10) == Lines{"a ` that", "nothing", "closes"});
}

}  // namespace
}  // namespace vscale::test
