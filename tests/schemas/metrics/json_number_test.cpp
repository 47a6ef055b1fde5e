#include "schemas/metrics/json_number.h"

#include <string>

#include "tests/schemas/metrics/answers.h"

namespace vscale::test {
namespace {

Result<std::optional<double>> read_json(const std::string& body, const std::string& pointer) {
  return json_number(ok(body), pointer, kWho);
}

Result<CapacityAnswer> read_capacity(const std::string& body) {
  return capacity_answer(ok(body), "/free", "/terminate", kWho);
}

}  // namespace

TEST_CASE("a pointer leads to a number, or to a text that holds one") {
  CHECK(number_of(read_json("42", "")) == 42);
  CHECK(number_of(read_json(R"({"queue":{"waiting":7}})", "/queue/waiting")) == 7);
  CHECK(number_of(read_json(R"({"a":[1,{"b":-2.5}]})", "/a/1/b")) == -2.5);
  CHECK(number_of(read_json(R"({"":{"a/b":1,"c~d":" 1e3\n"}})", "//c~0d")) == 1000);
  CHECK(number_of(read_json(R"({"":{"a/b":1,"c~d":2}})", "//a~1b")) == 1);
  CHECK(number_of(read_json(R"({"0":5})", "/0")) == 5);
  CHECK(number_of(read_json("18446744073709551615", "")) == 18446744073709551615.0);
}

TEST_CASE("null, also on the way, is no number, and no mistake; nor are NaN and infinity") {
  CHECK(is_absent(read_json(R"({"queue":null})", "/queue")));
  CHECK(is_absent(read_json(R"({"queue":null})", "/queue/waiting")));
  CHECK(is_absent(read_json(R"({"queue":"NaN"})", "/queue")));
  CHECK(is_absent(read_json(R"({"queue":"-Infinity"})", "/queue")));
}

TEST_CASE("where a pointer leads nowhere, it is told how far it led and what is there") {
  const auto mistake = [](const std::string& body, const std::string& pointer) {
    return mistake_in(read_json(body, pointer));
  };
  CHECK(mistake(R"({"queue":{"depth":1,"oldest":2}})", "/queue/waiting") ==
        "invalid: has no /queue/waiting: there is no \"waiting\" in /queue; it has depth, oldest; correct the pointer, "
        "or what is answered");
  CHECK(mistake(R"({"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1})", "/x").find("it has a, b, c, d, e and 2 more") !=
        std::string::npos);
  CHECK(mistake("{}", "/x").find("there is no \"x\" in the answer; it has nothing") != std::string::npos);
  CHECK(mistake("[1,2]", "/2").find("there is no item 2 in the answer, which has 2, counted from 0") !=
        std::string::npos);
  for (const char* item : {"/-", "/01", "/-1", "/", "/99999999999999999999"}) {
    CHECK(mistake("[1,2]", item).find("there is no item") != std::string::npos);
  }
  CHECK(mistake(R"({"a":7})", "/a/b").find("there is no \"b\" in /a: that is 7") != std::string::npos);
  CHECK(mistake("{}", "/a~2b").find("a ~ in it must be ~0 (for ~) or ~1 (for /)") != std::string::npos);
  CHECK(mistake("{}", "/a~").find("a ~ in it must be") != std::string::npos);
  CHECK(mistake("{}", "a").find("it does not begin with /") != std::string::npos);
}

TEST_CASE("what is there and is no number is told as what it is") {
  const auto mistake = [](const std::string& value) { return mistake_in(read_json("{\"a\":" + value + "}", "/a")); };
  CHECK(mistake("\"42%\"") ==
        "invalid: answered at /a with the text \"42%\", expected a number; correct the pointer, or what is answered");
  CHECK(mistake("\"1,5\"").find("the text \"1,5\", expected a number") != std::string::npos);
  CHECK(mistake("\"0x10\"").find("the text \"0x10\"") != std::string::npos);
  CHECK(mistake("\"1e999\"").find("the text \"1e999\"") != std::string::npos);
  CHECK(mistake("\"\"").find("the text \"\"") != std::string::npos);
  CHECK(mistake("true").find("with true, expected a number") != std::string::npos);
  CHECK(mistake("[1]").find("with a list, expected a number") != std::string::npos);
  CHECK(mistake("{}").find("with an object, expected a number") != std::string::npos);
  CHECK(mistake_in(read_json("\"x\"", "")).starts_with("invalid: answered with the text \"x\", expected a number"));
}

TEST_CASE("only status 200 is an answer that a number is read from") {
  CHECK(mistake_in(json_number({503, "7"}, "", kWho)) ==
        "unreachable: answered 503, expected 200 [7]; see what it logs");
  CHECK(mistake_in(json_number({204, ""}, "", kWho)) == "invalid: answered 204, expected 200; check the URL");
  CHECK(mistake_in(json_number({301, ""}, "", kWho)).ends_with("write the URL that it leads to"));
}

TEST_CASE("what comes from outside cannot disturb a terminal") {
  CHECK(mistake_in(read_json("\"\\u001b[2J\"", "")).find("the text \"?[2J\"") != std::string::npos);
  CHECK(mistake_in(json_number({500, "\x1b[2J"}, "", kWho)).find("[?[2J]") != std::string::npos);
}

TEST_CASE("a member tells what it has free and whether it wants to end") {
  CHECK(read_capacity(R"({"free":3,"terminate":false})").value() == CapacityAnswer{3, false});
  CHECK(read_capacity(R"({"free":0.5,"terminate":true,"more":{}})").value() == CapacityAnswer{0.5, true});
  CHECK(capacity_answer(ok("12"), "", "", kWho).value() == CapacityAnswer{12, false});
}

TEST_CASE("a member's answer of any other type is a mistake, and never a number") {
  CHECK(mistake_in(read_capacity(R"({"free":"3","terminate":false})")) ==
        "invalid: answered at /free with the text \"3\", expected a number, 0 or more; correct the pointer, or what is "
        "answered");
  CHECK(mistake_in(read_capacity(R"({"free":-1,"terminate":false})")).find("with -1, expected a number, 0 or more") !=
        std::string::npos);
  CHECK(mistake_in(read_capacity(R"({"free":null,"terminate":false})")).find("with null") != std::string::npos);
  CHECK(mistake_in(read_capacity(R"({"free":true,"terminate":false})")).find("with true") != std::string::npos);
  for (const char* wish : {"0", "1", "\"true\"", "null", "[]"}) {
    CHECK(mistake_in(read_capacity(R"({"free":3,"terminate":)" + std::string(wish) + "}"))
              .find("expected true or false") != std::string::npos);
  }
  CHECK(mistake_in(read_capacity(R"({"terminate":false})")).starts_with("invalid: has no /free: "));
  CHECK(mistake_in(read_capacity(R"({"free":3})")).starts_with("invalid: has no /terminate: "));
  CHECK(mistake_in(capacity_answer({401, ""}, "/free", "", kWho)) ==
        "denied: answered 401, expected 200; check user, password and token");
}

}  // namespace vscale::test
