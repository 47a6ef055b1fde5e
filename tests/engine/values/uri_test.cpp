#include "engine/values/uri.h"

#include <catch2/catch.hpp>

using namespace vscale;

TEST_CASE("a password in a URI is not shown") {
  CHECK(without_password("qemu+tcp://anna:s3cret@kvm1/system") == "qemu+tcp://anna:***@kvm1/system");
  CHECK(without_password("qemu+tcp://:s3cret@kvm1:16509/system?a=b@c") == "qemu+tcp://:***@kvm1:16509/system?a=b@c");
  CHECK(without_password("qemu+tcp://anna:s3/cr@et@kvm1/system") == "qemu+tcp://anna:***@kvm1/system");
}

TEST_CASE("a URI without a password is shown as it is") {
  for (const char* uri : {"qemu+ssh://root@kvm1:22/system?keyfile=/k", "qemu:///system", "qemu+tls://kvm1:16514/system",
                          "test:///tmp/a:b@c.xml", "qemu+unix:///system?socket=/run/a:b@c", "", "://", "kvm1:a@b"}) {
    CHECK(without_password(uri) == uri);
  }
}
