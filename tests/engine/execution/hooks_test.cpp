#include <fmt/format.h>
#include <fmt/ranges.h>

#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <vector>

#include "engine/execution/hooks/run_hook.h"
#include "engine/execution/perform.h"
#include "providers/fake/fake_cluster.h"
#include "providers/fake/fake_sources.h"
#include "tests/engine/execution/scripted_run.h"

namespace vscale::test {
namespace {

/// Guests that remember what was run in them, and answer as the test says; the rest is the cluster's.
class HeardGuests final : public Guests {
 public:
  struct Heard {
    std::string uuid;
    std::vector<std::string> argv;
    std::string input;
    Duration timeout{};
  };

  Result<void> ping_agent(const DomainRef& /*domain*/, Duration /*timeout*/) override { return {}; }
  Result<GuestExit> run_in_guest(const DomainRef& domain, const std::vector<std::string>& argv,
                                 const std::string& input, Duration timeout) override {
    heard.push_back({domain.uuid, argv, input, timeout});
    return answer;
  }
  Result<std::vector<GuestAddress>> guest_addresses(const DomainRef& /*domain*/) override {
    return std::vector<GuestAddress>{};
  }

  std::vector<Heard> heard;
  Result<GuestExit> answer = GuestExit{};
};

/// Facts, and one secret: `hunter2`, as `${var.token}`.
class TextsWithSecret final : public HookTexts {
 public:
  Result<std::string> fill_in(const TemplateText& text, const InstanceFacts& facts,
                              const KnownAddresses& known_addresses) override {
    if (text.text == "${var.token}") return std::string("hunter2");
    if (text.text == "${machine.db.address}") return known_addresses.all().at(*parse_instance_address("machine.db"));
    return expand_instance_facts(text.text, facts);
  }
  std::string without_secrets(std::string text) override {
    for (std::size_t at = text.find("hunter2"); at != std::string::npos; at = text.find("hunter2"))
      text.replace(at, 7, "***");
    return text;
  }
};

std::vector<TemplateText> words(const std::vector<std::string>& argv) {
  std::vector<TemplateText> texts;
  for (const auto& word : argv) texts.push_back({word});
  return texts;
}

Hook command_hook(const std::vector<std::string>& argv, const std::vector<std::string>& undo = {}) {
  Hook hook;
  hook.command = words(argv);
  hook.undo = words(undo);
  return hook;
}

Hook guest_hook(const std::vector<std::string>& argv, const std::vector<std::string>& undo = {}) {
  Hook hook;
  hook.guest = words(argv);
  hook.undo = words(undo);
  return hook;
}

RunHook run_of(RunHook::When when, Hook hook) {
  return {.when = when,
          .hook = std::move(hook),
          .uuid = "uuid-3",
          .name = "prod-web-3",
          .nics = {{"lan", "mac-3", "10.0.0.53"}},
          .reason = "not_wanted",
          .undo = {}};
}

using When = RunHook::When;

/// web-3 is up on kvm1, and hooks are run for it.
struct HookedHost {
  VirtualClock clock;
  FakeCluster cluster{1, clock};
  HeardGuests guests;
  FakeImageLibrary images{clock};
  FakeSeedSource seeds;
  FakeCommands commands;
  TextsWithSecret texts;
  Config config;
  ActionInput input{.lineage = kLineage, .name = "prod-web-3", .known_addresses = {}, .started_at = {}};
  bool stopped = false;

  HookedHost() {
    cluster.add_host({.name = "kvm1"});
    CreateVolume root;
    root.volume = volume_record("root");
    root.volume.capacity_bytes = kGiB;
    root.format = "qcow2";
    REQUIRE(perform(root));
    DefineDomain define;
    define.spec.name = "prod-web-3";
    define.spec.uuid = "uuid-3";
    define.spec.ownership.lineage = kLineage;
    define.spec.max_vcpus = 1;
    define.spec.memory_bytes = kGiB;
    define.spec.max_memory_bytes = kGiB;
    define.spec.disks = {{.pool = "default", .volume = "root", .serial = "root"}};
    REQUIRE(perform(define));
    REQUIRE(perform(StartDomain{"uuid-3"}));
  }

  Result<ActionOutcome> perform(ActionDetail detail) {
    const Action action{1, "group.web[3]", "kvm1", {}, std::move(detail)};
    return vscale::perform(
        action, input, config, {cluster, cluster, guests, cluster, images, seeds, commands, texts, clock},
        [](const RunEvent&) {}, [this] { return stopped; });
  }
  Error error_of(const ActionDetail& detail) {
    const auto outcome = perform(detail);
    REQUIRE_FALSE(outcome);
    return outcome.error();
  }
  std::string note_of(const ActionDetail& detail) {
    const auto outcome = perform(detail);
    INFO((outcome ? "" : to_string(outcome.error())));
    REQUIRE(outcome);
    return outcome->note;
  }

  /// "kubectl" fails so; all others succeed.
  void kubectl_answers(Result<CommandExit> answer) {
    commands.answer = [answer = std::move(answer)](const Command& command) -> Result<CommandExit> {
      return command.argv.front() == "kubectl" ? answer : CommandExit{};
    };
  }
  /// The command lines that were run, in order.
  [[nodiscard]] std::vector<std::string> lines() const {
    std::vector<std::string> lines;
    for (const auto& command : commands.ran) lines.push_back(fmt::format("{}", fmt::join(command.argv, " ")));
    return lines;
  }
};

using Lines = std::vector<std::string>;

CommandExit exit_with(int code, const std::string& err, const std::string& out = {}) {
  return {.code = code, .out = out, .err = err};
}

TEST_CASE("a hook's command knows by its words and its environment which instance it is about") {
  HookedHost host;
  Hook hook = command_hook({"lb", "add", "${name}", "${address}", "${host}", "${group}-${ordinal}"});
  hook.stdin_text = TemplateText{"${var.token}"};

  CHECK(host.note_of(run_of(When::after_ready, hook)).empty());

  REQUIRE(host.commands.ran.size() == 1);
  const Command& command = host.commands.ran.front();
  CHECK(command.argv == Lines{"lb", "add", "prod-web-3", "10.0.0.53", "kvm1", "web-3"});
  CHECK(command.input == "hunter2");
  CHECK(command.environment == std::map<std::string, std::string>{{"VSCALE_NAME", "prod-web-3"},
                                                                  {"VSCALE_ADDRESS", "10.0.0.53"},
                                                                  {"VSCALE_HOST", "kvm1"},
                                                                  {"VSCALE_GROUP", "web"},
                                                                  {"VSCALE_REASON", "not_wanted"}});
}

TEST_CASE("a hook has two minutes, or as long as it says") {
  HookedHost host;
  Hook hook = command_hook({"lb"});
  REQUIRE(host.perform(run_of(When::after_ready, hook)));
  hook.timeout = std::chrono::minutes{5};
  REQUIRE(host.perform(run_of(When::after_ready, hook)));
  CHECK(host.commands.ran[0].timeout == std::chrono::minutes{2});
  CHECK(host.commands.ran[1].timeout == std::chrono::minutes{5});
}

TEST_CASE("the address that the record has by now is newer than the plan's, and there may be none at all") {
  HookedHost host;
  host.input.nics = {{"lan", "mac-a", {}}, {"lan", "mac-b", "10.0.0.99"}};
  REQUIRE(host.perform(run_of(When::after_ready, command_hook({"lb"}))));
  host.input.nics = {};
  RunHook unknown = run_of(When::after_ready, command_hook({"lb"}));
  unknown.nics = {{"lan", "mac-3", {}}};
  REQUIRE(host.perform(unknown));
  unknown.nics = {{"lan", "mac-3", "-oProxyCommand=x"}};
  REQUIRE(host.perform(unknown));
  CHECK(host.commands.ran[0].environment.at("VSCALE_ADDRESS") == "10.0.0.99");
  CHECK(host.commands.ran[1].environment.at("VSCALE_ADDRESS").empty());
  CHECK(host.commands.ran[2].environment.at("VSCALE_ADDRESS").empty());
}

TEST_CASE("a hook in the guest gets its words and its input through the agent") {
  HookedHost host;
  Hook hook = guest_hook({"sh", "-s", "${name}"});
  hook.stdin_text = TemplateText{"${var.token}"};
  REQUIRE(host.perform(run_of(When::after_ready, hook)));
  CHECK(host.commands.ran.empty());
  REQUIRE(host.guests.heard.size() == 1);
  CHECK(host.guests.heard[0].uuid == "uuid-3");
  CHECK(host.guests.heard[0].argv == Lines{"sh", "-s", "prod-web-3"});
  CHECK(host.guests.heard[0].input == "hunter2");
  CHECK(host.guests.heard[0].timeout == kHookTimeout);
}

TEST_CASE("stdinFrom runs where vscale runs, and what it says is the input") {
  HookedHost host;
  host.input.known_addresses = KnownAddresses({{*parse_instance_address("machine.db"), "10.0.0.60"}});
  Hook hook = guest_hook({"sh", "-s"});
  hook.stdin_from = words({"kubectl", "token", "${machine.db.address}"});
  host.kubectl_answers(exit_with(0, "", "join it\n"));
  REQUIRE(host.perform(run_of(When::after_ready, hook)));
  CHECK(host.lines() == Lines{"kubectl token 10.0.0.60"});
  CHECK(host.guests.heard.at(0).input == "join it\n");
}

TEST_CASE("where stdinFrom fails or says too much, the hook is not begun") {
  HookedHost host;
  Hook hook = guest_hook({"sh", "-s"});
  hook.stdin_from = words({"kubectl", "token"});
  host.kubectl_answers(exit_with(1, "no such cluster\n"));
  CHECK(host.error_of(run_of(When::after_ready, hook)).message ==
        "web-3: hook afterReady stdinFrom kubectl ended with exit 1: no such cluster");
  host.kubectl_answers(exit_with(0, "", std::string(kCommandOutputMaxBytes, 'x')));
  CHECK(host.error_of(run_of(When::after_ready, hook)).message ==
        "web-3: hook afterReady stdinFrom kubectl says 64 KiB or more");
  CHECK(host.guests.heard.empty());
}

TEST_CASE("a hook that fails is told with its instance, its program, and what that said first, without secrets") {
  HookedHost host;
  host.kubectl_answers(exit_with(1, "\n  token hunter2 is \x1b[31mrefused\nand more\n", "said\n"));
  const Error error = host.error_of(run_of(When::before_stop, command_hook({"kubectl", "drain", "${name}"})));
  CHECK(error.kind == ErrorKind::failed);
  CHECK(error.message == "web-3: hook beforeStop kubectl ended with exit 1: token *** is ?[31mrefused");
  CHECK(error.detail.empty());
  CHECK(error.hint == "mend it and plan again, or let it go on without, by onFailure: continue");

  host.kubectl_answers(exit_with(2, "", "said\n"));
  CHECK(host.error_of(run_of(When::before_stop, command_hook({"kubectl"}))).message ==
        "web-3: hook beforeStop kubectl ended with exit 2: said");
  host.kubectl_answers(exit_with(3, ""));
  CHECK(host.error_of(run_of(When::before_stop, command_hook({"kubectl"}))).message ==
        "web-3: hook beforeStop kubectl ended with exit 3");
  host.kubectl_answers(exit_with(3, std::string(1000, 'x')));
  CHECK(host.error_of(run_of(When::before_stop, command_hook({"kubectl"}))).message ==
        "web-3: hook beforeStop kubectl ended with exit 3: " + std::string(kHookWordsMax, 'x'));
}

TEST_CASE("a hook that cannot be begun is a failure, and says nothing of the instance") {
  HookedHost host;
  host.kubectl_answers(Error{ErrorKind::not_found, "\"kubectl\" is not there", "hunter2", "install hunter2"});
  const Error error = host.error_of(run_of(When::after_ready, command_hook({"kubectl"})));
  CHECK(error.kind == ErrorKind::failed);
  CHECK(error.message == "web-3: hook afterReady kubectl: \"kubectl\" is not there");
  CHECK(error.detail == "***");
  CHECK(error.hint == "install ***");
  CHECK(host.error_of(run_of(When::after_ready, command_hook({"echo", "${nothing}"}))).kind == ErrorKind::failed);
}

TEST_CASE("a guest that cannot be asked keeps the kind of its error, as it may be nobody's fault") {
  HookedHost host;
  for (const auto kind : {ErrorKind::unreachable, ErrorKind::timed_out, ErrorKind::conflict}) {
    host.guests.answer = Error{kind, "no answer", {}, "look there"};
    CHECK(host.error_of(run_of(When::after_ready, guest_hook({"sh"}))).kind == kind);
  }
  host.guests.answer = GuestExit{.code = 4, .out = {}, .err = "hunter2 is wrong"};
  CHECK(host.error_of(run_of(When::after_ready, guest_hook({"sh"}))).message ==
        "web-3: hook afterReady sh ended with exit 4: *** is wrong");
}

TEST_CASE("a hook that may fail goes on, and its note says what happened") {
  HookedHost host;
  Hook hook = command_hook({"kubectl"}, {"undo"});
  hook.on_failure = Hook::OnFailure::proceed;
  host.kubectl_answers(exit_with(3, "moan\n"));
  CHECK(host.note_of(run_of(When::after_ready, hook)) == "exit 3: moan, went on");
  host.kubectl_answers(Error{ErrorKind::timed_out, "\"kubectl\" did not end within 2m", {}, {}});
  CHECK(host.note_of(run_of(When::after_stop, hook)) == "\"kubectl\" did not end within 2m, went on");
  hook.stdin_from = words({"kubectl", "token"});
  host.kubectl_answers(exit_with(3, ""));
  CHECK(host.note_of(run_of(When::after_stop, hook)) == "stdinFrom kubectl ended with exit 3, went on");
  CHECK(host.lines() == Lines{"kubectl", "kubectl", "kubectl token"});
}

TEST_CASE("a hook that fails is taken back, and then those before it, last first") {
  HookedHost host;
  RunHook hook = run_of(When::before_stop, command_hook({"kubectl", "drain"}, {"uncordon", "${name}"}));
  hook.undo = {command_hook({"a"}, {"undo-a"}), command_hook({"no-undo"}), guest_hook({"b"}, {"undo-b"})};
  hook.undo[0].timeout = std::chrono::seconds{7};
  host.kubectl_answers(exit_with(1, ""));
  CHECK(host.error_of(hook).detail.empty());
  CHECK(host.lines() == Lines{"kubectl drain", "uncordon prod-web-3", "undo-a"});
  CHECK(host.commands.ran.back().timeout == std::chrono::seconds{7});
  REQUIRE(host.guests.heard.size() == 1);
  CHECK(host.guests.heard[0].argv == Lines{"undo-b"});
}

TEST_CASE("what cannot be taken back is told, and keeps none of the others from it") {
  HookedHost host;
  RunHook hook = run_of(When::before_stop, command_hook({"kubectl", "drain"}, {"kubectl", "uncordon"}));
  hook.undo = {command_hook({"a"}, {"undo-a"}), guest_hook({"b"}, {"undo-b"})};
  host.kubectl_answers(exit_with(1, "hunter2 is wrong"));
  host.guests.answer = Error{ErrorKind::unreachable, "no answer", {}, {}};
  CHECK(host.error_of(hook).detail ==
        "not taken back: kubectl ended with exit 1: *** is wrong; not taken back: undo-b: no answer");
  CHECK(host.lines().back() == "undo-a");
}

TEST_CASE("a hook that is cut short by the end of the run is taken back, even where it might fail") {
  HookedHost host;
  Hook hook = command_hook({"kubectl"}, {"undo"});
  hook.on_failure = Hook::OnFailure::proceed;
  host.commands.answer = [&](const Command& command) -> Result<CommandExit> {
    if (command.argv.front() != "kubectl") return CommandExit{};
    host.stopped = true;
    return Error{ErrorKind::timed_out, "\"kubectl\" was ended, as vscale was asked to stop", {}, {}};
  };
  CHECK(host.error_of(run_of(When::before_stop, hook)).kind == ErrorKind::timed_out);
  CHECK(host.lines() == Lines{"kubectl", "undo"});
}

TEST_CASE("an undo that was planned is run like a hook") {
  HookedHost host;
  REQUIRE(host.perform(run_of(When::undo, command_hook({"kubectl", "drain"}, {"kubectl", "uncordon"}))));
  REQUIRE(host.perform(run_of(When::undo, guest_hook({"in"}, {"out"}))));
  CHECK(host.lines() == Lines{"kubectl uncordon"});
  CHECK(host.guests.heard.at(0).argv == Lines{"out"});

  host.kubectl_answers(exit_with(1, "gone\n"));
  CHECK(host.error_of(run_of(When::undo, command_hook({"kubectl"}, {"kubectl", "uncordon"}))).message ==
        "web-3: hook undo kubectl ended with exit 1: gone");
  CHECK(host.commands.ran.size() == 2);
}

TEST_CASE("nobody says farewell to an instance that is off or gone") {
  HookedHost host;
  const RunHook hook = run_of(When::before_stop, command_hook({"kubectl"}));
  host.cluster.power_off_by_hand("prod-web-3");
  CHECK(host.note_of(hook) == "skipped: it is off");
  CHECK(host.perform(run_of(When::after_stop, command_hook({"after"}))));
  host.cluster.remove_by_hand("prod-web-3");
  CHECK(host.note_of(hook) == "skipped: it is gone");
  CHECK(host.lines() == Lines{"after"});
}

TEST_CASE("a farewell is not begun where nobody knows whether there is somebody, and those before it are taken back") {
  HookedHost host;
  RunHook hook = run_of(When::before_stop, command_hook({"kubectl"}));
  hook.undo = {command_hook({"a"}, {"undo-a"})};
  host.cluster.cut("kvm1");
  const Error error = host.error_of(hook);
  CHECK(error.kind == ErrorKind::unreachable);
  CHECK(error.message.substr(0, 37) == "web-3: hook beforeStop was not begun:");
  CHECK(host.lines() == Lines{"undo-a"});
  hook.hook.on_failure = Hook::OnFailure::proceed;
  CHECK(host.note_of(hook).substr(0, 11) == "not begun: ");
}

TEST_CASE("before farewells are said, it is made sure that the instance is as the plan saw it") {
  HookedHost host;
  CHECK(host.perform(CheckStop{.uuid = "uuid-3", .was_up = true}));
  SECTION("it is off") {
    host.cluster.power_off_by_hand("prod-web-3");
    const Error error = host.error_of(CheckStop{.uuid = "uuid-3", .was_up = true});
    CHECK(error.kind == ErrorKind::conflict);
    CHECK(error.message ==
          "host \"kvm1\": prod-web-3 is off or gone, and was up when the plan was made: somebody may have moved it");
    CHECK(host.perform(CheckStop{.uuid = "uuid-3", .was_up = false}));
  }
  SECTION("it is gone") {
    host.cluster.remove_by_hand("prod-web-3");
    CHECK(host.error_of(CheckStop{.uuid = "uuid-3", .was_up = true}).kind == ErrorKind::conflict);
    CHECK(host.error_of(CheckStop{.uuid = "uuid-3", .was_up = false}).kind == ErrorKind::conflict);
  }
  SECTION("nobody knows") {
    host.cluster.cut("kvm1");
    CHECK(host.error_of(CheckStop{.uuid = "uuid-3", .was_up = true}).kind == ErrorKind::unreachable);
  }
}

TEST_CASE("a stop that is refused takes farewells back, last first, and tells which it could not") {
  HookedHost host;
  host.input.nics = {{"lan", "mac-3", "10.0.0.53"}};
  StopDomain stop{.uuid = "uuid-3", .grace = std::chrono::seconds{20}, .removal = true, .was_up = true};
  stop.undo = {command_hook({"a"}, {"undo-a", "${address}"}), command_hook({"drain"}, {"kubectl", "${name}"})};
  host.kubectl_answers(exit_with(1, "no such node"));
  SECTION("it was moved") {
    host.cluster.remove_by_hand("prod-web-3");
    const Error error = host.error_of(stop);
    CHECK(error.kind == ErrorKind::conflict);
    CHECK(error.detail == "not taken back: kubectl ended with exit 1: no such node");
    CHECK(error.hint == "plan again");
  }
  SECTION("its host does not answer") {
    host.cluster.cut("kvm1");
    CHECK(host.error_of(stop).kind == ErrorKind::unreachable);
  }
  CHECK(host.lines() == Lines{"kubectl prod-web-3", "undo-a 10.0.0.53"});
}

TEST_CASE("a stop that goes well takes nothing back") {
  HookedHost host;
  host.clock.advance(std::chrono::minutes{1});
  StopDomain stop{.uuid = "uuid-3", .grace = std::chrono::seconds{20}, .removal = true, .was_up = true};
  stop.undo = {command_hook({"a"}, {"undo-a"})};
  CHECK(host.note_of(stop) == "shut down");
  CHECK(host.commands.ran.empty());
}

}  // namespace
}  // namespace vscale::test
