#include "cmd/watching/sources/ask_sources.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <system_error>
#include <thread>
#include <utility>

#include "providers/http/url.h"
#include "schemas/metrics/command_number.h"
#include "schemas/metrics/influxdb_answer.h"
#include "schemas/metrics/json_number.h"
#include "schemas/metrics/prometheus_answer.h"
#include "schemas/seed/hook_renderer.h"
#include "schemas/text/url_password.h"

namespace vscale {
namespace {

// Asking
// ----------------------------------------------------------------------------------------------------------------

/// Runs commands, from when it is made, each within its own time and what is left of all.
class CommandRuns {
 public:
  CommandRuns(std::vector<Command> commands, const SourcePorts& ports, Duration within)
      : commands_(std::move(commands)), ports_(ports), until_(ports.clock.uptime() + within), exits_(commands_.size()) {
    start_threads();
  }

  /// Waits for them. Once only.
  std::vector<Result<CommandExit>> exits() {
    threads_.clear();
    std::vector<Result<CommandExit>> all;
    all.reserve(exits_.size());
    for (auto& exit : exits_) all.push_back(exit ? *std::move(exit) : Result<CommandExit>(no_thread_));
    return all;
  }

 private:
  void start_threads() {
    try {
      while (threads_.size() < std::min(commands_.size(), kSourceCommandsAtOnce)) {
        threads_.emplace_back([this] { take_turns(); });
      }
    } catch (const std::system_error& error) {
      // Those that there are take all turns; where there is none, nobody does.
      no_thread_ = {ErrorKind::failed, "was not run: there can be no more threads", error.what(),
                    "allow vscale more: ulimit -u, or TasksMax of its service"};
    }
  }

  void take_turns() {
    for (std::size_t place = next_++; place < commands_.size(); place = next_++) exits_[place] = run(commands_[place]);
  }

  Result<CommandExit> run(Command command) {
    const Duration left = until_ - ports_.clock.uptime();
    if (ports_.stopped()) return Error{ErrorKind::timed_out, "was not run: we are to stop", "", ""};
    if (left <= Duration{0}) {
      return Error{ErrorKind::timed_out, "was not run: all time went to others before it", "",
                   fmt::format("{} commands run at once", kSourceCommandsAtOnce)};
    }
    command.timeout = std::min(command.timeout, left);
    return ports_.commands.run(command, ports_.stopped);
  }

  const std::vector<Command> commands_;
  const SourcePorts& ports_;
  Duration until_;
  std::vector<std::optional<Result<CommandExit>>> exits_;
  std::atomic<std::size_t> next_{0};
  Error no_thread_;
  std::vector<std::jthread> threads_;  ///< They use all of the above, and are joined before it goes.
};

/// What came of the questions of each kind, in their order.
struct Asked {
  std::vector<Result<HttpAnswer>> answers;
  std::vector<Result<CommandExit>> exits;
};

Asked ask(const std::vector<SourceQuestion>& questions, const SourcePorts& ports, Duration within) {
  std::vector<HttpQuestion> over_http;
  std::vector<Command> commands;
  for (const SourceQuestion& question : questions) {
    if (const auto* http = std::get_if<HttpQuestion>(&question.asks)) over_http.push_back(*http);
    if (const auto* command = std::get_if<Command>(&question.asks)) commands.push_back(*command);
  }
  CommandRuns runs(std::move(commands), ports, within);
  auto answers = ports.http.get_all(over_http, within, ports.stopped);
  VSCALE_ASSERT(answers.size() == over_http.size(), "there is one answer for each question");
  return {std::move(answers), runs.exits()};
}

// What they said
// ----------------------------------------------------------------------------------------------------------------

std::vector<std::string> secrets_of(const HttpQuestion& question) {
  std::vector<std::string> secrets{question.password};
  for (const HttpHeader& header : question.headers) {
    secrets.push_back(header.value);
    secrets.push_back(header.value.substr(header.value.find(' ') + 1));  // what follows "Bearer"
  }
  std::erase_if(secrets, [](const std::string& secret) { return secret.size() < kLeastSecretBytes; });
  return secrets;
}

std::string without(std::string text, const std::vector<std::string>& secrets) {
  constexpr std::string_view kHidden = "***";
  for (const std::string& secret : secrets) {
    for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at + kHidden.size())) {
      text.replace(at, secret.size(), kHidden);
    }
  }
  return text;
}

Error about(const SourceQuestion& question, Error error) {
  error.message = fmt::format("{}: {}", question.subject, error.message);
  return error;
}

/// Reads an answer. Its error is told anew from the answer without secrets: half of one, at the end of what is shown of
/// an answer, could not be found any more.
template <class Read>
auto read_answer(const SourceQuestion& question, const Result<HttpAnswer>& answer, Read read)
    -> decltype(read(*answer, std::string())) {
  if (!answer) return about(question, answer.error());
  const auto& asked = std::get<HttpQuestion>(question.asks);
  const std::string subject = fmt::format("{}: {}", question.subject, show_url(asked.url));
  auto result = read(*answer, subject);
  if (result) return result;
  const auto told = read(HttpAnswer{answer->status, without(answer->body, secrets_of(asked))}, subject);
  if (!told) return told.error();
  return Error{ErrorKind::invalid, subject + " gave an answer that cannot be read", "", "ask it by hand"};
}

Result<std::optional<double>> number_from(const SourceQuestion& question, const Result<HttpAnswer>& answer) {
  const ScalingPolicy& policy = *question.policy;
  return read_answer(question, answer, [&](const HttpAnswer& said, const std::string& subject) {
    if (policy.prometheus) return prometheus_number(said, subject);
    if (policy.influxdb) return influxdb_number(said, subject);
    return json_number(said, policy.http->value, subject);
  });
}

Result<CapacityAnswer> capacity_from(const SourceQuestion& question, const Result<HttpAnswer>& answer) {
  const CapacityEndpoint& endpoint = *question.policy->endpoint;
  return read_answer(question, answer, [&](const HttpAnswer& said, const std::string& subject) {
    return capacity_answer(said, endpoint.available, endpoint.terminate, subject);
  });
}

/// Decisions are kept with what a command has said on stderr, which knows secrets by ways of its own.
Result<std::optional<double>> number_from(const SourceQuestion& question, const Result<CommandExit>& exit,
                                          const Variables& variables) {
  if (!exit) return about(question, exit.error());
  const Command& command = std::get<Command>(question.asks);
  auto number = command_number(*exit, fmt::format("{}: {}", question.subject, command.argv.front()));
  if (number) return number;
  Error error = number.error();
  HookRenderer secrets(variables);
  error.message = hide_passwords(secrets.without_secrets(std::move(error.message)));
  error.detail = hide_passwords(secrets.without_secrets(std::move(error.detail)));
  return error;
}

}  // namespace

std::map<std::string, SourceAnswers> ask_sources(const Config& config, const std::vector<GroupToAsk>& groups,
                                                 const SourceTexts& texts, const SourcePorts& ports, Duration within) {
  std::map<std::string, SourceAnswers> all;
  for (const auto& [group, members] : groups) {
    SourceAnswers& of_group = all[address_of(*group)];
    for (const ScalingPolicy& policy : group->scaling->policies) {
      if (policy.endpoint) of_group.capacity.try_emplace(policy.name);
    }
  }
  const auto questions = source_questions(config, groups, texts);
  const Asked asked = ask(questions, ports, within);
  auto answer = asked.answers.begin();
  auto exit = asked.exits.begin();
  for (const SourceQuestion& question : questions) {
    SourceAnswers& of_group = all[question.group];
    const std::string& policy = question.policy->name;
    const auto* impossible = std::get_if<Error>(&question.asks);
    if (question.member) {
      of_group.capacity[policy].emplace(*question.member, impossible != nullptr
                                                              ? Result<CapacityAnswer>(about(question, *impossible))
                                                              : capacity_from(question, *answer++));
    } else if (impossible != nullptr) {
      of_group.numbers.emplace(policy, about(question, *impossible));
    } else if (std::holds_alternative<Command>(question.asks)) {
      of_group.numbers.emplace(policy, number_from(question, *exit++, texts.variables));
    } else {
      of_group.numbers.emplace(policy, number_from(question, *answer++));
    }
  }
  return all;
}

}  // namespace vscale
