#include "cmd/invocation/command_line.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <map>
#include <memory>

#include "cmd/invocation/usage_mistake.h"

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

/// What a plan is made with, and a saved one keeps.
constexpr std::array kKeptInPlan{"--target", "--exclude",     "--replace",         "--allow",
                                 "--force",  "--max-destroy", "--allow-data-loss", "--destroy"};

/// The options that plan, apply and graph have in common.
struct PlanWords {
  PlanOptions options;
  std::string refresh = "true";
};

/// The command line's grammar, and what was read by it: options refer to members, so it stays where it is.
class Grammar {
 public:
  Grammar() {
    app_.name("vscale");
    app_.require_subcommand(0, 1);
    app_.formatter(std::make_shared<HelpFormatter>());
    app_.set_help_flag("-h,--help", "this text");
    add_global_options();
    add_planning_commands();
    add_looking_commands();
    add_rollout_commands();
    add_image_commands();
    add_guest_commands();
    add_other_commands();
    app_.footer(
        "Exit codes: 0 done, 1 error, 2 changes (plan --detailed-exitcode), 3 a host\n"
        "could not be reached, 130 interrupted.\n\n"
        "Begin with: vscale validate, vscale plan, vscale apply");
  }
  Grammar(const Grammar&) = delete;
  Grammar& operator=(const Grammar&) = delete;

  CLI::App& app() { return app_; }

  /// After a successful parse: nothing if no command was given.
  std::optional<CommandLine> result() {
    if (version_) return CommandLine{global_, VersionArguments{}};  // and does nothing else, whatever it stands beside
    if (!chosen_) return std::nullopt;
    if (global_.files.empty()) global_.files.emplace_back("vscale.yaml");
    return CommandLine{global_, chosen_()};
  }

 private:
  CLI::App* command(CLI::App& parent, const std::string& name, const std::string& what, const std::string& example) {
    CLI::App* sub = parent.add_subcommand(name, what)->group("Commands");
    sub->fallthrough();
    sub->set_help_flag("-h,--help", "this text");
    sub->footer("Example:\n" + example + "\n\nOptions of every command (-f, --json, ...): vscale --help");
    return sub;
  }

  template <class Make>
  void choose(CLI::App* sub, Make make) {
    sub->callback([this, make] { chosen_ = make; });
  }

  void add_global_options() {
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

  void add_plan_options(CLI::App* sub, PlanWords& words, const char* limits_of) {
    const auto address = [&](const char* name, std::vector<std::string>& into, const char* what) {
      return sub->add_option(name, into, what)->type_name("A")->allow_extra_args(false);
    };
    const bool destroys = std::string(limits_of) == "destroy";
    auto* target = address("--target", words.options.targets,
                           destroys ? "only this instance, or group and what depends on it"
                                    : "only this group or instance and its needs; repeats");
    address("--exclude", words.options.excludes, "all but this group, instance or host")->excludes(target);
    if (!destroys) add_update_options(sub, words);
    sub->add_option("--max-destroy", words.options.max_destroy, "more destroyed than this is an error")
        ->type_name("N")
        ->check(whole_number(0, 1'000'000));
    sub->add_flag("--allow-data-loss", words.options.allow_data_loss, "disks with keep: true may go");
    add_refresh(sub, words);
  }

  /// What is brought up to date beyond what the file says, and what is not.
  static void add_update_options(CLI::App* sub, PlanWords& words) {
    sub->add_option("--replace", words.options.replaces, "replace this instance anyway; repeats")
        ->type_name("A")
        ->allow_extra_args(false);
    sub->add_option_function<std::string>(
           "--allow", [&words](const std::string& word) { words.options.allow = disruption_from(word); },
           "hold what disrupts more: live|reboot|replace")
        ->type_name("CLASS")
        ->check(one_of({"live", "reboot", "replace"}));
    sub->add_flag("--force", words.options.force, "roll out again what was rolled back or aborted");
  }

  static void add_refresh(CLI::App* sub, PlanWords& words) {
    sub->add_option("--refresh", words.refresh, "false: plan from what was last seen [true]")
        ->type_name("BOOL")
        ->check(one_of({"true", "false"}));
  }

  /// A saved plan holds to the options that it was made with: another one beside it would be dropped without a word.
  static void refuse_beside_plan_file(const CLI::App& sub, std::vector<std::string> options) {
    options.insert(options.begin(), kKeptInPlan.begin(), kKeptInPlan.end());
    for (const auto& name : options) {
      const CLI::Option* option = sub.get_option_no_throw(name);
      if (option == nullptr || option->count() == 0) continue;
      throw CLI::ValidationError(
          fmt::format("{0} means nothing beside PLANFILE: a saved plan keeps to the options that it was made with. "
                      "Plan again with {0} and --out FILE, then: vscale {1} FILE",
                      name, sub.get_name()));
    }
  }

  static Refresh refresh_of(const PlanWords& words) {
    return words.refresh == "false" ? Refresh::as_recorded : Refresh::ask_hosts;
  }

  void add_planning_commands() {
    auto* validate = command(app_, "validate", "check the files, without any host",
                             "  vscale -f prod.yaml validate    # every mistake at once, each with its place");
    choose(validate, [] { return ValidateArguments{}; });

    auto* plan = command(app_, "plan", "show what would change, and why",
                         "  vscale plan --out plan.bin\n  vscale plan --detailed-exitcode --target group.web");
    add_plan_options(plan, plan_words_, "plan");
    plan->add_flag("--destroy", plan_words_.options.destroy, "plan to destroy everything of ours");
    plan->add_option("--out", plan_.out, "save the plan for vscale apply FILE")->type_name("FILE");
    plan->add_flag("--detailed-exitcode", plan_.detailed_exitcode, "exit 2 if there are changes");
    choose(plan, [this] {
      plan_.options = plan_words_.options;
      plan_.refresh = refresh_of(plan_words_);
      return plan_;
    });

    auto* apply = command(app_, "apply", "make it so: plan, ask, carry out",
                          "  vscale apply\n  vscale apply plan.bin --parallelism 4\n"
                          "The first Ctrl-C finishes what runs, the second stops at once; nothing is\n"
                          "lost, and the next apply goes on.");
    apply->add_option("PLANFILE", apply_.plan_file, "a plan saved by plan --out: not asked again");
    add_plan_options(apply, apply_words_, "apply");
    apply->add_flag("--destroy", apply_words_.options.destroy, "destroy everything of ours");
    add_apply_options(apply, apply_);
    choose(apply, [this, apply] {
      if (apply_.plan_file) refuse_beside_plan_file(*apply, {});
      apply_.options = apply_words_.options;
      apply_.refresh = refresh_of(apply_words_);
      return apply_;
    });

    auto* destroy = command(app_, "destroy", "remove all that vscale created, nothing else",
                            "  vscale destroy --target group.web --target db-0");
    add_plan_options(destroy, destroy_words_, "destroy");
    add_apply_options(destroy, destroy_);
    choose(destroy, [this] {
      destroy_.options = destroy_words_.options;
      destroy_.options.destroy = true;
      destroy_.refresh = refresh_of(destroy_words_);
      return destroy_;
    });
  }

  void add_apply_options(CLI::App* sub, ApplyArguments& into) {
    sub->add_flag("--auto-approve", into.auto_approve, "do not ask");
    sub->add_option("--parallelism", into.parallelism, "actions at once [limits.parallel, 10]")
        ->type_name("N")
        ->check(whole_number(1, 1000));
    sub->add_option_function<std::string>(
           "--lock-timeout", [&into](const std::string& text) { into.lock_timeout = duration_of(text); },
           "wait so long for another run's lock [0s]")
        ->type_name("TIME");
    sub->add_option("--reason", into.reason, "for the record")->type_name("WHY");
  }

  /// "30s", "5m", "250ms", "1h"
  static Duration duration_of(const std::string& text) {
    const std::map<std::string, int> units{{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}};
    constexpr int digits_max = 6;
    const auto unit_at = text.find_first_not_of("0123456789");
    const auto unit = unit_at == std::string::npos ? units.end() : units.find(text.substr(unit_at));
    if (unit_at == 0 || unit == units.end() || unit_at > digits_max) {
      throw CLI::ValidationError("--lock-timeout", fmt::format("\"{}\" is not a duration, such as 30s or 5m", text));
    }
    return Duration{std::stoll(text.substr(0, unit_at)) * unit->second};
  }

  void add_looking_commands() {
    auto* status =
        command(app_, "status", "groups, instances, hosts, and what needs you", "  vscale status\n  vscale status web");
    status->add_option("GROUP", status_.group, "only this group, with its instances");
    choose(status, [this] { return status_; });

    auto* graph =
        command(app_, "graph", "the graph of actions, for dot or mermaid", "  vscale graph | dot -Tsvg > plan.svg");
    graph->add_option("PLANFILE", graph_.plan_file, "a saved plan [what plan would do]");
    add_plan_options(graph, graph_words_, "graph");
    graph->add_flag("--destroy", graph_words_.options.destroy, "of destroying everything of ours");
    add_format(graph, graph_.format, {{"dot", GraphFormat::dot}, {"mermaid", GraphFormat::mermaid}},
               "dot or mermaid [dot]");
    choose(graph, [this, graph] {
      if (graph_.plan_file) refuse_beside_plan_file(*graph, {"--refresh"});
      graph_.options = graph_words_.options;
      graph_.refresh = refresh_of(graph_words_);
      return graph_;
    });

    auto* inventory = command(app_, "inventory", "the guests, for other tools",
                              "  vscale inventory --format ansible > hosts.ini\n"
                              "  vscale inventory --format ssh-config >> ~/.ssh/config");
    add_format(inventory, inventory_.format,
               {{"ansible", InventoryFormat::ansible},
                {"ssh-config", InventoryFormat::ssh_config},
                {"json", InventoryFormat::json}},
               "ansible, ssh-config or json [ansible]");
    choose(inventory, [this] { return inventory_; });

    auto* state = group_command("state", "the statefile by hand", "  vscale state list");
    auto* list = command(*state, "list", "the addresses of what is recorded", "  vscale state list");
    choose(list, [] { return StateListArguments{}; });
    auto* show = command(*state, "show", "everything recorded of one thing, or of all",
                         "  vscale state show web-2\n  vscale state show --json");
    show->add_option("ADDRESS", state_show_.address, "web, web-2, group.web[2], image.debian, host.kvm1");
    choose(show, [this] { return state_show_; });
  }

  template <class Format>
  static void add_format(CLI::App* sub, Format& into, std::map<std::string, Format> words, const std::string& what) {
    std::vector<std::string> names;
    for (const auto& [name, format] : words) names.push_back(name);
    sub->add_option_function<std::string>(
           "--format", [&into, words = std::move(words)](const std::string& word) { into = words.at(word); }, what)
        ->type_name("WORD")
        ->check(one_of(names));
  }

  CLI::App* group_command(const std::string& name, const std::string& what, const std::string& example) {
    auto* sub = command(app_, name, what, example);
    sub->require_subcommand(1);
    return sub;
  }

  void add_rollout_commands() {
    auto* rollout = group_command("rollout", "look after a rolling update, and steer it",
                                  "  vscale rollout status web\n  vscale rollout pause web --reason \"wrong kernel\"\n"
                                  "A run that is at it comes to a rest after what it is doing; the next apply goes\n"
                                  "on, or back.");
    const auto look = [&](const char* name, const char* what, const char* example, std::string& group) {
      auto* sub = command(*rollout, name, what, example);
      sub->add_option("GROUP", group, "web or group.web")->required();
      return sub;
    };
    choose(
        look("status", "where it stands, and what to say next", "  vscale rollout status web", rollout_status_.group),
        [this] { return rollout_status_; });
    using Kind = RolloutIntent::Kind;
    const auto say = [&](Kind kind, const char* what, const char* example) {
      auto* sub = look(to_string(kind), what, example, rollout_word_.group);
      sub->add_option("--reason", rollout_word_.reason, "for the record")->type_name("WHY");
      choose(sub, [this, kind] {
        rollout_word_.kind = kind;
        return rollout_word_;
      });
    };
    say(Kind::pause, "begin no further turn", "  vscale rollout pause web --reason \"wrong kernel\"");
    say(Kind::resume, "lift the pause; forgive what failed", "  vscale rollout resume web && vscale apply");
    say(Kind::promote, "pass the step that it rests at", "  vscale rollout promote web && vscale apply");
    say(Kind::abort, "give it up as it is", "  vscale rollout abort web --reason \"not needed\"");
    say(Kind::undo, "go back to the last revision that was completed", "  vscale rollout undo web && vscale apply");
    choose(look("history", "the revisions of the group", "  vscale rollout history web", rollout_history_.group),
           [this] { return rollout_history_; });

    auto* simulate = group_command("simulate", "what would happen, on paper", "  vscale simulate rollout web");
    auto* paper = command(*simulate, "rollout", "a rolling update, turn by turn",
                          "  vscale simulate rollout web\nHosts are only read, as by plan.");
    paper->add_option("GROUP", simulate_rollout_.group, "web or group.web")->required();
    add_update_options(paper, simulate_words_);
    add_refresh(paper, simulate_words_);
    choose(paper, [this] {
      simulate_rollout_.options = simulate_words_.options;
      simulate_rollout_.refresh = refresh_of(simulate_words_);
      return simulate_rollout_;
    });
  }

  void add_image_commands() {
    auto* image = group_command("image", "cached images, per host", "  vscale image list");
    auto* list = command(*image, "list", "images, their digests and copies", "  vscale image list");
    choose(list, [] { return ImageListArguments{}; });
    auto* pull = command(*image, "pull", "send images to the hosts ahead of need", "  vscale image pull debian-12");
    pull->add_option("IMAGE", image_pull_.images, "only these [all that groups use]");
    choose(pull, [this] { return image_pull_; });
    auto* update = command(*image, "update", "take the newest digest of moving URLs",
                           "  vscale image update debian-12   # then vscale plan shows what it rolls");
    update->add_option("IMAGE", image_update_.images, "only these [all that groups use]");
    choose(update, [this] { return image_update_; });
  }

  void add_guest_commands() {
    auto* ssh = command(app_, "ssh", "into a guest, by its recorded address",
                        "  vscale ssh web-0\n  vscale ssh web-0 -- uptime -p");
    ssh->add_option("INSTANCE", ssh_.instance, "web-2 or group.web[2]")->required();
    ssh->add_option("COMMAND", ssh_.command, "after --: what to run there [a shell]");
    choose(ssh, [this] { return ssh_; });

    auto* console =
        command(app_, "console", "a guest's serial console, by virsh", "  vscale console web-0     # Ctrl-] leaves it");
    console->add_option("INSTANCE", console_.instance, "web-2 or group.web[2]")->required();
    choose(console, [this] { return console_; });
  }

  void add_other_commands() {
    auto* schema = command(app_, "schema", "JSON Schema of the configuration, for editors",
                           "  vscale schema > vscale.schema.json");
    choose(schema, [] { return SchemaArguments{}; });
    auto* unlock = command(app_, "force-unlock", "forget a lock whose holder died on another machine",
                           "  vscale force-unlock 8d1f2a00-0000-4000-8000-000000000001\n"
                           "The id stands in the message of the apply that was refused. Be certain that its\n"
                           "holder runs no more: two at once would undo each other's work.\n"
                           "Exit codes: 0 forgotten, 1 nobody holds that lock or its holder is alive here.");
    unlock->add_option("ID", force_unlock_.id, "of the lock")->required();
    choose(unlock, [this] { return force_unlock_; });
    auto* version = command(app_, "version", "which vscale this is", "  vscale version --json");
    choose(version, [] { return VersionArguments{}; });
    auto* completion =
        command(app_, "completion", "completion for bash, zsh or fish", "  source <(vscale completion bash)");
    completion
        ->add_option_function<std::string>(
            "SHELL",
            [this](const std::string& word) {
              completion_.shell = word == "bash" ? Shell::bash : word == "zsh" ? Shell::zsh : Shell::fish;
            },
            "bash, zsh or fish")
        ->required()
        ->check(one_of({"bash", "zsh", "fish"}));
    choose(completion, [this] { return completion_; });
  }

  CLI::App app_{"vscale keeps groups of VMs on your own libvirt hosts as a file describes them."};
  GlobalOptions global_;
  bool version_ = false;
  PlanWords plan_words_, apply_words_, destroy_words_, graph_words_, simulate_words_;
  PlanArguments plan_;
  ApplyArguments apply_, destroy_;
  StatusArguments status_;
  RolloutStatusArguments rollout_status_;
  RolloutHistoryArguments rollout_history_;
  RolloutWordArguments rollout_word_;
  SimulateRolloutArguments simulate_rollout_;
  GraphArguments graph_;
  ImagePullArguments image_pull_;
  ImageUpdateArguments image_update_;
  SshArguments ssh_;
  ConsoleArguments console_;
  InventoryArguments inventory_;
  StateShowArguments state_show_;
  ForceUnlockArguments force_unlock_;
  CompletionArguments completion_;
  std::function<Arguments()> chosen_;
};

}  // namespace

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
