#include "schemas/metrics/prometheus_answer.h"

#include <string>

#include "tests/schemas/metrics/answers.h"

namespace vscale::test {
namespace {

Result<std::optional<double>> read_prometheus(const std::string& body, int status = 200) {
  return prometheus_number({status, body}, kWho);
}

std::string vector_of(const std::string& series) {
  return R"({"status":"success","data":{"resultType":"vector","result":[)" + series + "]}}";
}

std::string series_of(const std::string& value) {
  return R"({"metric":{"__name__":"jobs"},"value":[1795971776.189,)" + value + "]}";
}

std::string scalar_of(const std::string& value) {
  return R"({"status":"success","data":{"resultType":"scalar","result":[1795971776.2,)" + value + "]}}";
}

}  // namespace

TEST_CASE("Prometheus' number is its scalar, or its only series' value") {
  CHECK(number_of(read_prometheus(scalar_of("\"42\""))) == 42);
  CHECK(number_of(read_prometheus(scalar_of("\"-1.5e3\""))) == -1500);
  CHECK(number_of(read_prometheus(vector_of(series_of("\"0.25\"")))) == 0.25);
}

TEST_CASE("no series, NaN and infinity are no number, and no mistake") {
  CHECK(is_absent(read_prometheus(vector_of(""))));
  for (const char* value : {"\"NaN\"", "\"+Inf\"", "\"-Inf\"", "null"}) {
    INFO(value);
    CHECK(is_absent(read_prometheus(vector_of(series_of(value)))));
    CHECK(is_absent(read_prometheus(scalar_of(value))));
  }
}

TEST_CASE("several series are a mistake that says how many there are and what to write") {
  CHECK(mistake_in(read_prometheus(vector_of(series_of("\"1\"") + "," + series_of("\"2\"")))) ==
        "invalid: gave 2 series, expected one; write a query that gives one number, such as sum(…) or max(…)");
}

TEST_CASE("what Prometheus says of a query is told in its words, whatever the status") {
  const char* kParse = R"({"status":"error","errorType":"bad_data","error":"1:17: parse error: unclosed \"(\""})";
  CHECK(mistake_in(read_prometheus(kParse, 400)) ==
        "invalid: refused the query: bad_data [1:17: parse error: unclosed \"(\"]; correct the query");
  const char* kSlow = R"({"status":"error","errorType":"timeout","error":"query timed out"})";
  CHECK(mistake_in(read_prometheus(kSlow, 503)) ==
        "timed_out: refused the query: timeout [query timed out]; try it in Prometheus' own page");
  CHECK(mistake_in(read_prometheus(R"({"status":"error"})", 422)).starts_with("failed: refused the query"));
}

TEST_CASE("a matrix, a text and a histogram are no numbers, and each is told what to write") {
  const char* kMatrix = R"({"status":"success","data":{"resultType":"matrix","result":[]}})";
  CHECK(mistake_in(read_prometheus(kMatrix)) ==
        "invalid: gave the values of a time range, expected one number; write a query that makes one number of them, "
        "such as avg_over_time(…)");
  const char* kText = R"({"status":"success","data":{"resultType":"string","result":[1,"text"]}})";
  CHECK(mistake_in(read_prometheus(kText)) == "invalid: gave a text, expected a number; correct the query");
  CHECK(mistake_in(read_prometheus(vector_of(R"({"metric":{},"histogram":[1,{"count":"5"}]})")))
            .starts_with("invalid: gave a histogram, expected a number"));
  CHECK(mistake_in(read_prometheus(scalar_of("\"four\""))) ==
        "invalid: gave the text \"four\", expected a number; correct the query");
}

TEST_CASE("what is not Prometheus' answer is told as what it is") {
  CHECK(mistake_in(read_prometheus("<html>Bad Gateway</html>", 502)) ==
        "unreachable: answered 502, expected 200 [<html>Bad Gateway</html>]; see what it logs");
  CHECK(mistake_in(read_prometheus("404 page not found\n", 404)) ==
        "invalid: answered 404, expected 200 [404 page not found]; check the URL");
  CHECK(mistake_in(read_prometheus("Unauthorized", 401)).starts_with("denied: answered 401, expected 200"));
  CHECK(mistake_in(read_prometheus("", 302)).ends_with("write the URL that it leads to"));
  CHECK(mistake_in(read_prometheus("<html>Welcome</html>")) ==
        "invalid: answered with \"<html>Welcome</html>\", expected JSON; check the URL");
  CHECK(mistake_in(read_prometheus("")) == "invalid: answered with nothing, expected JSON; check the URL");
  for (const char* body :
       {"7", "[]", "{}", "null", R"({"status":"success"})", R"({"status":"success","data":[]})",
        R"({"status":"success","data":{"resultType":"vector"}})",
        R"({"status":"success","data":{"resultType":"vector","result":7}})",
        R"({"status":"success","data":{"resultType":"vector","result":[7]}})",
        R"({"status":"success","data":{"resultType":"vector","result":[{"value":7}]}})",
        R"({"status":"success","data":{"resultType":"scalar","result":[1]}})",
        R"({"status":"success","data":{"resultType":"scalar","result":[1,2]}})",
        R"({"status":"success","data":{"resultType":"other","result":[]}})", R"({"status":7,"data":{}})"}) {
    INFO(body);
    CHECK(mistake_in(read_prometheus(body)) ==
          "invalid: answered with JSON that is not Prometheus'; let url name a Prometheus");
  }
}

TEST_CASE("an answer that is nested without an end is not taken apart") {
  CHECK(mistake_in(read_prometheus(std::string(1'000'000, '['))) ==
        "invalid: answered with JSON that is nested more than 64 deep; check the URL");
  CHECK(mistake_in(read_prometheus(std::string(64, '[') + std::string(64, ']'))).find("nested") == std::string::npos);
  CHECK(mistake_in(read_prometheus("[\"" + std::string(100, '[') + "\"]")).find("nested") == std::string::npos);
}

}  // namespace vscale::test
