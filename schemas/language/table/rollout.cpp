#include "schemas/language/table/sections.h"
#include "schemas/language/table/types.h"
#include "schemas/text/bounds.h"

namespace vscale::table {
namespace {

Type gate_type() {
  const auto none = [](const char* name, const char* doc) {
    return object({.name = name, .title = "a gate", .doc = doc, .keys = {}});
  };
  const auto timeout = [](const char* usual) {
    return Key{"timeout", duration(), "", std::string("Of one try; ") + usual + " if not given."};
  };
  const Key every{"every", duration(), "", "Between tries; 2s if not given."};
  const Type systemd =
      object({.name = "systemdGate",
              .title = "a systemd gate",
              .doc = "`systemctl is-system-running` in the guest.",
              .keys = {{"allowDegraded", boolean(), "false", "degraded is good enough."}, timeout("15s"), every}});
  const Type tcp = object({.name = "tcpGate",
                           .title = "a tcp gate",
                           .doc = "A connection to the guest's address.",
                           .keys = {{"port", integer(1, 65535), "", "The port.", kRequired}, timeout("3s"), every}});
  const Type http = object({.name = "httpGate",
                            .title = "an http gate",
                            .doc = "An HTTP answer from the guest's address.",
                            .keys = {{"port", integer(1, 65535), "80", "The port."},
                                     {"path", text(), "/", "The path."},
                                     {"status", integer(100, 599), "200", "The answer's status."},
                                     timeout("5s"),
                                     every}});
  const Type exec =
      object({.name = "execGate",
              .title = "an exec gate",
              .doc = "A command in the guest, through the agent, that exits with 0.",
              .keys = {{"guest", list(filled_with_facts(), 1), "",
                        "argv, no shell; may hold facts of the instance, and no secrets: command lines are logged.",
                        kRequired},
                       timeout("15s"),
                       every}});
  const Type node = object({.name = "k8sNodeGate",
                            .title = "a k8sNode gate",
                            .doc = "The Kubernetes node of the instance's name is Ready.",
                            .keys = {{"kubeconfig", text(forms::kPath), "", "How to reach the cluster.", kRequired}}});
  const std::vector<std::string> all = {"domain", "agent", "cloudInit", "systemd", "tcp",
                                        "http",   "exec",  "checkIn",   "k8sNode"};
  return object({.name = "gate",
                 .title = "a gate",
                 .doc = "One condition that must hold before an instance is ready.",
                 .keys = {{"domain", none("domainGate", "The domain runs."), "", "The domain runs."},
                          {"agent", none("agentGate", "The guest agent answers."), "", "The guest agent answers."},
                          {"cloudInit", none("cloudInitGate", "cloud-init is done."), "", "cloud-init is done."},
                          {"systemd", systemd, "", "systemd is running."},
                          {"tcp", tcp, "", "A port takes a connection."},
                          {"http", http, "", "A page answers."},
                          {"exec", exec, "", "A command in the guest succeeds."},
                          {"checkIn", none("checkInGate", "The guest calls back with its own token."), "",
                           "The guest calls back with its own token."},
                          {"k8sNode", node, "", "The Kubernetes node is ready."}},
                 .exactly_one = {all}});
}

}  // namespace

Type update_type() {
  const Type step =
      object({.name = "updateStep",
              .title = "a step",
              .doc = "How far a rollout goes before it looks again. After the last of them it goes on to the end.",
              .keys = {{"to", amount(), "", "So many new instances, or percent of the size, rounded up.", kRequired},
                       {"pause", any_of({choice({"manual"}), duration()}), "",
                        "A rest, or until a person says so: vscale rollout promote."},
                       {"bake", duration(), "", "How long the new ones must stay ready."}}});
  return object(
      {.name = "update",
       .title = "an update",
       .doc = "How a change is rolled out.",
       .keys = {
           {"strategy", choice({"rolling", "recreate", "onDelete"}), "rolling",
            "One after another, all at once, or as instances go."},
           {"maxSurge", amount(), "1", "More instances than wanted, for a while. 0: each is replaced in its place."},
           {"maxUnavailable", amount(), "0",
            "Fewer ready ones than wanted, for a while. Where maxSurge comes to 0 and this, too, it is 1."},
           {"perHost", integer(1, 1000), "1", "Replacements in flight on one host."},
           {"minReady", duration(), "0s", "So long ready before it counts."},
           {"progressDeadline", duration(), "10m",
            "So long one instance may take to become available, from when it is waited for; then it has failed. 0s: no "
            "bound."},
           {"allow", choice({"live", "reboot", "replace"}), "replace", "The most disruptive change allowed."},
           {"steps", list(step), "", "Stops on the way."},
           {"onFailure", choice({"pause", "rollback", "continue"}), "pause",
            "What more failures than maxFailures do: stop it until a person says so, go back, or nothing: what failed "
            "is made again, and others go as far as maxUnavailable allows."},
           {"maxFailures", integer(0, kMaxGroupSize), "0", "Failed new instances that are still put up with."}}});
}

Type health_type() {
  const Type heal =
      object({.name = "heal",
              .title = "healing",
              .doc = "What happens to an instance that fails.",
              .keys = {{"when", choice({"liveness", "readiness", "never"}), "liveness", "What counts as failed."},
                       {"by", choice({"restart", "replace"}), "replace", "What is done."},
                       {"maxUnhealthy", amount(), "40%", "More than this: nothing is healed."}}});
  return object(
      {.name = "health",
       .title = "health",
       .doc = "When an instance is ready, and what happens if it is not.",
       .keys = {{"startupTimeout", duration(), "5m", "Counted from the moment the host started the domain."},
                {"gates", list(gate_type()), "(agent, or domain where none is installed)", "All must pass, in order."},
                {"failures", integer(1, 1000), "3", "In a row, before it counts as failed."},
                {"heal", heal, "", "What happens then."}}});
}

Type hooks_type() {
  const Type argv = list(filled_for_instance(), 1);
  const Type from = object({.name = "stdinFrom",
                            .title = "stdinFrom",
                            .doc = "A command whose output is the input: less than 64 KiB.",
                            .keys = {{"command", argv, "", "argv, where vscale runs.", kRequired}}});
  const Type hook = object(
      {.name = "hook",
       .title = "a hook",
       .doc =
           "A command at a point in an instance's life: argv, no shell. Where a run has died or failed, the next one "
           "runs it again: it must be safe to run twice.",
       .keys =
           {{"command", argv, "",
             "argv, where vscale runs. Its environment is PATH, HOME, LANG and TZ of vscale, VSCALE_NAME, "
             "VSCALE_ADDRESS (empty while it is not known), VSCALE_HOST, VSCALE_GROUP, VSCALE_REASON (why, by the word "
             "that reasons have in a plan's JSON, such as spec_changed, replace_requested, not_wanted), and nothing "
             "else; its "
             "umask is 077."},
            {"guest", argv, "", "argv, in the guest, through the agent; not in afterStop."},
            {"undo", argv, "",
             "beforeStop only: argv that takes it back, in the same place, if this hook or a later one fails, or "
             "the instance is not stopped after all."},
            {"stdin", filled_for_instance(), "", "Its input; keeps a secret out of logs."},
            {"stdinFrom", from, "", "Its input from a command."},
            {"timeout", duration(), "", "How long it may take, and its stdinFrom and its undo each: 2m if not given."},
            {"onFailure", choice({"abort", "continue"}), "abort",
             "abort: what would come after it is not done. continue: its failure is noted, and passed over."}},
       .exactly_one = {{"command", "guest"}},
       .at_most_one = {{"stdin", "stdinFrom"}}});
  return object({.name = "hooks",
                 .title = "the hooks",
                 .doc = "Commands at points in an instance's life.",
                 .keys = {{"afterBoot", list(hook), "", "After the gates agent, cloudInit and systemd."},
                          {"afterReady", list(hook), "", "After all gates."},
                          {"beforeStop", list(hook), "", "Before an instance is stopped."},
                          {"afterStop", list(hook), "", "After it is gone."}}});
}

}  // namespace vscale::table
