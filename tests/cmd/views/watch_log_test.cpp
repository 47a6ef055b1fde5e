// The lines of the log: for people, for the journal, and for programs.

#include "cmd/views/log/watch_log.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>
#include <vector>

namespace vscale::test {
namespace {

// 2026-11-29T16:00:00.123Z
constexpr Instant kMoment{Duration{1'795'968'000'123}};

LogEntry scaled() {
  return {.about = "web", .text = "scaled 2 -> 4: cpu 92 %, target 60 %", .fields = {{"run", "0f3a"}, {"by", "a b"}}};
}

}  // namespace

TEST_CASE("a line of the log says when, how bad, of what, and what") {
  CHECK(log_line(scaled(), kMoment, LogFormat::text) ==
        "2026-11-29T16:00:00.123Z info  web scaled 2 -> 4: cpu 92 %, target 60 % run=0f3a by=\"a b\"\n");
  CHECK(log_line({.level = LogLevel::error, .text = "the statefile is locked"}, kMoment, LogFormat::text) ==
        "2026-11-29T16:00:00.123Z error the statefile is locked\n");
}

TEST_CASE("the journal is given a priority, and no time") {
  const auto beginning = [](LogLevel level) {
    return log_line({.level = level, .text = "x"}, kMoment, LogFormat::journal);
  };

  CHECK(log_line(scaled(), kMoment, LogFormat::journal) ==
        "<6>web scaled 2 -> 4: cpu 92 %, target 60 % run=0f3a by=\"a b\"\n");
  CHECK(beginning(LogLevel::debug) == "<7>x\n");
  CHECK(beginning(LogLevel::warn) == "<4>x\n");
  CHECK(beginning(LogLevel::error) == "<3>x\n");
}

TEST_CASE("with JSON every line is an object") {
  CHECK(log_line(scaled(), kMoment, LogFormat::json) ==
        R"({"type":"log","at":"2026-11-29T16:00:00.123Z","level":"info","about":"web",)"
        R"("text":"scaled 2 -> 4: cpu 92 %, target 60 %","fields":{"run":"0f3a","by":"a b"}})"
        "\n");
}

TEST_CASE("nothing that somebody has said can pass for a line of the log") {
  const LogEntry hostile{.about = "web\n",
                         .text = "said \"up\"\n2026-11-29T16:00:00.123Z error \x1b[31mall is lost\r",
                         .fields = {{"path", "C:\\x \"y\"\n"}, {"empty", ""}, {"sum", "a=b"}}};

  CHECK(log_line(hostile, kMoment, LogFormat::text) ==
        R"(2026-11-29T16:00:00.123Z info  web\n said "up"\n2026-11-29T16:00:00.123Z error \x1b[31mall is lost\x0d)"
        R"( path="C:\\x \"y\"\n" empty="" sum="a=b")"
        "\n");
  const std::string json = log_line(hostile, kMoment, LogFormat::json);
  CHECK(json.find('\n') == json.size() - 1);
  CHECK(nlohmann::json::parse(json).at("text") == hostile.text);
  CHECK(nlohmann::json::accept(log_line({.text = "\xff"}, kMoment, LogFormat::json)));
}

TEST_CASE("what is below the least level is not written") {
  std::ostringstream out;
  WatchLog log(out, LogFormat::journal, LogLevel::warn);

  log.write(kMoment, {.level = LogLevel::info, .text = "a"});
  log.write(kMoment, {.level = LogLevel::warn, .text = "b"});
  log.write(kMoment, {.level = LogLevel::error, .text = "c"});

  CHECK(out.str() == "<4>b\n<3>c\n");
}

TEST_CASE("lines of several threads do not mix") {
  std::ostringstream out;
  WatchLog log(out, LogFormat::journal, LogLevel::info);
  const LogEntry entry{.text = std::string(200, 'x')};
  std::vector<std::thread> writers;

  for (int i = 0; i < 4; ++i) {
    writers.emplace_back([&] {
      for (int line = 0; line < 100; ++line) log.write(kMoment, entry);
    });
  }
  for (std::thread& writer : writers) writer.join();

  std::string expected;
  for (int line = 0; line < 400; ++line) expected += "<6>" + entry.text + "\n";
  CHECK(out.str() == expected);
}

}  // namespace vscale::test
