// Numbers from Debian's own Prometheus and InfluxDB, from a policy in a file to what scaling is told.

#include <fmt/format.h>
#include <stdlib.h>  // NOLINT: mkdtemp

#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "providers/http/url.h"
#include "tests/cmd/watching/sources/asking.h"
#include "tests/support/servers/debian_server.h"
#include "tests/support/servers/web_server.h"

namespace vscale::test {
namespace {

/// Where a server keeps what it has; gone with this.
class ServerFolder {
 public:
  ServerFolder() {
    std::string path = (std::filesystem::temp_directory_path() / "vscale-server-XXXXXX").string();
    REQUIRE(::mkdtemp(path.data()) != nullptr);
    path_ = path;
  }
  ~ServerFolder() { std::filesystem::remove_all(path_); }
  ServerFolder(const ServerFolder&) = delete;
  ServerFolder& operator=(const ServerFolder&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(*this / name) << text;
    return *this / name;
  }

 private:
  std::string path_;
};

bool is_up(const std::string& url) {
  const auto answer =
      HttpClient().get({.url = url, .user = {}, .password = {}, .headers = {}, .timeout = Duration{1'000}});
  return answer && answer->status / 100 == 2;
}

/// A server with its folder, on a port of this machine that was free.
struct Started {
  ServerFolder folder;
  int port = 0;
  std::unique_ptr<DebianServer> server;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port); }
};

/// `argv_for(folder, port)` starts it, and `health` answers once it is up. Another program may take the port first.
template <class ArgvFor>
std::unique_ptr<Started> started(const std::string& health, ArgvFor argv_for) {
  constexpr int kTries = 3;
  for (int i = 0; i < kTries; ++i) {
    auto one = std::make_unique<Started>();
    one->port = deserted_port();
    one->server = std::make_unique<DebianServer>(argv_for(one->folder, one->port));
    const bool came = comes_to_be([&] { return one->server->has_ended() || is_up(one->url() + health); });
    if (came && !one->server->has_ended()) return one;
    UNSCOPED_INFO(one->server->last_words());
  }
  FAIL("the server does not start");
  return nullptr;
}

std::unique_ptr<Started> prometheus_of(int exporter) {
  return started("/-/ready", [exporter](const ServerFolder& folder, int port) {
    const std::string file = folder.write(
        "prometheus.yml", fmt::format("global: {{ scrape_interval: 1s, scrape_timeout: 1s }}\n"
                                      "scrape_configs:\n"
                                      "  - {{ job_name: jobs, static_configs: [{{ targets: ['127.0.0.1:{}'] }}] }}\n",
                                      exporter));
    return std::vector<std::string>{"/usr/bin/prometheus", "--config.file=" + file,
                                    "--storage.tsdb.path=" + folder / "data",
                                    fmt::format("--web.listen-address=127.0.0.1:{}", port)};
  });
}

std::unique_ptr<Started> influxdb() {
  return started("/ping", [](const ServerFolder& folder, int port) {
    const std::string file = folder.write(
        "influxdb.conf", fmt::format("reporting-disabled = true\nbind-address = \"127.0.0.1:{}\"\n"
                                     "[meta]\ndir = \"{}\"\n[data]\ndir = \"{}\"\nwal-dir = \"{}\"\n"
                                     "[http]\nbind-address = \"127.0.0.1:{}\"\nauth-enabled = true\n",
                                     deserted_port(), folder / "meta", folder / "data", folder / "wal", port));
    return std::vector<std::string>{"/usr/bin/influxd", "run", "-config", file};
  });
}

std::string prometheus_policy(const std::string& name, const std::string& url, const std::string& query) {
  return name + ": { kind: target, per: instance, target: 30, prometheus: { url: \"" + url + "\", query: '" + query +
         "' } }\n";
}

std::string influxdb_policy(const std::string& name, const std::string& query) {
  return name + ": { kind: target, per: instance, target: 30, influxdb: { query: '" + query + "' } }\n";
}

}  // namespace

TEST_CASE("what Prometheus has scraped becomes a policy's number, and what it has not does not") {
  std::atomic<int> waiting{30};
  WebServer exporter;
  (*exporter).Get("/metrics", [&](const httplib::Request&, httplib::Response& response) {
    response.set_content(
        fmt::format("jobs_waiting{{queue=\"a\"}} {}\njobs_waiting{{queue=\"b\"}} 12\njobs_limit +Inf\n",
                    waiting.load()),
        "text/plain");
  });
  const auto prometheus = prometheus_of(exporter.port());
  const auto policy = [&](const std::string& name, const std::string& query) {
    return prometheus_policy(name, prometheus->url(), query);
  };
  Asking asking(policy("sum", "sum(jobs_waiting)") + policy("one", "jobs_waiting{queue=\"b\"}") +
                policy("scalar", "scalar(jobs_waiting{queue=\"b\"}) / 24") + policy("empty", "jobs_gone") +
                policy("nan", "scalar(jobs_gone)") + policy("infinite", "jobs_limit") +
                policy("several", "jobs_waiting") + policy("range", "jobs_waiting[1m]") +
                policy("wrong", "sum(jobs_waiting"));

  const auto sum_is = [&](double value) {
    const auto sum = asking.ask().numbers.at("sum");
    return sum && *sum && **sum == value;
  };
  REQUIRE(comes_to_be([&] { return sum_is(42); }));
  const SourceAnswers answers = asking.ask();

  CHECK(number_told(answers, "sum") == 42);
  CHECK(number_told(answers, "one") == 12);
  CHECK(number_told(answers, "scalar") == 0.5);
  CHECK(none_told(answers, "empty"));
  CHECK(none_told(answers, "nan"));
  CHECK(none_told(answers, "infinite"));
  const std::string where = " of group.web: " + prometheus->url() + "/api/v1/query ";
  CHECK(error_told(answers, "several") == "policy several" + where +
                                              "gave 2 series, expected one; write a query that gives one number, such "
                                              "as sum(…) or max(…)");
  CHECK(error_told(answers, "range").starts_with("policy range" + where + "gave the values of a time range"));
  CHECK(error_told(answers, "wrong").starts_with("policy wrong" + where + "refused the query: bad_data ["));
  CHECK(error_told(answers, "wrong").find("unclosed left parenthesis") != std::string::npos);

  waiting = 88;
  CHECK(comes_to_be([&] { return sum_is(100); }));
}

TEST_CASE("what InfluxDB has been written becomes a policy's number, and a wrong password is told as such") {
  const auto server = influxdb();
  // By its own rules the first administrator is made without a password.
  httplib::Client client("127.0.0.1", server->port);
  const auto say = [&](const std::string& statement) {
    const auto answer = client.Post("/query?q=" + percent_encoded(statement), "", "text/plain");
    REQUIRE(answer);
    REQUIRE(answer->status == 200);
  };
  say("CREATE USER anna WITH PASSWORD 'hunter2' WITH ALL PRIVILEGES");
  client.set_basic_auth("anna", "hunter2");
  say("CREATE DATABASE vscale");
  const auto written =
      client.Post("/write?db=vscale", "jobs,queue=a waiting=30i\njobs,queue=b waiting=12i,who=\"x\"", "text/plain");
  REQUIRE(written);
  REQUIRE(written->status == 204);

  const std::string policies = influxdb_policy("sum", "SELECT sum(waiting) FROM jobs") +
                               influxdb_policy("empty", "SELECT last(waiting) FROM gone") +
                               influxdb_policy("several", "SELECT last(waiting) FROM jobs GROUP BY queue") +
                               influxdb_policy("rows", "SELECT waiting FROM jobs") +
                               influxdb_policy("text", "SELECT last(who) FROM jobs") +
                               influxdb_policy("wrong", "SELECT waiting FROM");
  const std::string metrics = "{ influxdb: { url: \"" + server->url() +
                              "\", database: vscale, username: anna, password: \"${env.PASSWORD}\" } }";
  const SourceAnswers answers = Asking(policies, metrics, {{"PASSWORD", "hunter2"}}).ask();

  const std::string where = " of group.web: " + server->url() + "/query ";
  CHECK(number_told(answers, "sum") == 42);
  CHECK(none_told(answers, "empty"));
  CHECK(error_told(answers, "several").starts_with("policy several" + where + "gave 2 series, expected one;"));
  CHECK(error_told(answers, "rows").starts_with("policy rows" + where + "gave 2 rows, expected one;"));
  CHECK(error_told(answers, "text").starts_with("policy text" + where + "gave the text \"x\", expected a number;"));
  CHECK(error_told(answers, "wrong").starts_with("policy wrong" + where + "refused the query [error parsing query:"));

  const SourceAnswers denied = Asking(policies, metrics, {{"PASSWORD", "guessed"}}).ask();
  CHECK(denied.numbers.at("sum").error().kind == ErrorKind::denied);
  CHECK(error_told(denied, "sum") == "policy sum" + where +
                                         "refused the query [authorization failed]; check username and password of "
                                         "metrics.influxdb");
  CHECK(number_told(Asking(policies, metrics, {{"PASSWORD", "hunter2"}}).ask(), "sum") == 42);
}

}  // namespace vscale::test
