#include <fmt/core.h>

#include <algorithm>

#include "engine/values/text/lower_case.h"
#include "schemas/config/config_builder.h"
#include "schemas/language/not_yet.h"
#include "schemas/yaml/path.h"
#include "schemas/yaml/tree_view.h"

namespace vscale {
namespace {

constexpr std::string_view kKeyTypes[] = {"ssh-", "ecdsa-", "sk-ssh-", "sk-ecdsa-"};
constexpr const char* kDefaultStorage = "default";

bool looks_like_ssh_key(std::string_view text) {
  const bool typed = std::any_of(std::begin(kKeyTypes), std::end(kKeyTypes),
                                 [&](std::string_view type) { return text.starts_with(type); });
  return typed && text.find(' ') != std::string_view::npos;
}

std::string trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

// The keys of a file, one a line, comments left out.
std::vector<std::string> keys_of_file(const std::string& path, const Place& where, const std::string& subject,
                                      BuildContext& context) {
  const auto file = context.files.read(path, where, subject);
  if (!file) return {};
  std::vector<std::string> keys;
  std::string_view rest = *file->text;
  bool fine = true;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    const std::string line = trimmed(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (line.empty() || line.starts_with('#')) continue;
    fine = fine && looks_like_ssh_key(line);
    keys.push_back(line);
  }
  if (fine && !keys.empty()) return keys;
  const bool is_private = file->text->find("PRIVATE KEY") != std::string::npos;
  context.reporter.error(
      where,
      {.code = "bad_ssh_key",
       .summary = fmt::format("{}: {} holds {}", subject, quote(path), is_private ? "a private key" : "no public key"),
       .label = "expected a public key, or a file of them",
       .hint = is_private ? "name the file that ends in .pub" : "such as ~/.ssh/id_ed25519.pub"});
  return {};
}

std::vector<std::string> build_ssh_keys(const TreeView& view, const std::string& subject, BuildContext& context) {
  std::vector<std::string> keys;
  for (const NodePtr& item : view.items("sshKeys")) {
    if (item->kind != Node::Kind::scalar) continue;
    const std::string text = trimmed(item->text);
    if (looks_like_ssh_key(text)) {
      keys.push_back(text);
      continue;
    }
    for (std::string& key : keys_of_file(text, item->place, subject + ".sshKeys", context)) {
      keys.push_back(std::move(key));
    }
  }
  return keys;
}

void take_user_data(const TreeView& view, CloudInit& into, const std::string& subject, BuildContext& context) {
  if (const Node* node = view.at("userData")) {
    if (!into.substitute) {
      into.user_data = TemplateText{node->text};
    } else if (auto text = context.substitution.fill(*node, subject + ".userData", Keep::all)) {
      into.user_data = TemplateText{std::move(*text)};
    }
    return;
  }
  const Node* node = view.at("userDataFile");
  if (node == nullptr) return;
  into.user_data_file = node->text;
  const auto file = context.files.read(node->text, node->place, subject + ".userDataFile");
  if (!file) return;
  if (!into.substitute) {
    into.user_data = TemplateText{*file->text};
  } else if (auto text = context.substitution.fill(*file->text, file->index, subject + ".userDataFile", Keep::all)) {
    into.user_data = TemplateText{std::move(*text)};
  }
}

CloudInit build_cloud_init(const TreeView& view, const std::string& subject, BuildContext& context) {
  CloudInit init{.user_data = {}, .user_data_file = "", .user = "", .ssh_keys = {}};
  view.take("substitute", init.substitute);
  take_user_data(view, init, subject, context);
  view.take("user", init.user);
  init.ssh_keys = build_ssh_keys(view, subject, context);
  view.take("vendorData", init.vendor_data);
  view.take_word("onChange", init.on_change,
                 {{"roll", CloudInit::OnChange::roll}, {"nextCreate", CloudInit::OnChange::next_create}});
  view.take_word("seed", init.seed, {{"keep", CloudInit::Seed::keep}, {"eject", CloudInit::Seed::eject}});
  return init;
}

std::vector<NicSpec> build_nics(const TreeView& view, const Config& config) {
  std::vector<NicSpec> nics;
  for (const NodePtr& item : view.items("networks")) {
    if (item->kind != Node::Kind::map) {
      nics.push_back({.network = item->text, .address = {}, .mac = {}});
      continue;
    }
    const TreeView nic_view(item.get());
    NicSpec nic{.network = nic_view.text("name"), .address = {}, .mac = {}};
    nic_view.take("address", nic.address);
    nic_view.take("mac", nic.mac);
    if (nic.mac) nic.mac = lower_case(*nic.mac);
    nics.push_back(std::move(nic));
  }
  if (!view.has("networks") && config.networks.size() == 1) {
    nics.push_back({.network = config.networks[0].name, .address = {}, .mac = {}});
  }
  return nics;
}

std::vector<DataDisk> build_disks(const TreeView& view, const std::string& storage) {
  std::vector<DataDisk> disks;
  for (const NodePtr& item : view.items("disks")) {
    const TreeView disk_view(item.get());
    DataDisk disk{.name = disk_view.text("name"), .storage = storage};
    disk_view.take("size", disk.size_bytes);
    disk_view.take("storage", disk.storage);
    disk_view.take("keep", disk.keep);
    disks.push_back(std::move(disk));
  }
  return disks;
}

std::string default_storage(const Config& config) {
  if (config.storage.size() == 1) return config.storage[0].name;
  return find_storage(config, kDefaultStorage) != nullptr ? kDefaultStorage : "";
}

std::vector<XmlPatch> build_patches(const TreeView& view) {
  std::vector<XmlPatch> patches;
  for (const NodePtr& item : view.items("xml")) {
    const TreeView patch_view(item.get());
    XmlPatch patch{.at = patch_view.text("at"), .value = ""};
    if (patch_view.has("remove")) patch.op = XmlPatch::Op::remove;
    if (patch_view.has("add")) patch.op = XmlPatch::Op::add;
    if (patch.op == XmlPatch::Op::set) patch.value = patch_view.text("set");
    if (patch.op == XmlPatch::Op::add) patch.value = patch_view.text("add");
    patches.push_back(std::move(patch));
  }
  return patches;
}

// What means nothing yet is left at its default, as the warning says.
bool works(std::string_view id, std::string_view value) {
  return find_not_yet(id, value) == nullptr;
}

Template build_template(const TreeView& view, const std::string& subject, const Config& config, BuildContext& context) {
  Template made;
  view.take("image", made.image);
  view.take("vcpus", made.vcpus);
  made.max_vcpus = made.vcpus;
  view.take("maxVcpus", made.max_vcpus);
  view.take("memory", made.memory_bytes);
  made.max_memory_bytes = made.memory_bytes;
  view.take("maxMemory", made.max_memory_bytes);
  view.take("disk", made.disk_bytes);
  made.storage = default_storage(config);
  view.take("storage", made.storage);
  made.disks = build_disks(view, made.storage);
  made.networks = build_nics(view, config);
  if (works("template.firmware", view.text("firmware"))) {
    view.take_word("firmware", made.firmware, {{"bios", Firmware::bios}, {"uefi", Firmware::uefi}});
  }
  view.take("machine", made.machine);
  if (works("template.cpu", view.text("cpu"))) view.take("cpu", made.cpu);
  made.cloud_init = build_cloud_init(view.view("cloudInit"), subject + "cloudInit", context);
  view.take("networkMbps", made.network_mbps);
  made.xml = build_patches(view);
  return made;
}

HostSelection build_selection(const TreeView& view) {
  HostSelection selection;
  const Node* node = view.at("hosts");
  if (node == nullptr) return selection;
  if (node->kind == Node::Kind::list) selection.names = view.texts("hosts");
  for (const Entry& label : TreeView(node).entries("labels")) selection.labels[label.key] = label.value->text;
  return selection;
}

Placement build_placement(const TreeView& view) {
  Placement placement;
  using S = PlacementStrategy;
  view.take_word("strategy", placement.strategy,
                 {{"balanced", S::balanced},
                  {"spread", S::spread},
                  {"pack", S::pack},
                  {"roundRobin", S::round_robin},
                  {"firstCome", S::first_come},
                  {"bestFit", S::best_fit}});
  if (view.has("antiAffinity")) placement.anti_affinity.clear();
  for (const NodePtr& item : view.items("antiAffinity")) {
    const TreeView rule_view(item.get());
    AntiAffinity rule;
    rule_view.take("key", rule.key);
    rule_view.take("with", rule.with);
    rule_view.take_word("mode", rule.mode, {{"soft", AntiAffinity::Mode::soft}, {"hard", AntiAffinity::Mode::hard}});
    placement.anti_affinity.push_back(std::move(rule));
  }
  placement.requires_traits = view.texts("requires");
  return placement;
}

Update build_update(const TreeView& view) {
  Update update;
  view.take_word("strategy", update.strategy,
                 {{"rolling", Update::Strategy::rolling},
                  {"recreate", Update::Strategy::recreate},
                  {"onDelete", Update::Strategy::on_delete}});
  view.take("maxSurge", update.max_surge);
  view.take("maxUnavailable", update.max_unavailable);
  view.take("perHost", update.per_host);
  view.take("minReady", update.min_ready);
  view.take("progressDeadline", update.progress_deadline);
  view.take_word("allow", update.allow,
                 {{"live", Disruption::live}, {"reboot", Disruption::reboot}, {"replace", Disruption::replace}});
  for (const NodePtr& item : view.items("steps")) {
    const TreeView step_view(item.get());
    UpdateStep step;
    step_view.take("to", step.to);
    step.manual_pause = step_view.text("pause") == "manual";
    step_view.take("pause", step.pause);
    step_view.take("bake", step.bake);
    update.steps.push_back(step);
  }
  view.take_word("onFailure", update.on_failure,
                 {{"pause", Update::OnFailure::pause},
                  {"rollback", Update::OnFailure::rollback},
                  {"continue", Update::OnFailure::proceed}});
  view.take("maxFailures", update.max_failures);
  return update;
}

constexpr std::pair<std::string_view, Gate::Kind> kGateKinds[] = {
    {"domain", Gate::Kind::domain},   {"agent", Gate::Kind::agent},      {"cloudInit", Gate::Kind::cloud_init},
    {"systemd", Gate::Kind::systemd}, {"tcp", Gate::Kind::tcp},          {"http", Gate::Kind::http},
    {"exec", Gate::Kind::exec},       {"checkIn", Gate::Kind::check_in}, {"k8sNode", Gate::Kind::k8s_node}};

Gate build_gate(Gate::Kind kind, const TreeView& view) {
  Gate gate;
  gate.kind = kind;
  if (kind == Gate::Kind::http) gate.port = 80;
  view.take("allowDegraded", gate.allow_degraded);
  view.take("port", gate.port);
  view.take("path", gate.path);
  view.take("status", gate.status);
  view.take("timeout", gate.timeout);
  view.take("every", gate.every);
  gate.guest = view.template_texts("guest");
  view.take("kubeconfig", gate.kubeconfig);
  return gate;
}

std::vector<Gate> build_gates(const TreeView& view, const Config& config, const Template& made) {
  std::vector<Gate> gates;
  for (const NodePtr& item : view.items("gates")) {
    for (const auto& [word, kind] : kGateKinds) {
      const TreeView gate(item.get());
      if (!gate.has(word) || !works("gate." + std::string(word), "")) continue;
      gates.push_back(build_gate(kind, gate.view(word)));
    }
  }
  if (!gates.empty()) return gates;
  // An empty list is somebody's wish not to wait for the guest; without any list the agent decides.
  const bool none_wanted = view.has("gates") && view.items("gates").empty();
  gates.push_back(build_gate(expects_agent(config, made) && !none_wanted ? Gate::Kind::agent : Gate::Kind::domain,
                             TreeView(nullptr)));
  return gates;
}

Health build_health(const TreeView& view, const Config& config, const Template& made) {
  Health health;
  view.take("startupTimeout", health.startup_timeout);
  health.gates = build_gates(view, config, made);
  view.take("failures", health.failures);
  const TreeView heal = view.view("heal");
  heal.take_word(
      "when", health.heal.when,
      {{"liveness", Heal::When::liveness}, {"readiness", Heal::When::readiness}, {"never", Heal::When::never}});
  heal.take_word("by", health.heal.by, {{"restart", Heal::By::restart}, {"replace", Heal::By::replace}});
  heal.take("maxUnhealthy", health.heal.max_unhealthy);
  return health;
}

std::vector<Hook> build_hook_list(const TreeView& view, std::string_view key) {
  std::vector<Hook> hooks;
  for (const NodePtr& item : view.items(key)) {
    const TreeView hook_view(item.get());
    Hook hook{.command = hook_view.template_texts("command"),
              .guest = hook_view.template_texts("guest"),
              .undo = hook_view.template_texts("undo"),
              .stdin_text = {},
              .stdin_from = hook_view.view("stdinFrom").template_texts("command"),
              .timeout = {}};
    hook_view.take("stdin", hook.stdin_text);
    hook_view.take("timeout", hook.timeout);
    hook_view.take_word("onFailure", hook.on_failure,
                        {{"abort", Hook::OnFailure::abort}, {"continue", Hook::OnFailure::proceed}});
    hooks.push_back(std::move(hook));
  }
  return hooks;
}

Hooks build_hooks(const TreeView& view) {
  return {.after_boot = build_hook_list(view, "afterBoot"),
          .after_ready = build_hook_list(view, "afterReady"),
          .before_stop = build_hook_list(view, "beforeStop"),
          .after_stop = build_hook_list(view, "afterStop")};
}

std::optional<Members> build_members(const TreeView& view) {
  if (!view.has("members")) return std::nullopt;
  const TreeView inner = view.view("members");
  Members members{.file = inner.text("file"), .then = inner.texts("then")};
  inner.take("drainDelay", members.drain_delay);
  return members;
}

std::optional<ExternalAddresses> build_external(const TreeView& view) {
  if (!view.has("external")) return std::nullopt;
  const TreeView inner = view.view("external");
  ExternalAddresses external{.addresses = inner.texts("addresses"), .via_command = {}};
  inner.take("prefix", external.prefix);
  const Node* via = inner.at("via");
  external.via_agent = via == nullptr || via->kind == Node::Kind::scalar;
  external.via_command = inner.view("via").template_texts("command");
  return external;
}

std::optional<HighAvailability> build_ha(const TreeView& view) {
  const Node* node = view.at("ha");
  if (node == nullptr || node->text == "false") return std::nullopt;
  HighAvailability ha{.on_host_loss = {}};
  const TreeView inner(node);
  inner.take("priority", ha.priority);
  HighAvailability::OnHostLoss loss{};
  if (inner.has("onHostLoss")) {
    inner.take_word("onHostLoss", loss,
                    {{"wait", HighAvailability::OnHostLoss::wait},
                     {"restart", HighAvailability::OnHostLoss::restart},
                     {"rebuild", HighAvailability::OnHostLoss::rebuild}});
    ha.on_host_loss = loss;
  }
  inner.take_word("returnHome", ha.return_home,
                  {{"auto", HighAvailability::ReturnHome::automatic},
                   {"manual", HighAvailability::ReturnHome::manual},
                   {"never", HighAvailability::ReturnHome::never}});
  return ha;
}

// The keys that groups and machines have in common.
void take_common(const TreeView& view, const Config& config, Group& group) {
  group.hosts = build_selection(view);
  group.depends_on = view.texts("dependsOn");
  view.take("stateful", group.stateful);
  group.placement = build_placement(view.view("placement"));
  group.update = build_update(view.view("update"));
  group.health = build_health(view.view("health"), config, group.instance);
  group.hooks = build_hooks(view.view("hooks"));
  group.members = build_members(view);
  group.external = build_external(view);
  view.view("shutdown").take("grace", group.shutdown_grace);
  group.ha = build_ha(view);
  const TreeView lifecycle = view.view("lifecycle");
  lifecycle.take("preventDestroy", group.lifecycle.prevent_destroy);
  group.lifecycle.ignore_changes = lifecycle.texts("ignoreChanges");
}

}  // namespace

bool expects_agent(const Config& config, const Template& made) {
  const Image* image = find_image(config, made.image);
  if (image == nullptr || image->agent == Image::Agent::present) return true;
  return image->agent == Image::Agent::install && made.cloud_init.vendor_data;
}

Group build_group(const std::string& name, const Node& node, const Config& config, BuildContext& context) {
  const TreeView view(&node);
  Group group;
  group.name = name;
  const std::string subject = fmt::format("group {}: ", quote(name));
  group.instance = build_template(view.view("template"), subject, config, context);
  if (const Node* scaling = view.at("scaling")) {
    group.scaling = build_scaling(*scaling);
    group.size = group.scaling->min;
  }
  view.take("size", group.size);
  take_common(view, config, group);
  return group;
}

Group build_machine(const std::string& name, const Node& node, const Config& config, BuildContext& context) {
  const TreeView view(&node);
  Group group;
  group.kind = InstanceAddress::Kind::machine;
  group.name = name;
  group.instance = build_template(view, fmt::format("machine {}: ", quote(name)), config, context);
  take_common(view, config, group);
  return group;
}

}  // namespace vscale
