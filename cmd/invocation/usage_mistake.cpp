#include "cmd/invocation/usage_mistake.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "cmd/views/text/text_layout.h"
#include "schemas/diagnostics/did_you_mean.h"

namespace vscale {
namespace {

const CLI::App& reached_app(const CLI::App& app) {
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  return *at;
}

/// The command that the words had reached, for "help: vscale plan --help".
std::string reached_command(const CLI::App& app) {
  std::string text = "vscale";
  for (const CLI::App* at = &app; !at->get_subcommands().empty();) {
    at = at->get_subcommands().front();
    text += " " + at->get_name();
  }
  return text;
}

/// The first word that is neither an option nor a command: most likely a command with a slip in it.
std::string slip_hint(const CLI::App& app, const std::vector<std::string>& words) {
  const CLI::App& reached = reached_app(app);
  std::vector<std::string> known = command_names(reached);
  for (const auto* one : {&reached, &app}) {
    for (const auto& name : option_names(*one)) known.push_back(name);
  }
  for (const auto& word : words) {
    const std::string name = word.substr(0, word.find('='));
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const auto begins = [&name](const std::string& other) { return name.size() > 2 && other.starts_with(name); };
    const auto longer = std::find_if(known.begin(), known.end(), begins);
    if (longer != known.end()) return fmt::format("did you mean \"{}\"?", *longer);
    if (const auto hint = did_you_mean(name, known); !hint.empty()) return hint;
  }
  return {};
}

/// The first word that nothing takes; an option rather than another, for that one may be its value.
std::string unexpected_word(const CLI::App& app, const std::vector<std::string>& words) {
  const auto left = app.remaining(true);
  const auto is_left = [&left](const std::string& word) {
    return std::find(left.begin(), left.end(), word) != left.end();
  };
  const auto is_option_left = [&](const std::string& word) { return word.starts_with('-') && is_left(word); };
  auto found = std::find_if(words.begin(), words.end(), is_option_left);
  if (found == words.end()) found = std::find_if(words.begin(), words.end(), is_left);
  return found == words.end() ? "" : *found;
}

std::string unexpected_text(const CLI::App& app, const std::string& word) {
  const std::string command = reached_command(app);
  if (word == "--detach") return "there is no --detach yet: a run is waited for until its end";
  if (word.starts_with('-')) return fmt::format("{} has no option \"{}\"", command, word);
  const CLI::App& reached = reached_app(app);
  if (command_names(reached).empty()) return fmt::format("{} takes no \"{}\"", command, word);
  return fmt::format("{} has no command \"{}\"", command, word);
}

std::string what_was_wrong(const CLI::App& app, const CLI::ParseError& mistake, const std::vector<std::string>& words) {
  const auto is = [&mistake](CLI::ExitCodes code) { return mistake.get_exit_code() == static_cast<int>(code); };
  const std::string library = mistake.what();
  if (is(CLI::ExitCodes::ArgumentMismatch)) return library.substr(0, library.find(':')) + " needs a value";
  if (!is(CLI::ExitCodes::ExtrasError) && !is(CLI::ExitCodes::RequiredError)) return library;
  if (const std::string word = unexpected_word(app, words); !word.empty()) return unexpected_text(app, word);
  const auto commands = command_names(reached_app(app));
  if (commands.empty()) return library;
  return fmt::format("{} needs one of: {}", reached_command(app), fmt::join(commands, ", "));
}

}  // namespace

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* sub : app.get_subcommands([](const CLI::App*) { return true; })) names.push_back(sub->get_name());
  return names;
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::string usage_mistake_text(const CLI::App& app, const CLI::ParseError& mistake,
                               const std::vector<std::string>& words) {
  std::string text = left_and_right("error: " + printable(what_was_wrong(app, mistake, words)), "", 2);
  if (const auto hint = slip_hint(app, words); !hint.empty()) text += "  hint: " + hint + "\n";
  return text + fmt::format("  help: {} --help\n", reached_command(app));
}

}  // namespace vscale
