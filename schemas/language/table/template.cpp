#include "schemas/language/table/sections.h"
#include "schemas/language/table/types.h"

namespace vscale::table {
namespace {

constexpr std::int64_t kMaxVcpus = 4096;

Type cloud_init_type() {
  Type user_data = filled_for_instance();
  user_data.fill = Type::Fill::later;
  return object(
      {.name = "cloudInit",
       .title = "cloudInit",
       .doc = "What the guest is told at its first boot.",
       .keys = {{"userData", user_data, "", "As cloud-init takes it, with `${…}` filled in."},
                {"userDataFile", text(forms::kPath), "", "The same from a file, beside the file that names it."},
                {"substitute", boolean(), "true", "false leaves `${…}` in the user-data alone."},
                {"user", text(forms::kUserName), "(the image's own)", "Who the keys are for."},
                {"sshKeys", list(text()), "",
                 "Public keys, or paths to them. A change reaches new guests only, and no plan tells of it."},
                {"vendorData", boolean(), "true", "vscale may add its own part, such as installing the agent."},
                {"onChange", choice({"roll", "nextCreate"}), "roll", "What a change of the user-data does."},
                {"seed", choice({"keep", "eject"}), "keep", "eject: the seed volume goes once the instance is ready."}},
       .at_most_one = {{"userData", "userDataFile"}}});
}

std::vector<Key> make_template_keys() {
  const Type disk = object({.name = "disk",
                            .title = "a disk",
                            .doc = "A data disk.",
                            .keys = {{"name", text(forms::kName), "", "Part of the volume's name.", kRequired},
                                     {"size", size(), "", "Its size.", kRequired},
                                     {"storage", text(forms::kName), "(the template's)", "A name in `storage`."},
                                     {"keep", boolean(), "false",
                                      "Never destroyed without --allow-data-loss; stays with its ordinal and host."}}});
  const Type nic = object({.name = "nic",
                           .title = "a network card",
                           .doc = "A network card.",
                           .keys = {{"name", text(forms::kName), "", "A name in `networks`.", kRequired},
                                    {"address", text(forms::kIpv4), "", "Fixed address; machines only."},
                                    {"mac", text(forms::kMac), "", "Fixed MAC; machines only."}}});
  const Type patch = object({.name = "xmlPatch",
                             .title = "an XML patch",
                             .doc = "A change to the domain's XML.",
                             .keys = {{"at", text(), "", "XPath.", kRequired},
                                      {"set", text(forms::kAny), "", "The value that it gets."},
                                      {"add", text(forms::kAny), "", "XML that is added below it."},
                                      {"remove", boolean(), "", "true: it goes."}},
                             .exactly_one = {{"set", "add", "remove"}}});
  std::vector<Key> keys = {
      {"image", text(forms::kName), "", "A name in `images`.", kRequired},
      {"vcpus", integer(1, kMaxVcpus), "", "Processors.", kRequired},
      {"maxVcpus", integer(1, kMaxVcpus), "(vcpus)", "Allows to go up live."},
      {"memory", size(), "", "Memory.", kRequired},
      {"maxMemory", size(), "(memory)", "Allows to go up live."},
      {"disk", size(), "(the image's size)", "Root disk: grown from the image, copy-on-write over the cached image."},
      {"storage", text(forms::kName), "(the only one, or `default`)", "A name in `storage`."},
      {"disks", list(disk), "", "Data disks."},
      {"networks", list(any_of({text(forms::kName), nic})), "(the only one)",
       "Names in `networks`, or { name, address, mac } for a machine."},
      {"firmware", choice({"bios", "uefi"}), "bios", "What starts the guest."},
      {"machine", text(forms::kLibvirtName), "q35", "QEMU's machine type."},
      {"cpu", text(forms::kLibvirtName), "host-model",
       "host-model, host-passthrough, baseline (of the group's hosts), or a model's name."},
      {"cloudInit", cloud_init_type(), "", "What the guest is told at its first boot."},
      {"networkMbps", integer(0, 10'000'000), "0", "What a host's `capacity.networkMbps` is shared out in."},
      {"xml", list(patch), "", "Patches to the domain's XML, for what has no key of its own."}};
  for (Key& key : keys) key.id = "template." + key.name;
  return keys;
}

}  // namespace

// Made once: groups, machines and defaults share the objects within them.
const std::vector<Key>& template_keys() {
  static const std::vector<Key> kKeys = make_template_keys();
  return kKeys;
}

const ObjectType* template_object() {
  static const ObjectType* const definition = define(
      {.name = "template", .title = "a template", .doc = "What one instance is made of.", .keys = template_keys()});
  return definition;
}

}  // namespace vscale::table
