#include "schemas/metrics/influxdb_answer.h"

#include <string>

#include "tests/schemas/metrics/answers.h"

namespace vscale::test {
namespace {

Result<std::optional<double>> read_influxdb(const std::string& body, int status = 200) {
  return influxdb_number({status, body}, kWho);
}

/// As InfluxDB 1.6 writes it.
std::string one_series(const std::string& columns, const std::string& rows) {
  return R"({"results":[{"statement_id":0,"series":[{"name":"jobs","columns":[)" + columns + R"(],"values":[)" + rows +
         "]}]}]}\n";
}

constexpr const char* kTimeAndSum = R"("time","sum")";

}  // namespace

TEST_CASE("InfluxDB's number is its only value beside the time") {
  CHECK(number_of(read_influxdb(one_series(kTimeAndSum, R"(["1970-01-01T00:00:00Z",42])"))) == 42);
  CHECK(number_of(read_influxdb(one_series(kTimeAndSum, "[0,-0.5]"))) == -0.5);
  CHECK(number_of(read_influxdb(one_series("\"count\"", "[3]"))) == 3);
}

TEST_CASE("no series, no row and null are no number, and no mistake") {
  CHECK(is_absent(read_influxdb(R"({"results":[{"statement_id":0}]})")));
  CHECK(is_absent(read_influxdb(R"({"results":[{"statement_id":0,"series":[]}]})")));
  CHECK(is_absent(read_influxdb(one_series(kTimeAndSum, ""))));
  CHECK(is_absent(read_influxdb(one_series(kTimeAndSum, "[0,null]"))));
}

TEST_CASE("several series, rows, values or answers are a mistake that says how many there are and what to write") {
  const std::string series = R"({"name":"jobs","columns":["time","last"],"values":[[0,1]]})";
  CHECK(mistake_in(read_influxdb(R"({"results":[{"series":[)" + series + "," + series + "]}]}")) ==
        "invalid: gave 2 series, expected one; write a query that gives one number: leave GROUP BY out");
  CHECK(mistake_in(read_influxdb(one_series(kTimeAndSum, "[0,1],[1,2],[2,3]"))) ==
        "invalid: gave 3 rows, expected one; write a query that gives one number: leave GROUP BY time(…) out, and take "
        "last(…)");
  CHECK(mistake_in(read_influxdb(one_series(R"("time","a","b")", "[0,1,2]"))) ==
        "invalid: gave 2 values a row, expected one; write a query that gives one number: select one thing");
  CHECK(mistake_in(read_influxdb(R"({"results":[{"statement_id":0},{"statement_id":1}]})")) ==
        "invalid: gave 2 answers, expected one; write a query that gives one number: write one statement");
}

TEST_CASE("what InfluxDB says of a query is told in its words") {
  CHECK(mistake_in(read_influxdb(R"({"error":"error parsing query: found EOF"})", 400)) ==
        "invalid: refused the query [error parsing query: found EOF]; correct the query, or database of "
        "metrics.influxdb");
  CHECK(mistake_in(read_influxdb(R"({"results":[{"statement_id":0,"error":"database not found: other"}]})")) ==
        "invalid: refused the query [database not found: other]; correct the query, or database of metrics.influxdb");
  CHECK(mistake_in(read_influxdb(R"({"error":"authorization failed"})", 401)) ==
        "denied: refused the query [authorization failed]; check username and password of metrics.influxdb");
  CHECK(mistake_in(read_influxdb(R"({"error":"timeout"})", 503)).starts_with("unreachable: refused the query"));
}

TEST_CASE("a value that is no number is told as what it is") {
  CHECK(mistake_in(read_influxdb(one_series(kTimeAndSum, R"([0,"abc"])"))) ==
        "invalid: gave the text \"abc\", expected a number; correct the query");
  CHECK(mistake_in(read_influxdb(one_series(kTimeAndSum, "[0,true]"))) ==
        "invalid: gave true, expected a number; correct the query");
}

TEST_CASE("what is not InfluxDB's answer is told as what it is") {
  CHECK(mistake_in(read_influxdb("<html>", 502)).starts_with("unreachable: answered 502, expected 200 [<html>]"));
  CHECK(mistake_in(read_influxdb("<html>")).starts_with("invalid: answered with \"<html>\", expected JSON"));
  for (const char* body : {"7", "[]", "{}", R"({"results":{}})", R"({"results":[]})", R"({"results":[{"series":[7]}]})",
                           R"({"results":[{"series":[{"values":[[1]]}]}]})",
                           R"({"results":[{"series":[{"columns":["time","a"],"values":[7]}]}]})"}) {
    INFO(body);
    CHECK(mistake_in(read_influxdb(body)) ==
          "invalid: answered with JSON that is not InfluxDB's; let metrics.influxdb name an InfluxDB");
  }
}

}  // namespace vscale::test
