#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cmd/invocation/command_line.h"

/// The command line's grammar. Only files of this folder, and command_line.cpp, know CLI11.

namespace vscale {

/// The options that plan, apply and graph have in common.
struct PlanWords {
  PlanOptions options;
  std::string refresh = "true";
};

CLI::Validator whole_number(std::int64_t min, std::int64_t max);
CLI::Validator one_of(const std::vector<std::string>& words);

/// What was read by it is kept here: options refer to members, so it stays where it is.
class Grammar {
 public:
  Grammar();
  Grammar(const Grammar&) = delete;
  Grammar& operator=(const Grammar&) = delete;

  CLI::App& app() { return app_; }
  /// After a successful parse: nothing if no command was given.
  std::optional<CommandLine> result();

 private:
  CLI::App* command(CLI::App& parent, const std::string& name, const std::string& what, const std::string& example);
  CLI::App* group_command(const std::string& name, const std::string& what, const std::string& example);
  template <class Make>
  void choose(CLI::App* sub, Make make) {
    sub->callback([this, make] { chosen_ = make; });
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
  /// An option whose value is a duration: "30s", "5m", "250ms", "1h", "7d".
  template <class Into>
  static CLI::Option* add_duration(CLI::App* sub, const std::string& name, Into& into, const std::string& what) {
    return sub
        ->add_option_function<std::string>(
            name, [&into, name](const std::string& text) { into = duration_of(name, text); }, what)
        ->type_name("TIME");
  }
  /// The same of a time that must not be 0s.
  template <class Into>
  static CLI::Option* add_some_time(CLI::App* sub, const std::string& name, Into& into, const std::string& what) {
    return add_duration(sub, name, into, what)->check([](const std::string& text) {
      const bool is_none = text.starts_with('0') && text.find_first_not_of('0') == text.find_first_not_of("0123456789");
      return is_none ? "it must be longer than " + text : std::string();
    });
  }
  static Duration duration_of(const std::string& option, const std::string& text);

  void add_global_options();
  void add_plan_options(CLI::App* sub, PlanWords& words, const char* limits_of);
  static void add_update_options(CLI::App* sub, PlanWords& words);
  static void add_refresh(CLI::App* sub, PlanWords& words);
  static void refuse_beside_plan_file(const CLI::App& sub, std::vector<std::string> options);
  static Refresh refresh_of(const PlanWords& words);
  static void add_apply_options(CLI::App* sub, ApplyArguments& into);
  static void add_reason(CLI::App* sub, std::string& into);

  void add_planning_commands();
  void add_looking_commands();
  void add_watching_commands();
  void add_rollout_commands();
  void add_operator_commands();
  void add_image_commands();
  void add_guest_commands();
  void add_other_commands();

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
  SimulateScalingArguments simulate_scaling_;
  WatchArguments watch_;
  ScaleArguments scale_;
  SuspendArguments suspend_;
  ResumeArguments resume_;
  ProtectArguments protect_;
  UnprotectArguments unprotect_;
  RestartArguments restart_;
  StopArguments stop_;
  StartArguments start_;
  EventsArguments events_;
  ExplainArguments explain_;
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

}  // namespace vscale
