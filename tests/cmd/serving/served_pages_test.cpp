// The pages of a running watch, made by fakes, and asked for over HTTP as anybody would.

#include "cmd/serving/served_pages.h"

#include <curl/curl.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "cmd/serving/metrics_page.h"
#include "providers/http_server/http_server.h"

namespace vscale::test {
namespace {

constexpr Duration kLimit{60'000};

LoopPulse at_work(Duration since_it_got_on) {
  return {.since_it_got_on = since_it_got_on, .limit = kLimit, .has_ticked = true, .holds_lock = true};
}

struct Answered {
  long status = 0;
  std::string content_type, body;

  bool operator==(const Answered&) const = default;
};

std::size_t keep_body(const char* bytes, std::size_t, std::size_t size, void* body) {
  static_cast<std::string*>(body)->append(bytes, size);
  return size;
}

Answered fetched(const HttpServer& server, const std::string& target) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(), curl_easy_cleanup);
  Answered answer;
  curl_easy_setopt(curl.get(), CURLOPT_URL, ("http://" + to_string(server.endpoint()) + target).c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROXY, "");
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS, 10'000L);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, &keep_body);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &answer.body);
  REQUIRE(curl_easy_perform(curl.get()) == CURLE_OK);
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &answer.status);
  char* content_type = nullptr;
  curl_easy_getinfo(curl.get(), CURLINFO_CONTENT_TYPE, &content_type);
  if (content_type != nullptr) answer.content_type = content_type;
  return answer;
}

}  // namespace

TEST_CASE("a loop is well while it has got on within the bound, and stuck afterwards") {
  CHECK(healthz(at_work(Duration{3'000})) == PageAnswer{.body = "ok: it got on 3s ago\n"});
  CHECK(healthz(at_work(kLimit)).status == 200);
  CHECK(healthz(at_work(kLimit + Duration{1})).status == 503);
  CHECK(healthz(at_work(Duration{300'000})) ==
        PageAnswer{.status = 503, .body = "stuck: it has not got on for 5m, and 1m are allowed\n"});
}

TEST_CASE("a loop that waits for the lock is well as long as it looks for it, also before its first tick") {
  CHECK(healthz({.since_it_got_on = Duration{2'000}, .limit = kLimit}) ==
        PageAnswer{.body = "ok: it got on 2s ago, waiting for the lock\n"});
  CHECK(healthz({.since_it_got_on = Duration{61'000}, .limit = kLimit}).status == 503);
}

TEST_CASE("a loop is ready once it has completed a tick, while it holds the lock") {
  CHECK(readyz(at_work(Duration{3'000})) == PageAnswer{.body = "ready\n"});
  CHECK(readyz({.limit = kLimit, .holds_lock = true}) ==
        PageAnswer{.status = 503, .body = "not ready: no tick has been completed so far\n"});
  CHECK(readyz({.limit = kLimit, .has_ticked = true}) ==
        PageAnswer{.status = 503, .body = "not ready: another vscale holds the lock\n"});
}

TEST_CASE("an error of a page is JSON, with a status by its kind") {
  const PageAnswer answer = error_answer({ErrorKind::timed_out, "kvm1 did not answer", "no route", "look at kvm1"});

  CHECK(answer.status == 503);
  CHECK(answer.content_type == "application/json");
  CHECK(answer.body ==
        R"({"error":{"kind":"timed_out","message":"kvm1 did not answer","detail":"no route","hint":"look at kvm1"}})"
        "\n");
  CHECK(error_answer({.kind = ErrorKind::not_found, .message = {}, .detail = {}, .hint = {}}).status == 404);
  CHECK(error_answer({.kind = ErrorKind::invalid, .message = {}, .detail = {}, .hint = {}}).status == 400);
  CHECK(error_answer({.kind = ErrorKind::failed, .message = {}, .detail = {}, .hint = {}}).status == 500);
}

TEST_CASE("a running watch serves its metrics, its health and what its commands say") {
  std::atomic<int> since_it_got_on_ms{1'000};
  ServedPages pages;
  pages.pulse = [&] { return at_work(Duration{since_it_got_on_ms.load()}); };
  pages.metrics = [] { return metrics_page({.version = "0.1.0"}); };
  pages.status = [](const PageRequest&) -> Result<std::string> { return std::string("{\"name\":\"prod\"}\n"); };
  pages.events = [](const PageRequest& request) -> Result<std::string> {
    return "[\"" + request.query.at("group") + "\"]";
  };
  pages.hosts = [](const PageRequest&) -> Result<std::string> {
    return Error{ErrorKind::not_found, "there is no host kvm9", "", ""};
  };
  auto server = HttpServer::start({.address = "127.0.0.1", .port = 0}, routes_of(pages));
  REQUIRE(server.ok());

  CHECK(fetched(**server, "/metrics") ==
        Answered{200, "text/plain; version=0.0.4; charset=utf-8", metrics_page({.version = "0.1.0"})});
  CHECK(fetched(**server, "/healthz").status == 200);
  CHECK(fetched(**server, "/readyz").status == 200);
  CHECK(fetched(**server, "/api/v1/status") == Answered{200, "application/json", "{\"name\":\"prod\"}\n"});
  CHECK(fetched(**server, "/api/v1/events?group=web") == Answered{200, "application/json", "[\"web\"]"});
  CHECK(fetched(**server, "/api/v1/hosts").status == 404);
  CHECK(
      fetched(**server, "/api/v1/groups").body ==
      "There is no such page here. There are: /api/v1/events /api/v1/hosts /api/v1/status /healthz /metrics /readyz\n");
  since_it_got_on_ms = 300'000;
  CHECK(fetched(**server, "/healthz").status == 503);
}

}  // namespace vscale::test
