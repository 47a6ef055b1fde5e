// The server hands out the pages of its table, tells what it does not serve, and stops when it is told to.

#include "providers/http_server/http_server.h"

#include <httplib.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <stdexcept>
#include <thread>

#include "tests/providers/http_server/raw_client.h"

namespace vscale::test {

TEST_CASE("a page of the table is served, with its path and query decoded") {
  PageRequest asked;
  auto server = server_of({{"/api/v1/events", [&](const PageRequest& request) {
                              asked = request;
                              return PageAnswer{.content_type = "application/json", .body = "[]\n"};
                            }}});

  const std::string answer = answer_to(*server, get("/api/v1/events?group=web%2D1&last=3+h&last=9"));

  CHECK(status_of(answer) == "200");
  CHECK(answer.find("Content-Type: application/json\r\n") != std::string::npos);
  CHECK(answer.find("Cache-Control: no-store\r\n") != std::string::npos);
  CHECK(body_of(answer) == "[]\n");
  CHECK(asked == PageRequest{.path = "/api/v1/events", .query = {{"group", "web-1"}, {"last", "3 h"}}});
}

TEST_CASE("a path that is not in the table is told with those that are") {
  auto server = server_of(greeting());

  const std::string answer = answer_to(*server, get("/hello/more"));

  CHECK(status_of(answer) == "404");
  CHECK(body_of(answer) == "There is no such page here. There are: /hello\n");
}

TEST_CASE("a page keeps the status that it has, and one that fails is a 500 which tells no secret") {
  auto server = server_of({{"/healthz", [](const PageRequest&) { return PageAnswer{.status = 503, .body = "ill\n"}; }},
                           {"/broken", [](const PageRequest&) -> PageAnswer { throw std::runtime_error("secret"); }}});

  const std::string ill = answer_to(*server, get("/healthz"));
  const std::string broken = answer_to(*server, get("/broken"));

  CHECK(status_of(ill) == "503");
  CHECK(body_of(ill) == "ill\n");
  CHECK(status_of(broken) == "500");
  CHECK(broken.find("secret") == std::string::npos);
}

TEST_CASE("a page that is larger than the bound is a 500") {
  auto server =
      server_of({{"/large", [](const PageRequest&) { return PageAnswer{.body = std::string(2 * kKiB, 'x')}; }}},
                {.answer_bytes = kKiB});

  const std::string answer = answer_to(*server, get("/large"));

  CHECK(status_of(answer) == "500");
  CHECK(body_of(answer) == "The page has 2 KiB, and 1 KiB are served at most.\n");
}

TEST_CASE("nothing but GET is served") {
  auto server = server_of(greeting());

  for (const char* method : {"POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"}) {
    INFO(method);
    const std::string answer = answer_to(
        *server, std::string(method) + " /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nbody");
    CHECK(status_of(answer) == "405");
    CHECK(answer.find("Allow: GET\r\n") != std::string::npos);
    CHECK(answer.find("Connection: close\r\n") != std::string::npos);
  }
}

TEST_CASE("a request with a body is refused, and its body is not taken for the next request") {
  auto server = server_of(greeting());

  const std::string by_length = answer_to(*server, get("/hello", "Content-Length: 5\r\n") + "GET /");
  const std::string by_chunks = answer_to(*server, get("/hello", "Transfer-Encoding: chunked\r\n") + get("/hello"));

  CHECK(status_of(by_length) == "400");
  CHECK(status_of(by_chunks) == "400");
  CHECK(by_chunks.find("HTTP/1.1", 1) == std::string::npos);
}

TEST_CASE("a connection is kept open for the next request, and closed after as many as are allowed") {
  auto server = server_of(greeting(), {.requests_per_connection = 3});
  const RawClient client(server->endpoint().port);

  for (int i = 0; i < 2; ++i) {
    REQUIRE(client.send(get("/hello")));
    const std::string answer = client.until("hello\n");
    CHECK(status_of(answer) == "200");
    CHECK(answer.find("Connection: close") == std::string::npos);
  }
  REQUIRE(client.send(get("/hello")));
  const std::string last = client.rest();

  CHECK(status_of(last) == "200");
  CHECK(last.find("Connection: close\r\n") != std::string::npos);
}

TEST_CASE("requests that come all at once are answered in their order") {
  std::string order;
  auto server = server_of({{"/page", [&](const PageRequest& request) {
                              order += request.query.at("n");
                              return PageAnswer{.body = request.query.at("n") + "\n"};
                            }}});

  const std::string answers = answer_to(*server, get("/page?n=1") + get("/page?n=2") + get("/page?n=3"));

  CHECK(order == "123");
  CHECK(answers.find("\r\n1\n") < answers.find("\r\n2\n"));
  CHECK(answers.find("\r\n2\n") < answers.find("\r\n3\n"));
  CHECK(answers.find("\r\n3\n") != std::string::npos);
}

TEST_CASE("a client that wants the connection closed has it closed, and so has one of HTTP/1.0") {
  auto server = server_of(greeting());
  const RawClient closing(server->endpoint().port);
  const RawClient old(server->endpoint().port);

  closing.send(get("/hello", "Connection: close\r\n"));
  old.send("GET /hello HTTP/1.0\r\n\r\n");

  CHECK(body_of(closing.rest()) == "hello\n");
  CHECK(body_of(old.rest()) == "hello\n");
}

TEST_CASE("on a loopback address a page is only for those who ask this machine by its own name or number") {
  auto server = server_of(greeting());

  for (const char* host : {"localhost", "localhost:9188", "127.0.0.1:9188", "[::1]:9188", "[::1]"}) {
    INFO(host);
    CHECK(status_of(answer_to(*server, fmt::format("GET /hello HTTP/1.1\r\nHost: {}\r\n\r\n", host))) == "200");
  }
  for (const char* host : {"rebound.example.com:9188", "127.0.0.1.example.com", "localhost.example.com:9188"}) {
    INFO(host);
    CHECK(status_of(answer_to(*server, fmt::format("GET /hello HTTP/1.1\r\nHost: {}\r\n\r\n", host))) == "403");
  }
}

TEST_CASE("on another address any name will do") {
  auto server = HttpServer::start({.address = "0.0.0.0", .port = 0}, greeting());
  REQUIRE(server.ok());

  CHECK(status_of(answer_to(**server, "GET /hello HTTP/1.1\r\nHost: vscale.example.lan\r\n\r\n")) == "200");
}

TEST_CASE("a server listens by IPv6, too") {
  auto server = HttpServer::start({.address = "::1", .port = 0}, greeting());
  // A machine may be without it.
  if (!server.ok()) {
    CHECK(server.error().kind == ErrorKind::invalid);
    return;
  }
  CHECK(to_string((*server)->endpoint()) == fmt::format("[::1]:{}", (*server)->endpoint().port));
  httplib::Client client("::1", (*server)->endpoint().port);
  const auto answer = client.Get("/hello");
  REQUIRE(answer);
  CHECK(answer->body == "hello\n");
}

TEST_CASE("an address that is in use is an error that says what to do") {
  auto server = server_of(greeting());

  const auto second = HttpServer::start(server->endpoint(), greeting());

  REQUIRE(!second.ok());
  const std::string port = std::to_string(server->endpoint().port);
  CHECK(second.error().kind == ErrorKind::conflict);
  CHECK(second.error().message == "cannot listen on 127.0.0.1:" + port);
  CHECK(second.error().hint == "another program listens there, which `ss -tlnp sport = :" + port +
                                   "` names: end it, or write another port under watch.listen");
}

TEST_CASE("an address that the machine does not have is an error") {
  const auto server = HttpServer::start({.address = "192.0.2.1", .port = 0}, greeting());

  REQUIRE(!server.ok());
  CHECK(server.error().kind == ErrorKind::invalid);
}

TEST_CASE("a server that is stopped is gone at once, with those who were connected, and its address is free") {
  auto server = server_of(greeting());
  const ListenEndpoint endpoint = server->endpoint();
  const RawClient idle(endpoint.port);
  const RawClient half(endpoint.port);
  half.send("GET /hel");
  const RawClient served(endpoint.port);
  served.send(get("/hello"));
  served.until("hello\n");
  const Stopwatch watch;

  CHECK(server->stop().ok());

  CHECK(watch.passed() < Duration{1'000});
  CHECK(idle.rest().empty());
  CHECK(half.rest().empty());
  CHECK(served.rest().empty());
  CHECK_FALSE(RawClient(endpoint.port).connected());
  CHECK(server->stop().ok());
  CHECK(HttpServer::start(endpoint, greeting()).ok());
}

TEST_CASE("a page that does not come to its end holds up a stop no longer than its bound") {
  std::promise<void> begun;
  std::promise<void> go_on;
  std::promise<void> ended;
  auto server = server_of({{"/stuck",
                            [&](const PageRequest&) {
                              begun.set_value();
                              go_on.get_future().wait();
                              ended.set_value();
                              return PageAnswer{};
                            }}},
                          {.stop_time = Duration{50}});
  const RawClient client(server->endpoint().port);
  client.send(get("/stuck"));
  begun.get_future().wait();
  const Stopwatch watch;

  const auto stopped = server->stop();

  REQUIRE(!stopped.ok());
  CHECK(stopped.error().kind == ErrorKind::timed_out);
  CHECK(watch.passed() >= Duration{50});
  CHECK(watch.passed() < Duration{1'000});
  go_on.set_value();
  ended.get_future().wait();
  client.rest();
}

}  // namespace vscale::test
