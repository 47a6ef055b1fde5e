#include "cmd/invocation/grammar/grammar.h"

/// watch, and what an operator says: of rolling updates, sizes and instances.

namespace vscale {

void Grammar::add_rollout_commands() {
  auto* rollout = group_command("rollout", "look after a rolling update, and steer it",
                                "  vscale rollout status web\n  vscale rollout pause web --reason \"wrong kernel\"\n"
                                "A run that is at it comes to a rest after what it is doing; the next apply goes\n"
                                "on, or back.");
  const auto look = [&](const char* name, const char* what, const char* example, std::string& group) {
    auto* sub = command(*rollout, name, what, example);
    sub->add_option("GROUP", group, "web or group.web")->required();
    return sub;
  };
  choose(look("status", "where it stands, and what to say next", "  vscale rollout status web", rollout_status_.group),
         [this] { return rollout_status_; });
  using Kind = RolloutIntent::Kind;
  const auto say = [&](Kind kind, const char* what, const char* example) {
    auto* sub = look(to_string(kind), what, example, rollout_word_.group);
    add_reason(sub, rollout_word_.reason);
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

  auto* simulate = group_command("simulate", "what would happen, on paper",
                                 "  vscale simulate rollout web\n  vscale simulate scaling web --trace load.csv");
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
  auto* played = command(*simulate, "scaling", "a group's policies, on a load that was or may be",
                         "  vscale simulate scaling web --trace load.csv --boot 90s\n"
                         "Each line of the file is TIME,LOAD: seconds (or 15m, or Unix time), and the load\n"
                         "of the whole group in what its first policy looks at: 150 is three instances at\n"
                         "50 % of their CPUs. No host is asked, and nothing is recorded.");
  played->add_option("GROUP", simulate_scaling_.group, "web or group.web")->required();
  played->add_option("--trace", simulate_scaling_.trace, "the load")->type_name("FILE")->required();
  add_duration(played, "--boot", simulate_scaling_.boot, "until a new instance is ready [1m]");
  choose(played, [this] { return simulate_scaling_; });
}

void Grammar::add_watching_commands() {
  auto* watch = command(app_, "watch", "keep it so: scale, heal, and put right, forever",
                        "  vscale watch\n  vscale watch --once          # one look, for cron\n"
                        "It follows what `vscale apply` last accepted. The first Ctrl-C (or SIGTERM)\n"
                        "finishes what runs, the second stops at once; nothing is lost.");
  watch->add_flag("--once", watch_.once, "one look, and what follows from it");
  watch->add_flag("--dry-run", watch_.dry_run, "say what would be done; do and record nothing");
  add_some_time(watch, "--interval", watch_.interval, "between looks [watch.interval, 15s]");
  watch->add_option("--listen", watch_.listen, "status and metrics by HTTP [watch.listen]")->type_name("ADDR");
  choose(watch, [this] { return watch_; });
}

void Grammar::add_operator_commands() {
  const std::vector<std::string> processes{"launch", "terminate", "heal", "scale", "schedule", "update"};
  const auto of_group = [&](const char* name, const char* what, const char* example, std::string& group) {
    auto* sub = command(app_, name, what, example);
    sub->add_option("GROUP", group, "web or group.web")->required();
    return sub;
  };
  const auto of_instance = [&](const char* name, const char* what, const char* example, std::string& instance) {
    auto* sub = command(app_, name, what, example);
    sub->add_option("INSTANCE", instance, "web-2 or group.web[2]")->required();
    return sub;
  };
  const auto process = [&](CLI::App* sub, Suspension::Process& into) {
    sub->add_option_function<std::string>(
           "PROCESS", [&into](const std::string& word) { into = process_from(word).value(); },
           "launch, terminate, heal, scale, schedule or update")
        ->required()
        ->check(one_of(processes));
  };

  auto* scale = of_group("scale", "say how many a scaled group is to have",
                         "  vscale scale web 5 --for 2h --reason \"launch day\"", scale_.group);
  scale->add_option("SIZE", scale_.size, "instances")->required()->check(whole_number(0, 1'000'000));
  add_some_time(scale, "--for", scale_.lasts, "so long its policies have no say [none]");
  add_reason(scale, scale_.reason);
  choose(scale, [this] { return scale_; });

  auto* suspend = of_group("suspend", "leave something undone in a group, until resume",
                           "  vscale suspend web heal --for 1h --reason \"debugging\"", suspend_.group);
  process(suspend, suspend_.process);
  add_some_time(suspend, "--for", suspend_.lasts, "so long [until resume]");
  add_reason(suspend, suspend_.reason);
  choose(suspend, [this] { return suspend_; });
  auto* resume = of_group("resume", "let it go on", "  vscale resume web heal", resume_.group);
  process(resume, resume_.process);
  add_reason(resume, resume_.reason);
  choose(resume, [this] { return resume_; });

  auto* protect = of_instance("protect", "leave an instance alone where others go",
                              "  vscale protect web-2 --from all --for 1d", protect_.instance);
  protect
      ->add_option_function<std::string>(
          "--from", [this](const std::string& word) { protect_.from = protection_from(word).value(); },
          "scaleIn, update or all [scaleIn]")
      ->type_name("WORD")
      ->check(one_of({"scaleIn", "update", "all"}));
  add_some_time(protect, "--for", protect_.lasts, "so long [until unprotect]");
  add_reason(protect, protect_.reason);
  choose(protect, [this] { return protect_; });
  auto* unprotect = of_instance("unprotect", "lift that", "  vscale unprotect web-2", unprotect_.instance);
  add_reason(unprotect, unprotect_.reason);
  choose(unprotect, [this] { return unprotect_; });

  auto* restart = of_group("restart", "restart a group's instances", "  vscale restart web --rolling", restart_.group);
  restart->add_flag("--rolling", restart_.rolling, "one by one [all at once]");
  add_reason(restart, restart_.reason);
  choose(restart, [this] { return restart_; });

  auto* stop = of_instance("stop", "an instance is to be off, until start", "  vscale stop web-2 --reason \"noisy\"",
                           stop_.instance);
  add_reason(stop, stop_.reason);
  choose(stop, [this] { return stop_; });
  auto* start = of_instance("start", "it is to be on again", "  vscale start web-2", start_.instance);
  add_reason(start, start_.reason);
  choose(start, [this] { return start_; });
}

}  // namespace vscale
