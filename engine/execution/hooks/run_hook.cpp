#include "engine/execution/hooks/run_hook.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "engine/desired/config.h"
#include "engine/values/address.h"
#include "engine/values/text/shown_line.h"

namespace vscale {
namespace {

/// How a command ended, wherever it ran.
struct Exit {
  int code = 0;
  std::string out, err;
};
/// Why a hook did not succeed.
struct Failure {
  ErrorKind kind = ErrorKind::failed;
  std::string what;   ///< "kubectl ended with exit 1: node \"web-3\" not found"
  std::string brief;  ///< The same where the hook's own program is named already: "exit 1: node \"web-3\" not found"
  std::string detail{};
  std::string hint{};
};

std::string short_address_of(const HookSubject& subject) {
  const auto address = parse_instance_address(subject.address);
  return address ? short_name(*address) : subject.address;
}

/// The first line with something in it, of its errors or else of its output.
std::string first_words(const Exit& exit) {
  for (const std::string* said : {&exit.err, &exit.out}) {
    const std::size_t begin = said->find_first_not_of(" \t\r\n");
    if (begin != std::string::npos) return shown_line(said->substr(begin), kHookWordsMax);
  }
  return "";
}

/// As the file has it, with nothing filled in: no secret is in it.
std::string program_of(const std::vector<TemplateText>& argv) {
  return argv.empty() ? std::string("(nothing)") : shown_line(argv.front().text, kHookWordsMax);
}

/// What somebody may decide something by; a program that is not there says nothing of a domain.
ErrorKind kind_of_failure(ErrorKind kind) {
  const bool is_kept = kind == ErrorKind::unreachable || kind == ErrorKind::timed_out || kind == ErrorKind::conflict;
  return is_kept ? kind : ErrorKind::failed;
}

InstanceFacts facts_of(const HookSubject& subject) {
  InstanceFacts facts{.name = subject.name, .group = {}, .ordinal = 0, .address = {}, .host = subject.domain.host};
  if (const auto address = parse_instance_address(subject.address)) {
    facts.group = address->group;
    facts.ordinal = address->ordinal;
  }
  // It becomes a word of a command line, and an older version recorded whatever a guest said.
  const auto has_address = [](const GuestNic& nic) { return nic.address && parse_ipv4(*nic.address); };
  const auto nic = std::find_if(subject.nics.begin(), subject.nics.end(), has_address);
  if (nic != subject.nics.end()) facts.address = *nic->address;
  return facts;
}

/// One hook, or its undo.
class HookRun {
 public:
  HookRun(const Hook& hook, const HookSubject& subject, HookPorts ports, const std::function<bool()>& stopped)
      : hook_(hook),
        subject_(subject),
        ports_(ports),
        stopped_(stopped),
        facts_(facts_of(subject)),
        timeout_(hook.timeout.value_or(kHookTimeout)) {}

  /// Nothing: it succeeded.
  std::optional<Failure> run() {
    const auto input = input_of_hook();
    if (const auto* failure = std::get_if<Failure>(&input)) return *failure;
    return succeed(hook_.command.empty() ? hook_.guest : hook_.command, std::get<std::string>(input));
  }
  std::optional<Failure> undo() { return hook_.undo.empty() ? std::nullopt : succeed(hook_.undo, ""); }

 private:
  std::variant<std::string, Failure> input_of_hook() {
    if (!hook_.stdin_from.empty()) return output_of(hook_.stdin_from);
    if (!hook_.stdin_text) return std::string();
    auto filled = ports_.texts.fill_in(*hook_.stdin_text, facts_, subject_.known_addresses);
    if (!filled) return failure_by(filled.error(), "its stdin");
    return *std::move(filled);
  }

  /// Half of a token, or of a script, is worse than none.
  std::variant<std::string, Failure> output_of(const std::vector<TemplateText>& argv) {
    const std::string program = "stdinFrom " + program_of(argv);
    const auto exit = run_here(argv, "");
    if (!exit) return not_its_own(failure_by(exit.error(), program));
    if (exit->code != 0) return not_its_own(failure_by(*exit, program));
    if (exit->out.size() < kCommandOutputMaxBytes) return exit->out;
    return not_its_own({.kind = ErrorKind::failed,
                        .what = fmt::format("{} says {} or more", program, show_bytes(kCommandOutputMaxBytes)),
                        .brief = {},
                        .hint = "let the guest fetch it itself"});
  }

  static Failure not_its_own(Failure failure) {
    failure.brief = failure.what;
    return failure;
  }

  /// Where the hook runs.
  std::optional<Failure> succeed(const std::vector<TemplateText>& argv, const std::string& input) {
    const auto exit = hook_.command.empty() ? run_in_guest(argv, input) : run_here(argv, input);
    if (!exit) return failure_by(exit.error(), program_of(argv));
    if (exit->code != 0) return failure_by(*exit, program_of(argv));
    return std::nullopt;
  }

  Result<Exit> run_here(const std::vector<TemplateText>& argv, const std::string& input) {
    auto filled = fill_in(argv);
    if (!filled) return filled.error();
    auto exit = ports_.commands.run(
        {.argv = *std::move(filled), .environment = environment(), .input = input, .timeout = timeout_}, stopped_);
    if (!exit) return exit.error();
    return Exit{exit->code, std::move(exit->out), std::move(exit->err)};
  }

  Result<Exit> run_in_guest(const std::vector<TemplateText>& argv, const std::string& input) {
    const auto filled = fill_in(argv);
    if (!filled) return filled.error();
    auto exit = ports_.guests.run_in_guest(subject_.domain, *filled, input, timeout_);
    if (!exit) return exit.error();
    return Exit{exit->code, std::move(exit->out), std::move(exit->err)};
  }

  Result<std::vector<std::string>> fill_in(const std::vector<TemplateText>& argv) {
    std::vector<std::string> filled;
    for (const auto& word : argv) {
      auto text = ports_.texts.fill_in(word, facts_, subject_.known_addresses);
      if (!text) return text.error();
      filled.push_back(*std::move(text));
    }
    return filled;
  }

  [[nodiscard]] std::map<std::string, std::string> environment() const {
    return {{"VSCALE_NAME", facts_.name},
            {"VSCALE_ADDRESS", facts_.address},
            {"VSCALE_HOST", facts_.host},
            {"VSCALE_GROUP", facts_.group},
            {"VSCALE_REASON", subject_.reason}};
  }

  Failure failure_by(const Exit& exit, const std::string& program) {
    const std::string words =
        first_words({exit.code, ports_.texts.without_secrets(exit.out), ports_.texts.without_secrets(exit.err)});
    const std::string brief = fmt::format("exit {}{}{}", exit.code, words.empty() ? "" : ": ", words);
    return {.kind = ErrorKind::failed, .what = fmt::format("{} ended with {}", program, brief), .brief = brief};
  }

  Failure failure_by(const Error& error, const std::string& program) {
    const std::string message = ports_.texts.without_secrets(error.message);
    return {.kind = kind_of_failure(error.kind),
            .what = fmt::format("{}: {}", program, message),
            .brief = message,
            .detail = ports_.texts.without_secrets(error.detail),
            .hint = ports_.texts.without_secrets(error.hint)};
  }

  const Hook& hook_;
  const HookSubject& subject_;
  HookPorts ports_;
  const std::function<bool()>& stopped_;
  InstanceFacts facts_;
  Duration timeout_;
};

Error error_of(const Failure& failure, const RunHook& hook, const HookSubject& subject) {
  return {.kind = failure.kind,
          .message = fmt::format("{}: hook {} {}", short_address_of(subject), to_string(hook.when), failure.what),
          .detail = failure.detail,
          .hint = failure.hint.empty() ? "mend it and plan again, or let it go on without, by onFailure: continue"
                                       : failure.hint};
}

/// What there is to say farewell to.
struct Somebody {};
using Presence = std::variant<Somebody, ActionOutcome, Failure>;

Presence who_is_left(const HookSubject& subject, Domains& domains) {
  const auto state = domains.domain_state(subject.domain);
  const auto skipped = [](const char* why) {
    return ActionOutcome{.addresses = {}, .note = fmt::format("skipped: it is {}", why)};
  };
  if (!state && state.error().kind == ErrorKind::not_found) return skipped("gone");
  if (!state) {
    const auto& [kind, message, detail, hint] = state.error();
    return Failure{kind_of_failure(kind), "was not begun: " + message, "not begun: " + message, detail, hint};
  }
  if (*state == DomainState::shut_off || *state == DomainState::crashed) return skipped("off");
  return Somebody{};
}

/// Its own undo comes first of all.
std::vector<Hook> all_to_take_back(const RunHook& hook) {
  std::vector<Hook> all = hook.undo;
  if (hook.when != RunHook::When::undo) all.push_back(hook.hook);
  return all;
}

}  // namespace

Result<ActionOutcome> run_hook(const RunHook& hook, const HookSubject& subject, HookPorts ports,
                               const std::function<bool()>& stopped) {
  std::optional<Failure> failure;
  if (hook.when == RunHook::When::before_stop) {
    const Presence presence = who_is_left(subject, ports.domains);
    if (const auto* skipped = std::get_if<ActionOutcome>(&presence)) return *skipped;
    if (const auto* unknown = std::get_if<Failure>(&presence)) failure = *unknown;
  }
  if (!failure) {
    HookRun run(hook.hook, subject, ports, stopped);
    failure = hook.when == RunHook::When::undo ? run.undo() : run.run();
  }
  if (!failure) return ActionOutcome{};
  const bool is_cut_short = failure->kind == ErrorKind::timed_out && stopped();
  if (hook.hook.on_failure == Hook::OnFailure::proceed && !is_cut_short) {
    return ActionOutcome{.addresses = {}, .note = failure->brief + ", went on"};
  }
  return take_back(all_to_take_back(hook), error_of(*failure, hook, subject), subject, ports);
}

Error take_back(const std::vector<Hook>& hooks, Error error, const HookSubject& subject, HookPorts ports) {
  const std::function<bool()> never = [] { return false; };
  for (auto hook = hooks.rbegin(); hook != hooks.rend(); ++hook) {
    const auto failure = HookRun(*hook, subject, ports, never).undo();
    if (!failure) continue;
    if (!error.detail.empty()) error.detail += "; ";
    error.detail += fmt::format("not taken back: {}", failure->what);
  }
  return error;
}

}  // namespace vscale
