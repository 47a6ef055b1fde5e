#include <algorithm>
#include <iterator>

#include "schemas/language/table/sections.h"
#include "schemas/language/table/types.h"
#include "schemas/text/bounds.h"

namespace vscale::table {
namespace {

Type placement_type() {
  const Type rule = object(
      {.name = "antiAffinity",
       .title = "an anti-affinity",
       .doc = "What keeps instances apart.",
       .keys = {{"key", text(forms::kLabelKey), "host", "host, or a host label: no two on hosts with the same value."},
                {"with", text(forms::kGroupReference), "(its own instances)", "Another group or machine."},
                {"mode", choice({"soft", "hard"}), "soft", "Preferred, or required."}}});
  return object({.name = "placement",
                 .title = "a placement",
                 .doc = "On which hosts instances go.",
                 .keys = {{"strategy", choice({"balanced", "spread", "pack", "roundRobin", "firstCome", "bestFit"}),
                           "balanced", "Which of the hosts that fit."},
                          {"antiAffinity", list(rule), "[{ key: host, mode: soft }]", "What keeps instances apart."},
                          {"requires", list(text(forms::kTrait)), "",
                           "Host traits, found by vscale or given as labels; \"!gpu\" is without."}}});
}

std::vector<Key> make_group_keys() {
  const Type selection = object({.name = "hostSelection",
                                 .title = "a selection of hosts",
                                 .doc = "Hosts with all of these labels.",
                                 .keys = {{"labels", map_of(forms::kLabelKey, text(forms::kLabelValue)), "",
                                           "Labels and their values.", kRequired}}});
  const Type members =
      object({.name = "members",
              .title = "members",
              .doc = "A file with the list of the ready instances.",
              .keys = {{"file", text(forms::kPath), "", "Where it is written.", kRequired},
                       {"then", list(text(), 1), "", "argv that is run after a change."},
                       {"drainDelay", duration(), "0s", "How long one stays off the list before it is stopped."}}});
  const Type via = object({.name = "via",
                           .title = "via",
                           .doc = "How an address is moved.",
                           .keys = {{"command", list(filled_for_instance(), 1), "", "argv.", kRequired}}});
  const Type external =
      object({.name = "external",
              .title = "external addresses",
              .doc = "Addresses that follow ready members.",
              .keys = {{"addresses", list(text(forms::kIpv4Range), 1), "", "Which.", kRequired},
                       {"prefix", integer(1, 32), "32", "Length of the network prefix."},
                       {"via", any_of({choice({"agent"}), via}), "agent", "agent, or { command: [...] }."}}});
  const Type shutdown = object({.name = "shutdown",
                                .title = "the shutdown",
                                .doc = "How an instance is stopped.",
                                .keys = {{"grace", duration(), "60s", "ACPI or agent first, then power off."}}});
  const Type ha =
      object({.name = "ha",
              .title = "high availability",
              .doc = "What happens when a host is lost.",
              .keys = {{"priority", integer(0, 1000), "50", "Higher goes first."},
                       {"onHostLoss", choice({"wait", "restart", "rebuild"}), "(restart where all disks are shared)",
                        "What to do."},
                       {"returnHome", choice({"auto", "manual", "never"}), "auto", "When the host is back."}}});
  const Type lifecycle =
      object({.name = "lifecycle",
              .title = "a lifecycle",
              .doc = "What vscale must not do.",
              .keys = {{"preventDestroy", boolean(), "false", "An instance that would be destroyed is a plan error."},
                       {"ignoreChanges", list(choice(template_object()->key_names())), "",
                        "Keys of the template whose changes are left alone."}}});
  std::vector<Key> keys = {
      {"hosts", any_of({list(text(forms::kName), 1), selection}), "(all)", "Names of hosts, or { labels }."},
      {"dependsOn", list(text(forms::kGroupReference)), "", "Groups that must be ready first."},
      {"size", integer(0, kMaxGroupSize), "1", "How many instances; beside `scaling` the size at first (default min)."},
      {"stateful", boolean(), "false", "An instance keeps name, address and disks; never replaced by itself."},
      {"scaling", scaling_type(), "", "How the size follows the load."},
      {"placement", placement_type(), "", "On which hosts instances go."},
      {"update", update_type(), "", "How a change is rolled out."},
      {"health", health_type(), "", "When an instance is ready."},
      {"hooks", hooks_type(), "", "Commands at points in an instance's life."},
      {"members", members, "", "A file with the list of the ready instances."},
      {"external", external, "", "Addresses that follow ready members."},
      {"shutdown", shutdown, "", "How an instance is stopped."},
      {"ha", any_of({boolean(), ha}), "", "What happens when a host is lost; or just true."},
      {"lifecycle", lifecycle, "", "What vscale must not do."}};
  for (Key& key : keys) key.id = "group." + key.name;
  return keys;
}

const std::vector<Key>& group_keys() {
  static const std::vector<Key> kKeys = make_group_keys();
  return kKeys;
}

}  // namespace

const ObjectType* group_object() {
  static const ObjectType* const definition = [] {
    std::vector<Key> keys = group_keys();
    keys.insert(keys.begin() + 2,
                Key{"template", object(template_object()), "", "What one instance is made of.", kRequired});
    return define(
        {.name = "group", .title = "a group", .doc = "Equal instances, called NAME-GROUP-ORDINAL.", .keys = keys});
  }();
  return definition;
}

// A machine is a group of one: it has no size and nothing that changes it.
const ObjectType* machine_object() {
  static const ObjectType* const definition = [] {
    std::vector<Key> keys = template_keys();
    const std::vector<Key>& more = group_keys();
    std::copy_if(more.begin(), more.end(), std::back_inserter(keys),
                 [](const Key& key) { return key.name != "size" && key.name != "scaling"; });
    return define({.name = "machine",
                   .title = "a machine",
                   .doc = "A single VM, called NAME-MACHINE, with the keys of a template and of a group of one.",
                   .keys = keys});
  }();
  return definition;
}

}  // namespace vscale::table
