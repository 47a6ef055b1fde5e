#include "cmd/watching/sources/ask_sources.h"

#include <grp.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <string>

#include "tests/cmd/watching/sources/asking.h"
#include "tests/support/fake_number_sources.h"
#include "tests/support/servers/raw_server.h"
#include "tests/support/servers/web_server.h"

namespace vscale::test {
namespace {

using SteadyClock = std::chrono::steady_clock;

std::string application(const std::string& name, const std::string& url, const std::string& pointer) {
  return name + ": { kind: target, target: 30, http: { url: \"" + url + "\", value: " + pointer + " } }\n";
}

std::string script(const std::string& name, const std::string& text) {
  return name + ": { kind: target, target: 30, command: [/bin/sh, -c, '" + text + "'] }\n";
}

std::string slots_at(int port, const std::string& more = "") {
  return "slots: { kind: capacity, perInstance: 10, minAvailable: 15, http: { port: " + std::to_string(port) +
         ", path: /status, available: /free, terminate: /end, timeout: 10s" + more + " } }\n";
}

InstanceAddress web(int ordinal) {
  return {InstanceAddress::Kind::group, "web", ordinal};
}

/// Commands that print 8, and need no process for it.
class PrintedEight final : public Commands {
 public:
  Result<CommandExit> run(const Command&, const std::function<bool()>&) override {
    return CommandExit{.code = 0, .out = "8\n", .err = {}};
  }
};

/// What `work` comes to in a process of its own, where no limit of threads is lifted for root.
int as_nobody(const std::function<int()>& work) {
  constexpr unsigned kNobody = 65534;
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const bool is_nobody =
        ::geteuid() != 0 || (::setgroups(0, nullptr) == 0 && ::setgid(kNobody) == 0 && ::setuid(kNobody) == 0);
    ::_exit(is_nobody ? work() : -1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("policies are told numbers from applications and commands, each by its name") {
  WebServer server;
  server.serve("/stats", R"({"queue": {"waiting": 42, "failed": null}})");
  Asking asking(application("waiting", server.url() + "/stats", "/queue/waiting") +
                application("failed", server.url() + "/stats", "/queue/failed") +
                script("group", "test $VSCALE_GROUP = web && echo 7") +
                "cpu: { kind: target, metric: cpu, target: 60 }\n");

  const SourceAnswers answers = asking.ask();

  CHECK(number_told(answers, "waiting") == 42);
  CHECK(none_told(answers, "failed"));
  CHECK(number_told(answers, "group") == 7);
  CHECK(answers.numbers.size() == 3);
  CHECK(answers.capacity.empty());
}

TEST_CASE("every source that fails says whose it is, where, what was found and what to do") {
  WebServer server;
  server.serve("/stats", R"({"depth": 1})");
  const std::string nobody = "http://127.0.0.1:" + std::to_string(deserted_port());
  Asking asking(application("typo", server.url() + "/stats", "/waiting") + application("gone", nobody, "/x") +
                script("broken", "echo no such queue >&2; exit 3") + script("chatty", "echo 7 jobs") +
                "missing: { kind: target, target: 30, command: [/nonexistent/program] }\n");

  const SourceAnswers answers = asking.ask();

  CHECK(error_told(answers, "typo") ==
        "policy typo of group.web: " + server.url() +
            "/stats has no /waiting: there is no \"waiting\" in the answer; it has depth; correct the pointer, or what "
            "is answered");
  CHECK(error_told(answers, "gone") == "policy gone of group.web: " + nobody +
                                           "/ does not take connections [Connection refused]; check the address and "
                                           "the port, and that something listens there");
  CHECK(error_told(answers, "broken") ==
        "policy broken of group.web: /bin/sh ended with exit 3 [no such queue]; run it by hand");
  CHECK(error_told(answers, "chatty") ==
        "policy chatty of group.web: /bin/sh printed \"7 jobs\", expected one number; let it print a number alone, or "
        "NaN where there is none");
  CHECK(error_told(answers, "missing").starts_with("policy missing of group.web: "));
  CHECK(error_told(answers, "missing").find("/nonexistent/program") != std::string::npos);
}

TEST_CASE("members tell what they have free, each for itself, and one that is not right is an error of its own") {
  WebServer server;
  server.serve("/status", R"({"free": 4, "end": true})");
  Asking asking(slots_at(server.port()));
  asking.add_member(0, "127.0.0.1");
  asking.add_member(1, "");
  asking.add_member(2, "127.0.0.2");  // the server does not listen there

  const SourceAnswers answers = asking.ask();

  REQUIRE(answers.capacity.size() == 1);
  const auto& slots = answers.capacity.at("slots");
  REQUIRE(slots.size() == 3);
  CHECK(slots.at(web(0)).value() == CapacityAnswer{4, true});
  CHECK(to_string(slots.at(web(1)).error()) ==
        "policy slots of group.web: web-1: its address is not known; give its network `addresses`, or wait for its "
        "lease");
  CHECK(slots.at(web(2)).error().kind == ErrorKind::unreachable);
  CHECK(slots.at(web(2)).error().message.starts_with("policy slots of group.web: web-2: http://127.0.0.2:"));
  CHECK(answers.numbers.empty());
}

TEST_CASE("a capacity policy without members is there, and empty") {
  CHECK(Asking(slots_at(80)).ask().capacity.at("slots").empty());
}

TEST_CASE("a token goes to the member as a header, and into no error, not even where it is told back") {
  WebServer server;
  std::string status = R"({"free": 4, "end": false})";
  (*server).Get("/status", [&](const httplib::Request& request, httplib::Response& response) {
    const std::string token = request.get_header_value("Authorization");
    response.set_content(status.empty() ? "{\"free\": \"" + std::string(40, 'x') + token + "\"}" : status, "text/json");
  });
  Asking asking(slots_at(server.port(), ", token: \"${env.TOKEN}\""), "{}", {{"TOKEN", "a-long-and-secret-word"}});
  asking.add_member(0, "127.0.0.1");
  CHECK(asking.ask().capacity.at("slots").at(web(0)).value() == CapacityAnswer{4, false});
  CHECK(server.authorization() == "Bearer a-long-and-secret-word");

  status = "";
  const auto told = asking.ask().capacity.at("slots").at(web(0));
  REQUIRE_FALSE(told);
  const std::string text = to_string(told.error());
  CHECK(text.find("a-long") == std::string::npos);
  CHECK(text.find("with the text \"" + std::string(40, 'x') + "***\", expected a number") != std::string::npos);
}

TEST_CASE("a password in a URL is in no error") {
  WebServer server;
  (*server).Get("/stats", [](const httplib::Request&, httplib::Response& response) {
    response.status = 403;
    response.set_content("hunter2 is wrong", "text/plain");
  });
  const std::string port = std::to_string(server.port());
  Asking asking(application("queue", "http://anna:hunter2@127.0.0.1:" + port + "/stats?key=sesame", "/x"));
  CHECK(error_told(asking.ask(), "queue") == "policy queue of group.web: http://127.0.0.1:" + port +
                                                 "/stats answered 403, expected 200 [*** is wrong]; check user, "
                                                 "password and token");
}

TEST_CASE("all is asked side by side, and what is slow delays only itself") {
  const RawServer silent(be_silent);
  WebServer server;
  server.serve("/x", "7");
  const std::string silent_url = "http://127.0.0.1:" + std::to_string(silent.port()) + "/";
  std::string policies = application("slow", silent_url, "/x") + application("quick", server.url() + "/x", "\"\"");
  for (int i = 0; i < 4; ++i) policies += script("sleeper" + std::to_string(i), "sleep 60; echo 1");
  policies += script("last", "echo 8");
  Asking asking(policies);

  const auto began = SteadyClock::now();
  const SourceAnswers answers = asking.ask(Duration{900});

  CHECK(SteadyClock::now() - began < kSourcesTime / 2);
  CHECK(number_told(answers, "quick") == 7);
  CHECK(number_told(answers, "last") == 8);
  CHECK(answers.numbers.at("slow").error().kind == ErrorKind::timed_out);
  for (int i = 0; i < 4; ++i) {
    CHECK(answers.numbers.at("sleeper" + std::to_string(i)).error().kind == ErrorKind::timed_out);
  }
}

TEST_CASE("what a command says on stderr is told where it fails, without the password in an address") {
  Asking asking(script("broken", "echo cannot reach https://me:opensesame@db.lan/ >&2; exit 3"));

  const std::string told = error_told(asking.ask(), "broken");

  CHECK(told.find("[cannot reach https://me:") != std::string::npos);
  CHECK(told.find("opensesame") == std::string::npos);
}

TEST_CASE("more commands than run at once wait for their turn, and are told when none is left") {
  std::string quick, slow;
  for (std::size_t i = 0; i < kSourceCommandsAtOnce + 3; ++i) quick += script("c" + std::to_string(i), "echo 1");
  for (std::size_t i = 0; i <= kSourceCommandsAtOnce; ++i) slow += script("c" + std::to_string(i), "sleep 60");
  const SourceAnswers all = Asking(quick).ask();
  for (const auto& [policy, number] : all.numbers) CHECK(number.ok());

  const SourceAnswers none = Asking(slow).ask(Duration{300});
  int not_run = 0;
  for (const auto& [policy, number] : none.numbers) {
    REQUIRE_FALSE(number);
    CHECK(number.error().kind == ErrorKind::timed_out);
    if (number.error().message.find("all time went to others") != std::string::npos) ++not_run;
  }
  CHECK(not_run == 1);
}

TEST_CASE("where threads run out, commands are errors and others answer as ever; one thread does for all commands") {
  enum Outcome { answered_in_the_end, never_answered, no_limit, other_source_lost, command_lost, other_error };
  const Asking asking(application("waiting", "http://app/n", "\"\"") + script("a", "echo 8") + script("b", "echo 8") +
                      script("c", "echo 8"));
  FakeNumberSources http;
  http.answers["http://app:80/n"] = {200, "7"};
  PrintedEight commands;
  SystemClock clock;
  const auto ask = [&] {
    return ask_sources(asking.config, {{&asking.config.groups.front(), {}}}, {asking.variables, asking.known_addresses},
                       {.http = http, .commands = commands, .clock = clock, .stopped = [] { return false; }},
                       kSourcesTime)
        .at("group.web");
  };

  const int outcome = as_nobody([&] {
    // Other processes of this user count too: from none at all to as many threads as it takes.
    constexpr rlim_t kEnough = 1'000;
    rlimit limit{};
    if (::getrlimit(RLIMIT_NPROC, &limit) != 0) return no_limit;
    for (limit.rlim_cur = 0; limit.rlim_cur < std::min(kEnough, limit.rlim_max); ++limit.rlim_cur) {
      if (::setrlimit(RLIMIT_NPROC, &limit) != 0) return no_limit;
      const auto numbers = ask().numbers;
      if (!numbers.at("waiting").ok()) return other_source_lost;
      const auto answered = std::ranges::count_if(numbers, [](const auto& one) { return one.second.ok(); });
      if (answered == std::ssize(numbers)) return answered_in_the_end;
      if (answered > 1) return command_lost;
      const std::string error = to_string(numbers.at("a").error());
      if (!error.starts_with("policy a of group.web: was not run: there can be no more threads")) return other_error;
    }
    return never_answered;
  });

  CHECK(outcome == answered_in_the_end);
}

TEST_CASE("nothing is waited for when we are to stop") {
  const RawServer silent(be_silent);
  Asking asking(application("slow", "http://127.0.0.1:" + std::to_string(silent.port()) + "/", "/x") +
                script("sleeper", "sleep 60"));
  const auto began = SteadyClock::now();
  const SourceAnswers answers = asking.ask(kSourcesTime, [] { return true; });
  CHECK(SteadyClock::now() - began < kSourcesTime / 2);
  CHECK_FALSE(answers.numbers.at("slow"));
  CHECK_FALSE(answers.numbers.at("sleeper"));
}

}  // namespace vscale::test
