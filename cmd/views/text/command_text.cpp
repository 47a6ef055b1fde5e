#include "cmd/views/text/command_text.h"

#include <fmt/format.h>

#include <vector>

#include "cmd/views/text/text_layout.h"
#include "engine/plan/plan.h"
#include "engine/values/text/shell_word.h"

namespace vscale {
namespace {

const std::string kSecretPlaceholder = "<secret>";

/// `--var region=eu`, or `--var token=<secret>`.
std::string assignment_text(const std::string& assignment, const std::set<std::string>& secrets) {
  const std::string name = assignment.substr(0, assignment.find('='));
  if (secrets.count(name) != 0) return fmt::format(" --var {}={}", shown_word(name), kSecretPlaceholder);
  return " --var " + shown_word(assignment);
}

/// Where the next option of the command begins after `from`: at the space before a dash, outside of quotes.
std::size_t next_break(const std::string& command, std::size_t from) {
  bool quoted = false;
  for (std::size_t at = from; at + 1 < command.size(); ++at) {
    if (command[at] == '\'') quoted = !quoted;
    if (!quoted && at > from && command[at] == ' ' && command[at + 1] == '-') return at;
  }
  return command.size();
}

}  // namespace

std::set<std::string> secrets_of(const Variables& variables) {
  std::set<std::string> secrets;
  for (const auto& [name, variable] : variables.vars) {
    if (variable.sensitive) secrets.insert(name);
  }
  return secrets;
}

std::string shown_word(const std::string& word) {
  return shell_word(printable(word));
}

std::string command_text(const std::string& command, const GlobalOptions& global, const PlanOptions& options,
                         const std::set<std::string>& secrets) {
  std::string text = "vscale";
  const auto add = [&text](const char* option, const std::string& value) {
    text += fmt::format(" {} {}", option, shown_word(value));
  };
  if (global.files != std::vector<std::string>{"vscale.yaml"}) {
    for (const auto& file : global.files) add("-f", file);
  }
  for (const auto& assignment : global.assignments) text += assignment_text(assignment, secrets);
  for (const auto& file : global.var_files) add("--var-file", file);
  if (global.state) add("--state", *global.state);
  text += " " + command;
  for (const auto& target : options.targets) add("--target", target);
  for (const auto& exclude : options.excludes) add("--exclude", exclude);
  if (!options.destroy) {  // neither means anything there, nor does `destroy` know them
    for (const auto& replace : options.replaces) add("--replace", replace);
    if (options.allow) add("--allow", to_string(*options.allow));
    if (options.force) text += " --force";
  }
  if (options.max_destroy) add("--max-destroy", std::to_string(*options.max_destroy));
  if (options.allow_data_loss) text += " --allow-data-loss";
  return text;
}

std::string command_lines(const std::string& command, std::size_t indent) {
  constexpr int kEnd = 2;  // " \"
  std::string out;
  std::string line(indent, ' ');
  for (std::size_t at = 0; at < command.size();) {
    const std::size_t end = next_break(command, at);
    std::string part = command.substr(at, end - at);
    if (at != 0 && columns(line + part) + kEnd > kTextWidth) {
      out += line + " \\\n";
      line = std::string(indent + 1, ' ');
    }
    line += part;
    at = end;
  }
  return out + line;
}

std::string with_command(const std::string& lead, const std::string& command, const std::string& remark) {
  const std::string line = lead + " " + command + (remark.empty() ? "" : " " + remark);
  if (columns(line) <= kTextWidth) return line;
  std::string above = left_and_right(remark.empty() ? lead : lead + " " + remark, "", 2);
  return above + command_lines(command, 2);
}

}  // namespace vscale
