// Clients that send too much, too slowly, too often or nonsense: each is ended by its bound, and the others are served.

#include <sys/resource.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <random>
#include <thread>
#include <vector>

#include "tests/providers/http_server/raw_client.h"

namespace vscale::test {
namespace {

/// Sends a byte every 20 ms until the other side takes no more.
void dribble(const RawClient& client, const std::string& bytes) {
  for (const char byte : bytes) {
    if (!client.send(std::string(1, byte))) return;
    std::this_thread::sleep_for(Duration{20});
  }
}

}  // namespace

TEST_CASE("a request that trickles in is cut off when its time is over, however steadily it comes") {
  auto server = server_of(greeting(), {.request_time = Duration{200}, .parting_time = Duration{100}});
  const RawClient client(server->endpoint().port);
  const Stopwatch watch;

  dribble(client, "GET /hello HTTP/1.1\r\nX: " + std::string(100, 'x'));

  CHECK(watch.passed() >= Duration{200});
  CHECK(watch.passed() < Duration{1'500});
  const std::string answer = client.rest();
  // The answer may be lost to what was sent after it.
  CHECK((answer.empty() || status_of(answer) == "408"));
}

TEST_CASE("half a request and then silence is answered by 408") {
  auto server = server_of(greeting(), {.request_time = Duration{100}});
  const RawClient client(server->endpoint().port);
  client.send("GET /hello HTTP/1.1\r\nHost: loc");

  const std::string answer = client.rest();

  CHECK(status_of(answer) == "408");
  CHECK(body_of(answer) == "The request did not come to its end in time.\n");
}

TEST_CASE("a connection on which nothing is asked is closed") {
  auto server = server_of(greeting(), {.request_time = Duration{50}, .idle_time = Duration{150}});
  const RawClient silent(server->endpoint().port);
  const Stopwatch watch;
  CHECK(silent.rest().empty());
  CHECK(watch.passed() < Duration{1'500});

  const RawClient idle(server->endpoint().port);
  idle.send(get("/hello"));
  idle.until("hello\n");
  const Stopwatch idle_watch;

  CHECK(idle.rest().empty());

  CHECK(idle_watch.passed() >= Duration{100});
  CHECK(idle_watch.passed() < Duration{1'500});
}

TEST_CASE("a client that does not take its answer is cut off, and what was under way to it is dropped") {
  constexpr std::size_t kLarge = 64 * kMiB;  // more than the system takes over from a server
  auto server = server_of({{"/large", [](const PageRequest&) { return PageAnswer{.body = std::string(kLarge, 'x')}; }}},
                          {.answer_bytes = kLarge, .request_time = Duration{200}});
  const RawClient client(server->endpoint().port);
  client.send(get("/large"));
  client.until("HTTP/1.1");
  const Stopwatch watch;

  client.until_reset();

  CHECK(watch.passed() < Duration{1'500});
  CHECK(client.rest().size() < kLarge);
}

TEST_CASE("more connections than are allowed push out those that wait longest, and whoever asks is served") {
  auto server = server_of(greeting(), {.connections = 4});
  std::vector<RawClient> crowd;
  for (int i = 0; i < 100; ++i) {
    crowd.emplace_back(server->endpoint().port);
    if (i % 2 == 0) crowd.back().send("GET /hello HTTP/1.1\r\nX-Slow: ");
  }
  const Stopwatch watch;

  const std::string answer = answer_to(*server, get("/hello"));

  CHECK(body_of(answer) == "hello\n");
  CHECK(watch.passed() < Duration{1'000});
  CHECK(crowd.front().rest().empty());
}

TEST_CASE("one who is being sent an answer is not pushed out by those who only wait") {
  auto server =
      server_of({{"/large", [](const PageRequest&) { return PageAnswer{.body = std::string(8 * kMiB, 'x')}; }}},
                {.connections = 4});
  const RawClient client(server->endpoint().port);
  client.send(get("/large", "Connection: close\r\n"));
  const std::string beginning = client.until("\r\n\r\n");
  std::vector<RawClient> crowd;
  for (int i = 0; i < 50; ++i) crowd.emplace_back(server->endpoint().port);
  answer_to(*server, get("/none"));

  const std::string answer = beginning + client.rest();

  CHECK(body_of(answer).size() == 8 * kMiB);
}

TEST_CASE("a flood of requests is answered by 429 beyond the rate, and over it the server is as before") {
  std::atomic<int> made{0};
  auto server = server_of({{"/page",
                            [&](const PageRequest&) {
                              ++made;
                              return PageAnswer{};
                            }}},
                          {.requests_per_second = 20});
  const Stopwatch watch;
  int ok = 0, refused = 0;
  std::string a_refusal;
  for (int i = 0; i < 300; ++i) {
    const std::string answer = answer_to(*server, get("/page"));
    if (status_of(answer) == "200") ++ok;
    if (status_of(answer) == "429") {
      ++refused;
      a_refusal = answer;
    }
  }
  const auto most = 20 + 20 * watch.passed().count() / 1000 + 1;

  CHECK(ok >= 20);
  CHECK(ok <= most);
  CHECK(ok + refused == 300);
  CHECK(made == ok);
  CHECK(a_refusal.find("Retry-After: 1\r\n") != std::string::npos);
  CHECK(body_of(a_refusal) == "More than 20 requests a second are not answered.\n");
  std::this_thread::sleep_for(Duration{100});
  CHECK(status_of(answer_to(*server, get("/page"))) == "200");
}

TEST_CASE("a request that is too long is refused by what is too long of it") {
  auto server = server_of(greeting());
  std::string many_headers;
  for (int i = 0; i < 70; ++i) many_headers += fmt::format("X-{}: 1\r\n", i);

  CHECK(status_of(answer_to(*server, get("/" + std::string(4'000, 'a')))) == "414");
  CHECK(status_of(answer_to(*server, "GET /" + std::string(4'000, 'a'))) == "414");
  CHECK(status_of(answer_to(*server, get("/hello", "X: " + std::string(10'000, 'x') + "\r\n"))) == "431");
  CHECK(status_of(answer_to(*server, get("/hello", many_headers))) == "431");
  CHECK(status_of(answer_to(*server, get("/hello", "X: " + std::string(7'000, 'x') + "\r\n"))) == "200");
}

TEST_CASE("a request without end is refused at its bound") {
  auto server = server_of(greeting());
  const RawClient client(server->endpoint().port);
  const std::string line = "X: " + std::string(1'000, 'x') + "\r\n";
  client.send("GET /hello HTTP/1.1\r\n");
  const Stopwatch watch;

  // Until what is refused is no longer taken: 256 KiB of it are dropped, and what the kernel holds.
  int lines = 0;
  while (lines < 100'000 && client.send(line)) ++lines;

  CHECK(lines < 100'000);
  CHECK(watch.passed() < Duration{5'000});
}

TEST_CASE("headers that ask for much get the plain page") {
  auto server = server_of(greeting());
  std::string ranges = "Range: bytes=0-0";
  for (int i = 0; i < 1'500; ++i) ranges += ",0-5";

  for (const std::string& header : {ranges, std::string("Range: bytes=0-1"), std::string("Accept-Encoding: br, gzip"),
                                    std::string("Expect: 100-continue")}) {
    INFO(header);
    const std::string answer = answer_to(*server, get("/hello", header + "\r\n"));
    CHECK(status_of(answer) == "200");
    CHECK(body_of(answer) == "hello\n");
  }
}

TEST_CASE("a number that no machine can hold is refused") {
  auto server = server_of(greeting());

  CHECK(status_of(answer_to(*server, get("/hello", "Range: bytes=99999999999999999999999-\r\n"))) == "416");
  CHECK(status_of(answer_to(*server, get("/hello", "Content-Length: 99999999999999999999999\r\n"))) == "400");
  CHECK(status_of(answer_to(*server, get("/hello"))) == "200");
}

TEST_CASE("what is no HTTP is refused, and harms nobody") {
  auto server = server_of(greeting(), {.requests_per_second = 100'000});
  const std::string tls_hello("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);
  for (const std::string& bytes :
       {tls_hello, std::string("GET /hello\r\n\r\n"), std::string("GET /hello HTTP/9.9\r\n\r\n"),
        std::string("GET /hello HTTP/1.1\n\n"), std::string("BREW /hello HTTP/1.1\r\n\r\n"),
        std::string("GET /hel\0lo HTTP/1.1\r\n\r\n", 24), std::string("GET /hello HTTP/1.1\rX: y\r\n\r\n"),
        std::string("\r\n\r\n")}) {
    INFO(bytes);
    CHECK(status_of(answer_to(*server, bytes)) == "400");
  }
  CHECK(answer_to(*server, "").empty());
  CHECK(answer_to(*server, "GET /hello HTT").empty());
  CHECK(status_of(answer_to(*server, get("/hello"))) == "200");
}

TEST_CASE("whatever bytes come, the server goes on") {
  const unsigned seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  auto server = server_of(greeting(), {.requests_per_second = 100'000, .request_time = Duration{500}});
  const std::string valid = get("/hello?a=%41&b", "Range: bytes=0-3,5-\r\nConnection: keep-alive\r\n") + get("/hello");
  for (int i = 0; i < 500; ++i) {
    std::string bytes = valid;
    for (unsigned change = random() % 8 + 1; change > 0; --change) {
      const std::size_t at = random() % bytes.size();
      switch (random() % 3) {
        case 0:
          bytes[at] = static_cast<char>(random());
          break;
        case 1:
          bytes.erase(at, random() % 4);
          break;
        default:
          bytes.insert(at, bytes.substr(random() % bytes.size(), random() % 16));
      }
    }
    answer_to(*server, bytes);
  }

  CHECK(status_of(answer_to(*server, get("/hello"))) == "200");
}

TEST_CASE("a server for which there are no descriptors left rests, and lets in newcomers once there are") {
  auto server = server_of(greeting());
  const RawClient client(server->endpoint().port);
  client.send(get("/hello"));
  client.until("hello\n");
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
  const RawClient newcomer(server->endpoint().port);
  CHECK(body_of(answer_to(*server, get("/hello"))) == "hello\n");
  RawClient late(server->endpoint().port);
  const rlimit none{.rlim_cur = 3, .rlim_max = before.rlim_max};

  REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
  client.send(get("/hello"));
  const std::string served = client.until("hello\n");
  REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
  late.send(get("/hello", "Connection: close\r\n"));

  CHECK(body_of(served) == "hello\n");
  CHECK(body_of(late.rest()) == "hello\n");
}

}  // namespace vscale::test
