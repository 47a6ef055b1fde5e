// Where a server listens: how it is written, and whether others than this machine can come there.

#include "providers/http_server/listen_endpoint.h"

#include <catch2/catch.hpp>

namespace vscale::test {

TEST_CASE("an endpoint is a numeric address and a port") {
  CHECK(*parse_listen_endpoint("127.0.0.1:9188") == ListenEndpoint{.address = "127.0.0.1", .port = 9188});
  CHECK(*parse_listen_endpoint("[::1]:9188") == ListenEndpoint{.address = "::1", .port = 9188});
  CHECK(*parse_listen_endpoint("fe80::1:9188") == ListenEndpoint{.address = "fe80::1", .port = 9188});
  CHECK(*parse_listen_endpoint("localhost:80") == ListenEndpoint{.address = "127.0.0.1", .port = 80});
  CHECK(to_string(*parse_listen_endpoint("[::1]:9188")) == "[::1]:9188");
  CHECK(to_string(*parse_listen_endpoint("10.0.0.5:1")) == "10.0.0.5:1");
}

TEST_CASE("anything else is nowhere to listen, and no name is looked up") {
  for (const char* text : {"vscale.example.lan:9188", "127.0.0.1", "127.0.0.1:", ":9188", "127.0.0.1:65536",
                           "127.0.0.1:-1", "127.0.0.1:9188 ", "127.1:9188", "[127.0.0.1]:9188", "[]:1", ""}) {
    INFO(text);
    const auto endpoint = parse_listen_endpoint(text);
    REQUIRE(!endpoint.ok());
    CHECK(endpoint.error().kind == ErrorKind::invalid);
  }
}

TEST_CASE("only an address of the loopback is this machine's alone") {
  for (const char* text : {"127.0.0.1:1", "127.8.9.10:1", "[::1]:1", "localhost:1", "[::ffff:127.0.0.1]:1"}) {
    INFO(text);
    CHECK(is_loopback(*parse_listen_endpoint(text)));
  }
  for (const char* text : {"0.0.0.0:1", "[::]:1", "10.0.0.5:1", "[fe80::1]:1", "[::ffff:10.0.0.5]:1"}) {
    INFO(text);
    CHECK_FALSE(is_loopback(*parse_listen_endpoint(text)));
  }
}

}  // namespace vscale::test
