#include "cmd/invocation/grammar/grammar.h"

/// What only looks, and images and guests.

namespace vscale {

void Grammar::add_looking_commands() {
  auto* status =
      command(app_, "status", "groups, instances, hosts, and what needs you", "  vscale status\n  vscale status web");
  status->add_option("GROUP", status_.group, "only this group, with its instances");
  status->add_flag("--follow", status_.follow, "look again and again; Ctrl-C ends it");
  choose(status, [this] { return status_; });

  auto* events = command(app_, "events", "what happened, and who did it",
                         "  vscale events --since 2h\n  vscale events web --by anna");
  events->add_option("ABOUT", events_.about, "only this group or instance");
  add_duration(events, "--since", events_.since, "so long ago [1d]");
  events->add_option("--by", events_.by, "only what names this user or policy")->type_name("WHO");
  choose(events, [this] { return events_; });

  auto* explain = command(app_, "explain", "why a group has the size that it has",
                          "  vscale explain web\n  vscale explain web --count 5");
  explain->add_option("GROUP", explain_.about, "web or group.web")->required();
  explain->add_option("--count", explain_.count, "so many of its last decisions [1]")
      ->type_name("N")
      ->check(whole_number(1, 1000));
  choose(explain, [this] { return explain_; });

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

void Grammar::add_image_commands() {
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

void Grammar::add_guest_commands() {
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

void Grammar::add_other_commands() {
  auto* schema =
      command(app_, "schema", "JSON Schema of the configuration, for editors", "  vscale schema > vscale.schema.json");
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

}  // namespace vscale
