#include "cmd/watching/sources/source_questions.h"

#include <catch2/catch.hpp>
#include <string>

#include "tests/cmd/watching/sources/asking.h"

namespace vscale::test {
namespace {

HttpQuestion only_question(const Asking& asking) {
  const auto questions = asking.questions();
  REQUIRE(questions.size() == 1);
  const auto* question = std::get_if<HttpQuestion>(&questions.front().asks);
  REQUIRE(question != nullptr);
  return *question;
}

Error only_refusal(const Asking& asking) {
  const auto questions = asking.questions();
  REQUIRE(questions.size() == 1);
  const auto* error = std::get_if<Error>(&questions.front().asks);
  REQUIRE(error != nullptr);
  return *error;
}

std::string prometheus_at(const std::string& url) {
  return "queue: { kind: target, per: instance, target: 30, prometheus: { url: \"" + url +
         "\", query: 'sum(jobs{queue=\"a b\"}) + 1' } }";
}

constexpr const char* kInflux =
    "{ influxdb: { url: \"http://influx:8086\", database: my db, username: \"${env.U}\", "
    "password: \"${env.P}\" } }";
constexpr const char* kInfluxPolicy =
    "queue: { kind: target, target: 30, influxdb: { query: 'SELECT last(x) FROM y' } }";

std::string slots(const std::string& http) {
  return "slots: { kind: capacity, perInstance: 10, minAvailable: 15, http: { available: /free, " + http + " } }";
}

}  // namespace

TEST_CASE("a query to Prometheus is encoded, and keeps what its URL has already") {
  const std::string query = "query=sum%28jobs%7Bqueue%3D%22a%20b%22%7D%29%20%2B%201";
  CHECK(only_question(Asking(prometheus_at("http://prom:9090"))).url == "http://prom:9090/api/v1/query?" + query);
  CHECK(only_question(Asking(prometheus_at("https://prom/a/"))).url == "https://prom:443/a/api/v1/query?" + query);
  const HttpQuestion question = only_question(Asking(prometheus_at("http://anna:pw@prom:9090/a?dedup=true")));
  CHECK(question.url == "http://prom:9090/a/api/v1/query?dedup=true&" + query);
  CHECK(question.user == "anna");
  CHECK(question.password == "pw");
  CHECK(question.names == HttpQuestion::Names::checked);
  CHECK(question.timeout == kSourceTimeout);
}

TEST_CASE("InfluxDB is asked as metrics.influxdb says, with its secrets filled in") {
  const HttpQuestion question = only_question(Asking(kInfluxPolicy, kInflux, {{"U", "anna"}, {"P", "hunter2"}}));
  CHECK(question.url == "http://influx:8086/query?db=my%20db&q=SELECT%20last%28x%29%20FROM%20y");
  CHECK(question.user == "anna");
  CHECK(question.password == "hunter2");
}

TEST_CASE("a secret that has no value is told by its name, and nothing is asked") {
  const Error error = only_refusal(Asking(kInfluxPolicy, kInflux, {{"U", "anna"}}));
  CHECK(error.message == "metrics.influxdb.password: the environment has no variable \"P\"");
  Asking asking(slots("token: \"${var.token}\""));
  asking.add_member(0, "10.0.0.50");
  CHECK(only_refusal(asking).message == "http.token: variable \"token\" has no value");
}

TEST_CASE("an application is asked as it is written") {
  const Asking asking(
      "queue: { kind: step, threshold: 90, steps: [{ add: 1 }], http: { url: \"http://app:8080/x?y=1\", value: /a } }");
  CHECK(only_question(asking).url == "http://app:8080/x?y=1");
  CHECK(asking.questions().front().subject == "policy queue of group.web");
}

TEST_CASE("a command is run as argv, and knows the group") {
  const Asking asking("queue: { kind: target, target: 30, command: [/usr/bin/queue-length, \"a b\"] }");
  const auto questions = asking.questions();
  REQUIRE(questions.size() == 1);
  const auto& command = std::get<Command>(questions.front().asks);
  CHECK(command.argv == std::vector<std::string>{"/usr/bin/queue-length", "a b"});
  CHECK(command.environment == std::map<std::string, std::string>{{"VSCALE_GROUP", "web"}});
  CHECK(command.timeout == kSourceCommandTimeout);
}

TEST_CASE("each member of a capacity policy is asked at its own address, with its token") {
  Asking asking(slots("scheme: https, port: 8443, path: status, timeout: 3s, token: \"${name}-key\""));
  asking.add_member(0, "10.0.0.50");
  asking.add_member(2, "fd00::52");
  const auto questions = asking.questions();
  REQUIRE(questions.size() == 2);
  const auto& first = std::get<HttpQuestion>(questions[0].asks);
  CHECK(first.url == "https://10.0.0.50:8443/status");
  CHECK(first.headers == std::vector<HttpHeader>{{"Authorization", "Bearer prod-web-0-key"}});
  CHECK(first.names == HttpQuestion::Names::any);
  CHECK(first.timeout == Duration{3'000});
  CHECK(first.max_bytes == kCapacityAnswerMaxBytes);
  const auto& second = std::get<HttpQuestion>(questions[1].asks);
  CHECK(second.url == "https://[fd00::52]:8443/status");
  CHECK(second.headers == std::vector<HttpHeader>{{"Authorization", "Bearer prod-web-2-key"}});
  CHECK(questions[1].subject == "policy slots of group.web: web-2");
  CHECK(questions[1].member == InstanceAddress{InstanceAddress::Kind::group, "web", 2});
}

TEST_CASE("a member is asked without a token where there is none, at a path that no URL could hold") {
  Asking asking(slots("path: \"/a b?c=%20\""));
  asking.add_member(0, "10.0.0.50");
  const HttpQuestion question = only_question(asking);
  CHECK(question.url == "http://10.0.0.50:80/a%20b?c=%20");
  CHECK(question.headers.empty());
}

TEST_CASE("a member whose address is not known is not asked") {
  Asking asking(slots("port: 8080"));
  asking.add_member(0, "");
  CHECK(only_refusal(asking).kind == ErrorKind::unreachable);
  CHECK(only_refusal(asking).message == "its address is not known");
}

TEST_CASE("policies that need nothing from outside ask nothing") {
  const Asking asking(
      "cpu: { kind: target, metric: cpu, target: 60 }\n"
      "office: { kind: schedule, start: \"0 7 * * *\", end: \"0 19 * * *\", min: 6 }\n");
  CHECK(asking.questions().empty());
}

}  // namespace vscale::test
