#include "providers/http/http_client.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "tests/providers/sqlite/state_store_fixture.h"
#include "tests/support/servers/raw_server.h"
#include "tests/support/servers/tls_identity.h"
#include "tests/support/servers/web_server.h"

namespace vscale::test {
namespace {

using Steady = std::chrono::steady_clock;

/// Longer than any answer of these tests takes, however busy the machine is, and short enough to be told from.
constexpr Duration kGenerous{20'000};
constexpr Duration kHasty{300};
/// Enough for a server that answers at once, also on a busy machine, and still a bound to wait for.
constexpr Duration kFair{900};

bool nobody_stops() {
  return false;
}

HttpQuestion question(const std::string& url) {
  return {.url = url, .user = {}, .password = {}, .headers = {}, .timeout = kGenerous};
}

std::string url_of(const RawServer& server) {
  return "http://127.0.0.1:" + std::to_string(server.port());
}

HttpAnswer answered(const HttpQuestion& question) {
  const auto answer = HttpClient().get(question);
  INFO((answer ? "" : to_string(answer.error())));
  REQUIRE(answer);
  return *answer;
}

/// With more time for all than for the question, so that it is that of the question which is used up.
Error failed(const HttpQuestion& question) {
  const auto answer = HttpClient().get_all({question}, 2 * kGenerous, nobody_stops).front();
  REQUIRE_FALSE(answer);
  UNSCOPED_INFO(to_string(answer.error()));
  return answer.error();
}

std::string told(const HttpQuestion& question, const std::string& server) {
  const Error error = failed(question);
  return replaced(std::string(to_string(error.kind)) + ": " + to_string(error), server, "http://SERVER");
}

Duration since(Steady::time_point began) {
  return std::chrono::duration_cast<Duration>(Steady::now() - began);
}

}  // namespace

TEST_CASE("an answer of any status is an answer, with its body") {
  for (const int status : {200, 400, 404, 503}) {
    WebServer server;
    (*server).Get("/x", [status](const httplib::Request&, httplib::Response& response) {
      response.status = status;
      response.set_content("{\"free\": 7}", "application/json");
    });
    CHECK(answered(question(server.url() + "/x")) == HttpAnswer{status, "{\"free\": 7}"});
  }
}

TEST_CASE("a redirect is an answer, and nobody goes where it leads") {
  WebServer server;
  server.lead("/from", "/to");
  server.serve("/to", "7");
  CHECK(answered(question(server.url() + "/from")).status == 302);
  CHECK(server.asked() == "/from ");
}

TEST_CASE("a question carries its query, its headers and its login") {
  WebServer server;
  std::string query, header;
  (*server).Get("/api", [&](const httplib::Request& request, httplib::Response& response) {
    query = request.get_param_value("query");
    header = request.get_header_value("X-Scope");
    response.set_content("1", "text/plain");
  });
  HttpQuestion asked = question(server.url() + "/api?query=sum%28a%29%20%2B%201");
  asked.headers = {{"X-Scope", "tenant"}};
  asked.user = "anna";
  asked.password = "hunter2";
  CHECK(answered(asked).body == "1");
  CHECK(query == "sum(a) + 1");
  CHECK(header == "tenant");
  CHECK(server.authorization() == "Basic YW5uYTpodW50ZXIy");
}

TEST_CASE("a login in the URL counts where no other is given") {
  WebServer server;
  server.serve("/x", "1");
  answered(question("http://anna:hunter2@127.0.0.1:" + std::to_string(server.port()) + "/x"));
  CHECK(server.authorization() == "Basic YW5uYTpodW50ZXIy");
}

TEST_CASE("an answer is taken up to its bound, and one byte more is an error") {
  WebServer server;
  server.serve("/full", std::string(1000, 'x'));
  server.serve("/more", std::string(1001, 'x'));
  HttpQuestion asked = question(server.url() + "/full");
  asked.max_bytes = 1000;
  CHECK(answered(asked).body.size() == 1000);
  asked.url = server.url() + "/more";
  CHECK(told(asked, server.url()) ==
        "invalid: http://SERVER/more answered with more than 1000 B; ask for the number alone");
}

TEST_CASE("a body without an end is given up when it is too long, not when time is up") {
  const RawServer server(without_an_end("HTTP/1.1 200 OK\r\n\r\n"));
  const auto began = Steady::now();
  CHECK(failed(question(url_of(server) + "/")).kind == ErrorKind::invalid);
  CHECK(since(began) < kGenerous / 2);
}

TEST_CASE("a header without an end is given up likewise") {
  const RawServer server(without_an_end("HTTP/1.1 200 OK\r\nX-Endless: "));
  const auto began = Steady::now();
  CHECK(failed(question(url_of(server) + "/")).kind == ErrorKind::invalid);
  CHECK(since(began) < kGenerous / 2);
}

TEST_CASE("who does not answer in time is late, and who does not listen is told at once") {
  const RawServer silent(be_silent);
  HttpQuestion asked = question(url_of(silent) + "/status");
  asked.timeout = kHasty;
  CHECK(told(asked, url_of(silent)) ==
        "timed_out: http://SERVER/status did not answer within 300 ms; check that it is up, and the way there");

  const std::string nobody = "http://127.0.0.1:" + std::to_string(deserted_port());
  CHECK(told(question(nobody + "/status"), nobody) ==
        "unreachable: http://SERVER/status does not take connections [Connection refused]; check the address and the "
        "port, and that something listens there");
}

TEST_CASE("an answer that comes byte by byte has used up its time all the same") {
  const RawServer server(drip);
  HttpQuestion asked = question(url_of(server) + "/");
  asked.timeout = kHasty;
  CHECK(failed(asked).kind == ErrorKind::timed_out);
}

TEST_CASE("what is no whole answer of a web server is none") {
  const RawServer ssh(answering("SSH-2.0-OpenSSH_9.2\r\n"));
  CHECK(failed(question(url_of(ssh))).kind == ErrorKind::invalid);
  const RawServer silent(answering(""));
  CHECK(failed(question(url_of(silent))).kind == ErrorKind::unreachable);
  const RawServer cut(answering("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n1234"));
  CHECK(told(question(url_of(cut)), url_of(cut)) ==
        "unreachable: http://SERVER/ broke its answer off after 4 bytes; see what it logs");
  const RawServer headless(answering("HTTP/1.1 200 OK\r\nContent-Len"));
  CHECK(failed(question(url_of(headless))).kind == ErrorKind::unreachable);
}

TEST_CASE("what is no URL of ours is not asked") {
  for (const char* url : {"", "prom:9090", "file:///etc/passwd", "gopher://127.0.0.1/", "http://", "http://a b/"}) {
    INFO(url);
    CHECK(failed(question(url)).kind == ErrorKind::invalid);
  }
}

TEST_CASE("a header cannot become two, and an error does not tell what is in it") {
  WebServer server;
  server.serve("/x", "1");
  HttpQuestion asked = question(server.url() + "/x");
  asked.headers = {{"Authorization", "Bearer hunter2\r\nX-Other: 1"}};
  const std::string text = told(asked, server.url());
  CHECK(text.starts_with("invalid: http://SERVER/x: the header Authorization holds a line break"));
  CHECK(text.find("hunter2") == std::string::npos);
  CHECK(server.asked().empty());
}

TEST_CASE("an error tells neither user nor password nor query nor token") {
  const std::string port = std::to_string(deserted_port());
  HttpQuestion asked = question("http://anna:hunter2@127.0.0.1:" + port + "/api?key=topsecret");
  asked.headers = {{"Authorization", "Bearer sesame"}};
  const std::string text = to_string(failed(asked));
  for (const char* secret : {"anna", "hunter2", "topsecret", "sesame"}) CHECK(text.find(secret) == std::string::npos);
  CHECK(text.starts_with("http://127.0.0.1:" + port + "/api does not take connections"));
}

TEST_CASE("no proxy that the environment names is asked for a number") {
  WebServer server;
  server.serve("/x", "1");
  ::setenv("http_proxy", "http://127.0.0.1:1/", 1);
  const auto answer = HttpClient().get(question(server.url() + "/x"));
  ::unsetenv("http_proxy");
  CHECK(answer.ok());
}

TEST_CASE("a server that is slow delays nobody who is asked beside it, however much it is asked") {
  const RawServer silent(be_silent);
  WebServer server;
  server.serve("/x", "7");
  std::vector<HttpQuestion> questions(2 * kHttpQuestionsAtOnce, question(url_of(silent) + "/"));
  questions.push_back(question(server.url() + "/x"));

  const auto began = Steady::now();
  const auto answers = HttpClient().get_all(questions, kFair, nobody_stops);

  CHECK(since(began) < kGenerous / 2);
  REQUIRE(answers.size() == questions.size());
  REQUIRE(answers.back());
  CHECK(answers.back()->body == "7");
  for (std::size_t i = 0; i + 1 < answers.size(); ++i) {
    REQUIRE_FALSE(answers[i]);
    const std::string& message = answers[i].error().message;
    INFO(message);
    const bool was_asked = message.find("did not answer within") != std::string::npos;
    const bool had_no_turn = message.ends_with("was not asked: all time went to others before it");
    CHECK((i < kHttpQuestionsPerServer ? was_asked : had_no_turn));
    CHECK(answers[i].error().kind == ErrorKind::timed_out);
  }
}

TEST_CASE("each question has its own time, beside others that have more") {
  const RawServer silent(be_silent);
  WebServer server;
  server.serve("/x", "7");
  std::vector<HttpQuestion> questions{question(url_of(silent) + "/"), question(server.url() + "/x")};
  questions.front().timeout = kHasty;
  const auto began = Steady::now();
  const auto answers = HttpClient().get_all(questions, kGenerous, nobody_stops);
  CHECK(since(began) < kGenerous / 2);
  CHECK(answers.front().error().message.ends_with("did not answer within 300 ms"));
  CHECK(answers.back().ok());
}

TEST_CASE("more questions than are asked at once are all answered, in their order") {
  WebServer server;
  (*server).Get("/.*", [](const httplib::Request& request, httplib::Response& response) {
    response.set_content(request.path.substr(1), "text/plain");
  });
  std::vector<HttpQuestion> questions;
  for (std::size_t i = 0; i < kHttpQuestionsAtOnce + 50; ++i) {
    questions.push_back(question(server.url() + "/" + std::to_string(i)));
  }
  const auto answers = HttpClient().get_all(questions, kGenerous, nobody_stops);
  REQUIRE(answers.size() == questions.size());
  for (std::size_t i = 0; i < answers.size(); ++i) {
    INFO((answers[i] ? "" : to_string(answers[i].error())));
    REQUIRE(answers[i]);
    CHECK(answers[i]->body == std::to_string(i));
  }
}

TEST_CASE("questions are left when we are to stop") {
  const RawServer silent(be_silent);
  std::atomic<int> looks{0};
  const auto began = Steady::now();
  const auto answers = HttpClient().get_all({question(url_of(silent) + "/")}, kGenerous, [&] { return ++looks > 2; });
  CHECK(since(began) < kGenerous / 2);
  REQUIRE_FALSE(answers.front());
  CHECK(answers.front().error().kind == ErrorKind::timed_out);
}

TEST_CASE("no questions are answered at once") {
  CHECK(HttpClient().get_all({}, kGenerous, nobody_stops).empty());
}

namespace {

/// Answers 7 by HTTPS, with that certificate.
class SecretTeller : public WebServer<httplib::SSLServer> {
 public:
  explicit SecretTeller(const Identity& identity) : WebServer(identity.certificate, identity.key) { serve("/x", "7"); }
  HttpQuestion question(HttpQuestion::Names names) const {
    HttpQuestion asked = test::question("https://127.0.0.1:" + std::to_string(port()) + "/x");
    asked.names = names;
    return asked;
  }
};

}  // namespace

TEST_CASE("a server that nobody vouches for is not believed, whatever its name") {
  const Identity identity;
  const SecretTeller server(identity);
  for (const auto names : {HttpQuestion::Names::checked, HttpQuestion::Names::any}) {
    const Error error = failed(server.question(names));
    CHECK(error.kind == ErrorKind::denied);
    CHECK(error.message.ends_with("has a certificate that is not trusted here"));
  }
}

TEST_CASE("of a guest whose certificate an authority vouches for the name is not looked at") {
  const TemporaryDirectory folder;
  const Identity identity("DNS:prod-web-0.example.lan");
  const SecretTeller server(identity);
  write_file(folder / "authority.pem", identity.pem());
  const TrustedFile trusted(folder / "authority.pem");

  CHECK(answered(server.question(HttpQuestion::Names::any)).body == "7");
  const Error error = failed(server.question(HttpQuestion::Names::checked));
  CHECK(error.kind == ErrorKind::denied);
  CHECK(error.message.ends_with("has a certificate for another name"));
}

}  // namespace vscale::test
