#include "schemas/text/url_password.h"

#include <catch2/catch.hpp>
#include <string>

namespace vscale::test {

TEST_CASE("of a password in a URL only the length is shown, so that what follows stays in its column") {
  CHECK(hide_passwords("https://anna:hunter2@h/x") == "https://anna:*******@h/x");
  CHECK(hide_passwords("  source: \"https://:p@h\" # or") == "  source: \"https://:*@h\" # or");
  CHECK(hide_passwords("[\"qemu+tcp://a:b@h\", \"http://c:dd@i:80/\"]") ==
        "[\"qemu+tcp://a:*@h\", \"http://c:**@i:80/\"]");
  CHECK(hide_passwords("/data/https:/anna:hunter2@h/x") == "/data/https:/anna:*******@h/x");
}

TEST_CASE("a password that nobody encoded is hidden to its end") {
  CHECK(hide_passwords("https://anna:h@n/t e?r@h/x") == "https://anna:*********@h/x");
  CHECK(hide_passwords("https://anna:12@h") == "https://anna:**@h");
  CHECK(hide_passwords("https://anna:pä@h") == "https://anna:***@h");
  CHECK(hide_passwords("https://anna:x${var.a}@h") == "https://anna:*********@h");
}

TEST_CASE("what is no password in a URL stays") {
  for (const std::string text :
       {"", "anna:hunter2@h", "https://h", "https://anna@h/x:y@z", "https://h:8080/x@y", "http://[::1]:80/@",
        "qemu+ssh://root@h/system", "uri: \"https://h:80\" # of anna@h", "https://anna:@h", "https://h/a:b@c",
        "https://", "https://anna:${var.password}@h/x", "https://${var.user}@h"}) {
    INFO(text);
    CHECK(hide_passwords(text) == text);
    CHECK(!has_password(text));
  }
  CHECK(has_password("https://anna:hunter2@h"));
}

}  // namespace vscale::test
