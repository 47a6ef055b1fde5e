#include "schemas/trace/load_csv.h"

#include <catch2/catch.hpp>

#include "tests/support/golden.h"

namespace vscale::test {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using Points = std::vector<LoadPoint>;

LoadCsv read_load(const std::string& text) {
  const auto read = read_load_csv(text, "load.csv");
  if (!read) FAIL(to_string(read.error()));
  return *read;
}

}  // namespace

TEST_CASE("a load is read with and without a heading, notes, empty lines and spaces") {
  const Points points{{.at = seconds(0), .load = 120}, {.at = seconds(60), .load = 180.5}};
  for (const std::string text : {"0,120\n60,180.5\n", "time,load\n0,120\n60,180.5",
                                 "# a day\n\ntime;load\r\n0; 120\r\n 60 ;180.5\r\n", "0,1.2e2\n\n60,180.5\n\n"}) {
    CAPTURE(text);
    const LoadCsv read = read_load(text);
    CHECK(read.points == points);
    CHECK_FALSE(read.begin);
  }
}

TEST_CASE("times are seconds, durations or moments, and count from the first") {
  const Points points{{.at = seconds(0), .load = 1}, {.at = minutes(15), .load = 2}};
  CHECK(read_load("0,1\n900,2\n").points == points);
  CHECK(read_load("0s,1\n15m,2\n").points == points);
  CHECK(read_load("300,1\n20m,2\n").points == points);
  const LoadCsv moments = read_load("1796079600,1\n1796080500,2\n");
  CHECK(moments.points == points);
  REQUIRE(moments.begin);
  CHECK(rfc3339(*moments.begin) == "2026-11-30T23:00:00.000Z");
  CHECK(read_load("0,1\n0.5,2\n").points[1].at == Duration(500));
}

TEST_CASE("what is no load is refused by its line") {
  std::string told;
  for (const std::string text : {"", "time,load\n", "0,120\n", "time,load\nwhen,much\n0,1\n1,2\n", "0,120\n60\n",
                                 "0,120\n60,much\n", "0,120\n60,-1\n", "0,120\n60,nan\n", "0,120\n-60,1\n",
                                 "0,120\n60,1,7\n", "0,120\n0,130\n", "60,120\n0,130\n", "0,120\n99999999999999,1\n"}) {
    const auto read = read_load_csv(text, "load.csv");
    REQUIRE_FALSE(read);
    CHECK(read.error().kind == ErrorKind::invalid);
    told += to_string(read.error()) + "\n";
  }
  check_golden("schemas/load_csv.txt", told);
}

}  // namespace vscale::test
