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

TEST_CASE("what a host or a guest says cannot turn a line round or break it on the terminal") {
  CHECK(printable("a\xE2\x80\xAE"
                  "b\xE2\x81\xA6"
                  "c\xE2\x80\xA8"
                  "d\xE2\x80\x8F"
                  "e\xEF\xBB\xBF") == "a\\u202eb\\u2066c\\u2028d\\u200fe\\ufeff");
  CHECK(printable("\xC2\x9B"
                  "31m \xED\xA0\x80") == "\\x9b31m \\xed\\xa0\\x80");
  CHECK(printable("größe 大きさ") == "größe 大きさ");
}

}  // namespace

}  // namespace vscale::test
