#include "cmd/invocation/command_line.h"

#include "cmd/invocation/grammar/grammar.h"
#include "cmd/invocation/usage_mistake.h"

namespace vscale {

std::variant<CommandLine, HelpText, UsageError> parse_command_line(const std::vector<std::string>& words) {
  Grammar grammar;
  CLI::App& app = grammar.app();
  std::vector<std::string> reversed(words.rbegin(), words.rend());  // as CLI11 takes them
  try {
    app.parse(reversed);
    if (auto line = grammar.result()) return *line;
  } catch (const CLI::CallForHelp&) {
    return HelpText{app.help()};
  } catch (const CLI::ParseError& mistake) {
    return UsageError{usage_mistake_text(app, mistake, words)};
  }
  return HelpText{app.help()};
}

}  // namespace vscale
