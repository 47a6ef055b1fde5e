#include "schemas/language/language.h"

#include <fmt/core.h>

#include <algorithm>
#include <deque>
#include <limits>

#include "schemas/config/config_reader.h"
#include "schemas/diagnostics/did_you_mean.h"

namespace vscale {
namespace {

constexpr std::int64_t kMaxVcpus = 4096;
constexpr std::int64_t kMaxCount = 1'000'000;

Type text(const TextForm& form = forms::kFilled) {
  Type type;
  type.form = &form;
  return type;
}

Type filled_for_instance() {
  Type type;
  type.fill = Type::Fill::instance;
  return type;
}

Type filled_with_facts() {
  Type type;
  type.fill = Type::Fill::facts;
  return type;
}

Type of_kind(Type::Kind kind) {
  Type type;
  type.kind = kind;
  return type;
}

Type boolean() {
  return of_kind(Type::Kind::boolean);
}
Type duration() {
  return of_kind(Type::Kind::duration);
}
Type size() {
  return of_kind(Type::Kind::size);
}
Type percent() {
  return of_kind(Type::Kind::percent);
}
Type amount() {
  return of_kind(Type::Kind::amount);
}

Type integer(std::int64_t min, std::int64_t max) {
  Type type = of_kind(Type::Kind::integer);
  type.min = min;
  type.max = max;
  return type;
}

Type number(double min, double max) {
  Type type = of_kind(Type::Kind::number);
  type.number_min = min;
  type.number_max = max;
  return type;
}

Type choice(std::vector<std::string> words) {
  Type type = of_kind(Type::Kind::choice);
  type.words = std::move(words);
  return type;
}

Type list(Type element, std::size_t at_least = 0) {
  Type type = of_kind(Type::Kind::list);
  type.of = {std::move(element)};
  type.at_least = at_least;
  return type;
}

Type map_of(const TextForm& names, Type element) {
  Type type = of_kind(Type::Kind::map);
  type.form = &names;
  type.of = {std::move(element)};
  return type;
}

Type any_of(std::vector<Type> types) {
  Type type = of_kind(Type::Kind::any_of);
  type.of = std::move(types);
  return type;
}

// Gives every key its id; the objects live as long as the program.
const ObjectType* define(ObjectType object) {
  static std::deque<ObjectType> all;
  for (Key& key : object.keys) {
    if (key.id.empty()) key.id = object.name + "." + key.name;
  }
  all.push_back(std::move(object));
  return &all.back();
}

Type object(const ObjectType* definition) {
  Type type = of_kind(Type::Kind::object);
  type.object = definition;
  return type;
}

Type object(ObjectType definition) {
  return object(define(std::move(definition)));
}

constexpr bool kRequired = true;

// ---- parts of the whole file ----

Type variable_type() {
  Type anything = text(forms::kAny);
  anything.fill = Type::Fill::later;
  return object(
      {.name = "variable",
       .title = "a variable",
       .doc = "What `${var.NAME}` stands for: --var, --var-file, VSCALE_VAR_NAME, else the default.",
       .keys = {{"default", anything, "", "What it is if nobody gives it; may hold `${var.x}` and `${env.X}`."},
                {"sensitive", boolean(), "false",
                 "Never printed, never stored in clear, never a reason to replace an instance. Its default can only be "
                 "made of `${env.X}` and `${var.x}`."}}});
}

Type state_type() {
  const Type backup = object({.name = "backup",
                              .title = "a backup",
                              .doc = "Copies of the statefile.",
                              .keys = {{"keep", integer(0, 10'000), "10",
                                        "How many are kept; 0: none is made, and those that are there stay."},
                                       {"every", duration(), "", "Also one at this interval, by `vscale watch`."}}});
  const Type sqlite = object({.name = "sqlite",
                              .title = "the statefile",
                              .doc = "Where vscale remembers what it did.",
                              .keys = {{"path", text(forms::kPath), "vscale.db", "Beside the file that names it."},
                                       {"backup", backup, "", "Copies; there is always one before an apply."}}});
  return object({.name = "state",
                 .title = "the state",
                 .doc = "The statefile.",
                 .keys = {{"sqlite", sqlite, "", "A SQLite file."}}});
}

Type limits_type() {
  return object({.name = "limits",
                 .title = "the limits",
                 .doc = "How much may happen at once; binds plan, apply and watch.",
                 .keys = {{"destroy", integer(0, kMaxCount), "",
                           "Instances that one plan may destroy, replacements not counted; none for apply by hand, 1 "
                           "per tick for watch."},
                          {"replace", amount(), "", "Of a group in one plan."},
                          {"parallel", integer(1, 1000), "10", "Actions at once."},
                          {"perHost", integer(1, 1000), "4", "Of them on one host."},
                          {"uploads", integer(1, 100), "2", "Uploads to one host at once."},
                          {"booting", integer(1, 1000), "4", "Instances that boot on one host at once."}}});
}

Type metrics_type() {
  const Type influxdb = object({.name = "influxdb",
                                .title = "an InfluxDB",
                                .doc = "Samples are written on to it.",
                                .keys = {{"url", text(forms::kUrl), "", "Its address.", kRequired},
                                         {"database", text(), "", "Its database.", kRequired},
                                         {"username", filled_for_instance(), "", "May be a secret."},
                                         {"password", filled_for_instance(), "", "May be a secret."}}});
  return object(
      {.name = "metrics",
       .title = "the metrics",
       .doc = "What is measured and how long it is kept.",
       .keys = {
           {"interval", duration(), "15s", "Between collections."},
           {"retention", duration(), "24h", "How long raw samples are kept; policies may look back at most this far."},
           {"history", duration(), "14d", "How long aggregates per group are kept."},
           {"path", text(forms::kPath), "vscale-metrics.db", "Apart from the statefile: losing it loses no VM."},
           {"influxdb", influxdb, "", "Where samples are written on to."}}});
}

// ---- hosts, images, storage, networks ----

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
    return define(
        {.name = "host",
         .title = "a host",
         .doc = "A machine with libvirt on which instances run.",
         .keys = {{"uri", text(forms::kLibvirtUri), "",
                   "Any libvirt URI: qemu:///system, qemu+ssh://, qemu+tls://, qemu+unix://, test://.", kRequired},
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
                          {"vlan", integer(1, 4094), "", "Where the bridge filters VLANs."},
                          {"addresses", list(text(forms::kIpv4Range)), "", "Static pool; leave out for DHCP."},
                          {"prefix", integer(1, 32), "24", "Length of the network prefix."},
                          {"gateway", text(forms::kIpv4), "", "The default route."},
                          {"dns", list(text(forms::kIpv4)), "", "Name servers."}},
                 .exactly_one = {{"bridge", "network"}}});
}

// ---- templates ----

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
                {"sshKeys", list(text()), "", "Public keys, or paths to them; never a reason to replace."},
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

// ---- scaling ----

Type scaling_sources_and_policies() {
  const Type prometheus = object({.name = "prometheusSource",
                                  .title = "a Prometheus query",
                                  .doc = "A number from Prometheus.",
                                  .keys = {{"url", text(forms::kUrl), "", "Its address.", kRequired},
                                           {"query", text(), "", "PromQL that gives one number.", kRequired}}});
  const Type influxdb = object({.name = "influxdbSource",
                                .title = "an InfluxDB query",
                                .doc = "A number from the InfluxDB of `metrics`.",
                                .keys = {{"query", text(), "", "InfluxQL that gives one number.", kRequired}}});
  const Type http = object(
      {.name = "httpSource",
       .title = "an HTTP source",
       .doc =
           "From an HTTP answer in JSON: a number (`url`, `value`), or for kind capacity what each instance answers.",
       .keys = {{"url", text(forms::kUrl), "", "Where to ask."},
                {"value", text(forms::kJsonPointer), "", "JSON pointer to the number."},
                {"scheme", choice({"http", "https"}), "http", "capacity"},
                {"port", integer(1, 65535), "80", "capacity"},
                {"path", text(), "/", "capacity"},
                {"available", text(forms::kJsonPointer), "", "capacity: JSON pointer to the free resources."},
                {"terminate", text(forms::kJsonPointer), "", "capacity: JSON pointer to whether it wants to end."},
                {"timeout", duration(), "2s", "capacity"},
                {"token", filled_for_instance(), "", "capacity: bearer token; may be a secret."}}});
  Type signed_amount = of_kind(Type::Kind::signed_amount);
  const Type step =
      object({.name = "scalingStep",
              .title = "a step",
              .doc = "From `from` above the threshold, below `to`.",
              .keys = {{"from", number(-1e9, 1e9), "0", "Inclusive."},
                       {"to", number(-1e9, 1e9), "(no end)", "Exclusive."},
                       {"add", signed_amount, "", "Instances, or percent; negative takes away.", kRequired}}});
  const Type unneeded = object({.name = "unneeded",
                                .title = "unneeded",
                                .doc = "When a node counts as unneeded.",
                                .keys = {{"below", percent(), "50%", "Of what is asked for on it."},
                                         {"for", duration(), "10m", "For so long."}}});
  return object(
      {.name = "policy",
       .title = "a policy",
       .doc = "One opinion about the size of a group.",
       .keys = {{"kind", choice({"target", "step", "schedule", "capacity", "pendingPods", "predictive"}), "",
                 "What kind of policy it is; the other keys depend on it.", kRequired},
                {"metric", choice({"cpu", "memory", "diskIops", "diskBytes", "networkBytes"}), "",
                 "target, step, predictive: what is measured by libvirt."},
                {"target", any_of({number(0, 1e15), percent()}), "",
                 "target, predictive: what is aimed at; with `full`, percent of it."},
                {"full", number(0, 1e15), "", "target: what counts as full."},
                {"tolerance", number(0, 10), "0.1", "target: no change within this."},
                {"window", duration(), "(scaling.window)", "target, step: trailing samples."},
                {"per", choice({"instance", "group"}), "", "target: a total that is shared out, or a ratio."},
                {"prometheus", prometheus, "", "target, step: a number from Prometheus."},
                {"influxdb", influxdb, "", "target, step: a number from InfluxDB."},
                {"http", http, "", "target, step: a number by HTTP; capacity: what each instance answers."},
                {"command", list(text(), 1), "", "target, step: argv that prints a number."},
                {"threshold", number(-1e15, 1e15), "", "step"},
                {"for", text(forms::kSomeOfSamples), "1/1", "step: so many of the last so many samples."},
                {"steps", list(step, 1), "", "step"},
                {"zone", text(forms::kTimeZone), "UTC", "schedule"},
                {"at", text(forms::kCron), "", "schedule: an event."},
                {"start", text(forms::kCron), "", "schedule: a window begins."},
                {"end", text(forms::kCron), "", "schedule: a window ends."},
                {"size", integer(0, kMaxGroupSize), "", "schedule"},
                {"min", integer(0, kMaxGroupSize), "", "schedule"},
                {"max", integer(0, kMaxGroupSize), "", "schedule"},
                {"catchUp", duration(), "0s", "schedule: an event that was missed still counts for so long."},
                {"perInstance", integer(1, kMaxCount), "", "capacity: resources of one instance."},
                {"minAvailable", integer(0, kMaxCount), "", "capacity: resources that are to be free at all times."},
                {"kubeconfig", text(forms::kPath), "", "pendingPods"},
                {"unneeded", unneeded, "", "pendingPods"},
                {"delayAfterAdd", duration(), "10m", "pendingPods"},
                {"mode", choice({"forecastOnly", "forecastAndScale"}), "forecastOnly", "predictive"}}});
}

Type scaling_type() {
  const Type out_in =
      object({.name = "outIn",
              .title = "out and in",
              .doc = "One duration for growing, one for shrinking.",
              .keys = {{"out", duration(), "", "For growing."}, {"in", duration(), "", "For shrinking."}}});
  const Type rate_step = object({.name = "rateStep",
                                 .title = "a rate",
                                 .doc = "At most so many in so much time.",
                                 .keys = {{"instances", integer(1, kMaxGroupSize), "", "A number."},
                                          {"percent", integer(1, 10'000), "", "Or a share of the group."},
                                          {"per", duration(), "", "In so much time.", kRequired}},
                                 .exactly_one = {{"instances", "percent"}}});
  const Type rate = object(
      {.name = "rate",
       .title = "the rates",
       .doc = "How fast a group may grow and shrink; the largest counts.",
       .keys = {{"out", list(rate_step), "[{ instances: 4, per: 1m }, { percent: 100, per: 1m }]", "For growing."},
                {"in", list(rate_step), "[{ instances: 1, per: 1m }]", "For shrinking."}}});
  const Type breaker = object({.name = "breaker",
                               .title = "the breaker",
                               .doc = "More unready than both: nothing more is changed in this group.",
                               .keys = {{"unready", percent(), "45%", "A share of the group."},
                                        {"atLeast", integer(1, kMaxGroupSize), "3", "A number."}}});
  return object(
      {.name = "scaling",
       .title = "scaling",
       .doc = "How the size follows the load.",
       .keys = {{"min", integer(0, kMaxGroupSize), "", "Never fewer.", kRequired},
                {"max", integer(1, kMaxGroupSize), "", "Never more.", kRequired},
                {"increment", integer(1, kMaxGroupSize), "1", "Change by multiples of this."},
                {"evaluate", duration(), "(watch.interval)", "How often the policies are asked."},
                {"cooldown", any_of({duration(), out_in}), "{ out: 60s, in: 5m }",
                 "Rest after a change; or one duration for both."},
                {"stabilization", any_of({duration(), out_in}), "{ out: 0s, in: 5m }",
                 "How long the need must last; or one duration for both."},
                {"rate", rate, "", "How fast."},
                {"combine", choice({"max", "first"}), "max", "The largest opinion, or the first."},
                {"provisionTimeout", duration(), "15m", "Then an instance that never got ready is replaced."},
                {"breaker", breaker, "", "When to stop changing."},
                {"window", duration(), "1m", "Trailing samples that a policy looks at."},
                {"policies", map_of(forms::kName, scaling_sources_and_policies()), "", "By name, in order."}}});
}

// ---- groups ----

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

Type update_type() {
  const Type step =
      object({.name = "updateStep",
              .title = "a step",
              .doc = "How far a rollout goes before it looks again.",
              .keys = {{"to", amount(), "", "So many instances, or percent.", kRequired},
                       {"pause", any_of({choice({"manual"}), duration()}), "", "A rest, or until a person says so."},
                       {"bake", duration(), "", "How long the new ones must stay ready."}}});
  return object(
      {.name = "update",
       .title = "an update",
       .doc = "How a change is rolled out.",
       .keys = {{"strategy", choice({"rolling", "recreate", "onDelete"}), "rolling",
                 "One after another, all at once, or as instances go."},
                {"maxSurge", amount(), "1", "More instances than wanted, for a while."},
                {"maxUnavailable", amount(), "0", "Fewer ready ones than wanted, for a while."},
                {"perHost", integer(1, 1000), "1", "Replacements in flight on one host."},
                {"minReady", duration(), "0s", "So long ready before it counts."},
                {"progressDeadline", duration(), "10m", "Then the rollout has failed."},
                {"allow", choice({"live", "reboot", "replace"}), "replace", "The most disruptive change allowed."},
                {"steps", list(step), "", "Stops on the way."},
                {"onFailure", choice({"pause", "rollback", "continue"}), "pause", "What a failed rollout does."},
                {"maxFailures", integer(0, kMaxGroupSize), "0", "Failed new instances that are still put up with."}}});
}

Type gate_type() {
  const auto none = [](const char* name, const char* doc) {
    return object({.name = name, .title = "a gate", .doc = doc, .keys = {}});
  };
  const Key timeout{"timeout", duration(), "", "Of one try."};
  const Key every{"every", duration(), "", "Between tries."};
  const Type systemd =
      object({.name = "systemdGate",
              .title = "a systemd gate",
              .doc = "`systemctl is-system-running` in the guest.",
              .keys = {{"allowDegraded", boolean(), "false", "degraded is good enough."}, timeout, every}});
  const Type tcp = object({.name = "tcpGate",
                           .title = "a tcp gate",
                           .doc = "A connection to the guest's address.",
                           .keys = {{"port", integer(1, 65535), "", "The port.", kRequired}, timeout, every}});
  const Type http = object({.name = "httpGate",
                            .title = "an http gate",
                            .doc = "An HTTP answer from the guest's address.",
                            .keys = {{"port", integer(1, 65535), "80", "The port."},
                                     {"path", text(), "/", "The path."},
                                     {"status", integer(100, 599), "200", "The answer's status."},
                                     timeout,
                                     every}});
  const Type exec =
      object({.name = "execGate",
              .title = "an exec gate",
              .doc = "A command in the guest, through the agent, that exits with 0.",
              .keys = {{"guest", list(filled_with_facts(), 1), "",
                        "argv, no shell; may hold facts of the instance, and no secrets: command lines are logged.",
                        kRequired},
                       timeout,
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
                {"gates", list(gate_type()), "(agent, or domain where the image has none)", "All must pass, in order."},
                {"failures", integer(1, 1000), "3", "In a row, before it counts as failed."},
                {"heal", heal, "", "What happens then."}}});
}

Type hooks_type() {
  const Type argv = list(filled_for_instance(), 1);
  const Type from = object({.name = "stdinFrom",
                            .title = "stdinFrom",
                            .doc = "A command whose output is the input.",
                            .keys = {{"command", argv, "", "argv, where vscale runs.", kRequired}}});
  const Type hook = object({.name = "hook",
                            .title = "a hook",
                            .doc = "A command at a point in an instance's life: argv, no shell, clean environment.",
                            .keys = {{"command", argv, "", "argv, where vscale runs."},
                                     {"guest", argv, "", "argv, in the guest, through the agent."},
                                     {"undo", argv, "", "argv that takes it back."},
                                     {"stdin", filled_for_instance(), "", "Its input; keeps a secret out of logs."},
                                     {"stdinFrom", from, "", "Its input from a command."},
                                     {"timeout", duration(), "", "How long it may take."},
                                     {"onFailure", choice({"abort", "continue"}), "abort", "What its failure does."}},
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

// ---- the file ----

Type without_required(const ObjectType* object_type, const char* name) {
  ObjectType copy = *object_type;
  copy.name = name;
  for (Key& key : copy.keys) {
    key.required = false;
    if (key.name == "template") key.type = without_required(key.type.object, "groupDefaultsTemplate");
  }
  copy.exactly_one.clear();
  return object(std::move(copy));
}

Type defaults_type() {
  return object({.name = "defaults",
                 .title = "the defaults",
                 .doc = "Merged under every host, template and group; a key given there wins.",
                 .keys = {{"hosts", without_required(host_object(), "hostDefaults"), "", "Under every host."},
                          {"template", without_required(template_object(), "templateDefaults"), "",
                           "Under every template, and under every machine."},
                          {"groups", without_required(group_object(), "groupDefaults"), "",
                           "Under every group, and under every machine where it has the key."}}});
}

Type watch_type() {
  const Type tls = object({.name = "tls",
                           .title = "tls",
                           .doc = "Certificate and key.",
                           .keys = {{"cert", text(forms::kPath), "", "PEM file.", kRequired},
                                    {"key", text(forms::kPath), "", "PEM file.", kRequired}}});
  const Type check_in = object({.name = "checkIn",
                                .title = "checkIn",
                                .doc = "Where guests call back.",
                                .keys = {{"listen", text(forms::kEndpoint), "", "Where vscale listens.", kRequired},
                                         {"advertise", text(forms::kUrl), "", "What guests are told.", kRequired},
                                         {"tls", tls, "", "Certificate and key."}}});
  const Type notify = object({.name = "notify",
                              .title = "a notification",
                              .doc = "A webhook that hears of events.",
                              .keys = {{"webhook", text(forms::kUrl), "", "Where to post.", kRequired},
                                       {"events", list(choice({"scaled", "healed", "hostLost", "rollback", "failed"})),
                                        "", "Which.", kRequired}}});
  return object({.name = "watch",
                 .title = "watch",
                 .doc = "The loop.",
                 .keys = {{"interval", duration(), "15s", "Between ticks."},
                          {"follow", choice({"applied", "file"}), "applied",
                           "What `vscale apply` last accepted, or what the file says now."},
                          {"drift", choice({"repair", "report"}), "repair", "What to do about drift."},
                          {"hostDeadAfter", duration(), "60s", "Without an answer for so long a host counts as lost."},
                          {"witness", list(text(forms::kHostAddress)), "",
                           "Addresses that tell \"the host is gone\" from \"I am cut off\"."},
                          {"listen", text(forms::kEndpoint), "", "Metrics, health and status; off unless given."},
                          {"checkIn", check_in, "", "Where guests call back."},
                          {"notify", list(notify), "", "Who hears of events."}}});
}

const ObjectType* make_config_object() {
  const Type moved = object({.name = "move",
                             .title = "a move",
                             .doc = "A rename: instances keep running under the new address.",
                             .keys = {{"from", text(forms::kGroupAddress), "", "The old address.", kRequired},
                                      {"to", text(forms::kGroupAddress), "", "The new address.", kRequired}}});
  const Type removed = object(
      {.name = "removal",
       .title = "a removal",
       .doc = "What becomes of instances that the file no longer wants.",
       .keys = {{"address", text(forms::kThingAddress), "", "The group, instance or machine.", kRequired},
                {"then", choice({"destroy", "forget"}), "", "Destroyed, or left running and forgotten.", kRequired}}});
  const Type survive =
      object({.name = "survive",
              .title = "survive",
              .doc = "The promise: after any so many failures at once, every HA VM still has a place.",
              .keys = {{"failures", integer(1, 100), "", "How many.", kRequired},
                       {"unit", text(forms::kLabelKey), "host", "host, or a host label such as rack."},
                       {"onViolation", choice({"refuse", "warn"}), "refuse", "What a plan that breaks it does."}}});
  return define({.name = "config",
                 .title = "the configuration",
                 .doc = "The whole file.",
                 .keys = {{"version", integer(1, 1), "", "Of this language.", kRequired},
                          {"name", text(forms::kGroupName), "",
                           "Of the installation: instances are called NAME-GROUP-ORDINAL.", kRequired},
                          {"vars", map_of(forms::kVariableName, variable_type()), "", "What `${var.NAME}` stands for."},
                          {"state", state_type(), "", "The statefile."},
                          {"limits", limits_type(), "", "How much may happen at once."},
                          {"metrics", metrics_type(), "", "What is measured."},
                          {"defaults", defaults_type(), "", "Merged under every host, template and group."},
                          {"hosts", map_of(forms::kName, object(host_object())), "", "By name."},
                          {"images", map_of(forms::kName, image_type()), "", "By name."},
                          {"storage", map_of(forms::kName, storage_type()), "", "By name."},
                          {"networks", map_of(forms::kName, network_type()), "", "By name."},
                          {"groups", map_of(forms::kGroupName, object(group_object())), "", "By name."},
                          {"machines", map_of(forms::kGroupName, object(machine_object())), "", "Single VMs, by name."},
                          {"moved", list(moved), "", "Renames."},
                          {"removed", list(removed), "", "What goes."},
                          {"survive", survive, "", "The promise."},
                          {"watch", watch_type(), "", "The loop."}}});
}

void collect(const Type& type, std::vector<const ObjectType*>& into) {
  if (type.object != nullptr && std::find(into.begin(), into.end(), type.object) == into.end()) {
    into.push_back(type.object);
    for (const Key& key : type.object->keys) collect(key.type, into);
  }
  for (const Type& inner : type.of) collect(inner, into);
}

}  // namespace

const Key* ObjectType::find(std::string_view key) const {
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const Key& k) { return k.name == key; });
  return found == keys.end() ? nullptr : &*found;
}

std::vector<std::string> ObjectType::key_names() const {
  std::vector<std::string> names;
  for (const Key& key : keys) names.push_back(key.name);
  return names;
}

const ObjectType& config_object() {
  static const ObjectType* const definition = make_config_object();
  return *definition;
}

std::vector<const ObjectType*> all_objects() {
  Type whole;
  whole.object = &config_object();
  std::vector<const ObjectType*> all;
  collect(whole, all);
  return all;
}

std::string describe(const Type& type) {
  switch (type.kind) {
    case Type::Kind::text:
      return type.form->name;
    case Type::Kind::boolean:
      return "true or false";
    case Type::Kind::integer:
      return "whole number";
    case Type::Kind::number:
      return "number";
    case Type::Kind::duration:
      return "duration";
    case Type::Kind::size:
      return "size";
    case Type::Kind::percent:
      return "percentage";
    case Type::Kind::amount:
    case Type::Kind::signed_amount:
      return "number or percentage";
    case Type::Kind::choice:
      return type.words.size() == 1 ? type.words[0] : "one of " + listed(type.words);
    case Type::Kind::list:
      return fmt::format("list ({})", describe(type.of[0]));
    case Type::Kind::map:
      return fmt::format("map ({})", describe(type.of[0]));
    case Type::Kind::object:
      return type.object->name;
    case Type::Kind::any_of: {
      std::string all;
      for (const Type& one : type.of) all += (all.empty() ? "" : ", or ") + describe(one);
      return all;
    }
  }
  return "";
}

}  // namespace vscale
