#include "cmd/invocation/grammar/grammar.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <memory>

namespace vscale {
namespace {

constexpr std::size_t kHelpColumn = 27;

/// Help without the library's own remarks: an option, its value, and what it is for.
class HelpFormatter final : public CLI::Formatter {
 public:
  HelpFormatter() {
    column_width(kHelpColumn);
    label("TEXT", "");
    label("REQUIRED", "");
    label("SUBCOMMAND", "COMMAND");
    label("Positionals", "Arguments");
  }
  std::string make_option_opts(const CLI::Option* option) const override {
    const std::string value = option->get_type_name();
    return value.empty() || value == "TEXT" ? "" : " " + value;
  }
};

}  // namespace

CLI::Validator whole_number(std::int64_t min, std::int64_t max) {
  const auto check = [min, max](const std::string& text) -> std::string {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    if (whole && number >= min && number <= max) return {};
    return fmt::format("\"{}\" is not a whole number from {} to {}", text, min, max);
  };
  return CLI::Validator(check, "");
}

CLI::Validator one_of(const std::vector<std::string>& words) {
  const auto check = [words](const std::string& text) -> std::string {
    if (std::find(words.begin(), words.end(), text) != words.end()) return {};
    return fmt::format("\"{}\" is none of {}", text, fmt::join(words, ", "));
  };
  return CLI::Validator(check, "");
}

Grammar::Grammar() {
  app_.name("vscale");
  app_.require_subcommand(0, 1);
  app_.formatter(std::make_shared<HelpFormatter>());
  app_.set_help_flag("-h,--help", "this text");
  add_global_options();
  add_planning_commands();
  add_watching_commands();
  add_looking_commands();
  add_rollout_commands();
  add_operator_commands();
  add_image_commands();
  add_guest_commands();
  add_other_commands();
  app_.footer(
      "Exit codes: 0 done, 1 error, 2 changes (plan --detailed-exitcode), 3 a host\n"
      "could not be reached, 130 interrupted.\n\n"
      "Begin with: vscale validate, vscale plan, vscale apply");
}

std::optional<CommandLine> Grammar::result() {
  if (version_) return CommandLine{global_, VersionArguments{}};  // and does nothing else, whatever it stands beside
  if (!chosen_) return std::nullopt;
  if (global_.files.empty()) global_.files.emplace_back("vscale.yaml");
  return CommandLine{global_, chosen_()};
}

CLI::App* Grammar::command(CLI::App& parent, const std::string& name, const std::string& what,
                           const std::string& example) {
  CLI::App* sub = parent.add_subcommand(name, what)->group("Commands");
  sub->fallthrough();
  sub->set_help_flag("-h,--help", "this text");
  sub->footer("Example:\n" + example + "\n\nOptions of every command (-f, --json, ...): vscale --help");
  return sub;
}

CLI::App* Grammar::group_command(const std::string& name, const std::string& what, const std::string& example) {
  auto* sub = command(app_, name, what, example);
  sub->require_subcommand(1);
  return sub;
}

void Grammar::add_global_options() {
  const auto group = "Options of every command";
  app_.get_help_ptr()->group(group);
  app_.add_flag("--version", version_, "which vscale this is")->group(group);
  const auto list = [](CLI::Option* option) { return option->allow_extra_args(false); };
  list(app_.add_option("-f,--file", global_.files, "configuration; repeats, files merge [vscale.yaml]"))
      ->type_name("FILE")
      ->group(group);
  list(app_.add_option("--var", global_.assignments, "value of a variable; repeats"))->type_name("N=V")->group(group);
  list(app_.add_option("--var-file", global_.var_files, "YAML map of variables; repeats"))
      ->type_name("FILE")
      ->group(group);
  app_.add_option("--state", global_.state, "statefile [from the configuration]")->type_name("PATH")->group(group);
  app_.add_flag("--json", global_.json, "one JSON document, or one object a line")->group(group);
  app_.add_flag("--no-color", global_.no_color, "no colours; so does NO_COLOR=1")->group(group);
  auto* verbose = app_.add_flag("-v,--verbose", global_.verbose, "say more")->group(group);
  app_.add_flag("-q,--quiet", global_.quiet, "say less")->group(group)->excludes(verbose);
}

Duration Grammar::duration_of(const std::string& option, const std::string& text) {
  const std::map<std::string, int> units{{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
  constexpr int digits_max = 6;
  const auto unit_at = text.find_first_not_of("0123456789");
  const auto unit = unit_at == std::string::npos ? units.end() : units.find(text.substr(unit_at));
  if (unit_at == 0 || unit == units.end() || unit_at > digits_max) {
    throw CLI::ValidationError(option, fmt::format("\"{}\" is not a duration, such as 30s or 5m", text));
  }
  return Duration{std::stoll(text.substr(0, unit_at)) * unit->second};
}

void Grammar::add_reason(CLI::App* sub, std::string& into) {
  sub->add_option("--reason", into, "for the record")->type_name("WHY");
}

}  // namespace vscale
