#include "schemas/metrics/command_number.h"

#include <string>

#include "tests/schemas/metrics/answers.h"

namespace vscale::test {
namespace {

Result<std::optional<double>> printed(const std::string& out) {
  return command_number({.code = 0, .out = out, .err = "a warning"}, kWho);
}

}  // namespace

TEST_CASE("a command prints exactly one number") {
  CHECK(number_of(printed("42\n")) == 42);
  CHECK(number_of(printed(" \t-0.5e1\r\n\n")) == -5);
  CHECK(number_of(printed("+7")) == 7);
}

TEST_CASE("a command says NaN where there is no number") {
  for (const char* word : {"NaN\n", "nan", "inf", "+Inf", "-Infinity"}) CHECK(is_absent(printed(word)));
}

TEST_CASE("anything else that a command prints is a mistake") {
  CHECK(mistake_in(printed("")) ==
        "invalid: printed nothing, expected one number; let it print a number alone, or NaN where there is none");
  CHECK(mistake_in(printed("42 jobs\n")).starts_with("invalid: printed \"42 jobs\", expected one number"));
  for (const char* out : {"1 2", "1\n2\n", "42%", "1,5", "0x10", "--1", "+-1", "++1", "1e", "1e999", "none"}) {
    INFO(out);
    CHECK(mistake_in(printed(out)).starts_with("invalid: printed \""));
  }
}

TEST_CASE("a command that fails is told by its exit code and the first line of what it said") {
  CHECK(mistake_in(command_number({.code = 3, .out = "42\n", .err = "\nno such queue\nat line 7\n"}, kWho)) ==
        "failed: ended with exit 3 [no such queue]; run it by hand");
  CHECK(mistake_in(command_number({.code = 139, .out = "", .err = ""}, kWho)) ==
        "failed: ended with exit 139; run it by hand");
}

}  // namespace vscale::test
