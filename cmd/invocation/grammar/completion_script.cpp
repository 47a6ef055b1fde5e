#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "cmd/invocation/grammar/grammar.h"
#include "cmd/invocation/usage_mistake.h"

namespace vscale {
namespace {

/// The options of a command, and of the commands below it, each once.
std::vector<std::string> options_below(const CLI::App& app) {
  std::vector<std::string> names = option_names(app);
  for (const auto* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    for (const auto& name : option_names(*sub)) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  return names;
}

std::string bash_script(Grammar& grammar) {
  std::string cases;
  const auto everywhere = option_names(grammar.app());
  for (const auto* sub : grammar.app().get_subcommands([](const CLI::App*) { return true; })) {
    auto words = command_names(*sub);
    for (const auto& name : options_below(*sub)) words.push_back(name);
    cases += fmt::format("    {}) words=\"{}\" ;;\n", sub->get_name(), fmt::join(words, " "));
  }
  return fmt::format(
      "# bash completion for vscale: source <(vscale completion bash)\n"
      "_vscale() {{\n"
      "  local current=${{COMP_WORDS[COMP_CWORD]}} command= words= word\n"
      "  for word in \"${{COMP_WORDS[@]:1:COMP_CWORD-1}}\"; do\n"
      "    case $word in\n"
      "      {0}) command=$word; break ;;\n"
      "    esac\n"
      "  done\n"
      "  case $command in\n"
      "    '') words=\"{1}\" ;;\n"
      "{2}"
      "  esac\n"
      "  COMPREPLY=($(compgen -W \"$words {3}\" -- \"$current\"))\n"
      "  [ ${{#COMPREPLY[@]}} -gt 0 ] || COMPREPLY=($(compgen -f -- \"$current\"))\n"
      "}}\n"
      "complete -F _vscale vscale\n",
      fmt::join(command_names(grammar.app()), "|"), fmt::join(command_names(grammar.app()), " "), cases,
      fmt::join(everywhere, " "));
}

/// Between single quotes, where fish knows two escapes.
std::string fish_quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

std::string fish_script(Grammar& grammar) {
  std::string out = "# fish completion for vscale: vscale completion fish | source\ncomplete -c vscale -f\n";
  const auto all = fmt::format("{}", fmt::join(command_names(grammar.app()), " "));
  for (const auto& name : option_names(grammar.app())) out += fmt::format("complete -c vscale -l {}\n", name.substr(2));
  for (const auto* sub : grammar.app().get_subcommands([](const CLI::App*) { return true; })) {
    out += fmt::format("complete -c vscale -n 'not __fish_seen_subcommand_from {}' -a {} -d {}\n", all, sub->get_name(),
                       fish_quoted(sub->get_description()));
    for (const auto& name : command_names(*sub)) {
      out += fmt::format("complete -c vscale -n '__fish_seen_subcommand_from {}' -a {}\n", sub->get_name(), name);
    }
    for (const auto& name : options_below(*sub)) {
      out += fmt::format("complete -c vscale -n '__fish_seen_subcommand_from {}' -l {}\n", sub->get_name(),
                         name.substr(2));
    }
  }
  return out;
}

}  // namespace

std::string completion_script(Shell shell) {
  Grammar grammar;
  switch (shell) {
    case Shell::bash:
      return bash_script(grammar);
    case Shell::zsh:
      return "# zsh completion for vscale: source <(vscale completion zsh)\n"
             "autoload -U +X bashcompinit && bashcompinit\n" +
             bash_script(grammar);
    case Shell::fish:
      return fish_script(grammar);
  }
  VSCALE_ASSERT(false, "a shell without a script");
}

}  // namespace vscale
