#include "schemas/language/table/sections.h"
#include "schemas/language/table/types.h"

namespace vscale::table {

const ObjectType* host_object() {
  static const ObjectType* const definition = [] {
    const Type capacity = object(
        {.name = "capacity",
         .title = "a capacity",
         .doc = "What the host has, where libvirt's own word is not to be taken.",
         .keys = {{"vcpus", integer(1, 100'000), "", "Processors."},
                  {"memory", size(), "", "Memory."},
                  {"networkMbps", integer(1, 10'000'000), "", "What `networkMbps` of templates is taken from."}}});
    const Type reserved = object({.name = "reserved",
                                  .title = "a reserve",
                                  .doc = "What is left to the host itself.",
                                  .keys = {{"vcpus", integer(0, 100'000), "0", "Processors."},
                                           {"memory", size(), "(the larger of 1GiB and 5 %)", "Memory."}}});
    const Type overcommit = object(
        {.name = "overcommit",
         .title = "an overcommitment",
         .doc = "How often what is not reserved may be given out.",
         .keys = {{"vcpus", number(0.1, 100), "4.0", "Processors."}, {"memory", number(0.1, 10), "1.0", "Memory."}}});
    const Type manual = object({.name = "manual", .title = "manual", .doc = "By hand.", .keys = {}});
    const Type fence =
        object({.name = "fence",
                .title = "a fencing method",
                .doc = "How to make sure that a host is off; the first conclusive method wins.",
                .keys = {{"command", list(text(), 1), "", "argv; exit 0 is certainly off, 1 failed, 2 unknown."},
                         {"manual", manual, "", "`vscale host confirm-dead HOST`."}},
                .exactly_one = {{"command", "manual"}}});
    return define({.name = "host",
                   .title = "a host",
                   .doc = "A machine with libvirt on which instances run.",
                   .keys = {{"uri", text(forms::kLibvirtUri), "",
                             "Any libvirt URI: qemu:///system, qemu+ssh://, qemu+tls://, qemu+unix://, test://. None "
                             "that runs a program (ext, command, netcat) or takes anybody for the host (no_verify).",
                             kRequired},
                            {"labels", map_of(forms::kLabelKey, text(forms::kLabelValue)), "",
                             "What groups select hosts by, and placement spreads over."},
                            {"capacity", capacity, "", "Default: what libvirt reports."},
                            {"reserved", reserved, "", "Left to the host itself."},
                            {"overcommit", overcommit, "", "How often it may be given out."},
                            {"migrationAddress", text(forms::kHostAddress), "(taken from the URI)",
                             "Where other hosts send migrating instances."},
                            {"fence", list(object(fence.object)), "", "How to make sure that it is off."}}});
  }();
  return definition;
}

Type image_type() {
  const Type volume = object({.name = "volume",
                              .title = "a volume",
                              .doc = "A libvirt volume that exists.",
                              .keys = {{"host", text(forms::kName), "", "A host of this file.", kRequired},
                                       {"pool", text(forms::kLibvirtName), "", "The libvirt pool.", kRequired},
                                       {"volume", text(forms::kLibvirtName), "", "The volume in it.", kRequired}}});
  return object({.name = "image",
                 .title = "an image",
                 .doc = "What root disks begin as. What a moving URL gave is locked in the state by its digest.",
                 .keys = {{"source", any_of({text(forms::kImageSource), volume}), "",
                           "https URL, path, or { host, pool, volume }.", kRequired},
                          {"checksum", text(forms::kChecksum), "",
                           "sha256: or sha512: and the digits; required for a URL, or checksumUrl."},
                          {"checksumUrl", text(forms::kUrl), "", "A SHA256SUMS or SHA512SUMS file."},
                          {"agent", choice({"install", "present", "none"}), "install",
                           "The guest agent: installed by vendor-data if it is not there, there already, or none."},
                          {"distribution", choice({"copy", "shared"}), "copy",
                           "One cached copy per host, pool and digest, or one in a shared pool."},
                          {"keep", integer(0, 1000), "1", "Older digests kept per host; one in use always is."}},
                 .at_most_one = {{"checksum", "checksumUrl"}}});
}

Type storage_type() {
  return object(
      {.name = "storage",
       .title = "a storage",
       .doc = "A libvirt pool on each host. Pools of kind dir, fs and netfs hold overlays on the cached image.",
       .keys = {
           {"pool", text(forms::kLibvirtName), "", "The pool's name in libvirt.", kRequired},
           {"path", text(forms::kAbsolutePath), "", "The pool is created there, as a dir pool, where it is missing."},
           {"shared", boolean(), "false", "One pool that all hosts see."},
           {"reserved", size(), "", "Left free in each pool."},
           {"overcommit", number(0.1, 100), "1.0", "How often it may be given out."}}});
}

Type network_type() {
  return object({.name = "network",
                 .title = "a network",
                 .doc = "What network cards are plugged into, and the addresses that vscale hands out.",
                 .keys = {{"bridge", text(forms::kBridge), "", "A bridge on each host."},
                          {"network", text(forms::kLibvirtName), "", "A libvirt network on each host."},
                          {"vlan", integer(1, 4094), "", "Where the bridge filters VLANs; needs libvirt 11.0.0 there."},
                          {"addresses", list(text(forms::kIpv4Range)), "", "Static pool; leave out for DHCP."},
                          {"prefix", integer(1, 32), "24", "Length of the network prefix."},
                          {"gateway", text(forms::kIpv4), "", "The default route."},
                          {"dns", list(text(forms::kIpv4)), "", "Name servers."}},
                 .exactly_one = {{"bridge", "network"}}});
}

}  // namespace vscale::table
