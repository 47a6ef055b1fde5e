#include "providers/http/url.h"

#include <catch2/catch.hpp>

namespace vscale::test {

TEST_CASE("a URL is asked as it was written, without its login") {
  for (const char* text : {"http://10.0.0.1:9090/api?a=b&c=%20", "https://prom:8443/", "http://[fd00::1]:80/x"}) {
    CHECK(without_login(parse_url(text).value()) == text);
  }
  CHECK(without_login(parse_url("http://anna:pw@prom:9090/x?y#z").value()) == "http://prom:9090/x?y");
}

TEST_CASE("a part of a query is encoded but for letters, digits and four marks") {
  CHECK(percent_encoded("aZ09-._~") == "aZ09-._~");
  CHECK(percent_encoded("sum(a{b=\"c\"}) + 1&d") == "sum%28a%7Bb%3D%22c%22%7D%29%20%2B%201%26d");
  CHECK(percent_encoded("\xc3\xa4\n") == "%C3%A4%0A");
  CHECK(percent_encoded("").empty());
}

TEST_CASE("a path cannot end its line, and keeps what is encoded") {
  CHECK(encoded_path("/a b\r\nX: y/%20?q=1") == "/a%20b%0D%0AX:%20y/%20?q=1");
}

}  // namespace vscale::test
