// Answers that were damaged on the way: whatever comes, it is a finite number, none, or a mistake.

#include <array>
#include <cmath>
#include <random>
#include <string>

#include "schemas/metrics/command_number.h"
#include "schemas/metrics/influxdb_answer.h"
#include "schemas/metrics/json_number.h"
#include "schemas/metrics/prometheus_answer.h"
#include "tests/schemas/metrics/answers.h"

namespace vscale::test {
namespace {

constexpr std::array kWholeAnswers = {
    R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":"b"},"value":[1.5,"42"]}]}})",
    R"({"status":"success","data":{"resultType":"scalar","result":[1.5,"-4e2"]}})",
    R"({"status":"error","errorType":"bad_data","error":"1:17: parse error"})",
    R"({"results":[{"statement_id":0,"series":[{"name":"a","columns":["time","b"],"values":[[0,42]]}]}]})",
    R"({"results":[{"statement_id":0,"error":"database not found"}]})",
    R"({"a":{"b":[1,"2",null,true,{"c":-0.5}]},"terminate":false})",
};

std::string damaged(std::mt19937& random) {
  constexpr std::string_view kBytes = "[]{}\",:0123456789.-+eE\\nulltrue \n\xff";
  std::string text = kWholeAnswers[random() % kWholeAnswers.size()];
  for (auto changes = random() % 4; changes-- > 0;) {
    const std::size_t at = random() % text.size();
    const char byte = kBytes[random() % kBytes.size()];
    switch (random() % 3) {
      case 0:
        text[at] = byte;
        break;
      case 1:
        text.insert(at, 1, byte);
        break;
      default:
        text.erase(at, 1 + random() % 3);
    }
    if (text.empty()) text = " ";
  }
  return text;
}

bool is_sound(const Result<std::optional<double>>& result) {
  if (!result) return !result.error().message.empty();
  return !*result || std::isfinite(**result);
}

}  // namespace

TEST_CASE("damaged answers are numbers, none, or mistakes, and nothing else") {
  for (unsigned seed = 0; seed < 20'000; ++seed) {
    std::mt19937 random(seed);
    const HttpAnswer answer{random() % 4 == 0 ? 503 : 200, damaged(random)};
    INFO("seed " << seed << ": " << answer.body);
    const bool all_sound = is_sound(prometheus_number(answer, kWho)) && is_sound(influxdb_number(answer, kWho)) &&
                           is_sound(json_number(answer, "/a/b/4/c", kWho)) &&
                           is_sound(command_number({.code = 0, .out = answer.body, .err = {}}, kWho));
    const auto capacity = capacity_answer(answer, "/a/b/0", "/terminate", kWho);
    if (!all_sound || (capacity && !(capacity->available >= 0))) FAIL_CHECK("not sound");
  }
}

}  // namespace vscale::test
