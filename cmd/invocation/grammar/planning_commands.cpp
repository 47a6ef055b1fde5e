#include <fmt/format.h>

#include <array>

#include "cmd/invocation/grammar/grammar.h"

/// validate, plan, apply, destroy.

namespace vscale {
namespace {

/// What a plan is made with, and a saved one keeps.
constexpr std::array kKeptInPlan{"--target", "--exclude",     "--replace",         "--allow",
                                 "--force",  "--max-destroy", "--allow-data-loss", "--destroy"};

}  // namespace

void Grammar::add_plan_options(CLI::App* sub, PlanWords& words, const char* limits_of) {
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
void Grammar::add_update_options(CLI::App* sub, PlanWords& words) {
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

void Grammar::add_refresh(CLI::App* sub, PlanWords& words) {
  sub->add_option("--refresh", words.refresh, "false: plan from what was last seen [true]")
      ->type_name("BOOL")
      ->check(one_of({"true", "false"}));
}

/// A saved plan holds to the options that it was made with: another one beside it would be dropped without a word.
void Grammar::refuse_beside_plan_file(const CLI::App& sub, std::vector<std::string> options) {
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

Refresh Grammar::refresh_of(const PlanWords& words) {
  return words.refresh == "false" ? Refresh::as_recorded : Refresh::ask_hosts;
}

void Grammar::add_planning_commands() {
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

void Grammar::add_apply_options(CLI::App* sub, ApplyArguments& into) {
  sub->add_flag("--auto-approve", into.auto_approve, "do not ask");
  sub->add_option("--parallelism", into.parallelism, "actions at once [limits.parallel, 10]")
      ->type_name("N")
      ->check(whole_number(1, 1000));
  add_duration(sub, "--lock-timeout", into.lock_timeout, "wait so long for another run's lock [0s]");
  add_reason(sub, into.reason);
}

}  // namespace vscale
