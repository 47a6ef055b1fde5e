#include "providers/network/network_probe.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>

#include "tests/support/servers/raw_server.h"

namespace vscale::test {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr Duration kPatient{10'000};
constexpr Duration kBrief{300};

}  // namespace

TEST_CASE("a port that takes connections is reached") {
  const RawServer server(answering(""));
  CHECK(SocketProbe().connect_tcp("127.0.0.1", server.port(), kPatient).ok());
}

TEST_CASE("a port that nobody listens on is unreachable at once") {
  int port = 0;
  { port = RawServer(answering("")).port(); }
  const auto started = SteadyClock::now();
  const Result<void> result = SocketProbe().connect_tcp("127.0.0.1", port, kPatient);
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().kind == ErrorKind::unreachable);
  CHECK(SteadyClock::now() - started < kPatient);
  CHECK(SocketProbe().get_http("127.0.0.1", port, "/", kPatient).error().kind == ErrorKind::unreachable);
}

TEST_CASE("an address is numeric and a port is a port: nothing is looked up") {
  for (const char* address : {"localhost", "", "example.org", "127.0.0.1; rm -rf", "999.1.1.1"}) {
    CHECK(SocketProbe().connect_tcp(address, 80, kBrief).error().kind == ErrorKind::invalid);
  }
  for (const int port : {0, -1, 65536}) {
    CHECK(SocketProbe().get_http("127.0.0.1", port, "/", kBrief).error().kind == ErrorKind::invalid);
  }
}

TEST_CASE("the status of an HTTP answer is told, whatever it is") {
  for (const int status : {200, 204, 302, 404, 503}) {
    const RawServer server(answering("HTTP/1.1 " + std::to_string(status) +
                                     " X\r\nContent-Length: 2\r\nLocation: http://127.0.0.1:1/\r\n\r\nok"));
    const Result<int> result = SocketProbe().get_http("127.0.0.1", server.port(), "/health", kPatient);
    INFO((result ? "" : to_string(result.error())));
    REQUIRE(result.ok());
    CHECK(*result == status);
  }
}

TEST_CASE("a body without an end keeps nobody waiting") {
  const RawServer server([](int fd, const std::atomic<bool>& stop) {
    read_request(fd);
    say(fd, "HTTP/1.1 200 OK\r\n\r\n");
    while (!stop && ::send(fd, "body", 4, MSG_NOSIGNAL) > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  });
  const Result<int> result = SocketProbe().get_http("127.0.0.1", server.port(), "/", kPatient);
  REQUIRE(result.ok());
  CHECK(*result == 200);
}

TEST_CASE("a server that says nothing, or not enough, is late") {
  for (const auto& serve : {std::function(be_silent), std::function(drip)}) {
    const RawServer server(serve);
    const auto started = SteadyClock::now();
    const Result<int> result = SocketProbe().get_http("127.0.0.1", server.port(), "/", kBrief);
    CHECK(SteadyClock::now() - started < kPatient);
    REQUIRE_FALSE(result.ok());
    CHECK(result.error().kind == ErrorKind::timed_out);
  }
}

TEST_CASE("an answer whose first line or head has no end is given up when it is too long, not when time is up") {
  for (const char* start : {"", "HTTP/1.1 200 ", "HTTP/1.1 200 OK\r\nX-Endless: "}) {
    const RawServer server(without_an_end(start));
    const auto started = SteadyClock::now();
    const Result<int> result = SocketProbe().get_http("127.0.0.1", server.port(), "/", kPatient);
    INFO(start);
    CHECK(SteadyClock::now() - started < kPatient / 2);
    REQUIRE_FALSE(result.ok());
    CHECK(result.error().kind == ErrorKind::invalid);
  }
}

TEST_CASE("what comes before the answer is not taken for it") {
  const RawServer server(answering("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"));
  CHECK(SocketProbe().get_http("127.0.0.1", server.port(), "/", kPatient).value() == 200);
}

TEST_CASE("a request names its host and its path, and nothing in a path adds a line to it") {
  std::string request;
  int port = 0;
  {
    const RawServer server([&](int fd, const std::atomic<bool>&) {
      char byte = 0;
      while (!request.ends_with("\r\n\r\n") && ::recv(fd, &byte, 1, 0) == 1) request += byte;
      say(fd, "HTTP/1.0 200\r\n\r\n");
    });
    const Result<int> result =
        SocketProbe().get_http("127.0.0.1", server.port(), "/a b\r\nX: y/%20?q=1&r=\xc3\xa4", kPatient);
    REQUIRE(result.ok());
    port = server.port();
  }
  CHECK(request.starts_with("GET /a%20b%0D%0AX:%20y/%20?q=1&r=%C3%A4 HTTP/1.1\r\n"));
  CHECK(request.find("\r\nHost: 127.0.0.1:" + std::to_string(port) + "\r\n") != std::string::npos);
  CHECK(request.find("\r\nConnection: close\r\n") != std::string::npos);
}

TEST_CASE("a proxy that the environment names is not asked for a guest") {
  const RawServer server(answering("HTTP/1.1 204 No Content\r\n\r\n"));
  ::setenv("http_proxy", "http://127.0.0.1:1/", 1);
  ::setenv("ALL_PROXY", "http://127.0.0.1:1/", 1);
  const Result<int> result = SocketProbe().get_http("127.0.0.1", server.port(), "/", kPatient);
  const Result<void> connected = SocketProbe().connect_tcp("127.0.0.1", server.port(), kPatient);
  ::unsetenv("http_proxy");
  ::unsetenv("ALL_PROXY");
  CHECK(result.ok());
  CHECK(connected.ok());
}

TEST_CASE("what is not HTTP is invalid") {
  const RawServer server(answering("SSH-2.0-OpenSSH_9.2\r\n"));
  const Result<int> result = SocketProbe().get_http("127.0.0.1", server.port(), "/", kPatient);
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().kind == ErrorKind::invalid);
}

}  // namespace vscale::test
