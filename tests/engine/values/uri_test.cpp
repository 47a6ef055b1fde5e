#include "engine/values/uri.h"

#include <catch2/catch.hpp>

namespace vscale::test {

TEST_CASE("a password in a URI is not shown") {
  CHECK(without_password("qemu+tcp://anna:s3cret@kvm1/system") == "qemu+tcp://anna:***@kvm1/system");
  CHECK(without_password("qemu+tcp://:s3cret@kvm1:16509/system?a=b") == "qemu+tcp://:***@kvm1:16509/system?a=b");
  CHECK(without_password("qemu+tcp://anna@corp:s3cret@kvm1/system") == "qemu+tcp://anna@corp:***@kvm1/system");
}

TEST_CASE("a password that should have been encoded is not shown either, not even in part") {
  for (const char* password :
       {"s3?cr", "s3#cr", "s3/cr", "s3@cr", "s3:cr", "12/cr", "s3@a?cr", "s3@a/b?c=d", "s3c%zzret", "?@#/:"}) {
    CHECK(without_password(std::string("qemu+tcp://anna:") + password + "@kvm1/system") ==
          "qemu+tcp://anna:***@kvm1/system");
  }
}

TEST_CASE("of a URI that has an @ after its host, rather too much is hidden than a password shown") {
  CHECK(without_password("qemu+tcp://:s3cret@kvm1:16509/system?a=b@c") == "qemu+tcp://:***@c");
}

TEST_CASE("a URI without a password is shown as it is") {
  for (const char* uri : {"qemu+ssh://root@kvm1:22/system?keyfile=/k", "qemu:///system", "qemu+tls://kvm1:16514/system",
                          "test:///tmp/a:b@c.xml", "qemu+unix:///system?socket=/run/a:b@c", "", "://", "kvm1:a@b"}) {
    CHECK(without_password(uri) == uri);
  }
}

TEST_CASE("what is encoded in a URI is read as what it stands for, and a lone % as itself") {
  CHECK(percent_decoded("a%40b%2Fc%2fd") == "a@b/c/d");
  CHECK(percent_decoded("%00") == std::string(1, '\0'));
  for (const char* plain : {"", "100%", "%6", "%zz", "%4", "% 41", "%-1", "%x1"})
    CHECK(percent_decoded(plain) == plain);
}

}  // namespace vscale::test
