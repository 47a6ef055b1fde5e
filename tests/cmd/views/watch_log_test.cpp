// The lines of the log, as the journal takes them.

#include "cmd/views/log/watch_log.h"

#include <catch2/catch.hpp>
#include <sstream>
#include <thread>
#include <vector>

namespace vscale::test {
namespace {

LogEntry scaled() {
  return {.about = "web", .text = "scaled 2 -> 4: cpu 92 %, target 60 %", .fields = {{"run", "0f3a"}, {"by", "a b"}}};
}

}  // namespace

TEST_CASE("a line of the log has a priority, of what it is, and what") {
  const auto beginning = [](LogLevel level) { return log_line({.level = level, .text = "x"}); };

  CHECK(log_line(scaled()) == "<6>web scaled 2 -> 4: cpu 92 %, target 60 % run=0f3a by=\"a b\"\n");
  CHECK(beginning(LogLevel::warn) == "<4>x\n");
  CHECK(beginning(LogLevel::error) == "<3>x\n");
}

TEST_CASE("nothing that somebody has said can pass for a line of the log") {
  const LogEntry hostile{.about = "web\n",
                         .text = "said \"up\"\n<3>\x1b[31mall is lost\r",
                         .fields = {{"path", "C:\\x \"y\"\n"}, {"empty", ""}, {"sum", "a=b"}}};

  CHECK(log_line(hostile) == R"(<6>web\n said "up"\n<3>\x1b[31mall is lost\x0d path="C:\\x \"y\"\n" empty="" sum="a=b")"
                             "\n");
}

TEST_CASE("what is below the least level is not written") {
  std::ostringstream out;
  WatchLog log(out, LogLevel::warn);

  log.write({.level = LogLevel::info, .text = "a"});
  log.write({.level = LogLevel::warn, .text = "b"});
  log.write({.level = LogLevel::error, .text = "c"});

  CHECK(out.str() == "<4>b\n<3>c\n");
}

TEST_CASE("lines of several threads do not mix") {
  std::ostringstream out;
  WatchLog log(out, LogLevel::info);
  const LogEntry entry{.text = std::string(200, 'x')};
  std::vector<std::thread> writers;

  for (int i = 0; i < 4; ++i) {
    writers.emplace_back([&] {
      for (int line = 0; line < 100; ++line) log.write(entry);
    });
  }
  for (std::thread& writer : writers) writer.join();

  std::string expected;
  for (int line = 0; line < 400; ++line) expected += "<6>" + entry.text + "\n";
  CHECK(out.str() == expected);
}

}  // namespace vscale::test
